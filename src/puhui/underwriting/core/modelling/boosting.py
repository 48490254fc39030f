"""Gradient boosting beside the scorecard: unlike XGBoost models averaged, with directions where data and meaning give one.

Rules kept: rounds, and whether directions are imposed, are chosen on draws held out of training (not on its latest dates: one odd
quarter there would stop every model at its first tree, decision 0072); later rows count for more where the future is to be judged
(decision 0087); the level of the chance comes from the latest part of training. The sum over models runs in a fixed order.
Reasons are XGBoost's own SHAP values (Lundberg & Lee 2017; exact for trees).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
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
_FEW = 256  # rows that one thread scores sooner than many


@dataclass(frozen=True, slots=True)
class Boosted:
    """`boosters`: XGBoost models (their UBJSON bytes are what is stored); `directions`: −1, 0, 1 an input.

    `lone` are the same models held to one thread, for few rows: waking threads for one applicant costs more than the trees do.
    """

    encoding: Encoding
    boosters: tuple[Any, ...]
    calibration: Calibration
    directions: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    lone: tuple[Any, ...] = ()

    def raw(self, values: pl.DataFrame) -> Floats:
        """Log-odds before calibration: the mean of the models, added up in their order."""
        matrix = _matrix(self.encoding.encoded(values), self.encoding.input_kinds)
        total = np.zeros(values.height)
        for booster in self.lone if self.lone and values.height < _FEW else self.boosters:
            total = total + booster.predict(matrix, output_margin=True).astype(np.float64)
        return total / len(self.boosters)

    def shares(self, values: pl.DataFrame) -> tuple[Floats, tuple[str, ...]]:
        """SHAP values of log-odds, rows by features (inputs of one feature added up), and the names of the features. Models fitted
        before decision 0087 hold several seeds of each shape; one of each shape is asked, for the order of reasons is theirs."""
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

        loaded: list[Any] = []
        lone: list[Any] = []
        for content in boosters:
            for made, threads in ((loaded, 0), (lone, 1)):
                booster = xgboost.Booster()
                booster.load_model(bytearray(content))
                booster.set_param({"nthread": threads})
                made.append(booster)
        return Boosted(Encoding.of(stored["encoding"]), tuple(loaded), Calibration(**stored["calibration"]), tuple(stored["directions"]),
                       stored["settings"], tuple(lone))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Training:
    """Training rows: their features, outcome, weight, which of them steer, and how much the latest are to count for more
    (`recency`, all one unless the future is to be judged, `ahead`)."""

    values: pl.DataFrame
    bad: Outcome
    weight: Floats
    steering: npt.NDArray[np.bool_]
    recency: Floats
    ahead: bool = False


def fit(rows: Training, specials: dict[str, tuple[float, ...]], *, terms: Terms, seed: int) -> Boosted:
    """Choose on held-out draws of training rows, calibrate on the steering part, fit for good on all training rows."""
    encoder = encoding.fit(rows.values, specials, least_rows=terms.boosting["least_level_rows"])
    made = _Rows(encoder.encoded(rows.values), rows.bad, rows.weight * rows.recency, encoder.input_kinds)
    plan = _planned(made, rows.ahead, _directions(made, encoder, terms), terms, seed)
    fitted = _calibrated(made, rows, plan, seed)
    whole = made.whole()
    boosters = [_trained(whole, shape, plan.rounds, seed=seed + number) for number, shape in enumerate(plan.shapes)]
    told = {
        "shapes": [{**shape, "rounds": plan.rounds} for shape in plan.shapes],
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
class _Plan:
    """`shapes`: XGBoost settings, each fitted for so many `rounds`; `tried`: what held-out rows said of the first one."""

    shapes: list[dict[str, Any]]
    rounds: int
    directions: tuple[int, ...]
    tried: list[dict[str, Any]]


def _planned(rows: _Rows, ahead: bool, directions: tuple[int, ...], terms: Terms, seed: int) -> _Plan:
    """Rounds, and whether directions are imposed, by what the first shape does on draws held out of training (of a part of a
    large tape, several draws of a small one: a quarter of few rows tells little)."""
    limits = terms.boosting
    dice = np.random.default_rng(seed)
    taken = np.sort(dice.permutation(len(rows.bad))[: limits["choice_rows"]])
    sample = _Rows(rows.matrix[taken], rows.bad[taken], rows.weight[taken], rows.kinds)
    draws = limits["draws_of_few"] if len(taken) < limits["few_rows"] else 1
    held = [splitting.by_draw(sample.bad, None, share=terms.split["validation_share"], dice=dice) for _ in range(draws)]
    pairs = [(sample.part(~mask), sample.part(mask)) for mask in held]
    free = (0,) * len(directions)
    traces = {
        imposed: _traced(pairs, _settings(limits["shape"][0], imposed), terms, seed)
        for imposed in dict.fromkeys((directions, free))
    }
    settled = directions if traces[directions].max() >= traces[free].max() - limits["direction_cost"] else free
    flat_top = limits["flat_top_ahead"] if ahead else limits["flat_top"]
    best = {imposed: int(np.flatnonzero(trace >= trace.max() - flat_top)[-1]) + 1 for imposed, trace in traces.items()}
    tried = [
        {"directions": sum(map(abs, imposed)), "rounds": best[imposed], "auc": round(float(trace.max()), 5)}
        for imposed, trace in traces.items()
    ]
    least = min(limits["least_rounds"], len(rows.bad) // 40) if ahead else 1
    more = (len(rows.bad) / float(pairs[0][0].num_row())) ** 0.25  # more rows bear a few more rounds
    return _Plan(
        [_settings(shape, settled) for shape in limits["shape"]],
        max(least, round(best[settled] * more)),
        settled,
        tried,
    )


def _settings(shape: dict[str, Any], directions: tuple[int, ...]) -> dict[str, Any]:
    imposed = {"monotone_constraints": "(" + ",".join(map(str, directions)) + ")"} if any(directions) else {}
    return {"objective": "binary:logistic", "tree_method": "hist", **shape, **imposed}


def _traced(pairs: list[tuple[Any, Any]], settings: dict[str, Any], terms: Terms, seed: int) -> Floats:
    """Mean AUC on held-out rows after every round, until it has not risen for a while."""
    traces = []
    for fitting, held in pairs:
        trace: dict[str, dict[str, list[float]]] = {}
        judge = (held, terms.boosting["patience"], trace)
        _trained(fitting, settings, terms.boosting["max_rounds"], seed=seed, judge=judge)
        traces.append(trace["held"]["auc"])
    length = min(map(len, traces))
    return np.mean([trace[:length] for trace in traces], axis=0)


def _calibrated(made: _Rows, rows: Training, plan: _Plan, seed: int) -> Calibration:
    """Platt's numbers of the first shape, fitted on the rows before the steering part and judged on that part."""
    steering = rows.steering
    booster = _trained(made.part(~steering), plan.shapes[0], plan.rounds, seed=seed)
    raw = booster.predict(_matrix(made.matrix[steering], made.kinds), output_margin=True).astype(np.float64)
    return calibration.fit(raw, rows.bad[steering], rows.weight[steering])


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
        values, label=bad, weight=weight, missing=np.nan, feature_types=kinds, enable_categorical=True,
        nthread=1 if len(values) < _FEW else None,
    )  # fmt: skip
