"""The best cuts of ordered cells into bins, exactly: most information value, rates of bad going one way (or one peak, one valley,
or any way).

A dynamic programme over (where the last bin starts, where it ends): of all ways to reach a start with a rate not above the
last bin's, only the best one matters, so cells are sorted by rate once a start and searched. Bins never fall below `least`
rows. Each further bin must pay for what chance alone would bring: twice (1/bads + 1/goods) of information value is Akaike's
price of a parameter, because IV ≈ χ²·(1/bads + 1/goods). The same cells give the same cuts on any machine, at any load.

Sources: Fisher (1958), On grouping for maximum homogeneity (the programme); Akaike (1974), A new look at the statistical model
identification (the price); Navas-Palencia (2020), Optimal binning: mathematical programming formulation (the constraints).

>>> rows, bads = np.array([100.0, 100, 100, 100]), np.array([10.0, 12, 30, 28])
>>> best(rows, bads, shape="one_way", limits=Limits(least=50, most_bins=4, smoothing_rows=10))[0]
(1,)
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Starts = npt.NDArray[np.int64]
SHAPES = ("rising", "falling", "one_way", "peak", "valley", "free")
NEVER = -np.inf


@dataclass(frozen=True, slots=True)
class Limits:
    """`least` rows a bin; `most_bins`; `smoothing_rows` at the usual rate added to each bin before its evidence is weighed;
    `price` of a further bin, in units of what chance alone would bring."""

    least: float
    most_bins: int
    smoothing_rows: float
    price: float = 2.0


@dataclass(frozen=True, slots=True)
class _Bins:
    """Every bin from cell i (down) up to before cell j (across): its rate of bad, and what it brings (−∞: not allowed)."""

    rate: Floats
    gain: Floats

    @property
    def mirrored(self) -> "_Bins":
        """The same with rates turned over: what rises there falls here."""
        return _Bins(-self.rate, self.gain)


@dataclass(frozen=True, slots=True)
class _Table:
    """Best sum with k + 1 bins of which the last is (i, j), and the start of the bin before it (and which phase that was)."""

    value: list[Floats]
    before: list[Starts]


@dataclass(frozen=True)
class _Way:
    """Bins seen as rising (or, mirrored, as falling), with the best ways so far, found once."""

    bins: _Bins
    most: int

    @cached_property
    def table(self) -> _Table:
        return _rising(self.bins, self.most)


def best(
    rows: Floats, bads: Floats, *, shape: str, limits: Limits, tables: dict[str, Any] | None = None
) -> tuple[tuple[int, ...], float]:
    """Cuts (a cut after cell i is i) and what they bring: IV less the price of its bins. One bin brings nothing. `tables` keeps
    what the shapes of the same cells share."""
    assert shape in SHAPES, shape
    if bads.sum() <= 0 or bads.sum() >= rows.sum():
        return (), 0.0
    known = {} if tables is None else tables
    if "rising" not in known:
        plain = _bins(rows, bads, limits)
        known |= {"rising": _Way(plain, limits.most_bins), "falling": _Way(plain.mirrored, limits.most_bins)}
    up, down = known["rising"], known["falling"]
    if shape == "free":
        return _any_way(up.bins, limits)
    if shape == "one_way":
        return max((_one_way(up), _one_way(down)), key=lambda found: found[1])
    if shape in ("rising", "falling"):
        return _one_way(known[shape])
    turned = up if shape == "peak" else down
    return max((_one_way(turned), _two_ways(turned, limits)), key=lambda found: found[1])


def merged(rows: Floats, most: float) -> Starts:
    """First cells of neighbours joined into groups of at most `most` rows; a larger cell stands alone, for what lies beside a
    crowd must not vanish in it."""
    starts, held = [0], float(rows[0])
    for number, count in enumerate(rows[1:], 1):
        if held + count > most:
            starts.append(number)
            held = 0.0
        held += float(count)
    return np.array(starts, dtype=np.int64)


def _bins(rows: Floats, bads: Floats, limits: Limits) -> _Bins:
    """All bins at once, from running sums."""
    ends_rows, ends_bads = np.concatenate([[0.0], np.cumsum(rows)]), np.concatenate([[0.0], np.cumsum(bads)])
    count, bad = ends_rows[None, :] - ends_rows[:, None], ends_bads[None, :] - ends_bads[:, None]
    all_bads, all_goods = bads.sum(), rows.sum() - bads.sum()
    usual, smooth = bads.sum() / rows.sum(), limits.smoothing_rows
    allowed = count >= max(limits.least, 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        share_bad = (bad + smooth * usual) / all_bads
        share_good = (count - bad + smooth * (1 - usual)) / all_goods
        brings = ((count - bad) / all_goods - bad / all_bads) * np.log(share_good / share_bad)
        rate = bad / count
    price = limits.price * (1.0 / all_bads + 1.0 / all_goods)
    return _Bins(np.where(allowed, rate, np.nan), np.where(allowed, brings - price, NEVER))


def _one_way(way: _Way) -> tuple[tuple[int, ...], float]:
    table, bins = way.table, way.bins
    end = bins.gain.shape[0] - 1
    found, taken, start = NEVER, 0, 0
    for bin_count, value in enumerate(table.value):
        first = int(np.argmax(value[:, end]))
        if value[first, end] > found + 1e-12:
            found, taken, start = float(value[first, end]), bin_count, first
    return _traced(table, taken, start), _worth(found, bins)


def _any_way(bins: _Bins, limits: Limits) -> tuple[tuple[int, ...], float]:
    """Rates may go up and down: of all ways to reach an end only the best one matters."""
    ends = bins.gain.shape[0]
    values, before = [bins.gain[0]], [np.full(ends, -1, dtype=np.int64)]
    for _ in range(1, limits.most_bins):
        sums = values[-1][:, None] + bins.gain
        sums[0] = NEVER
        came = np.argmax(sums, axis=0)
        values.append(sums[came, np.arange(ends)])
        before.append(came)
    taken = int(np.argmax([value[-1] for value in values]))
    cuts, place = list[int](), ends - 1
    for number in range(taken, 0, -1):
        place = int(before[number][place])
        cuts.append(place - 1)
    return tuple(sorted(cuts)), _worth(float(values[taken][-1]), bins)


def _rising(bins: _Bins, most: int) -> _Table:
    size = bins.gain.shape[0]
    first = np.full((size, size), NEVER)
    first[0] = bins.gain[0]
    values, before = [first], [np.full((size, size), -1, dtype=np.int64)]
    for _ in range(1, most):
        value, came = _followed(values[-1], bins, bins)
        if not np.isfinite(value).any():
            break
        values.append(value)
        before.append(came)
    return _Table(values, before)


def _followed(previous: Floats, bins: _Bins, towards: _Bins) -> tuple[Floats, Starts]:
    """One more bin after each best way so far, at a rate not below the last one's (`towards` mirrored: not above)."""
    follows = towards.rate.T[:, None, :] <= towards.rate[:, :, None]  # [start, end, start before]
    sums = np.where(follows, previous.T[:, None, :], NEVER)
    came = np.argmax(sums, axis=2)
    value = bins.gain + np.take_along_axis(sums, came[:, :, None], axis=2)[:, :, 0]
    return value, np.where(np.isfinite(value), came, -1)


