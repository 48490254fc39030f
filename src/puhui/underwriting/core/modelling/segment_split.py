"""Does one more segment pay? A split of a model is proposed when it predicts loans it never saw better, by enough.

Each candidate is judged by log-likelihood on folds left out, beside the model of everybody, row by row:

    gain = Σ_rows [ln p_split(y) − ln p_pooled(y)] / rows × 1,000        nats per 1,000 rows, weights as rows
    interval: mean ± z·sd/√n of the row-by-row gain (Vehtari, Gelman & Gabry 2017), z shared by all candidates (Bonferroni)

Two ways to split: `intercept` (the same columns count the same, the level differs) and `separate` (a model each). The
plainer one is proposed unless the other gains more with certainty. Rules kept: only a proposal, never done silently (a
person accepts it, and that is a row); a segment too small, or with too few bads, is no candidate, and is named; columns
become weights of evidence inside each fold, so the folds left out stay unseen.

>>> names = {"a": 700, "b": 300}; too_small(names, {"a": 60, "b": 20}, {"min_rows": 200, "min_bads": 50})
['b']
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.policy.core.stability import cuts_of
from puhui.underwriting.core.modelling import ranking
from puhui.underwriting.core.modelling.ranking import Floats, Rows

WAYS = ("intercept", "separate")
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to tell rows apart: its name and the segment of every row."""

    name: str
    segment: npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class SplitGain:
    """What one candidate gains one way, in nats per 1,000 rows; `pays` if even the low end is above nought and the
    gain reaches the policy's minimum."""

    candidate: str
    way: str
    gain: float
    low: float
    high: float
    pays: bool
    segments: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SplitStudy:
    """Every candidate tried, the best first; `proposal` is the one worth asking a person about, or None."""

    proposal: SplitGain | None
    tried: tuple[SplitGain, ...]
    left_out: tuple[tuple[str, str], ...]
    rows: int

    def as_json(self) -> dict[str, Any]:
        return {
            "proposal": self.proposal.as_json() if self.proposal else None, "tried": [one.as_json() for one in self.tried],
            "left_out": [{"candidate": name, "reason": reason} for name, reason in self.left_out], "rows": self.rows,
        }  # fmt: skip


def study(values: pl.DataFrame, bad: npt.ArrayLike, weight: npt.ArrayLike | None, candidates: Sequence[Candidate], *,
          terms: dict[str, Any], seed: int) -> SplitStudy:  # fmt: skip
    """Try every candidate on the same folds. `values` are the model's columns (numbers or text)."""
    y = np.asarray(bad, dtype=np.float64)
    w = ranking.weights(weight, len(y))
    fit, left_out = [], []
    for one in candidates:
        names, rows, bads = _sizes(one, y)
        small = too_small(dict(zip(names, rows)), dict(zip(names, bads)), terms)
        if len(names) < 2 or small:
            left_out.append((one.name, f"too small: {', '.join(small)}" if small else "one segment"))
        else:
            fit.append(one)
    fit, extra = fit[: terms["max_candidates"]], fit[terms["max_candidates"] :]
    left_out += [(one.name, "more candidates than the policy allows") for one in extra]
    if not fit:
        return SplitStudy(None, (), tuple(left_out), len(y))
    logs = _logs(values, y, w, fit, terms, seed)
    z = statistics.NormalDist().inv_cdf(1 - terms["chance_of_error"] / (2 * len(fit) * len(WAYS)))
    gains = {(k, way): logs[k, way] - logs["pooled"] for k in range(len(fit)) for way in WAYS}
    tried = [_judged(fit[k], way, gains[k, way], (y, w), z, terms) for k, way in gains]
    tried.sort(key=lambda one: (not one.pays, -one.gain))
    return SplitStudy(_proposed(tried, gains, fit, w, z), tuple(tried), tuple(left_out), len(y))


def candidates(values: pl.DataFrame, terms: dict[str, Any], only: Sequence[str] = ()) -> list[Candidate]:
    """Every column that could tell segments apart: few words as they are, numbers at their median (missing apart)."""
    found = []
    for name in only or values.columns:
        column = values[name]
        if column.dtype.is_numeric() and column.n_unique() > terms["max_levels"]:
            found.append(Candidate(name, _halves(column)))
        elif column.n_unique() <= terms["max_levels"]:
            found.append(Candidate(name, column.cast(pl.String).fill_null("missing").to_numpy()))
    return found


def _halves(column: pl.Series) -> npt.NDArray[np.str_]:
    """Below the median or not; where nothing lies below it, at it or above. Missing stands apart."""
    middle = float(np.nanmedian(column.cast(pl.Float64).fill_null(float("nan")).to_numpy()))
    low, high = (column < middle, "≥") if (column < middle).any() else (column <= middle, ">")
    sign = "<" if high == "≥" else "≤"
    label = pl.when(column.is_null()).then(pl.lit("missing")).when(low).then(pl.lit(f"{sign} {middle:g}"))
    return pl.select(label.otherwise(pl.lit(f"{high} {middle:g}"))).to_series().to_numpy()


def too_small(rows: dict[str, int], bads: dict[str, int], terms: dict[str, Any]) -> list[str]:
    """Segments below the policy's size, or with too few bads or goods."""
    return [
        name for name in rows
        if rows[name] < terms["min_rows"] or min(bads[name], rows[name] - bads[name]) < terms["min_bads"]
    ]  # fmt: skip


