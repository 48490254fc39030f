"""Models of an outcome: the ridge is the ridge of the books, and a table of many columns is read on fewer rows, the same each time."""

from typing import Any

import numpy as np
import pytest

from puhui.acquisition.core import outcome_model
from puhui.acquisition.core.outcome_model import Fitting, fit

_TERMS: dict[str, Any] = {
    "folds": 5, "trials": 3, "tried_rows_max": 45_000, "tried_cells_max": 3_600_000, "ridge_strengths": [10.0],
    "boosting_rows_min": 100, "boosting_cells_max": 4_000, "boosting_rounds": 10, "boosting_rate": 0.1, "boosting_depth": 3,
    "boosting_leaf_share": 0.01,
}  # fmt: skip


def test_a_straight_line_is_the_ridge_in_closed_form() -> None:
    dice = np.random.default_rng(1)
    features = dice.normal(3, 2, (60, 4))
    features[:, 3] = 7.0  # a constant
    outcome = features[:, 0] - 2 * features[:, 1] + dice.normal(0, 0.1, 60)
    model = fit(features, outcome, Fitting(_TERMS | {"boosting_rows_min": 1_000}, seed=1))
    spread = features.std(axis=0)
    spread[3] = 1.0
    scaled = (features - features.mean(axis=0)) / spread
    slope = np.linalg.solve(scaled.T @ scaled + 10 * np.eye(4), scaled.T @ (outcome - outcome.mean()))
    np.testing.assert_allclose(model(features), outcome.mean() + scaled @ slope, rtol=0, atol=1e-12)


def test_trees_of_a_wide_table_grow_on_rows_drawn_by_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    grown = outcome_model.HistGradientBoostingRegressor

    class Told(grown):  # type: ignore[misc, valid-type]
        def fit(self, features: Any, outcome: Any) -> Any:
            seen.append(features.shape)
            return super().fit(features, outcome)

    monkeypatch.setattr(outcome_model, "HistGradientBoostingRegressor", Told)
    dice = np.random.default_rng(2)
    features = dice.normal(size=(900, 10))
    outcome = np.where(features[:, 0] * features[:, 1] > 0, 1.0, 0.0)  # no straight line sees it
    terms = _TERMS | {"tried_cells_max": 6_000}
    first, again = fit(features, outcome, Fitting(terms, seed=3)), fit(features, outcome, Fitting(terms, seed=3))
    assert seen == [(400, 10)] * 8  # three trials on two thirds of 600 rows, then 400 of 900: 4,000 cells
    assert np.array_equal(first(features), again(features))
