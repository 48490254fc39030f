"""What a probability of default is worth: order (AUC, KS, Gini), distance (Brier, log loss), calibration, lift, segments.

Rules kept: `y` is 1 for bad; `pd` is the chance of bad; a weight says for how many rows a row stands; every figure of
order and distance carries a bootstrap interval (95 %, stratified, by seed); a segment too small to be judged says so
(its figures are None) instead of printing noise.

    Brier = Σ w·(pd − y)² / Σ w        log loss = −Σ w·ln(chance given to what happened) / Σ w
    ECE = Σ_b share_b · |mean pd_b − bad rate_b|      (Naeini et al. 2015; bins of equal weight, ties kept together)

>>> found = evaluate(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), seed=1)
>>> found.auc, found.ks, round(found.brier, 6), found.rows, found.bads
(0.75, 0.5, 0.158125, 4, 2)
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling import ranking, resampling
from puhui.underwriting.core.modelling.ranking import Floats, product

BINS = 10
LEAST_CHANCE = 1e-15  # a chance of exactly 0 or 1 that fails would cost infinity; scikit-learn clips too
FIGURES = ("auc", "ks", "gini", "brier", "log_loss")


@dataclass(frozen=True, slots=True)
class Needs:
    """Below these a segment's order is not judged: rows, bads and goods."""

    rows: int = 100
    bads: int = 20
    goods: int = 20

    def met(self, rows: int, bads: int) -> bool:
        return rows >= self.rows and bads >= self.bads and rows - bads >= self.goods


