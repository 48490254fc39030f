"""Gradient boosting beside the scorecard: several XGBoost models averaged, with directions where data and meaning give one.

Rules kept: rounds, depth and whether directions are imposed are chosen on the steering part of training (its latest dates, or a
draw); the model is then fitted again on all training rows. A direction is imposed unless it costs ranking there. The sum over
models runs in a fixed order; reasons are XGBoost's own SHAP values (Lundberg & Lee 2017; exact for trees).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import calibration, encoding, ranking
from puhui.underwriting.core.modelling.calibration import Calibration
from puhui.underwriting.core.modelling.encoding import Encoding
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]
STEERING_ROWS = 40_000
LARGE_ROWS = 100_000
COST_ALLOWED = 0.001


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
        matrix = _matrix(self.encoding.encoded(values))
        total = np.zeros(values.height)
        for booster in self.boosters:
            total = total + booster.predict(matrix, output_margin=True).astype(np.float64)
        return total / len(self.boosters)

    def shares(self, values: pl.DataFrame) -> tuple[Floats, tuple[str, ...]]:
        """SHAP values of log-odds, rows by features (inputs of one feature added up), and the names of the features."""
        matrix = _matrix(self.encoding.encoded(values))
        total = np.zeros((values.height, len(self.encoding.inputs)))
        for booster in self.boosters:
            total = total + booster.predict(matrix, pred_contribs=True)[:, :-1].astype(np.float64)
        names = tuple(dict.fromkeys(name for name, _ in self.encoding.inputs))
        made = np.zeros((values.height, len(names)))
        for place, (name, _) in enumerate(self.encoding.inputs):
            made[:, names.index(name)] += total[:, place]
        return made / len(self.boosters), names

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
    """Training rows: their features, outcome, weight, and which of them steer."""

    values: pl.DataFrame
    bad: Outcome
    weight: Floats
    steering: npt.NDArray[np.bool_]


def fit(rows: Training, specials: dict[str, tuple[float, ...]], *, terms: Terms, seed: int) -> Boosted:
    """Choose on the steering part, calibrate on it, fit again on all training rows."""
    fitting = _part(rows, ~rows.steering)
    steering = _part(rows, rows.steering)
    smooth = terms.boosting["encode_rows"]
    encoder = encoding.fit(fitting.values, fitting.bad, fitting.weight, specials, smooth)
    inside = encoding.cross_encoded(
        fitting.values, fitting.bad, fitting.weight, encoder, smoothing_rows=smooth, seed=seed
    )
    outside = encoder.encoded(steering.values)
    wanted = _directions(inside, fitting.bad, encoder, terms)
    rate = (
        terms.boosting["learning_rate_large"]
        if inside.size > terms.boosting["large_cells"]
        else terms.boosting["learning_rate"]
    )
    chosen = _chosen(inside, fitting, outside, steering, (wanted, rate, seed), terms)
    fitted = calibration.fit(chosen.raw, steering.bad, steering.weight)
    full = encoding.fit(rows.values, rows.bad, rows.weight, specials, smooth)
    everything = encoding.cross_encoded(rows.values, rows.bad, rows.weight, full, smoothing_rows=smooth, seed=seed)
    again = len(rows.bad) / max(len(fitting.bad), 1)
    rounds = max(1, round(chosen.rounds * min(again, 1.25) ** 0.5))
    boosters = [
        _trained(_matrix(everything, rows.bad, rows.weight), chosen.settings, rounds, seed=seed + number)
        for number in range(_boosters(everything, terms))
    ]
    told = {key: value for key, value in chosen.settings.items() if key != "monotone_constraints"}
    return Boosted(full, tuple(boosters), fitted, chosen.directions,
                   {**told, "rounds": rounds, "boosters": len(boosters), "steering_auc": chosen.auc, "tried": chosen.tried})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Choice:
    settings: dict[str, Any]
    directions: tuple[int, ...]
    rounds: int
    auc: float
    raw: Floats
    tried: list[dict[str, Any]]


def _chosen(inside: npt.NDArray[np.float32], fitting: Training, outside: npt.NDArray[np.float32], steering: Training,
            given: tuple[tuple[int, ...], float, int], terms: Terms) -> _Choice:  # fmt: skip
    """Try depths with and without directions; of those near the best, the one with directions and fewer levels."""
    directions, rate, seed = given
    free = (0,) * len(directions)
    large = len(fitting.bad) > LARGE_ROWS
    depths = terms.boosting["max_depths"][-1:] if large else terms.boosting["max_depths"]
    plans = [(depth, shape) for shape in dict.fromkeys((directions, free)) for depth in depths]
    plans = plans[:1] if large else plans
    train = _matrix(inside, fitting.bad, fitting.weight)
    judge = _matrix(outside, steering.bad, steering.weight)
    choices: list[_Choice] = []
    for depth, shape in plans:
        settings = _settings(depth, shape, rate, terms)
        booster = _trained(
            train, settings, terms.boosting["max_rounds"], seed=seed, judge=(judge, terms.boosting["patience"])
        )
        rounds = int(booster.best_iteration) + 1
        raw = booster.predict(judge, output_margin=True, iteration_range=(0, rounds)).astype(np.float64)
        auc = ranking.auc(steering.bad, raw, steering.weight)
        choices.append(_Choice(settings, shape, rounds, auc, raw, []))
    best = max(choice.auc for choice in choices)
    tried = [{"depth": choice.settings["max_depth"], "directions": sum(map(abs, choice.directions)), "rounds": choice.rounds,
              "auc": round(choice.auc, 5)} for choice in choices]  # fmt: skip
    near = [choice for choice in choices if any(choice.directions) and choice.auc >= best - COST_ALLOWED]
    taken = max(near or choices, key=lambda choice: choice.auc)
    return _Choice(taken.settings, taken.directions, taken.rounds, taken.auc, taken.raw, tried)


def _settings(depth: int, directions: tuple[int, ...], rate: float, terms: Terms) -> dict[str, Any]:
    limits = terms.boosting
    return {"objective": "binary:logistic", "tree_method": "hist", "max_depth": depth, "learning_rate": rate,
            "min_child_weight": limits["min_child_weight"], "subsample": limits["subsample"], "colsample_bytree": limits["colsample"],
            "reg_lambda": limits["reg_lambda"], "monotone_constraints": "(" + ",".join(map(str, directions)) + ")"}  # fmt: skip


def _trained(
    train: Any, settings: dict[str, Any], rounds: int, *, seed: int, judge: tuple[Any, int] | None = None
) -> Any:
    import xgboost

    quiet: dict[str, Any] = {"verbosity": 0, "seed": seed, "eval_metric": "auc"}
    if judge is None:
        return xgboost.train(settings | quiet, train, rounds)
    matrix, patience = judge
    return xgboost.train(
        settings | quiet, train, rounds, evals=[(matrix, "steer")], early_stopping_rounds=patience, verbose_eval=False
    )


def _directions(inside: npt.NDArray[np.float32], bad: Outcome, encoder: Encoding, terms: Terms) -> tuple[int, ...]:
    """−1, 0 or 1 an input: where both halves of the rows agree and the rank correlation stands many errors from nothing, or where
    the name gives a direction that the data do not deny. A word's rate always rises with risk."""
    made = []
    for place, (name, how) in enumerate(encoder.inputs):
        if how == encoding.RATE:
            made.append(1)
            continue
        signs = [_slope(inside[side, place], bad[side]) for side in (slice(0, None, 2), slice(1, None, 2))]
        told = _by_name(name, terms)
        strong = min(abs(sign) for sign in signs) >= terms.boosting["monotone_t"] and signs[0] * signs[1] > 0
        denied = told != 0 and max(told * sign for sign in signs) < 0
        made.append(
            int(np.sign(signs[0]))
            if strong and how == encoding.SIZE
            else told
            if told and not denied and how == encoding.SIZE
            else 0
        )
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


def _boosters(matrix: npt.NDArray[np.float32], terms: Terms) -> int:
    """Fewer models on large tapes, where one already has enough rows to be steady."""
    most = int(terms.boosting["boosters"])
    return max(1, min(most, int(most * terms.boosting["large_cells"] / 4 / max(matrix.size, 1))))


def _part(rows: Training, mask: npt.NDArray[np.bool_]) -> Training:
    return Training(rows.values.filter(pl.Series(mask)), rows.bad[mask], rows.weight[mask], rows.steering[mask])


def _matrix(values: npt.NDArray[np.float32], bad: Outcome | None = None, weight: Floats | None = None) -> Any:
    import xgboost

    return xgboost.DMatrix(values, label=bad, weight=weight, missing=np.nan)
