"""Invoices' counterparties in the graph: who trades with whom is counted, crowds and what is not known yet are not."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from puhui.antifraud import arrivals, case_files, models, operations, replay_history, trade_json
from puhui.antifraud.core import trades
from puhui.antifraud.operations import ApplicationFacts
from puhui.antifraud.tests.test_assess import NOW, facts
from puhui.antifraud.tests.test_velocity import label, row
from puhui.kernel.refusal import Refused


def firm(n: int, *named: str, own: str = "", share: float = 0.2, day: float = 0) -> ApplicationFacts:
    """An application whose invoices name buyers (b…) and suppliers (s…)."""
    told = [
        trade_json.counterparty("buyer" if name[0] == "b" else "supplier", name, share=share, last_on=date(2026, 2, 1))
        for name in named
    ]
    return replace(facts(n, at=NOW + timedelta(days=day)), counterparties=[*trade_json.own([own]), *told])


def assessed(*given: ApplicationFacts) -> list[dict[str, Any]]:
    """The trade signals of each, assessed one after another."""
    found = [operations.assess(each, now=each.applied_at) for each in given]
    return [{name: each.signals[name] for name in trades.NAMES} for each in found]


def signals(*values: int | None) -> dict[str, Any]:
    return dict(zip(trades.NAMES, values, strict=True))


@pytest.mark.django_db
class TestTrades:
    def test_without_invoices_are_unknown_and_with_nobody_in_common_none(self) -> None:
        named = facts(2), firm(3, own="甲商行"), firm(4, "b1", "s1")
        assert assessed(*named) == [signals(None, None, None, None), signals(0, None, None, 0), signals(0, 0, 0, 0)]

    def test_tie_who_names_the_other_whichever_came_first(self) -> None:
        told = assessed(
            firm(1, own="s甲"), firm(2, "s丁", own="b乙"), firm(3, "b乙", own="丙"), firm(4, "s1", own="s丁")
        )
        # the third sells to the second; the fourth is the supplier of the second
        assert [each["trading_applicants_180d"] for each in told] == [0, 0, 1, 1]

    def test_tie_by_several_in_common_not_by_one(self) -> None:
        told = assessed(firm(1, "b1", "s1", "s2"), firm(2, "b1", "s9"), firm(3, "b1", "s1", "s2", "s3"))
        assert told == [signals(0, 0, 0, 0), signals(0, 1, 0, 0), signals(0, 3, 1, 0)]

    def test_end_after_their_days_and_do_not_count_ones_own_earlier_application(self) -> None:
        first, days = firm(1, "b1", "s1"), trades.terms()["days"]
        same = replace(firm(1, "b1", "s1", "s2", day=1), application_key="app_again")
        late = firm(2, "b1", "s1", day=days + 1)
        assert [each["counterparty_people_180d"] for each in assessed(first, same, late)] == [0, 0, 0]
        just = firm(3, "b1", "s1", day=days + 0.5)
        assert (
            assessed(just)[0]["counterparty_people_180d"] == 1
        )  # the one a day later than the first; `late` has not come yet

    def test_of_a_crowd_tell_nothing(self) -> None:
        crowd = trades.terms()["crowd"]
        places = arrivals.join([row(n, n / 1_000, person=f"p{n}") for n in range(crowd + 1)])
        told = [trade_json.counterparty("supplier", name) for name in ("电力公司", "批发市场")]
        rows = [row(n, n / 1_000, person=f"p{n}") for n in range(crowd + 1)]
        arrivals.join_trades([(place, each, told) for place, each in zip(places, rows, strict=True)])
        met = arrivals.trades_of(places[-2:])
        counts = [trades.features(met[place], person=0, application=-1, brought=True) for place in places[-2:]]
        assert counts == [signals(0, 2, crowd - 1, 0), signals(0, 0, 0, 0)]

    def test_with_a_confirmed_fraud_count_once_it_is_known_and_a_rule_asks_for_video(self) -> None:
        operations.assess(firm(1, "b1", "s1"), now=NOW)
        first = models.Arrival.objects.get()
        models.Label.objects.create(application=first.application, application_key="app_1", fraud=True, known_at=NOW + timedelta(days=2),
                                    source="test", by="test", recorded_at=NOW)  # fmt: skip
        before, after = (operations.assess(each, now=each.applied_at) for each in (firm(2, "b1", "s1", day=1), firm(3, "b1", "s1", day=3)))  # fmt: skip
        assert [each.signals["counterparty_bad_180d"] for each in (before, after)] == [0, 1]
        assert (before.outcome, after.outcome, [hit.code for hit in after.hits]) == (
            "pass",
            "step_up",
            ["TRADES_WITH_FRAUD"],
        )

    def test_of_invoices_dated_later_or_too_small_or_newer_than_the_application_join_nobody(self) -> None:
        small = trade_json.counterparty("buyer", "b1", share=trades.terms()["share_least"] / 2)
        later = trade_json.counterparty("buyer", "b2", last_on=date(2026, 3, 2))
        fine = trade_json.counterparty("buyer", "b3", last_on=date(2026, 3, 1))
        operations.assess(replace(facts(1), counterparties=[small, later, fine]), now=NOW)
        assert list(models.Trade.objects.values_list("key", "last_on")) == [(fine.key, date(2026, 3, 1))]
        newer = replace(facts(2), counterparties=[fine, *trade_json.own(["某店"])], evidence_on=date(2026, 3, 2))
        operations.assess(newer, now=NOW)
        assert list(models.Trade.objects.order_by("-id").values_list("side", flat=True)[:1]) == ["self"]

    def test_are_replayed_as_they_were_seen(self) -> None:
        given = [
            firm(n, *(f"b{each}" for each in random.Random(n).sample(range(9), 4)), own=f"b{n}") for n in range(1, 8)
        ]
        told = assessed(*given)
        stored = list(models.Arrival.objects.order_by("position").values())
        again = replay_history.signals_of(stored, {}, now=NOW)
        assert [{name: each[name] for name in trades.NAMES} for each in again] == told
        assert max(each["counterparties_shared_180d"] for each in told) > 1

    def test_come_along_when_the_answer_is_carried_over_and_new_ones_join(self) -> None:
        operations.assess(firm(1, "b1", "s1"), now=NOW)
        operations.carry_over("app_1", "app_2", now=NOW + timedelta(hours=1))
        assert list(models.Trade.objects.values_list("side", flat=True)) == ["buyer", "supplier"] * 2
        brought = [trade_json.counterparty("buyer", "b7")]
        operations.carry_over("app_2", "app_3", now=NOW + timedelta(hours=2), counterparties=brought)
        last = models.Arrival.objects.order_by("-position").first()
        assert last is not None
        assert list(models.Trade.objects.filter(position=last.position).values_list("key", "application")) == [(brought[0].key, last.application)]  # fmt: skip

    @pytest.mark.parametrize(
        ("told", "code"), [({"side": "friend"}, "TRADE_SIDE_UNKNOWN"), ({"share": 1.5}, "TRADE_SHARE"), ({"share": float("nan")}, "TRADE_SHARE")]
    )  # fmt: skip
    def test_that_cannot_be_are_refused_and_nothing_is_stored(self, told: dict[str, Any], code: str) -> None:
        wrong = replace(trade_json.counterparty("buyer", "b1"), **told)
        with pytest.raises(Refused, match=code):
            operations.assess(replace(facts(1), counterparties=[wrong]), now=NOW)
        assert (models.Arrival.objects.count(), models.Trade.objects.count()) == (0, 0)

    def test_are_drawn_with_side_share_and_day(self) -> None:
        assessed(firm(1, "b1", "s1"), firm(2, "b1", "s1", own="乙"), firm(3, "b1"))
        drawn = case_files.ring_of("app_1")
        assert {node["shown"] for node in drawn["nodes"] if node["kind"] == "application"} == {"app_1", "app_2"}
        told = sorted(
            (edge["zh"], edge["en"], edge["weight"]) for edge in drawn["edges"] if edge["kind"] == "counterparty"
        )
        assert told == [
            ("发票买方，占20%，最近 2026-02-01", "a buyer on its invoices, 20% of that side, last 2026-02-01", 0.2)] * 2 + [
            ("发票供应商，占20%，最近 2026-02-01", "a supplier on its invoices, 20% of that side, last 2026-02-01", 0.2)] * 2  # fmt: skip

    def test_are_never_edited(self) -> None:
        operations.assess(firm(1, "b1"), now=NOW)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE antifraud_trade SET share = 0")
        assert list(models.Trade.objects.values_list("share", flat=True)) == [0.2]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_after_as_of_changes_what_trades_say(seed: int) -> None:
    dice = random.Random(seed)

    def laid(count: int, first: int, after: float) -> list[int]:
        rows = [row(first + n, after + dice.uniform(0.1, 60), person=dice.choice("pqrstuvwxyz")) for n in range(count)]
        places = arrivals.join(rows)
        told = [
            [trade_json.counterparty(dice.choice(trades.SIDES), f"c{dice.randrange(12)}") for _ in range(4)] for _ in rows
        ]  # fmt: skip
        arrivals.join_trades(list(zip(places, rows, told, strict=True)))
        return places

    def seen(places: list[int]) -> list[dict[str, Any]]:
        met = arrivals.trades_of(places)
        return [trades.features(met[place], person=0, application=0, brought=True) for place in places]

    early = laid(50, 0, 0)
    for n in range(0, 50, 5):
        label(n, fraud=True, day=dice.uniform(0, 60))
    before = seen(early)
    assert any(each["counterparty_bad_180d"] for each in before)
    with transaction.atomic():
        laid(40, 1_000, 61)
        laid(20, 2_000, 0)  # back-dated
        for n in range(50):
            label(n, fraud=dice.random() < 0.5, day=61 + dice.uniform(0, 9))
        assert seen(early) == before
        transaction.set_rollback(True)


class TestCounterpartiesInJson:
    def test_are_read_and_what_cannot_be_used_is_said(self) -> None:
        notes: list[str] = []
        listed = [
            {"name": "某（市） 商行", "side": "buyer", "share": 0.3, "last_on": "2026-01-05"}, {"name": "x", "side": "friend"}, 7,
            {"name": "y", "side": "supplier", "share": 3}, {"name": "z", "side": "supplier", "last_on": "soon"}, {"side": "buyer"},
            {"name": "w", "side": "supplier"},
        ]  # fmt: skip
        found = trade_json.read(listed, ("某店", ""), notes)
        assert [(each.side, each.share, each.last_on) for each in found] == [
            ("self", 1.0, None), ("buyer", 0.3, date(2026, 1, 5)), ("supplier", 1.0, None)]  # fmt: skip
        assert found[1].material == trade_json.counterparty("supplier", "某(市)商行").material
        assert [note.split("：")[0] for note in notes] == [f"counterparties[{n}]" for n in (2, 3, 4, 5, 6)]

    def test_that_are_no_list_are_unknown(self) -> None:
        notes: list[str] = []
        assert trade_json.read({"name": "x"}, (), notes) == []
        assert len(notes) == 1