def _two_ways(way: _Way, limits: Limits) -> tuple[tuple[int, ...], float]:
    """Rising, then falling by at least one bin: the falling part may follow any rising one."""
    up, bins = way.table, way.bins
    size, end = bins.gain.shape[0], bins.gain.shape[0] - 1
    falls: list[tuple[Floats, Starts, npt.NDArray[np.bool_]]] = []
    previous = np.full((size, size), NEVER)
    found, taken, start = NEVER, 0, 0
    for bin_count in range(1, limits.most_bins):
        top = up.value[bin_count - 1] if bin_count - 1 < len(up.value) else np.full((size, size), NEVER)
        turned = top > previous
        value, came = _followed(np.where(turned, top, previous), bins, bins.mirrored)
        falls.append((value, came, turned))
        previous = value
        first = int(np.argmax(value[:, end]))
        if value[first, end] > found + 1e-12:
            found, taken, start = float(value[first, end]), bin_count, first
    if not np.isfinite(found):
        return (), 0.0
    cuts = []
    place = (start, end)
    for bin_count in range(taken, 0, -1):
        _, came, turned = falls[bin_count - 1]
        before = int(came[place])
        cuts.append(place[0] - 1)
        place = (before, place[0])
        if turned[place]:
            return tuple(sorted((*cuts, *_traced(up, bin_count - 1, place[0], place[1])))), _worth(found, bins)
    return tuple(sorted(cuts)), _worth(found, bins)


def _traced(table: _Table, bin_count: int, start: int, end: int | None = None) -> tuple[int, ...]:
    """Cuts from the last bin back to the first."""
    cuts = []
    place = (start, table.value[0].shape[0] - 1 if end is None else end)
    for number in range(bin_count, 0, -1):
        cuts.append(place[0] - 1)
        place = (int(table.before[number][place]), place[0])
    return tuple(sorted(cuts))


def _worth(found: float, bins: _Bins) -> float:
    """What the cuts bring more than no cut does: one bin over everything brings no IV and has a price of its own."""
    return float(found - bins.gain[0, -1]) if np.isfinite(found) else 0.0
