"""Scorers of one feature set: boosted trees (XGBoost) averaged over seeds, or a small network for few rows.

Rounds of the trees stop where AUROC on validation rows no longer rises (a fixed number where validation lacks a label). Of very many training rows all frauds are kept and a draw of the
rest, weighted back. Scores are log-odds, the same for the same seed.
"""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.graph.terms import Terms

Values = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
PORTION = 200_000  # rows scored at a time, to bound memory


class Scorer(Protocol):
    """What a fitted member does."""

    def scored(self, values: Values, rows: Rows) -> Scores: ...


@dataclass(frozen=True, slots=True)
class Trees:
    """`boosters` of different seeds, each with the rounds that served on validation."""

    boosters: tuple[tuple[Any, int], ...]

    def scored(self, values: Values, rows: Rows) -> Scores:
        """Log-odds of `rows` of `values`: the mean over seeds."""
        total = np.zeros(len(rows))
        for start in range(0, len(rows), PORTION):
            part = values[rows[start : start + PORTION]]
            for booster, rounds in self.boosters:
                total[start : start + PORTION] += booster.inplace_predict(part, iteration_range=(0, rounds), predict_type="margin")  # fmt: skip
        return total / len(self.boosters)

    def shares(self, values: Values) -> Scores:
        """SHAP values of the first seed's log-odds, rows by columns (Lundberg & Lee 2017; exact for trees)."""
        import xgboost

        booster, rounds = self.boosters[0]
        told = booster.predict(xgboost.DMatrix(values, missing=np.nan), pred_contribs=True, iteration_range=(0, rounds))
        return told[:, :-1].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Net:
    """Networks of different seeds over ranks turned into normal scores."""

    scale: Any
    networks: tuple[Any, ...]

    def scored(self, values: Values, rows: Rows) -> Scores:
        """Log-odds of `rows` of `values`: the mean over seeds."""
        if not len(rows):
            return np.zeros(0)
        given = _normal(self.scale, values[rows])
        total = np.zeros(len(rows))
        for network in self.networks:
            chance = np.clip(network.predict_proba(given)[:, 1].astype(np.float64), 1e-6, 1 - 1e-6)
            total += np.log(chance / (1 - chance))
        return total / len(self.networks)


@dataclass(frozen=True, slots=True)
class Rowwise:
    """Rows of the matrix by use, and the label of every row of the matrix."""

    train: Rows
    val: Rows
    label: npt.NDArray[np.int8]

    @property
    def judgeable(self) -> bool:
        """Whether validation has both labels."""
        return len(np.unique(self.label[self.val])) == 2


def fit_trees(values: Values, rows: Rowwise, *, size: str, terms: Terms, seed: int) -> Trees:
    """`values`: all rows of the study by columns."""
    import xgboost

    settings = dict(terms.trees(size))
    rounds, patience, seeds = settings.pop("rounds"), settings.pop("patience"), settings.pop("seeds")
    workers = settings.pop("workers")
    train, weight = drawn(rows.train, rows.label, most=terms.budget["fit_rows"], seed=seed)
    val, _ = drawn(rows.val, rows.label, most=terms.budget["choice_rows"], seed=seed)
    given = xgboost.QuantileDMatrix(values[train], label=rows.label[train], weight=weight, missing=np.nan)
    watched: dict[str, Any] = {}
    if rows.judgeable:
        held = xgboost.QuantileDMatrix(values[val], label=rows.label[val], missing=np.nan, ref=given)
        watched = {"evals": [(held, "val")], "early_stopping_rounds": patience}
    else:
        rounds = terms.choice["unjudged_rounds"]
    fixed = {"objective": "binary:logistic", "tree_method": "hist", "eval_metric": "auc", "verbosity": 0, **settings}

    def trained(number: int) -> tuple[Any, int]:
        told = fixed | {"seed": seed * 1_000 + number}
        booster = xgboost.train(told, given, rounds, verbose_eval=False, **watched)
        return booster, int(booster.best_iteration) + 1 if watched else rounds

    # Few rows: a seed a thread is faster than threads within a tree, which mostly wait for one another.
    with ThreadPoolExecutor(max_workers=workers) as pool:
        made = list(pool.map(trained, range(seeds)))
    return Trees(tuple(made))


def fit_net(values: Values, rows: Rowwise, *, terms: Terms, seed: int) -> Net:
    """A gap becomes the middle of its column."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import QuantileTransformer
    from threadpoolctl import threadpool_limits

    settings = terms.net
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)  # fewer rows than quantiles is no fault here
        scale = QuantileTransformer(n_quantiles=min(1_000, len(rows.train)), output_distribution="normal", random_state=seed)  # fmt: skip
        scale.fit(_filled(values[rows.train]))
        given = _normal(scale, values[rows.train])
        networks = [
            MLPClassifier(
                (settings["hidden"],), alpha=settings["penalty"], learning_rate_init=settings["step"], early_stopping=_stops_early(rows),
                n_iter_no_change=settings["patience"], batch_size=min(settings["batch"], len(rows.train)), max_iter=settings["passes"],
                random_state=seed * 1_000 + number,
            ).fit(given, rows.label[rows.train])
            for number in range(settings["seeds"])
        ]  # fmt: skip
    return Net(scale, tuple(networks))


def _stops_early(rows: Rowwise) -> bool:
    """A tenth of training is held back for it; of the rarer label some must be there."""
    ones = int((rows.label[rows.train] == 1).sum())
    return len(rows.train) >= 200 and 20 <= ones <= len(rows.train) - 20


def drawn(
    rows: Rows, label: npt.NDArray[np.int8], *, most: int, seed: int
) -> tuple[Rows, npt.NDArray[np.float32] | None]:
    """At most `most` rows: frauds first (half of the room at most), the rest by draw; weights that restore each side's number.

    >>> kept, weight = drawn(np.arange(10), np.array([1] + [0] * 9, np.int8), most=4, seed=1)
    >>> len(kept), sorted(set(weight.tolist()))
    (4, [1.0, 3.0])
    """
    if len(rows) <= most:
        return rows, None
    dice = np.random.default_rng(seed)
    fraud, clean = rows[label[rows] == 1], rows[label[rows] == 0]
    taken_fraud = fraud if len(fraud) <= most // 2 else dice.choice(fraud, most // 2, replace=False)
    room = most - len(taken_fraud)
    taken_clean = clean if len(clean) <= room else dice.choice(clean, room, replace=False)
    kept = np.sort(np.concatenate([taken_fraud, taken_clean]))
    weight = np.where(label[kept] == 1, len(fraud) / max(len(taken_fraud), 1), len(clean) / max(len(taken_clean), 1))
    return kept, weight.astype(np.float32)


def mean_of(parts: Sequence[Scores]) -> Scores:
    """Mean of log-odds in the order given."""
    total = np.zeros(len(parts[0]))
    for part in parts:
        total = total + part
    return total / len(parts)


def _filled(values: Values) -> Values:
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


def _normal(scale: Any, values: Values) -> Values:
    return np.clip(scale.transform(_filled(values)), -4, 4).astype(np.float32)
