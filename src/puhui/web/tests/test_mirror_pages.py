"""Mirror's pages of what things are worth: rules on made-up truth, leads by what they became, and the payee of a direct payment."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from puhui.antifraud import operations, payees
from puhui.antifraud.tests.test_assess import NOW, facts
from puhui.store import tenancy
from puhui.web import clock
from puhui.web.tests import visitors

pytestmark = pytest.mark.django_db


def test_rules_stand_beside_made_up_truth_and_leads_beside_what_they_became() -> None:
    visitors.staff("lin", "analyst")
    lin = visitors.enter("lin")
    assert "还没有线索。" in lin.get("/mirror/measures/").content.decode()
    rules = lin.get("/mirror/rules/").content.decode()
    assert "不是真实数据" in rules
    assert "规避规则者" in rules  # the scheme that RING_FORMING finds best
    now = clock.now()
    with tenancy.scope(tenancy.PLATFORM):
        at = now - timedelta(days=2)
        operations.assess(replace(facts(1, at=at), amount_minor=1_234_500), now=at)
        case = operations.raise_lead("police", "app_1", told="警方协查", by="ana", now=at)
        for move in ("take", "investigate", "propose_confirm"):
            operations.move_case(case, move, by="ana", now=at, note="警方已立案")
        operations.move_case(case, "agree", by="ben", now=at + timedelta(days=1))
    page = lin.get("/mirror/measures/").content.decode()
    assert "警方" in page
    assert "100.0%" in page
    assert "12,345" in page


def test_a_direct_payment_names_whom_it_goes_to() -> None:
    visitors.staff("lin", "analyst")
    lin = visitors.enter("lin")
    with tenancy.scope(tenancy.PLATFORM):
        operations.assess(facts(1), now=NOW)
        operations.assess(replace(facts(2), evidence={"address_is_cluster": True}), now=NOW)
    first = lin.get("/mirror/rings/app_1/").content.decode()
    assert "收款账号" not in first
    assert f'<td class="nowrap">{timezone.localtime(NOW):%Y-%m-%d %H:%M}</td>' in first
    assert timezone.localtime(NOW).utcoffset() == timedelta(hours=8)  # the reader's clock, not that of the wire
    assert "登记前不能签约放款" in lin.get("/mirror/rings/app_2/").content.decode()
    told = {"name": "某某食品批发部", "account": "12", "reason": "进货合同 2026-017"}
    assert "位数字" in lin.post("/mirror/rings/app_2/payee/", told, follow=True).content.decode()
    with tenancy.scope(tenancy.PLATFORM):
        assert payees.named("app_2") is None
    lin.post("/mirror/rings/app_2/payee/", told | {"account": "370001234567890123"})
    page = lin.get("/mirror/rings/app_2/").content.decode()
    assert "某某食品批发部" in page
    assert "370****0123" in page
    assert "370001234567890123" not in page
    with tenancy.scope(tenancy.PLATFORM):
        payee = payees.named("app_2")
    assert payee is not None
    assert (payee.by, payee.account.reveal()) == ("lin", "370001234567890123")
