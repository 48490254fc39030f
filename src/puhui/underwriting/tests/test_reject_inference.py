"""Reject inference in a made-up world whose truth is known: when each way helps, does nothing, or harms.

All applicants here are invented; the outcome of the refused is known only because we made it. y = 1 is bad.
"""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling import ranking, reject_inference
from puhui.underwriting.core.modelling.reject_inference import Applicants, Augmented, RejectTerms

TERMS = RejectTerms(prudence=1.0, bands=20, most_weight=20.0)
ROWS = 40_000


class World:
    """`hidden` moves both the old lender's judgement and the outcome, and no model sees it; `curved` bends the truth."""

    def __init__(self, *, hidden: float = 0.0, curved: float = 0.0) -> None:
        chance = np.random.default_rng(11)
        x, secret = chance.normal(size=(ROWS, 2)), chance.normal(size=ROWS)
        odds = -1.5 + x[:, 0] + 0.6 * x[:, 1] + curved * (x[:, 0] ** 2 - 1) + hidden * secret
        self.y = (chance.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(float)
        self.x = pl.DataFrame({"a": x[:, 0], "b": x[:, 1]})
        judged = x[:, 0] + hidden * secret + chance.logistic(size=ROWS) * 0.5
        self.granted = judged < np.quantile(judged, 0.6)
        kgb = self.fitted(self.x.filter(self.granted), self.y[self.granted], None)
        pd = self.chances(kgb)
        self.kgb, granted = kgb, self.granted
        self.applicants = Applicants(self.x.filter(granted), self.y[granted], np.ones(int(granted.sum())),
                                     self.x.filter(~granted), pd[granted], pd[~granted])  # fmt: skip

    @staticmethod
    def fitted(x: pl.DataFrame, y: np.ndarray, weight: np.ndarray | None) -> LogisticRegression:
        return LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x.to_numpy(), y, sample_weight=weight)

    def chances(self, model: LogisticRegression) -> np.ndarray:
        return model.predict_proba(self.x.to_numpy())[:, 1]

    def surprise(self, model: LogisticRegression) -> float:
        """Log loss over all applicants, the refused included: only a made-up world can tell it."""
        return float(log_loss(self.y, self.chances(model)))

    def after(self, method: str, terms: RejectTerms = TERMS) -> tuple[Augmented, LogisticRegression]:
        found = reject_inference.augment(method, self.applicants, terms=terms, seed=3)
        return found, self.fitted(found.frame, found.outcome, found.weight)


class TestWhatTheModelSeesDecides:
    """Acceptance by the model's own columns, a well specified model: there is nothing to repair."""

    world = World()

    def test_fuzzy_changes_no_coefficient_and_no_rank(self):
        _, model = self.world.after("fuzzy")
        assert np.allclose(model.coef_, self.world.kgb.coef_, atol=1e-5)
        assert np.allclose(model.intercept_, self.world.kgb.intercept_, atol=1e-5)

    @pytest.mark.parametrize("method", ["parcelling", "reweighting"])
    def test_the_others_change_next_to_nothing(self, method):
        _, model = self.world.after(method)
        assert self.world.surprise(model) == pytest.approx(self.world.surprise(self.world.kgb), abs=0.002)


class TestTheTruthIsCurved:
    """Acceptance by the model's own columns, but a straight model of a bent truth: re-weighting helps."""

    world = World(curved=0.5)

    def test_reweighting_gains_and_fuzzy_does_not(self):
        before = self.world.surprise(self.world.kgb)
        assert self.world.surprise(self.world.after("reweighting")[1]) < before - 0.015
        assert self.world.surprise(self.world.after("fuzzy")[1]) == pytest.approx(before, abs=1e-5)