NEEDS = Needs()


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """One bin of predicted chance: promised and observed, with Wilson's interval of the observed share."""

    pd_from: float
    pd_to: float
    rows: int
    weight: float
    mean_pd: float
    bad_rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LiftRow:
    """One slice from the riskiest on: `gain` is the share of all bads so far, `lift` is gain over share of rows."""

    place: int
    rows: int
    weight: float
    bad_rate: float
    share: float
    gain: float
    lift: float


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment; figures of order are None where it is too small (`Needs`)."""

    segment: str
    rows: int
    bads: int
    bad_rate: float
    mean_pd: float
    auc: float | None
    ks: float | None
    auc_low: float | None = None
    auc_high: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one model on one set of rows. `intervals` has (low, high) by figure."""

    rows: int
    bads: int
    weight: float
    bad_rate: float
    mean_pd: float
    auc: float
    ks: float
    gini: float
    brier: float
    log_loss: float
    ece: float
    intervals: dict[str, tuple[float, float]]
    calibration: tuple[CalibrationRow, ...]
    lift: tuple[LiftRow, ...]
    segments: tuple[SegmentRow, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(y: npt.ArrayLike, pd: npt.ArrayLike, weight: npt.ArrayLike | None = None,
             segments: Sequence[str] | None = None, *, seed: int,
             resamples: int = resampling.RESAMPLES) -> Evaluation:  # fmt: skip
    """Judge one model. Refuses one class, missing scores, chances outside [0, 1]. `resamples` 0: no intervals."""
    bad, chance = ranking.checked(y, pd)
    if ((chance < 0) | (chance > 1)).any():
        raise Refused(Refusal("PD_OUTSIDE", "违约概率须在 0 到 1 之间 · a probability must lie between 0 and 1"))
    by_row = ranking.weights(weight, len(bad))
    point, intervals = _figures(bad, chance, by_row, seed=seed, resamples=resamples)
    calibration = calibration_table(bad, chance, by_row)
    total = float(by_row.sum())
    return Evaluation(
        rows=len(bad), bads=int(bad.sum()), weight=total, bad_rate=product(by_row, bad) / total,
        mean_pd=product(by_row, chance) / total, **point,
        ece=sum(row.weight / total * abs(row.mean_pd - row.bad_rate) for row in calibration),
        intervals=intervals, calibration=calibration, lift=lift_table(bad, chance, by_row),
        segments=() if segments is None else by_segment(bad, chance, by_row, segments, seed=seed, resamples=resamples),
    )  # fmt: skip


def calibration_table(bad: Floats, chance: Floats, weight: Floats, bins: int = BINS) -> tuple[CalibrationRow, ...]:
    """Promised and observed by bins of equal weight; rows of one predicted chance stay together."""
    rows = []
    for inside in _slices(chance, weight, bins):
        share, mass = weight[inside], float(weight[inside].sum())
        if mass <= 0:
            continue
        rate = product(share, bad[inside]) / mass
        low, high = wilson(rate, mass**2 / product(share, share))
        rows.append(CalibrationRow(float(chance[inside].min()), float(chance[inside].max()), len(inside), mass,
                                   product(share, chance[inside]) / mass, rate, low, high))  # fmt: skip
    return tuple(rows)


def lift_table(bad: Floats, chance: Floats, weight: Floats, bins: int = BINS) -> tuple[LiftRow, ...]:
    """Slices of equal weight from the riskiest to the safest, with what was caught so far."""
    total, all_bads = float(weight.sum()), product(weight, bad)
    rows: list[LiftRow] = []
    seen = caught = 0.0
    for inside in _slices(-chance, weight, bins):
        mass, bads = float(weight[inside].sum()), product(weight[inside], bad[inside])
        if mass <= 0:
            continue
        seen, caught = seen + mass, caught + bads
        share, gain = seen / total, caught / all_bads
        rows.append(LiftRow(len(rows) + 1, len(inside), mass, bads / mass, share, gain, gain / share))
    return tuple(rows)


def by_segment(bad: Floats, chance: Floats, weight: Floats, segments: Sequence[str], *, seed: int,
               resamples: int = resampling.RESAMPLES) -> tuple[SegmentRow, ...]:  # fmt: skip
    """Every segment by itself, in the order of its name."""
    names, place = np.unique(np.asarray(segments, dtype=str), return_inverse=True)
    rows = []
    for k, name in enumerate(names):
        inside = np.flatnonzero(place == k)
        y, pd, w = bad[inside], chance[inside], weight[inside]
        total, bads = max(float(w.sum()), 1e-300), int(y.sum())
        row = SegmentRow(str(name), len(inside), bads, product(w, y) / total, product(w, pd) / total, None, None)
        if NEEDS.met(len(inside), bads):
            point, interval = _figures(y, pd, w, seed=seed, resamples=resamples)
            low, high = interval.get("auc", (None, None))
            row = SegmentRow(
                row.segment, row.rows, bads, row.bad_rate, row.mean_pd, point["auc"], point["ks"], low, high
            )
        rows.append(row)
    return tuple(rows)


def wilson(rate: float, size: float) -> tuple[float, float]:
    """Wilson's (1927) 95 % interval of a share; `size` is Kish's effective number of rows where there are weights."""
    z = resampling.reach()
    middle = (rate + z * z / (2 * size)) / (1 + z * z / size)
    reach = z / (1 + z * z / size) * np.sqrt(rate * (1 - rate) / size + z * z / (4 * size * size))
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))


def _figures(bad: Floats, chance: Floats, weight: Floats, *, seed: int,
             resamples: int) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:  # fmt: skip
    """Figures of order and distance at a point, and their intervals."""
    ranked = ranking.rank(bad, chance)
    squared = ranked.split(np.square(chance - bad))
    surprise = ranked.split(-np.log(np.clip(np.where(bad == 1, chance, 1 - chance), LEAST_CHANCE, 1.0)))

    def told(*share: Floats) -> tuple[float, ...]:
        area, distance = ranked.auc_and_ks(*share)
        total = float(share[0].sum() + share[1].sum())
        means = (sum(map(product, share, losses)) / total for losses in (squared, surprise))
        return area, distance, 2 * area - 1, *means

    by_class = ranked.split(weight)
    point = told(*by_class)
    ranges = resampling.intervals(*by_class, told, seed=seed, resamples=resamples) if resamples else []
    return dict(zip(FIGURES, point)), dict(zip(FIGURES, ranges))


def _slices(key: Floats, weight: Floats, bins: int) -> list[npt.NDArray[np.intp]]:
    """Row numbers of at most `bins` slices of about equal weight, by rising key; equal keys share a slice."""
    _values, place = np.unique(key, return_inverse=True)
    mass = np.bincount(place, weights=weight)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    slice_of = np.minimum((middle * bins).astype(np.intp), bins - 1)[place]
    found = [np.flatnonzero(slice_of == k) for k in range(bins)]
    return [inside for inside in found if len(inside)]
