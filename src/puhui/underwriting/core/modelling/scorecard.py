"""A scorecard: logistic regression on weights of evidence, written as whole points that anybody can add up by hand.

Rules kept: a coefficient goes the way its bins go unless the rows insist in every part of them (`bin_weights`, decision 0094: then
it is printed as such; any other wrong sign is taken out); points are whole numbers, and
the chance of default is read from their sum: score = offset − factor·ln(bad:good odds), factor = PDO / ln 2 (600 points at 50:1,
60 points double the odds). What is printed is what decides, to the last bit, for one applicant and for a million.

>>> points_scale({"points_at_base": 600, "odds_at_base": 50, "points_to_double": 60})
(261.36862861351653, 86.5617024533378)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import bin_weights, calibration
from puhui.underwriting.core.modelling.binning import Bins
from puhui.underwriting.core.modelling.calibration import Calibration
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]
Points = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """`bins[j]` with `coefficients[j]` gives `points[j]`, one whole number a bin; `base_points` is added to every score.
    `effects[j]` are the log-odds of each bin before calibration: coefficient · WOE, moved a little together (decision 0094)."""

    bins: tuple[Bins, ...]
    coefficients: tuple[float, ...]
    intercept: float
    calibration: Calibration
    offset: float
    factor: float
    base_points: int
    points: tuple[tuple[int, ...], ...]
    effects: tuple[tuple[float, ...], ...]

    @property
    def neutral(self) -> tuple[int, ...]:
        """Points of a feature at the usual risk; what a row lies below it is a reason."""
        return tuple(
            round(float(np.dot(rows.rows, points) / np.sum(rows.rows)))
            for rows, points in zip(self.bins, self.points, strict=True)
        )

    def parts(self, values: pl.DataFrame) -> Points:
        """Points of each row (down) for each feature (across)."""
        made = [
            np.array(points, dtype=np.int64)[bins.place(values[bins.name])]
            for bins, points in zip(self.bins, self.points, strict=True)
        ]
        return np.column_stack(made) if made else np.zeros((values.height, 0), dtype=np.int64)

    def log_odds_of(self, total: Points) -> Floats:
        """ln(bad:good odds) of a total score."""
        return (self.offset - total.astype(np.float64)) / self.factor

    def as_json(self) -> dict[str, Any]:
        return {"intercept": self.intercept, "calibration": self.calibration.as_json(), "offset": self.offset, "factor": self.factor,
                "base_points": self.base_points, "features": [
                    {"name": bins.name, "coefficient": coefficient, "points": list(points), "effects": list(effects), "bins": bins.as_json()}
                    for bins, coefficient, points, effects in zip(self.bins, self.coefficients, self.points, self.effects, strict=True)]}  # fmt: skip

    @staticmethod
    def of(stored: dict[str, Any]) -> "Scorecard":
        features, bins = stored["features"], tuple(Bins.of(feature["bins"]) for feature in stored["features"])
        effects = (
            feature.get("effects", list(feature["coefficient"] * one.woe))
            for feature, one in zip(features, bins, strict=True)
        )
        return Scorecard(bins, tuple(feature["coefficient"] for feature in features),
                         stored["intercept"], Calibration(**stored["calibration"]), stored["offset"], stored["factor"],
                         stored["base_points"], tuple(tuple(feature["points"]) for feature in features),
                         tuple(tuple(map(float, effect)) for effect in effects))  # fmt: skip


def fit(
    found: Sequence[Bins],
    values: pl.DataFrame,
    bad: Outcome,
    weight: Floats,
    terms: Terms,
    *,
    days: Floats | None = None,
) -> Scorecard:
    """Select and fit on the rows given; uncalibrated. `found`: bins of all candidate features, counted over the same rows;
    `days` of the rows where the future is to be judged."""
    chosen = select(found, values, terms)
    places = [bins.place(values[bins.name]) for bins in chosen]
    rows = bin_weights.Rows(bad.astype(np.float64), weight, days, terms.scorecard.get("parts", 1))
    made = bin_weights.fit(chosen, places, rows, terms.scorecard)
    stay = tuple(chosen[number] for number in made.kept)
    return scaled(
        Scorecard(stay, made.coefficients, made.intercept, Calibration(), 0.0, 1.0, 0, (), made.effects), terms
    )


def select(found: Sequence[Bins], values: pl.DataFrame, terms: Terms) -> list[Bins]:
    """By information value, strongest first; a feature that says what a stronger one said already stays out (correlation, VIF)."""
    limits = terms.scorecard
    strong = sorted((bins for bins in found if bins.iv >= limits["min_iv"]), key=lambda bins: (-bins.iv, bins.name))
    strong = strong or sorted(found, key=lambda bins: (-bins.iv, bins.name))[:1]
    strong = strong[: 3 * limits["max_columns"]]
    woe = np.column_stack([bins.woe_of(values[bins.name]) for bins in strong])
    spread = woe.std(axis=0)
    alike = np.abs(np.corrcoef(woe, rowvar=False).reshape(len(strong), -1)) if len(strong) > 1 else np.ones((1, 1))
    kept: list[int] = []
    for number in range(len(strong)):
        if spread[number] > 0 and all(alike[number, other] <= limits["max_correlation"] for other in kept):
            kept.append(number)
    kept = _without_inflation((kept or [0])[: limits["max_columns"]], woe, limits["max_vif"])
    return [strong[number] for number in kept]


def calibrated(card: Scorecard, fitted: Calibration, terms: Terms) -> Scorecard:
    """The card with its points stretched and moved so that the chance read from the score is right on rows it never saw."""
    return scaled(replace(card, calibration=fitted), terms)


def scaled(card: Scorecard, terms: Terms) -> Scorecard:
    """Whole points from effects: each bin's −factor·slope·effect, rounded half to even; the rest is the base."""
    offset, factor = points_scale(terms.scorecard)
    slope = card.calibration.slope
    points = tuple(tuple(int(part) for part in np.rint(-factor * slope * np.array(effect))) for effect in card.effects)
    base = round(offset - factor * (card.calibration.intercept + slope * card.intercept))
    return replace(card, offset=offset, factor=factor, base_points=base, points=points)


def linear(card: Scorecard, values: pl.DataFrame) -> Floats:
    """Log-odds before calibration and rounding, summed in the order of the features."""
    total = np.full(values.height, card.intercept)
    for bins, effect in zip(card.bins, card.effects, strict=True):
        total = total + np.array(effect)[bins.place(values[bins.name])]
    return total


def points_scale(limits: dict[str, Any]) -> tuple[float, float]:
    """Offset and factor of the scale."""
    factor = limits["points_to_double"] / np.log(2.0)
    return float(limits["points_at_base"] - factor * np.log(limits["odds_at_base"])), float(factor)


def calibrate(card: Scorecard, values: pl.DataFrame, bad: Outcome, weight: Floats) -> Calibration:
    """Platt's numbers of this card on rows it was not fitted on."""
    return calibration.fit(linear(card, values), bad, weight)


def _without_inflation(kept: list[int], woe: Floats, most: float) -> list[int]:
    """Variance inflation of a column is the diagonal of the inverse of the correlations; the weakest inflated one leaves."""
    while len(kept) > 1:
        alike = np.corrcoef(woe[:, kept], rowvar=False)
        inflation = np.diag(np.linalg.pinv(alike))
        over = [number for number, value in enumerate(inflation) if value > most]
        if not over:
            break
        kept = [column for number, column in enumerate(kept) if number != over[-1]]
    return kept