class TestTheLenderKnewMore:
    """The old lender also judged by what no model sees: the refused are worse than their score."""

    world = World(hidden=1.0)

    def test_parcelling_helps_where_its_prudence_is_right_and_harms_where_it_is_not(self):
        before = self.world.surprise(self.world.kgb)
        by_prudence = {p: self.world.surprise(self.world.after("parcelling", replace(TERMS, prudence=p))[1])
                       for p in (1.0, 2.0, 6.0)}  # fmt: skip
        assert by_prudence[2.0] < before - 0.015
        assert by_prudence[1.0] == pytest.approx(before, abs=0.003)
        assert by_prudence[6.0] > before + 0.02

    def test_reweighting_cannot_see_it(self):
        _, model = self.world.after("reweighting")
        assert self.world.surprise(model) > self.world.surprise(self.world.kgb) - 0.005


class TestRows:
    @pytest.fixture
    def few(self) -> Applicants:
        return Applicants(
            accepted=pl.DataFrame({"a": [1, 2, 3, 4]}), outcome=np.array([0.0, 1, 0, 1]), weight=np.array([1.0, 1, 2, 2]),
            refused=pl.DataFrame({"z": [0, 0], "a": [5, 6]}),
            pd_accepted=np.array([0.1, 0.2, 0.3, 0.4]), pd_refused=np.array([0.25, 0.9]),
        )  # fmt: skip

    def test_fuzzy_splits_every_refused(self, few):
        found = reject_inference.augment("fuzzy", few, terms=TERMS, seed=1)
        assert found.frame["a"].to_list() == [1, 2, 3, 4, 5, 6, 5, 6]
        assert found.outcome.tolist() == [0, 1, 0, 1, 1, 1, 0, 0]
        assert found.weight.tolist() == pytest.approx([1, 1, 2, 2, 0.25, 0.9, 0.75, 0.1])

    def test_reweighting_by_band_and_trimmed(self, few):
        found = reject_inference.augment("reweighting", few, terms=replace(TERMS, bands=2, most_weight=1.4), seed=1)
        # Bands cut at 0.275: two accepted and one refused below, two and one above.
        assert found.frame["a"].to_list() == [1, 2, 3, 4]
        assert found.weight.tolist() == pytest.approx([1.4, 1.4, 2.8, 2.8])
        assert (found.told["trimmed_rows"], found.told["refused_beyond_accepted"]) == (4, 0)

    def test_parcelling_counts_those_beyond_the_accepted(self, few):
        found = reject_inference.augment("parcelling", few, terms=replace(TERMS, bands=6), seed=1)
        assert found.told["refused_beyond_accepted"] == 2
        assert found.frame.height == 6
        assert set(found.outcome[4:].tolist()) <= {0.0, 1.0}

    def test_the_seed_decides(self, few):
        runs = [
            reject_inference.augment("parcelling", World().applicants, terms=TERMS, seed=s).outcome for s in (1, 1, 2)
        ]
        assert ranking.product(runs[0], runs[0]) == ranking.product(runs[0], runs[1])
        assert (runs[0] != runs[2]).any()

    @pytest.mark.parametrize("method", sorted(reject_inference.METHODS))
    def test_the_caveat_travels_with_the_answer_in_both_languages(self, few, method):
        told = reject_inference.augment(method, few, terms=TERMS, seed=1).as_json()
        assert "Hand & Henley 1993" in told["caveat_zh"]
        assert "Kozodoi et al. 2019" in told["caveat_en"]

    def test_refusals(self, few):
        for applicants, method, code in [
            (few, "guess", "REJECT_METHOD_UNKNOWN"),
            (replace(few, refused=few.refused.clear()), "fuzzy", "NO_REJECTS"),
            (replace(few, refused=few.refused.drop("a")), "fuzzy", "COLUMNS_MISSING"),
            (replace(few, outcome=np.zeros(4)), "fuzzy", "OUTCOME_ONE_CLASS"),
        ]:
            with pytest.raises(Refused) as no:
                reject_inference.augment(method, applicants, terms=TERMS, seed=1)
            assert no.value.refusal.code == code
