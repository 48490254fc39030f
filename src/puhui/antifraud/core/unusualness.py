"""How unusual an application is (异常程度) beside peers and beside the applicant's own past, with no label asked: from 0 to 1.

Each signal is placed among its peers' values; the smaller the share u of peers that lie as far out on its side (twice that, there being two
sides), the stranger it is. Beyond the outermost peer the share falls off as it does from the middle to there (an exponential tail). Where
signals are ordinary −ln u has mean 1 and variance 1, so that applications of which more and of which less is known are measured alike. An
application is strange altogether or in one thing:

    strangeness = max((Σ −ln uᵢ − k) / √k,  −ln(1 − (1 − min uᵢ)ᵏ) − 1) over the k signals that are known
    unusualness = share of peers no stranger

(tail shares added up as in ECOD, Li et al. 2022, two-sided and standardised for what is missing; the second is Šidák's correction). One's own
past comes in as signals that compare with it (`own_amount_ratio`, a person's devices, telephones and cards).

Rule kept: plain data (quantiles a signal); one function measures one and a million.

>>> rows = [{"fill_seconds": float(n), "queries_1m": n % 4} for n in range(400)]
>>> peers = learn(rows, ("fill_seconds", "queries_1m"), known_least=100, knots=100)
>>> plain, odd = peers.unusualness([{"fill_seconds": 200.0, "queries_1m": 2}, {"fill_seconds": 9_000.0, "queries_1m": 9}])
>>> plain < 0.05, odd
(True, 1.0)
>>> peers.unusualness([{}])
[None]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from puhui.antifraud.core.fraud_scorer import Matrix, Numbers, matrix


@dataclass(frozen=True, slots=True)
class Peers:
    """`knots`: a row of ascending quantiles a signal; `scale`: ascending strangeness of the peers themselves."""

    signals: tuple[str, ...]
    knots: Numbers
    scale: Numbers

    def unusualness(self, rows: Sequence[Mapping[str, Any]]) -> list[float | None]:
        """The share of peers that are no stranger; None where none of its signals is known."""
        strange = _strangeness(matrix(rows, self.signals), self.knots)
        shares = np.searchsorted(self.scale, strange, side="right") / len(self.scale)
        return [
            None if unknown else round(float(share), 4)
            for share, unknown in zip(shares, np.isnan(strange), strict=True)
        ]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"signals": list(self.signals), "knots": self.knots.tolist(), "scale": self.scale.tolist()}


def read(content: Mapping[str, Any]) -> Peers:
    """From plain data."""
    return Peers(tuple(content["signals"]), np.array(content["knots"]), np.array(content["scale"]))


def learn(rows: Sequence[Mapping[str, Any]], signals: Sequence[str], *, known_least: int, knots: int) -> Peers:
    """From the peers' signals as they were stored; a signal that too few of them have, or that is the same for all, is left out."""
    seen = matrix(rows, signals)
    told = [place for place in range(len(signals)) if _tells(seen[:, place], known_least)]
    names = tuple(signals[place] for place in told)
    at = (np.arange(knots) + 0.5) / knots
    quantiles = np.array([np.quantile(column[~np.isnan(column)], at) for column in seen[:, told].T.astype(np.float64)])
    quantiles = quantiles.reshape(len(told), knots)
    strange = _strangeness(seen[:, told], quantiles)
    return Peers(names, quantiles, np.sort(strange[~np.isnan(strange)]))


def _tells(column: Any, known_least: int) -> bool:
    known = column[~np.isnan(column)]
    return len(known) >= known_least and bool(known.min() < known.max())


_PIECE = 1_000
_LEAST = 1e-15


def _strangeness(seen: Matrix, knots: Numbers) -> Numbers:
    """NaN where no signal is known."""
    found = np.full(len(seen), np.nan)
    for start in range(0, len(seen), _PIECE):
        tail = _tails(seen[start : start + _PIECE].astype(np.float64), knots)
        known = ~np.isnan(tail)
        k = known.sum(axis=1)
        filled = np.where(known, tail, 1.0)
        altogether = (-np.log(filled).sum(axis=1) - k) / np.sqrt(np.maximum(k, 1))
        least = filled.min(axis=1, initial=1.0)
        in_one = -np.log(-np.expm1(np.maximum(k, 1) * np.log1p(-np.minimum(least, 1 - _LEAST)))) - 1
        found[start : start + _PIECE] = np.where(k > 0, np.maximum(altogether, in_one), np.nan)
    return found


def _tails(values: Numbers, knots: Numbers) -> Numbers:
    """The two-sided tail share of every value among its signal's peers; NaN where it is not known."""
    count = max(knots.shape[1], 2)
    below, above = (side.sum(axis=2) + 0.5 for side in (knots <= values[:, :, None], knots >= values[:, :, None]))
    first, middle, last = knots[:, 0], knots[:, knots.shape[1] // 2], knots[:, -1]
    beyond = [np.maximum(0.0, first - values) / _spread(middle - first, last - first, count)]
    beyond.append(np.maximum(0.0, values - last) / _spread(last - middle, last - first, count))
    share = np.minimum(below * np.exp(-beyond[0]), above * np.exp(-beyond[1])) / (count + 1)
    return np.where(np.isnan(values), np.nan, np.clip(2 * share, _LEAST, 1.0))


def _spread(side: Numbers, whole: Numbers, count: int) -> Numbers:
    """Over what distance the share falls by a factor e, as it does from the middle to the outermost peer of this side."""
    return np.where(side > 0, side, whole) / np.log(count)
