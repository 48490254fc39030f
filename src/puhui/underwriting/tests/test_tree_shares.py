"""Shares read from tables against XGBoost's own walk through its trees, and many rows explained as each alone."""

from typing import Any

import numpy as np
import polars as pl
import pytest
import xgboost

from puhui.underwriting.core.modelling import boosting, encoding
from puhui.underwriting.core.modelling.boosting import Boosted
from puhui.underwriting.core.modelling.calibration import Calibration
from puhui.underwriting.core.modelling.tree_shares import NODES, TreeShares

ROWS = 3_000
SHAPES: dict[str, dict[str, Any]] = {
    "four deep": {"max_depth": 4},
    "leaf by leaf": {"max_depth": 0, "max_leaves": 15, "grow_policy": "lossguide", "min_child_weight": 0},
    "words alone": {"max_depth": 3, **boosting.APART},
    "stumps": {"max_depth": 1},
}


def _rows() -> tuple[pl.DataFrame, np.ndarray]:
    """Made-up rows: sizes with gaps, a special code, and words with gaps."""
    dice = np.random.default_rng(11)
    income, debt = dice.lognormal(9, 0.6, ROWS), dice.uniform(0, 1, ROWS)
    word = dice.integers(0, 9, ROWS)
    bad = dice.uniform(size=ROWS) < 1 / (
        1 + np.exp(1.5 - 2 * debt + 0.9 * (np.log(income) - 9) - 0.8 * (word % 3 == 0))
    )
    gaps = dice.uniform(size=(ROWS, 3)) < (0.3, 0.1, 0.2)
    code = np.where(dice.uniform(size=ROWS) < 0.1, -9.0, dice.integers(0, 20, ROWS)).astype(float)
    columns = [
        pl.Series("income", np.where(gaps[:, 0], np.nan, income), nan_to_null=True),
        pl.Series("debt", np.where(gaps[:, 1], np.nan, debt), nan_to_null=True),
        pl.Series("trade", [None if gap else f"w{one}" for gap, one in zip(gaps[:, 2], word, strict=True)]),
        pl.Series("code", code),
        pl.Series("nothing", np.zeros(ROWS)),
    ]
    return pl.DataFrame(columns), bad.astype(int)


def _fitted(shape: dict[str, Any]) -> tuple[Boosted, pl.DataFrame]:
    values, bad = _rows()
    made = encoding.fit(values, {name: ((-9.0,) if name == "code" else ()) for name in values.columns}, least_rows=10)
    matrix = boosting._matrix(made.encoded(values), made.input_kinds)
    matrix.set_info(label=bad)
    told = {"objective": "binary:logistic", "tree_method": "hist", "verbosity": 0, "seed": 3, "subsample": 0.8, **shape}
    booster = xgboost.train(told, matrix, 40)
    return Boosted(made, (booster,), Calibration(0.0, 1.0), (0,) * len(made.inputs)), values


@pytest.mark.parametrize("shape", SHAPES)
def test_tables_share_out_what_the_walk_does(shape):
    fitted, values = _fitted(SHAPES[shape])
    encoded = fitted.encoding.encoded(values)
    walked = fitted.boosters[0].predict(boosting._matrix(encoded, fitted.encoding.input_kinds), pred_contribs=True)
    tables = TreeShares.of(fitted.boosters[0])
    assert max(len(group.nodes) for group in tables.groups) <= (NODES if "max_leaves" not in SHAPES[shape] else 14)
    shares = tables.shares(encoded)
    assert shares.shape == (ROWS, len(fitted.encoding.inputs))
    assert np.abs(walked[:, :-1]).max() > 0.2
    assert np.abs(shares - walked[:, :-1]).max() < 5e-6
    assert (shares[:, -1] == 0).all()  # what no tree asks after


def test_many_rows_are_told_what_each_is_told_alone(monkeypatch):
    fitted, values = _fitted(SHAPES["leaf by leaf"])
    many, names = fitted.shares(values, first=4)
    assert names == ("income", "debt", "trade", "code", "nothing")
    one = np.concatenate([fitted.shares(values[row : row + 1], first=4)[0] for row in range(300)])
    assert (np.argsort(-many[:300], axis=1, kind="stable") == np.argsort(-one, axis=1, kind="stable")).all()
    monkeypatch.setattr(boosting, "_CLOSE", 1e9)  # all rows lie close: all are walked, to the last bit
    assert (fitted.shares(values, first=4)[0][:300] == one).all()


def test_close_rows_are_those_whose_order_rounding_could_turn():
    shares = np.array([
        [0.5, 0.3, -0.2, 0.0],  # told apart
        [0.5, 0.3 - 1e-7, 0.3, 0.0],  # two alike
        [0.5, -0.3 - 1e-7, -0.3, 0.0],  # alike, and neither is a reason
        [0.5, 1e-7, -0.2, 0.0],  # a reason or none
        [0.9, 0.5, 0.2, 0.2],  # alike, the last of them told
        [-0.1, -0.2, 0.0, 0.0],  # no reasons
    ])  # fmt: skip
    assert boosting._close(shares, 3).tolist() == [1, 3, 4]
    assert boosting._close(shares, 2).tolist() == [1, 3]
    assert boosting._close(shares, 0).tolist() == []
