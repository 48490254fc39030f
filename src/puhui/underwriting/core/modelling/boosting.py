"""Gradient boosting beside the scorecard: several XGBoost models averaged, with directions where data and meaning give one.

Rules kept: rounds, and whether directions are imposed, are chosen on draws held out of training (not on its latest dates: one odd
quarter there would stop every model at its first tree, decision 0072); the level of the chance comes from the latest part of training.
The sum over models runs in a fixed order. Reasons are XGBoost's own SHAP values (Lundberg & Lee 2017; exact for trees) of the first
model of each shape.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import calibration, encoding, splitting
from puhui.underwriting.core.modelling.calibration import Calibration
from puhui.underwriting.core.modelling.encoding import Encoding
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Boosted:
    """`boosters`: XGBoost models (their UBJSON bytes are what is stored); `directions`: −1, 0, 1 an input."""

    encoding: Encoding
    boosters: tuple[Any, ...]
    calibration: Calibration
    directions: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    def raw(self, values: pl.DataFrame) -> Floats:
        """Log-odds before calibration: the mean of the models, added up in their order."""
        matrix = _matrix(self.encoding.encoded(values), self.encoding.input_kinds)
        total = np.zeros(values.height)
        for booster in self.boosters:
            total = total + booster.predict(matrix, output_margin=True).astype(np.float64)
        return total / len(self.boosters)

    def shares(self, values: pl.DataFrame) -> tuple[Floats, tuple[str, ...]]:
        """SHAP values of log-odds, rows by features (inputs of one feature added up), and the names of the features. One model of each
        shape is asked, not every seed: the order of reasons is theirs, and a tape costs a third (119,000 rows: three CPU minutes before)."""
        asked = self.boosters[: max(1, len(self.settings.get("shapes", ())))]
        matrix = _matrix(self.encoding.encoded(values), self.encoding.input_kinds)
        total = np.zeros((values.height, len(self.encoding.inputs)))
        for booster in asked:
            total = total + booster.predict(matrix, pred_contribs=True)[:, :-1].astype(np.float64)
        names = tuple(dict.fromkeys(name for name, _ in self.encoding.inputs))
        made = np.zeros((values.height, len(names)))
        for place, (name, _) in enumerate(self.encoding.inputs):
            made[:, names.index(name)] += total[:, place]
        return made / len(asked), names

    def stored_boosters(self) -> list[bytes]:
        """Each model as UBJSON."""
        return [bytes(booster.save_raw(raw_format="ubj")) for booster in self.boosters]

    def as_json(self) -> dict[str, Any]:
        return {"encoding": self.encoding.as_json(), "calibration": self.calibration.as_json(), "directions": list(self.directions),
                "settings": self.settings}  # fmt: skip

    @staticmethod
    def of(stored: dict[str, Any], boosters: Sequence[bytes]) -> "Boosted":
        import xgboost

        loaded = []
        for content in boosters:
            booster = xgboost.Booster()
            booster.load_model(bytearray(content))
            loaded.append(booster)
        return Boosted(Encoding.of(stored["encoding"]), tuple(loaded), Calibration(**stored["calibration"]), tuple(stored["directions"]),
                       stored["settings"])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Training:
    """Training rows: their features, outcome, weight, which of them steer, and their days where the future is to be judged."""

    values: pl.DataFrame
    bad: Outcome
    weight: Floats
    steering: npt.NDArray[np.bool_]
    days: Floats | None = None


def fit(rows: Training, specials: dict[str, tuple[float, ...]], *, terms: Terms, seed: int) -> Boosted:
    """Choose on held-out draws of training rows, calibrate on the steering part, fit for good on all training rows."""
    encoder = encoding.fit(rows.values, specials, least_rows=terms.boosting["least_level_rows"])
    made = _Rows(encoder.encoded(rows.values), rows.bad, rows.weight, encoder.input_kinds)
    plan = _planned(made, rows.days is not None, _directions(made, encoder, terms), terms, seed)
    fitted = _calibrated(made, rows.steering, plan, seed)
    whole, times = made.whole(), 1 if made.matrix.size > terms.boosting["large_cells"] else terms.boosting["seeds"]
    boosters = [
        _trained(whole, shape.settings, shape.rounds, seed=seed + 100 * number)
        for number in range(times)
        for shape in plan.shapes
    ]
    told = {
        "shapes": [{**shape.settings, "rounds": shape.rounds} for shape in plan.shapes],
        "boosters": len(boosters),
        "tried": plan.tried,
    }
    return Boosted(encoder, tuple(boosters), fitted, plan.directions, told)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Encoded training rows."""

    matrix: npt.NDArray[np.float32]
    bad: Outcome
    weight: Floats
    kinds: list[str]

    def whole(self) -> Any:
        return _matrix(self.matrix, self.kinds, self.bad, self.weight)

    def part(self, mask: npt.NDArray[np.bool_]) -> Any:
        return _matrix(self.matrix[mask], self.kinds, self.bad[mask], self.weight[mask])


