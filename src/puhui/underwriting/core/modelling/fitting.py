"""From prepared rows to fitted models: a scorecard, a boosted model, each judged on rows that touched no choice of it.

Rule kept: a kind is fitted twice, once to steer and calibrate (on the steering part) and once, for good, on all training rows.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import binning, boosting, leakage, reason_codes, recency, scorecard
from puhui.underwriting.core.modelling.binning import Bins
from puhui.underwriting.core.modelling.boosting import Training
from puhui.underwriting.core.modelling.model import Model
from puhui.underwriting.core.modelling.preparing import Feature, Prepared
from puhui.underwriting.core.modelling.splitting import STEER
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """Chances of the rows that judge, and of the training rows (for stability)."""

    test_pd: Floats
    training_pd: Floats


def fit(kind: str, rows: Prepared, *, terms: Terms, seed: int) -> Model:
    """Fit one kind."""
    training = rows.split.training
    mask = pl.Series(training)
    part = Training(
        rows.values.filter(mask),
        rows.bad[training],
        rows.weight[training],
        (rows.split.part == STEER)[training],
        recency_of(rows, terms),
        ahead=rows.split.days is not None,
    )
    if kind == "scorecard":
        card = _scorecard(rows, part, terms)
        used = {bins.name for bins in card.bins}
        return _model(rows, [feature for feature in rows.features if feature.name in used], part.values, terms, card)
    features = _strongest(rows, part, terms)
    kept = replace(part, values=part.values.select([feature.name for feature in features]))
    boosted = boosting.fit(kept, {feature.name: feature.specials for feature in features}, terms=terms, seed=seed)
    used = {name for name, _ in boosted.encoding.inputs}
    return _model(rows, [feature for feature in features if feature.name in used], part.values, terms, boosted)


def recency_of(rows: Prepared, terms: Terms) -> Floats:
    """How much each training row counts for its age: all alike unless rows were split by time (or by terms older than 0087)."""
    days, training = rows.split.days, rows.split.training
    halvings = float(terms.split.get("recency_halvings", 0.0))
    return recency.weights(None if days is None else days[training], rows=int(training.sum()), halvings=halvings)


def judge(model: Model, rows: Prepared) -> Judged:
    """Chances by the model as it will serve, from feature values already read."""
    chances = model.chances(rows.values)
    return Judged(chances[rows.split.judging], chances[rows.split.training])


def importance(model: Model, rows: Prepared) -> list[dict[str, Any]]:
    """Features, the strongest first: IV and coefficient of a scorecard, mean absolute SHAP share of trees (on at most 5,000 rows)."""
    if model.scorecard is not None:
        found = [
            {
                "name": bins.name,
                "iv": round(bins.iv, 4),
                "coefficient": round(coefficient, 4),
                "bins": len(bins.labels),
                "trend": bins.trend,
            }
            for bins, coefficient in zip(model.scorecard.bins, model.scorecard.coefficients, strict=True)
        ]
        return sorted(found, key=lambda one: -float(one["iv"]))  # type: ignore[arg-type]
    assert model.boosted is not None
    sample = (
        rows.values.filter(pl.Series(rows.split.training))
        .select([feature.name for feature in model.features])
        .head(5_000)
    )
    shares, names = model.boosted.shares(sample)
    weight = np.abs(shares).mean(axis=0)
    signs = dict(zip((name for name, _ in model.boosted.encoding.inputs), model.boosted.directions, strict=True))
    found = [
        {"name": name, "share": round(float(part), 5), "direction": signs[name]}
        for name, part in zip(names, weight, strict=True)
    ]
    return sorted(found, key=lambda one: -float(one["share"]))  # type: ignore[arg-type]


def candidate_bins(
    features: tuple[Feature, ...], values: pl.DataFrame, bad: npt.NDArray[np.int8], weight: Floats, terms: Terms
) -> list[Bins]:
    """Bins of every feature; those that a first look finds empty of evidence are not given to the solver."""
    found = []
    for feature in features:
        column = values[feature.name]
        if _first_look(column, bad) < 0.5 * terms.scorecard["min_iv"] and len(features) > 1:
            continue
        found.append(binning.fit(column, bad, weight, specials=feature.specials, terms=terms))
    if not found:
        feature = features[0]
        found.append(binning.fit(values[feature.name], bad, weight, specials=feature.specials, terms=terms))
    return found


def _scorecard(rows: Prepared, part: Training, terms: Terms) -> scorecard.Scorecard:
    """Bins and coefficients on the fitting part give the calibration on the steering part; then all training rows fit for good."""
    fitting = ~part.steering
    early_values = part.values.filter(pl.Series(fitting))
    late_values = part.values.filter(pl.Series(part.steering))
    found = candidate_bins(rows.features, part.values, part.bad, part.weight, terms)
    aged = part.weight * part.recency  # bins count rows as they are; coefficients lean on the later ones
    early = [bins.recounted(early_values[bins.name], part.bad[fitting], part.weight[fitting]) for bins in found]
    days = rows.split.days if rows.split.days is None else rows.split.days[rows.split.training]
    early_days = None if days is None else days[fitting]
    first = scorecard.fit(early, early_values, part.bad[fitting], aged[fitting], terms, days=early_days)
    fitted = scorecard.calibrate(first, late_values, part.bad[part.steering], part.weight[part.steering])
    return scorecard.calibrated(scorecard.fit(found, part.values, part.bad, aged, terms, days=days), fitted, terms)


def _model(rows: Prepared, features: list[Feature], values: pl.DataFrame, terms: Terms,
           fitted: scorecard.Scorecard | boosting.Boosted) -> Model:  # fmt: skip
    names = {feature.name for feature in features}
    card = fitted if isinstance(fitted, scorecard.Scorecard) else None
    trees = fitted if isinstance(fitted, boosting.Boosted) else None
    return Model("scorecard" if card else "boosting", tuple(features), tuple(column for column in rows.columns if column.name in names),
                 rows.time, reason_codes.middles_of(values, features), terms, card, trees)  # fmt: skip


def _strongest(rows: Prepared, part: Training, terms: Terms) -> list[Feature]:
    most = int(terms.boosting["max_columns"])
    if len(rows.features) <= most:
        return list(rows.features)
    strength = {feature.name: _first_look(part.values[feature.name], part.bad) for feature in rows.features}
    kept = set(sorted(strength, key=lambda name: (-strength[name], name))[:most])
    return [feature for feature in rows.features if feature.name in kept]


def _first_look(column: pl.Series, bad: npt.NDArray[np.int8]) -> float:
    every = max(1, len(bad) // 60_000)
    return leakage.first_iv(column.gather_every(every), bad[::every])
