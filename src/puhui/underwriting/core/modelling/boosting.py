"""Gradient boosting beside the scorecard: unlike XGBoost models averaged, with directions where data and meaning give one.

Rules kept: rounds, and whether directions are imposed, are chosen on draws held out of training (not on its latest dates: one odd
quarter there would stop every model at its first tree, decision 0072); later rows count for more where the future is to be judged
(decision 0087); the level of the chance comes from the steering part, the latest of training; where that is a draw like any other it
is the first of those that choose, and the model that chose tells the level too (decision 0201). The sum over models runs in a fixed order.
Reasons are XGBoost's own SHAP values (Lundberg & Lee 2017; exact for trees).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import calibration, encoding, ranking, splitting
from puhui.underwriting.core.modelling.calibration import Calibration
from puhui.underwriting.core.modelling.encoding import Encoding
from puhui.underwriting.core.modelling.terms import Terms
from puhui.underwriting.core.modelling.tree_shares import TreeShares

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]
APART = {"max_cat_to_onehot": 1_000_000}  # XGBoost then parts one word from all others, never groups of words
_FEW = 256  # rows that one thread scores sooner than many
_MANY = 1_000  # rows whose shares are read sooner from tables than by walking the trees
_CLOSE = 1e-5  # of log-odds: nearer shares are told apart by the walk, as they are for one row alone


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
    tables: list[TreeShares] = field(default_factory=list, compare=False, repr=False)  # made when many rows first ask

    def raw(self, values: pl.DataFrame) -> Floats:
        """Log-odds before calibration: the mean of the models, added up in their order."""
        matrix = _matrix(self.encoding.encoded(values), self.encoding.input_kinds)
        total = np.zeros(values.height)
        for booster in self.lone if self.lone and values.height < _FEW else self.boosters:
            total = total + booster.predict(matrix, output_margin=True).astype(np.float64)
        return total / len(self.boosters)

    def shares(self, values: pl.DataFrame, *, first: int = 0) -> tuple[Floats, tuple[str, ...]]:
        """SHAP values of log-odds, rows by features (inputs of one feature added up), and the names of the features. Models fitted
        before decision 0087 hold several seeds of each shape; one of each shape is asked, for the order of reasons is theirs.

        Many rows are read from tables (decision 0280); where the `first` largest of a row lie so close that rounding could turn their
        order, that row is asked of XGBoost, as it is alone.
        """
        encoded, names = self.encoding.encoded(values), tuple(dict.fromkeys(name for name, _ in self.encoding.inputs))
        if len(encoded) < _MANY:
            return self._walked(encoded, names), names
        if not self.tables:
            self.tables.extend(TreeShares.of(booster) for booster in self._asked)
        total = np.zeros(encoded.shape)
        for tables in self.tables:
            total = total + tables.shares(encoded)
        made = self._by_feature(total, names)
        close = _close(made, first)
        if len(close):
            made[close] = self._walked(encoded[close], names)
        return made, names

    @property
    def _asked(self) -> tuple[Any, ...]:
        return self.boosters[: max(1, len(self.settings.get("shapes", ())))]

    def _walked(self, encoded: npt.NDArray[np.float32], names: tuple[str, ...]) -> Floats:
        """Shares as XGBoost finds them."""
        matrix, total = _matrix(encoded, self.encoding.input_kinds), np.zeros(encoded.shape)
        for booster in self._asked:
            total = total + booster.predict(matrix, pred_contribs=True)[:, :-1].astype(np.float64)
        return self._by_feature(total, names)

    def _by_feature(self, total: Floats, names: tuple[str, ...]) -> Floats:
        made = np.zeros((len(total), len(names)))
        for place, (name, _) in enumerate(self.encoding.inputs):
            made[:, names.index(name)] += total[:, place]
        return made / len(self._asked)

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


def _close(shares: Floats, first: int) -> npt.NDArray[np.intp]:
    """Rows of which two of the `first` largest shares, or one of them and nothing, lie closer than rounding tells apart."""
    if not first:
        return np.zeros(0, dtype=np.intp)
    most, apart = min(first + 1, shares.shape[1]), _CLOSE * max(1.0, float(np.abs(shares).max()))
    downwards = np.where(shares == 0, np.inf, -shares)  # what no tree asks after shares nothing, exactly
    largest = np.sort(np.partition(downwards, most - 1, axis=1)[:, :most], axis=1)
    with np.errstate(invalid="ignore"):
        alike = (np.diff(largest, axis=1) < apart) & (largest[:, :-1] < apart)
    return np.flatnonzero(alike.any(axis=1) | (np.abs(largest[:, :first]) < apart).any(axis=1))


def fit(rows: Training, specials: Mapping[str, tuple[float, ...]], *, terms: Terms, seed: int) -> Boosted:
    """Choose on held-out draws of training rows, calibrate on the steering part, fit for good on all training rows."""
    encoder = encoding.fit(rows.values, specials, least_rows=terms.boosting["least_level_rows"])
    made = _Rows(encoder.encoded(rows.values), rows.bad, rows.weight * rows.recency, encoder.input_kinds)
    words = max(map(len, encoder.levels.values()), default=0)
    plan = _planned(made, rows, _directions(made, encoder, terms), terms, seed=seed, words=words)
    if len(plan.kept) < len(encoder.inputs):
        encoder = encoder.some(plan.kept)
        made = _Rows(np.ascontiguousarray(made.matrix[:, list(plan.kept)]), made.bad, made.weight, encoder.input_kinds)
    fitted = plan.calibration or _calibrated(made, rows, plan, seed)
    whole = made.trainable(slice(None), _cells(terms))
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

    def trainable(self, taken: Any, cells: int) -> Any:
        """Rows as XGBoost trains on them: counted into cells once, for however many models."""
        import xgboost

        return xgboost.QuantileDMatrix(
            self.matrix[taken], label=self.bad[taken], weight=self.weight[taken], missing=np.nan, feature_types=self.kinds,
            enable_categorical=True, max_bin=cells,
        )  # fmt: skip

    def some(self, taken: Any) -> "_Rows":
        return _Rows(self.matrix[taken], self.bad[taken], self.weight[taken], self.kinds)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Rows to fit on, ready for XGBoost, and rows held out of them."""

    fitting: Any
    held: _Rows


