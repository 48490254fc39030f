"""A proposal of limits: money goes where the next yuan brings most, what is unknown stays, nothing moves before it is applied."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from puhui.acquisition import campaigns, models, operations
from puhui.acquisition.budget_proposal import Asked, propose
from puhui.acquisition.campaigns import Wording
from puhui.kernel.refusal import Refused

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
DAY = date(2026, 11, 29)
GOOD = "普惠小店经营贷，由示例银行股份有限公司提供，经营性贷款，年化综合融资成本 6%-12%，具体以审批为准。理性借贷，按时还款，注意风险。"
pytestmark = pytest.mark.django_db


def live(name: str, daily_minor: int) -> str:
    campaign = campaigns.create("tencent", name, by="analyst", now=NOW)
    campaigns.word(campaign, Wording("小店周转", GOOD, "https://loans.example/m/"), by="analyst", now=NOW)
    campaigns.set_budget(campaign, daily_minor, by="analyst", now=NOW)
    campaigns.move(campaign, "live", by="analyst", now=NOW)
    return campaign


def days_of(name: str, *, most: float, tires: float, days: int, seed: int) -> None:
    """Simulated: `days` days of cost between 20 and 200 yuan; people credited by the curve most · (1 − exp(−s / tires))."""
    dice = np.random.default_rng(seed)
    for ago in range(1, days + 1):
        at = NOW - timedelta(days=ago)
        yuan = int(dice.integers(20, 200))
        draft = operations.CostDraft("tencent", name, at.date(), yuan * 100)
        operations.record_cost(draft, key=f"{name}-{ago}", now=NOW)
        for number in range(int(dice.poisson(most * -np.expm1(-yuan / tires)))):
            person = f"{name}-{ago}-{number}"
            click = signal("click", name, person, at, subject="")
            signal("credit", name, person, at + timedelta(hours=30), subject=person)
            models.Owed.objects.create(
                subject=person, began_at=at, click=click, media="tencent", campaign=name, rule="last"
            )


def signal(kind: str, campaign: str, click: str, at: datetime, *, subject: str) -> models.Signal:
    return models.Signal.objects.create(
        key=uuid4(), content=1, kind=kind, media="tencent", campaign=campaign, click_id=click, subject=subject,
        happened_at=at, received_at=NOW,
    )  # fmt: skip


def test_money_moves_to_the_campaign_whose_next_yuan_brings_most():
    good, poor, new = live("good", 100_00), live("poor", 100_00), live("new", 30_00)
    days_of("good", most=12, tires=120, days=20, seed=1)
    days_of("poor", most=2, tires=120, days=20, seed=2)
    days_of("new", most=9, tires=120, days=3, seed=3)
    before = models.Budget.objects.count()
    found = propose(Asked("credit", 100_00, 230_00), until=DAY)
    shares = {share.campaign_id: share for share in found.shares}
    assert (shares[good].days, shares[new].days, shares[new].kept) == (20, 3, "days")
    assert shares[new].proposed_minor == 30_00
    assert shares[good].proposed_minor > 150_00 > 50_00 > shares[poor].proposed_minor
    assert 229_00 <= found.total_minor <= 230_00
    assert found.gain > found.gain_now
    assert found.gain_low < found.gain < found.gain_high
    assert models.Budget.objects.count() == before
    assert campaigns.apply_proposal(found.limits, name="proposal", by="analyst", now=NOW) == 2
    assert campaigns.one(good, on=DAY).daily_minor == shares[good].proposed_minor


def test_a_large_budget_stops_at_what_was_ever_seen():
    campaign = live("good", 100_00)
    days_of("good", most=12, tires=120, days=10, seed=1)
    modest = propose(Asked("credit", 30_00, 10**9), until=DAY)
    assert not modest.binds
    assert modest.shares[0].next_yuan == pytest.approx(1.0, abs=0.01)
    found = propose(Asked("credit", 100_000_00, 10**9), until=DAY)
    assert not found.binds
    assert found.shares[0].proposed_minor <= 2 * 200_00
    assert found.shares[0].bound_price > 0
    assert found.shares[0].campaign_id == campaign


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked("credit", 0, 100), "WORTH_ZERO"),
        (Asked("credit", 100, 0), "BUDGET_ZERO"),
        (Asked("credit", 100, 10_00), "BUDGET_BELOW_KEPT"),
    ],
)
def test_what_cannot_be_planned_is_refused_and_nothing_moves(asked, code):
    live("new", 30_00)
    before = models.Budget.objects.count()
    with pytest.raises(Refused, match=code):
        propose(asked, until=DAY)
    assert models.Budget.objects.count() == before


def test_without_a_live_campaign_there_is_nothing_to_share():
    campaigns.create("tencent", "draft", by="analyst", now=NOW)
    with pytest.raises(Refused, match="NO_LIVE_CAMPAIGN"):
        propose(Asked("credit", 100, 100), until=DAY)