@dataclass(frozen=True, slots=True)
class _Shape:
    """XGBoost settings with the rounds chosen for them, and the AUC on held-out rows."""

    settings: dict[str, Any]
    rounds: int
    auc: float


@dataclass(frozen=True, slots=True)
class _Plan:
    shapes: list[_Shape]
    directions: tuple[int, ...]
    tried: list[dict[str, Any]]


def _planned(rows: _Rows, ahead: bool, directions: tuple[int, ...], terms: Terms, seed: int) -> _Plan:
    """Rounds of each shape, and whether directions are imposed, by draws held out of training (of a part of a large tape)."""
    limits = terms.boosting
    dice = np.random.default_rng(seed)
    taken = np.sort(dice.permutation(len(rows.bad))[: limits["choice_rows"]])
    sample = _Rows(rows.matrix[taken], rows.bad[taken], rows.weight[taken], rows.kinds)
    draws = [
        splitting.by_draw(sample.bad, None, share=terms.split["validation_share"], dice=dice)
        for _ in range(limits["draws"])
    ]
    pairs = [(sample.part(~held), sample.part(held)) for held in draws]
    flat_top = limits["flat_top"] if ahead else 0.0
    first, *others = limits["shape"]
    free = (0,) * len(directions)
    found = {shape: _tried(first, (shape, flat_top), pairs, terms, seed) for shape in dict.fromkeys((directions, free))}
    settled = directions if found[directions].auc >= found[free].auc - limits["direction_cost"] else free
    shapes = [found[settled], *(_tried(shape, (settled, flat_top), pairs, terms, seed) for shape in others)]
    tried = [
        {"directions": sum(map(abs, shape)), "rounds": one.rounds, "auc": round(one.auc, 5)}
        for shape, one in found.items()
    ]
    fitted_on = float(np.mean([fitting.num_row() for fitting, _ in pairs]))
    more = (len(rows.bad) / fitted_on) ** 0.25  # more rows bear a few more rounds
    least = min(limits["least_rounds"], len(rows.bad) // 40) if ahead else 1
    shapes = [replace(shape, rounds=max(least, round(shape.rounds * more))) for shape in shapes]
    return _Plan(shapes, settled, tried)


def _tried(
    shape: dict[str, Any], given: tuple[tuple[int, ...], float], pairs: list[tuple[Any, Any]], terms: Terms, seed: int
) -> _Shape:
    """The far end of the flat top: the most rounds whose mean AUC on held-out rows lies within `flat_top` of the best. Where the
    future is to be judged, the first trees hold what is strongest now, later ones what is finer and lasts."""
    directions, flat_top = given
    settings = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        **shape,
        "monotone_constraints": "(" + ",".join(map(str, directions)) + ")",
    }
    traces = [_traced(fitting, held, settings, terms, seed) for fitting, held in pairs]
    length = min(map(len, traces))
    mean = np.mean([trace[:length] for trace in traces], axis=0)
    rounds = int(np.flatnonzero(mean >= mean.max() - flat_top)[-1]) + 1
    return _Shape(settings, rounds, float(mean.max()))