def _logs(values: pl.DataFrame, y: Floats, w: Floats, fit: Sequence[Candidate], terms: dict[str, Any],
          seed: int) -> dict[Any, Floats]:  # fmt: skip
    """ln of the chance each model gave to what happened, row by row, by models that did not see the row."""
    logs: dict[Any, Floats] = {
        key: np.zeros(len(y)) for key in ["pooled", *((k, way) for k in range(len(fit)) for way in WAYS)]
    }
    places = [_places(values[name], terms["bins"]) for name in values.columns]
    for training, held in _folds(y, terms["folds"], seed):
        x = _weights_of_evidence(places, y, w, training)
        logs["pooled"][held] = _told(x, y, w, (training, held), terms["ridge"])
        for k, one in enumerate(fit):
            names, place = np.unique(one.segment, return_inverse=True)
            levels = np.eye(len(names))[place][:, 1:]
            logs[k, "intercept"][held] = _told(np.hstack([x, levels]), y, w, (training, held), terms["ridge"])
            for segment in range(len(names)):
                own = place == segment
                rows = training[own[training]], held[own[held]]
                logs[k, "separate"][rows[1]] = _told(
                    _weights_of_evidence(places, y, w, rows[0]), y, w, rows, terms["ridge"]
                )
    return logs


def _told(x: Floats, y: Floats, w: Floats, rows: tuple[Rows, Rows], ridge: float) -> Floats:
    """ln of the chance given to what happened in the second rows, by a logistic model of the first."""
    from sklearn.linear_model import LogisticRegression

    training, held = rows
    model = LogisticRegression(C=1 / ridge, solver="newton-cholesky").fit(
        x[training], y[training], sample_weight=w[training]
    )
    chance = np.clip(model.predict_proba(x[held])[:, 1], _LEAST, 1 - _LEAST)
    told: Floats = np.log(np.where(y[held] == 1, chance, 1 - chance))
    return told


def _folds(y: Floats, folds: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Rows to learn from and rows held back; bads and goods are dealt out apart."""
    fold, chance = np.zeros(len(y), dtype=np.intp), np.random.default_rng(seed)
    for outcome in (0, 1):
        rows = chance.permutation(np.flatnonzero(y == outcome))
        fold[rows] = np.arange(len(rows)) % folds
    for k in range(folds):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def _weights_of_evidence(places: Sequence[Rows], y: Floats, w: Floats, training: Rows) -> Floats:
    """Columns as ln(bads / goods) of their bin or word, learnt from the training rows; half a row smooths each."""
    bad, good = (w * y)[training], (w * (1 - y))[training]
    usual = np.log(bad.sum() / good.sum())
    found = []
    for place in places:
        size = int(place.max()) + 1
        bads, goods = (np.bincount(place[training], side, minlength=size) + 0.5 for side in (bad, good))
        seen = np.bincount(place[training], minlength=size) > 0
        found.append(np.where(seen, np.log(bads / goods) - usual, 0.0)[place])
    return np.column_stack(found)


def _places(column: pl.Series, bins: int) -> Rows:
    """The bin or word of every row; cut at quantiles, which ask nothing of the outcome."""
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return cuts_of(values, bins=bins).places(values)
    return np.unique(column.cast(pl.String).fill_null("").to_numpy().astype(str), return_inverse=True)[1]


def _sizes(one: Candidate, y: Floats) -> tuple[list[str], list[int], list[int]]:
    names, place = np.unique(one.segment, return_inverse=True)
    rows, bads = np.bincount(place), np.bincount(place, y)
    return [str(name) for name in names], [int(n) for n in rows], [int(n) for n in bads]


def _judged(one: Candidate, way: str, gain: Floats, outcome: tuple[Floats, Floats], z: float,
            terms: dict[str, Any]) -> SplitGain:  # fmt: skip
    y, w = outcome
    mean, low, high = _interval(gain, w, z)
    segments = tuple(
        {"segment": name, "rows": rows, "bads": bads} for name, rows, bads in zip(*_sizes(one, y))
    )  # fmt: skip
    return SplitGain(one.name, way, mean, low, high, low > 0 and mean >= terms["min_gain_nats_per_1000"], segments)


def _interval(gain: Floats, w: Floats, z: float) -> tuple[float, float, float]:
    mean = ranking.product(gain, w) / float(w.sum())
    error = float(np.sqrt(np.square(w * (gain - mean)).sum())) / float(w.sum())
    return 1000 * mean, 1000 * (mean - z * error), 1000 * (mean + z * error)


def _proposed(tried: Sequence[SplitGain], gains: dict[Any, Floats], fit: Sequence[Candidate], w: Floats,
              z: float) -> SplitGain | None:  # fmt: skip
    """The best that pays; of two ways the plainer one, unless the other gains more with certainty."""
    best = next((one for one in tried if one.pays), None)
    if best is None or best.way == "intercept":
        return best
    k = next(k for k, one in enumerate(fit) if one.name == best.candidate)
    plain = next(one for one in tried if (one.candidate, one.way) == (best.candidate, "intercept"))
    surer = _interval(gains[k, "separate"] - gains[k, "intercept"], w, z)[1] > 0
    return best if surer or not plain.pays else plain
