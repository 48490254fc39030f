"""Learning from offers: truth found again, never downwards, not from too few; and what nobody may be judged by."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting import lending, models, operations, registry
from puhui.underwriting.core import acceptance
from puhui.underwriting.core.evidence_item import KINDS
from puhui.underwriting.core.features import MODEL_NAMES
from puhui.underwriting.core.forbidden_inputs import forbidden, refuse_forbidden
from puhui.underwriting.core.lending_policy import LendingPolicy
from puhui.underwriting.core.owner_card import OwnerCard
from puhui.underwriting.core.questionnaire import NAMES
from puhui.underwriting.registry import ModelDraft

NOW = datetime(2026, 11, 25, tzinfo=UTC)
NEEDED = {"min_offers": 300, "min_taken": 50, "min_left": 50}


def offers(n: int, *, slope: float, seed: int = 3) -> list[acceptance.Outcome]:
    """Made up: the chance of leaving is σ(a + slope·rate in per cent), a = −3 for A and −2 for B."""
    dice = np.random.default_rng(seed)
    letters, rate = np.array(["A", "B"])[dice.integers(0, 2, n)], dice.uniform(0.04, 0.15, n)
    chance = 1 / (1 + np.exp(-(np.where(letters == "A", -3.0, -2.0) + slope * rate * 100)))
    return list(zip(letters.tolist(), rate.tolist(), (dice.random(n) < chance).tolist(), strict=True))


class TestTheCurve:
    def test_finds_the_truth_again_within_its_interval(self) -> None:
        found = acceptance.fit(offers(20_000, slope=0.4), NEEDED)
        assert found["coefficients"] == pytest.approx([-3.0, -2.0, 0.4], abs=0.15)
        points = found["points"]
        for k, letter in enumerate("AB"):
            truth = 1 / (1 + np.exp(-(-3.0 + k + 0.4 * np.array(points["rates"]) * 100)))
            row = points["by_rating"][letter]
            assert (np.array(row["low"]) - 0.01 <= truth).all()
            assert (truth <= np.array(row["high"]) + 0.01).all()
            assert row["churn"] == sorted(row["churn"])

    def test_never_falls_as_the_rate_rises_and_says_so(self) -> None:
        found = acceptance.fit(offers(5_000, slope=-0.2), NEEDED)
        assert (found["slope_held"], found["coefficients"][-1]) == (True, 0.0)
        assert len(set(found["points"]["by_rating"]["A"]["churn"])) == 1

    @pytest.mark.parametrize("few", [offers(299, slope=0.4), [("A", 0.05, False)] * 400])
    def test_is_refused_below_the_policys_counts(self, few: list[acceptance.Outcome]) -> None:
        with pytest.raises(Refused, match="TOO_FEW_OFFERS"):
            acceptance.fit(few, NEEDED)

    def test_is_a_curve_the_price_can_read(self) -> None:
        curve = acceptance.curve_of(acceptance.fit(offers(2_000, slope=0.4), NEEDED))
        assert set(curve.churn) == {"A", "B"}
        assert min(curve.rates) >= 0.04
        assert max(curve.rates) <= 0.15


@pytest.mark.usefixtures("db")
class TestLearning:
    def store(self, outcomes: list[acceptance.Outcome]) -> None:
        rows, made = [], []
        for n, (letter, rate, left) in enumerate(outcomes):
            row = models.Application(
                id=f"app_{n:032x}", key=f"k{n}", input_hash="h", entrance="file", person_id="p", shop_id="s", requested_minor=1,
                months=12, state="declined" if left else "accepted", submitted_at=NOW, answer={"rating": letter},
            )  # fmt: skip
            rows.append(row)
            made.append(models.Offer(
                id=f"offer_{n:032x}", application=row, decision_id="d", limit_minor=1, annual_rate=Decimal(str(round(rate, 6))),
                months=12, state="declined" if left else "accepted", made_at=NOW, valid_until=NOW, disclosure_hash="x",
            ))  # fmt: skip
        models.Application.objects.bulk_create(rows)
        models.Offer.objects.bulk_create(made)

    def test_keeps_what_was_fitted(self) -> None:
        self.store(offers(400, slope=0.4))
        found = operations.learn_acceptance(now=NOW)
        row = models.AcceptanceCurve.objects.get()
        assert (row.offers, row.content["left"]) == (400, found["left"])
        assert lending.own_curve() == acceptance.curve_of(found)

    def test_prices_ratings_that_it_knows_nothing_of_by_the_given_curve(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store(offers(400, slope=0.4))
        operations.learn_acceptance(now=NOW)
        own, policy = lending.own_curve(), LendingPolicy.in_force()
        assert own is not None
        stored = policy.stored | {"price": policy.stored["price"] | {"churn_source": lending.OWN_OFFERS}}
        monkeypatch.setattr(LendingPolicy, "in_force", staticmethod(lambda: LendingPolicy(stored)))
        given = {"rates": [0.04, 0.15], "churn": dict.fromkeys(own.churn, (0.0, 0.0)) | {"Z": (0.0, 1.0)}}
        day = date(2026, 11, 25)
        told = lending.parameters("apr_x", lambda: {"churn": given}, as_of=day, on=day)["lending"]["churn"]["churn"]
        assert {letter: tuple(row) for letter, row in told.items() if letter != "Z"} == own.churn
        assert told["Z"] == pytest.approx([min(max((rate - 0.04) / 0.11, 0), 1) for rate in own.rates], abs=1e-9)

    def test_from_too_few_is_refused_and_keeps_nothing(self) -> None:
        self.store(offers(20, slope=0.4))
        with pytest.raises(Refused, match="TOO_FEW_OFFERS"):
            operations.learn_acceptance(now=NOW)
        assert models.AcceptanceCurve.objects.count() == 0


class TestForbiddenInputs:
    def test_nothing_of_ours_asks_for_any(self) -> None:
        fields = [name for kind in KINDS.values() for name in kind.fields]
        ours = [*MODEL_NAMES, *OwnerCard.in_force().names, *NAMES, *fields]
        assert forbidden(ours, on=date(2026, 11, 25)) == []

    def test_are_refused_by_name(self) -> None:
        with pytest.raises(Refused, match="FORBIDDEN_INPUT") as no:
            refuse_forbidden(["income", "SEX", "手机品牌"], on=date(2026, 11, 25))
        assert "SEX（性别）、手机品牌（手机品牌）" in no.value.refusal.message
        assert no.value.refusal.where == "SEX"

    @pytest.mark.usefixtures("db")
    def test_keep_a_model_from_being_approved(self) -> None:
        draft = ModelDraft(
            "小店", "scorecard", {"model": {"columns": [{"name": "income"}, {"name": "Gender"}]}}, {}, "tape", "h"
        )
        bad = registry.register_model(draft, by="a", now=NOW)
        with pytest.raises(Refused, match="FORBIDDEN_INPUT"):
            registry.move_model(bad, "approve", by="b", now=NOW)
        good = registry.register_model(
            replace(draft, content={"model": {"columns": [{"name": "income"}]}}), by="a", now=NOW
        )
        assert registry.move_model(good, "approve", by="b", now=NOW) == "approved"
        assert models.ModelMove.objects.filter(model_id=bad).count() == 1