def _traced(fitting: Any, held: Any, settings: dict[str, Any], terms: Terms, seed: int) -> list[float]:
    """AUC on held-out rows after every round, until it has not risen for a while."""
    trace: dict[str, dict[str, list[float]]] = {}
    _trained(
        fitting, settings, terms.boosting["max_rounds"], seed=seed, judge=(held, terms.boosting["patience"], trace)
    )
    return trace["held"]["auc"]


def _calibrated(rows: _Rows, steering: npt.NDArray[np.bool_], plan: _Plan, seed: int) -> Calibration:
    fitting, matrix = rows.part(~steering), _matrix(rows.matrix[steering], rows.kinds)
    total = np.zeros(int(steering.sum()))
    for shape in plan.shapes:
        total = total + _trained(fitting, shape.settings, shape.rounds, seed=seed).predict(
            matrix, output_margin=True
        ).astype(np.float64)
    return calibration.fit(total / len(plan.shapes), rows.bad[steering], rows.weight[steering])


def _trained(
    train: Any,
    settings: dict[str, Any],
    rounds: int,
    *,
    seed: int,
    judge: tuple[Any, int, dict[str, Any]] | None = None,
) -> Any:
    import xgboost

    told: dict[str, Any] = {**settings, "verbosity": 0, "seed": seed, "eval_metric": "auc"}
    if judge is None:
        return xgboost.train(told, train, rounds)
    held, patience, trace = judge
    return xgboost.train(
        told,
        train,
        rounds,
        evals=[(held, "held")],
        early_stopping_rounds=patience,
        evals_result=trace,
        verbose_eval=False,
    )


def _directions(rows: _Rows, encoder: Encoding, terms: Terms) -> tuple[int, ...]:
    """−1, 0 or 1 an input: where both halves of the rows agree and the rank correlation stands many errors from nothing, or where
    the name gives a direction that the data do not deny."""
    made = []
    for place, (name, how) in enumerate(encoder.inputs):
        if how != encoding.SIZE:
            made.append(0)
            continue
        slopes = [_slope(rows.matrix[side, place], rows.bad[side]) for side in (slice(0, None, 2), slice(1, None, 2))]
        told, seen = _by_name(name, terms), int(np.sign(slopes[0]))
        strong = slopes[0] * slopes[1] > 0 and min(map(abs, slopes)) >= terms.boosting["monotone_t"]
        denied = max(told * slope for slope in slopes) < 0
        made.append(seen if strong else 0 if denied else told)
    return tuple(made)


def _slope(values: npt.NDArray[np.float32], bad: Outcome) -> float:
    """Rank correlation with the outcome, in standard errors; nothing where thirds of the rows turn back."""
    present = np.isfinite(values)
    if present.sum() < 100:
        return 0.0
    ranks = pl.Series(values[present]).rank().to_numpy()
    outcome = bad[present].astype(np.float64)
    if ranks.std() == 0 or outcome.std() == 0:
        return 0.0
    fifth = np.minimum((ranks - ranks.min()) / max(np.ptp(ranks), 1e-9) * 5, 4.999).astype(int)
    rows = np.bincount(fifth, minlength=5)
    rates = (np.bincount(fifth, outcome, 5) / np.maximum(rows, 1))[rows >= 50]
    errors = np.sqrt(rates.clip(1e-4) / rows[rows >= 50]) if len(rates) else rates
    steps = np.diff(rates) / np.maximum(np.hypot(errors[1:], errors[:-1]), 1e-9) if len(rates) > 1 else np.zeros(1)
    link = float(np.corrcoef(ranks, outcome)[0, 1])
    turns = (steps * np.sign(link) < -2).any()
    return 0.0 if turns else link * float(np.sqrt(present.sum()))


def _by_name(name: str, terms: Terms) -> int:
    lowered = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
    if any(piece in lowered for piece in terms.directions["riskier"]):
        return 1
    return -1 if any(piece in lowered for piece in terms.directions["safer"]) else 0


def _matrix(
    values: npt.NDArray[np.float32], kinds: list[str], bad: Outcome | None = None, weight: Floats | None = None
) -> Any:
    import xgboost

    return xgboost.DMatrix(
        values, label=bad, weight=weight, missing=np.nan, feature_types=kinds, enable_categorical=True
    )
