"""Log-odds of a card's bins: against scikit-learn, and on made-up rows whose truth is known."""

import numpy as np
import polars as pl
import pytest

from puhui.underwriting.core.modelling import bin_weights, binning, terms
from puhui.underwriting.core.modelling.bin_weights import Rows

POLICY = terms.in_force()
PLAIN = {"ridge": 1.0}  # a table from before decision 0094


def _card(columns: dict[str, np.ndarray], bad: np.ndarray, limits: dict, days: np.ndarray | None = None):
    """Bins of every column, their places, and what was found."""
    ones = np.ones(len(bad))
    values = [pl.Series(name, column) for name, column in columns.items()]
    found = [binning.fit(one, bad.astype(np.int8), ones, specials=(), terms=POLICY) for one in values]
    places = [bins.place(one) for bins, one in zip(found, values, strict=True)]
    rows = Rows(bad.astype(float), ones, days, limits.get("parts", 1))
    return found, places, bin_weights.fit(found, places, rows, limits)


def _drawn(dice: np.random.Generator, odds: np.ndarray) -> np.ndarray:
    return (dice.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(int)


class TestCoefficients:
    def test_are_those_of_ridge_regression(self):
        from sklearn.linear_model import LogisticRegression

        dice = np.random.default_rng(1)
        a, b = dice.normal(size=3000), dice.normal(size=3000)
        bad = _drawn(dice, a + 0.5 * b - 1)
        found, places, made = _card({"a": a, "b": b}, bad, PLAIN)
        woe = np.column_stack([bins.woe[place] for bins, place in zip(found, places, strict=True)])
        other = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10).fit(woe, bad)
        assert made.coefficients == pytest.approx(tuple(other.coef_[0]), abs=1e-5)
        assert made.intercept == pytest.approx(float(other.intercept_[0]), abs=1e-5)
        assert made.effects[0] == pytest.approx(tuple(made.coefficients[0] * found[0].woe), abs=1e-12)

    def test_the_level_makes_all_rows_as_bad_as_they_were(self):
        dice = np.random.default_rng(2)
        a, days = dice.normal(size=4000), np.arange(4000.0)
        bad = _drawn(dice, a - 2 + days / 2000)
        _, places, made = _card({"a": a}, bad, POLICY.scorecard, days)
        odds = made.intercept + np.array(made.effects[0])[places[0]]
        assert (1 / (1 + np.exp(-odds))).sum() == pytest.approx(bad.sum(), rel=1e-6)


class TestAgainstItsBins:
    def _rows(self, rows: int, drift: bool) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """`trusted` follows `amount`, so it looks risky alone; beside the amount it is safe (with drift: in one half only)."""
        dice = np.random.default_rng(3)
        amount = dice.normal(size=rows)
        trusted = 0.8 * amount + 0.6 * dice.normal(size=rows)
        turn = np.where(np.arange(rows) < rows / 2, 2.2, -0.7) if drift else 0.8
        return {"amount": amount, "trusted": trusted}, _drawn(dice, 1.6 * amount - turn * trusted - 1)

    def test_stays_where_every_part_insists(self):
        columns, bad = self._rows(8000, drift=False)
        found, _, made = _card(columns, bad, POLICY.scorecard)
        assert found[1].trend == "ascending"
        assert made.kept == (0, 1)
        assert made.coefficients[0] < 0 < made.coefficients[1]
        spans = len(found[1].edges) + 1
        assert (np.diff(made.effects[1][:spans]) <= 1e-12).all()  # its points fall where its bins alone rise

    def test_is_taken_out_where_one_part_denies_it(self):
        columns, bad = self._rows(8000, drift=True)
        _, _, made = _card(columns, bad, POLICY.scorecard, np.arange(8000.0))
        assert made.kept == (0,)
        assert made.coefficients[0] < 0

    def test_is_taken_out_by_a_table_of_before(self):
        columns, bad = self._rows(8000, drift=False)
        assert _card(columns, bad, PLAIN)[2].kept == (0,)


class TestParts:
    def test_a_column_that_only_follows_the_calendar_is_not_paid_for_the_drift(self):
        dice = np.random.default_rng(4)
        days = np.arange(9000.0)
        honest = dice.normal(size=9000)
        late = (dice.random(9000) < days / 9000).astype(float)
        bad = _drawn(dice, honest - 3 + 3 * days / 9000)
        plain = _card({"honest": honest, "late": late}, bad, PLAIN)[2].coefficients
        parted = _card({"honest": honest, "late": late}, bad, POLICY.scorecard, days)[2]
        by_name = dict(zip(parted.kept, parted.coefficients, strict=True))
        assert plain[1] == pytest.approx(-1.15, abs=0.05)
        assert abs(by_name.get(1, 0.0)) < 0.3
        assert by_name[0] == pytest.approx(-1.0, abs=0.15)


class TestMoves:
    def test_bins_move_towards_what_they_tell_beside_the_others(self):
        """Two columns mostly say the same, so that each alone tells a mixture of both."""
        dice = np.random.default_rng(5)
        a = dice.integers(0, 5, 20_000)
        b = np.where(dice.random(20_000) < 0.6, a, dice.integers(0, 5, 20_000))
        truth = np.array([0.0, 0.0, 1.0, 1.0, 1.2])[a] + np.array([0.0, 0.8, 0.8, 1.6, 1.6])[b] - 2.5
        bad = _drawn(dice, truth)
        found, places, moved = _card({"a": a.astype(float), "b": b.astype(float)}, bad, POLICY.scorecard)
        still = bin_weights.fit(found, places, Rows(bad.astype(float), np.ones(20_000)), PLAIN)

        def off(made: bin_weights.Found) -> float:
            sums = sum(np.array(effect)[places[number]] for effect, number in zip(made.effects, made.kept, strict=True))
            return float(np.mean((made.intercept + sums - truth) ** 2))

        assert off(moved) < 0.3 * off(still)

    def test_next_to_nothing_moves_where_the_lines_are_the_truth(self):
        dice = np.random.default_rng(6)
        a, b = dice.integers(0, 4, 20_000), dice.integers(0, 4, 20_000)
        bad = _drawn(dice, 0.5 * a + 0.5 * b - 3)
        found, _, made = _card({"a": a.astype(float), "b": b.astype(float)}, bad, POLICY.scorecard)
        for place, number in enumerate(made.kept):
            assert made.effects[place] == pytest.approx(tuple(made.coefficients[place] * found[number].woe), abs=0.05)
