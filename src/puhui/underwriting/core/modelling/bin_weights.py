"""Log-odds of every bin of a scorecard: logistic regression on weights of evidence, then bins moved a little together.

First coefficients: ridge regression on WOE. A coefficient against its bins ("more evidence of good, more risk") is taken out,
strongest first, unless the rows insist: it stands many errors from nothing on all rows and goes the same way in every part of
them (parts in time where rows are split by time). Such a column says something only beside the others: a customer once trusted
with more, for the same loan now, is safer, although larger loans are riskier.

Then bins: WOE is what a bin tells alone, so what it tells beside the others may differ. Every bin may move from coefficient ×
WOE under a stiff ridge of its own (decision 0094); what went one way still does.

Where the future is judged, the parts in time have levels of their own while coefficients are found, so that a column which only
follows the calendar is not paid for the drift of the whole book; the level is set again over all rows at the end.

Sources: Hosmer, Lemeshow & Sturdivant (2013), Applied Logistic Regression (Newton steps, Wald errors); Conger (1974), A revised
definition for suppressor variables; Ayer et al. (1955) (pooling of adjacent violators).

>>> one_way(np.array([1.0, 3.0, 2.0]), np.ones(3), 1).tolist()
[1.0, 2.5, 2.5]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.underwriting.core.modelling import calibration
from puhui.underwriting.core.modelling.binning import Bins

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
STEPS, LEVEL_RIDGE = 60, 1e-3


@dataclass(frozen=True, slots=True)
class Rows:
    """Training rows of a card: outcome 0/1, weight, and the day of each row (None: not split by time). `parts` in time have
    levels of their own."""

    bad: Floats
    weight: Floats
    days: Floats | None = None
    parts: int = 1

    def levels(self) -> Floats:
        """A column of ones, or one a part in time."""
        part = parts_of(self.days, self.parts)
        return np.ones((len(self.bad), 1)) if part is None else np.eye(int(part.max()) + 1)[part]

    def some(self, taken: Any) -> "Rows":
        """These rows only, without their days."""
        return Rows(self.bad[taken], self.weight[taken])


@dataclass(frozen=True, slots=True)
class Found:
    """`kept`: places of the bins that stay; their coefficients; log-odds of each of their bins; the level of all."""

    kept: tuple[int, ...]
    coefficients: tuple[float, ...]
    effects: tuple[tuple[float, ...], ...]
    intercept: float


def parts_of(days: Floats | None, count: int) -> Places | None:
    """Parts in time with equally many rows; rows of one date stay together."""
    if days is None or count < 2:
        return None
    from scipy.stats import rankdata  # a slow import, needed only here

    part = np.minimum((rankdata(days, method="min") - 1) / len(days) * count, count - 1).astype(np.int64)
    return np.asarray(np.unique(part, return_inverse=True)[1], dtype=np.int64)


def fit(chosen: Sequence[Bins], places: Sequence[Places], rows: Rows, limits: dict[str, Any]) -> Found:
    """Coefficients of the chosen bins (`places`: the bin of every row), which of them stay, and where their bins lie. One thread:
    a matrix library's own cost more than these sums on a busy machine."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    woe = np.column_stack([bins.woe[place] for bins, place in zip(chosen, places, strict=True)])
    with threadpool_limits(limits=1):
        kept, coefficients = _signed(woe, rows, limits)
        stay, where = [chosen[number] for number in kept], [places[number] for number in kept]
        effects = [value * bins.woe for value, bins in zip(coefficients, stay, strict=True)]
        moved = _moved(stay, where, (effects, coefficients), rows, limits)
        total = sum((effect[place] for effect, place in zip(moved, where, strict=True)), np.zeros(len(rows.bad)))
        level = _level(total, rows)
    return Found(
        tuple(kept), tuple(map(float, coefficients)), tuple(tuple(map(float, effect)) for effect in moved), level
    )


