"""Dense groups in the graph of half a year: found, told, raised once; crowds and families are none."""

from datetime import timedelta
from typing import Any

import pytest

from puhui.antifraud import arrivals, models, operations
from puhui.antifraud.tests.test_velocity import START, label, row

NOW = START + timedelta(days=100)


def pairs(count: int, *, begins: float, apart: float) -> list[dict[str, Any]]:
    """Sleepers: two on each device, two on each telephone, all in one chain."""
    return [
        row(n, begins + apart * n, person=f"s{n}", device=f"d{n // 2}", phone=f"p{(n + 1) // 2}", card=f"c{n}")
        for n in range(count)
    ]


def crowd(count: int) -> list[dict[str, Any]]:
    """A dormitory: one Wi-Fi, one place, everybody their own device."""
    return [row(1_000 + n, 60 + n / 10, person=f"h{n}", device=f"own{n}", wifi="dormitory", place="dormitory") for n in range(count)]  # fmt: skip


@pytest.mark.django_db
class TestWatchGroups:
    def test_a_slow_chain_is_found_and_each_member_is_a_lead_in_one_case(self) -> None:
        arrivals.join(pairs(12, begins=10, apart=7) + crowd(60))
        found = operations.watch_groups(now=NOW)
        assert [(group.people, group.grown, group.leads, group.amount_minor) for group in found] == [(12, 3, 12, 6_600)]
        assert found[0].kinds == {"device": 6, "phone": 5}
        leads = models.Lead.objects.all()
        assert {lead.application_key for lead in leads} == {f"app_{n}" for n in range(12)}
        assert {(lead.source, lead.raised_by, lead.evidence[0]["code"]) for lead in leads} == {("graph", "puhui", "DENSE_GROUP")}  # fmt: skip
        assert leads[0].evidence[0]["seen"]["people"] == 12
        assert models.Case.objects.filter(state="new").count() == 1

    def test_again_raises_nothing_and_looking_alone_moves_nothing(self) -> None:
        arrivals.join(pairs(12, begins=10, apart=7))
        assert [group.leads for group in operations.watch_groups(now=NOW, raising=False)] == [0]
        assert models.Lead.objects.count() == 0
        operations.watch_groups(now=NOW)
        assert [group.leads for group in operations.watch_groups(now=NOW)] == [0]
        assert (models.Lead.objects.count(), models.Case.objects.count()) == (12, 1)

    def test_members_with_a_conclusion_are_left_alone(self) -> None:
        arrivals.join(pairs(12, begins=10, apart=7))
        label(3, fraud=False, day=90)
        assert [group.leads for group in operations.watch_groups(now=NOW)] == [11]
        assert not models.Lead.objects.filter(application_key="app_3").exists()

    def test_what_grows_no_more_and_what_came_later_is_not_told(self) -> None:
        arrivals.join(pairs(12, begins=0, apart=1) + crowd(60))
        assert operations.watch_groups(now=NOW) == []
        assert [group.people for group in operations.watch_groups(now=START + timedelta(days=6.5))] == [7]
        assert operations.watch_groups(now=START + timedelta(days=200)) == []

    def test_nobody_shares_anything(self) -> None:
        arrivals.join([row(n, n, person=f"p{n}", device=f"d{n}") for n in range(5)])
        assert operations.watch_groups(now=NOW) == []