@dataclass(frozen=True, slots=True)
class _Plan:
    """`shapes`: XGBoost settings, each fitted for so many `rounds`; `tried`: what held-out rows said of the first one;
    `calibration` where the steering part was held out of the choice; `kept`: places of the inputs that trees are grown on."""

    shapes: list[dict[str, Any]]
    rounds: int
    directions: tuple[int, ...]
    tried: list[dict[str, Any]]
    calibration: Calibration | None
    kept: tuple[int, ...]


def _planned(
    rows: _Rows, asked: Training, directions: tuple[int, ...], terms: Terms, *, seed: int, words: int
) -> _Plan:
    """Rounds, whether directions are imposed and (where a column has so many `words`) whether each word stands alone, by what the first shape does on draws held out of training (of a part of a
    large tape, several draws of a small one: a quarter of few rows tells little)."""
    limits, dice = terms.boosting, np.random.default_rng(seed)
    few = len(rows.bad) <= limits["choice_rows"]
    sample = rows if few else rows.some(np.sort(dice.permutation(len(rows.bad))[: limits["choice_rows"]]))
    draws = limits["draws_of_few"] if len(sample.bad) < limits["few_rows"] else 1
    steers = few and not asked.ahead
    masks = [asked.steering] if steers else []
    share = terms.split["validation_share"]
    masks += [splitting.by_draw(sample.bad, None, share=share, dice=dice) for _ in range(draws - len(masks))]
    trials = [_Trial(sample.trainable(~mask, _cells(terms)), sample.some(mask)) for mask in masks]
    free, first = (0,) * len(directions), limits["shape"][0]
    tried = [_tried(trials, first, imposed, asked.ahead, limits, seed) for imposed in dict.fromkeys((directions, free))]
    best = tried[0] if tried[0].top >= tried[-1].top - limits["direction_cost"] else tried[-1]
    if words > limits.get(
        "many_words", words
    ):  # groups of so many words fit luck; each alone, where held-out rows insist
        tried.append(_tried(trials, first | APART, best.directions, asked.ahead, limits, seed))
        best = tried[-1] if tried[-1].top >= best.top + limits["apart_gain"] else best
    apart = APART if best.apart else {}
    least = min(limits["least_rounds"], len(rows.bad) // int(limits.get("rows_a_round", 40))) if asked.ahead else 1
    more = (len(rows.bad) / float(trials[0].fitting.num_row())) ** 0.25  # more rows bear a few more rounds
    rounds, level = round(best.rounds * more), None
    if steers:
        raw = _margins(best.booster, trials[0].held, best.rounds)
        level = calibration.fit(raw, trials[0].held.bad, asked.weight[asked.steering])
    kept = _kept(best.booster, len(directions), limits)
    settled = tuple(best.directions[place] for place in kept)
    shapes = [_settings(shape | apart, settled) for shape in limits["shape"]]
    return _Plan(shapes, max(least, rounds), settled, [one.told() for one in tried], level, kept)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A first shape tried: its directions, whether words stand apart, the best AUC on held-out rows, its rounds, and the model."""

    directions: tuple[int, ...]
    apart: bool
    top: float
    rounds: int
    booster: Any

    def told(self) -> dict[str, Any]:
        about = {"directions": sum(map(abs, self.directions)), "rounds": self.rounds, "auc": round(self.top, 5)}
        return about | ({"words_apart": True} if self.apart else {})


def _tried(
    trials: Sequence[_Trial],
    shape: dict[str, Any],
    directions: tuple[int, ...],
    ahead: bool,
    limits: dict[str, Any],
    seed: int,
) -> _Tried:
    trace, booster = _traced(trials, _settings(shape, directions), limits, seed)
    flat_top, top = limits["flat_top_ahead" if ahead else "flat_top"], float(trace.max())
    rounds = (int(np.flatnonzero(trace >= top - flat_top)[-1]) + 1) * _every(limits)
    return _Tried(directions, "max_cat_to_onehot" in shape, top, rounds, booster)


def _kept(booster: Any, inputs: int, limits: dict[str, Any]) -> tuple[int, ...]:
    """Of many inputs those that the choosing model gained most from: the others cost time on all rows and bring noise."""
    most = int(limits.get("wide_inputs", inputs))
    if inputs <= most:
        return tuple(range(inputs))
    gain = booster.get_score(importance_type="total_gain")
    order = sorted(range(inputs), key=lambda place: (-float(gain.get(f"f{place}", 0.0)), place))
    return tuple(sorted(order[:most]))


def _cells(terms: Terms) -> int:
    """How many cells a column is counted into (XGBoost's own number before decision 0201)."""
    return int(terms.boosting["shape"][0].get("max_bin", 256))


def _every(limits: dict[str, Any]) -> int:
    return int(limits.get("judge_every", 1))


def _settings(shape: dict[str, Any], directions: tuple[int, ...]) -> dict[str, Any]:
    imposed = {"monotone_constraints": "(" + ",".join(map(str, directions)) + ")"} if any(directions) else {}
    return {"objective": "binary:logistic", "tree_method": "hist", **shape, **imposed}


def _traced(
    trials: Sequence[_Trial], settings: dict[str, Any], limits: dict[str, Any], seed: int
) -> tuple[Floats, Any]:
    """Mean AUC on held-out rows after every few rounds, until it has not risen for a while; and the model of the first trial."""
    told = [_judged(trial, settings, limits, seed) for trial in trials]
    length = min(len(trace) for trace, _ in told)
    return np.mean([trace[:length] for trace, _ in told], axis=0), told[0][1]


def _judged(trial: _Trial, settings: dict[str, Any], limits: dict[str, Any], seed: int) -> tuple[list[float], Any]:
    import xgboost

    held, every = _matrix(trial.held.matrix, trial.held.kinds), _every(limits)
    booster = xgboost.Booster(_told(settings, seed), [trial.fitting, held])
    trace = list[float]()
    while len(trace) * every < limits["max_rounds"]:
        for number in range(every):
            booster.update(trial.fitting, len(trace) * every + number)
        trace.append(ranking.auc(trial.held.bad, booster.predict(held, output_margin=True), trial.held.weight))
        if (len(trace) - 1 - int(np.argmax(trace))) * every >= limits["patience"]:
            break
    return trace, booster


def _calibrated(made: _Rows, rows: Training, plan: _Plan, seed: int) -> Calibration:
    """Platt's numbers of the first shape, fitted on the rows before the steering part and judged on that part."""
    steering = rows.steering
    cells = int(plan.shapes[0].get("max_bin", 256))
    booster = _trained(made.trainable(~steering, cells), plan.shapes[0], plan.rounds, seed=seed)
    return calibration.fit(
        _margins(booster, made.some(steering), plan.rounds), rows.bad[steering], rows.weight[steering]
    )


def _margins(booster: Any, rows: _Rows, rounds: int) -> Floats:
    """Log-odds of rows by the first rounds of a model."""
    raw = booster.predict(_matrix(rows.matrix, rows.kinds), output_margin=True, iteration_range=(0, rounds))
    return np.asarray(raw, dtype=np.float64)


def _trained(train: Any, settings: dict[str, Any], rounds: int, *, seed: int) -> Any:
    import xgboost

    return xgboost.train(_told(settings, seed), train, rounds)


def _told(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    return {**settings, "verbosity": 0, "seed": seed}


def _directions(rows: _Rows, encoder: Encoding, terms: Terms) -> tuple[int, ...]:
    """−1, 0 or 1 an input: where both halves of the rows agree and the rank correlation stands many errors from nothing, or where
    the name gives a direction that the data do not deny."""
    made = []
    step = 2 * max(1, len(rows.bad) // int(terms.boosting.get("direction_rows", len(rows.bad) or 1)))
    sides = [slice(first, None, step) for first in (0, 1)]
    for place, (name, how) in enumerate(encoder.inputs):
        if how != encoding.SIZE:
            made.append(0)
            continue
        slopes = [_slope(rows.matrix[side, place], rows.bad[side]) for side in sides]
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


def _matrix(values: npt.NDArray[np.float32], kinds: list[str]) -> Any:
    import xgboost

    return xgboost.DMatrix(
        values, missing=np.nan, feature_types=kinds, enable_categorical=True, nthread=1 if len(values) < _FEW else None
    )