def one_way(effect: Floats, rows: Floats, sign: int) -> Floats:
    """The nearest effects that only rise (sign 1) or only fall (−1), by pooling neighbours weighed by their rows."""
    pools: list[list[float]] = []
    for value, weight in zip(sign * effect, rows, strict=True):
        pools.append([float(value), max(float(weight), 1e-9), 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            last, first = pools.pop(), pools[-1]
            first[0] = (first[0] * first[1] + last[0] * last[1]) / (first[1] + last[1])
            first[1], first[2] = first[1] + last[1], first[2] + last[2]
    return sign * np.concatenate([np.full(int(size), value) for value, _, size in pools])


def _signed(woe: Floats, rows: Rows, limits: dict[str, Any]) -> tuple[list[int], Floats]:
    kept = list(range(woe.shape[1]))
    coefficients, errors = _coefficients(woe, rows, limits)
    while len(kept) > 1 and coefficients.max() >= 0:
        wrong = [place for place in range(len(kept)) if coefficients[place] >= 0]
        insists = _insists(woe[:, kept], rows, coefficients / errors, limits)
        wrong = [place for place in wrong if not insists[place]]
        if not wrong:
            break
        kept.pop(max(wrong, key=lambda place: coefficients[place] / errors[place]))
        coefficients, errors = _coefficients(woe[:, kept], rows, limits)
    if len(kept) == 1 and coefficients[0] >= 0:
        coefficients = np.array([-1.0])
    return kept, coefficients


def _insists(woe: Floats, rows: Rows, heights: Floats, limits: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """Which coefficients against their bins stay: far from nothing on all rows, and against them in every part."""
    stays = heights >= float(limits.get("against_errors", np.inf))  # terms before decision 0094 keep none
    if not stays.any():
        return stays
    count = int(limits["against_parts"])
    in_time = parts_of(rows.days, count)
    part = np.arange(len(rows.bad)) % count if in_time is None else in_time
    for number in range(int(part.max()) + 1):
        mine = part == number
        bads = rows.bad[mine].sum()
        if min(bads, mine.sum() - bads) < limits["against_bads"]:
            return np.zeros(len(heights), dtype=bool)
        found, errors = _coefficients(woe[mine], rows.some(mine), limits)
        stays &= found / errors >= limits["against_part_errors"]
    return stays


def _coefficients(woe: Floats, rows: Rows, limits: dict[str, Any]) -> tuple[Floats, Floats]:
    """Of the weights of evidence, with their errors; levels of the parts are found beside them and left off."""
    levels = rows.levels()
    stiff = np.concatenate([_loose(levels), np.full(woe.shape[1], float(limits["ridge"]))])
    found, curve = _newton(np.hstack([levels, woe]), rows, stiff, np.zeros(len(rows.bad)))
    errors = np.sqrt(np.diag(np.linalg.inv(curve)))
    return found[levels.shape[1] :], errors[levels.shape[1] :]


def _moved(stay: Sequence[Bins], places: Sequence[Places], lines: tuple[list[Floats], Floats], rows: Rows,
           limits: dict[str, Any]) -> list[Floats]:  # fmt: skip
    """Bins moved together from their lines; so many rows say it well enough."""
    effects, coefficients = lines
    if "bin_ridge" not in limits:  # terms before decision 0094 move none
        return effects
    taken = np.sort(np.random.default_rng(len(rows.bad)).permutation(len(rows.bad))[: limits["bin_move_rows"]])
    some, levels = rows.some(taken), rows.levels()[taken]
    ends = np.cumsum([0, *(len(bins.labels) for bins in stay)])
    marks = np.zeros((len(taken), ends[-1]))
    for start, place in zip(ends[:-1], places, strict=True):
        marks[np.arange(len(taken)), start + place[taken]] = 1.0
    offset = marks @ np.concatenate(effects)
    ridge = np.concatenate([_loose(levels), np.full(marks.shape[1], float(limits["bin_ridge"]))])
    moves = _newton(np.hstack([levels, marks]), some, ridge, offset)[0][levels.shape[1] :]
    return [
        _as_before(bins, effect + moves[start : start + len(effect)], falls=value < 0)
        for bins, effect, value, start in zip(stay, effects, coefficients, ends[:-1], strict=True)
    ]


def _as_before(bins: Bins, moved: Floats, *, falls: bool) -> Floats:
    """Where bins went one way, they do so still; `falls`: more evidence of good, less risk, as it should be."""
    if bins.trend not in ("ascending", "descending"):
        return moved
    spans = len(bins.edges) + 1
    sign = 1 if (bins.trend == "ascending") == falls else -1
    return np.concatenate([one_way(moved[:spans], np.array(bins.rows[:spans]), sign), moved[spans:]])


def _level(total: Floats, rows: Rows) -> float:
    """The intercept at which all rows together are as bad as they were."""
    return float(_newton(np.ones((len(total), 1)), rows, np.zeros(1), total)[0][0])


def _loose(levels: Floats) -> Floats:
    """One level is free; several lean on nothing by a hair, for a part may have no bads."""
    return np.zeros(1) if levels.shape[1] == 1 else np.full(levels.shape[1], LEVEL_RIDGE)


def _newton(design: Floats, rows: Rows, stiff: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """Ridge logistic regression: coefficients and the curvature at them."""
    found, places = np.zeros(design.shape[1]), np.diag_indices(design.shape[1])
    for _ in range(STEPS):
        slope, curve = _slope_and_curve(design, rows, offset + design @ found)
        curve[places] += stiff + 1e-9
        step = np.linalg.solve(curve, slope + stiff * found)
        found = found - step / max(1.0, float(np.abs(step).max()) / 5.0)
        if float(np.abs(step).max()) < 1e-8:
            break
    return found, curve


def _slope_and_curve(design: Floats, rows: Rows, odds: Floats) -> tuple[Floats, Floats]:
    """Of the weighted log-loss at these log-odds."""
    chance = calibration.chances(odds)
    spread = rows.weight * chance * (1 - chance) + 1e-10
    return design.T @ (rows.weight * (chance - rows.bad)), design.T @ (design * spread[:, None])
