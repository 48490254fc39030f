"""The data link: facts once, ways owed to the newest click, whatever the order; conversions only where they may be told."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from puhui.acquisition import board, data_link, models, operations
from puhui.acquisition.core import signals
from puhui.kernel.refusal import Refused

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
Fact = dict[str, Any]


def click(
    name: str, *, hours: float, device: int | None = None, media: str = "tencent", campaign: str = "spring"
) -> Fact:
    return {
        "kind": "click", "media": media, "campaign": campaign, "click_id": name, "device": device,
        "happened_at": NOW - timedelta(hours=hours), "raw": '{"callback": "cb"}',
    }  # fmt: skip


def step(kind: str, subject: str, *, hours: float, **more: Any) -> Fact:
    return {"kind": kind, "subject": subject, "happened_at": NOW - timedelta(hours=hours)} | more


def take(*facts: Fact, **more: Any) -> data_link.Taken:
    return data_link.take_signals(signals.frame_of(facts), now=NOW, **more)


def owed(subject: str) -> str:
    row = models.Owed.objects.select_related("click").get(subject=subject)
    return row.click.click_id if row.click else ""


def told() -> set[tuple[str, str, str]]:
    return set(models.Conversion.objects.values_list("media", "kind", "subject"))


@pytest.mark.django_db
class TestAWayIsOwed:
    def test_to_the_newest_click_by_id_or_device_inside_the_window(self):
        take(
            click("old", hours=24 * 8, device=1), click("first", hours=30, device=1), click("second", hours=20, device=1),
            click("after", hours=1, device=1), click("by id", hours=50),
            step("register", "a", hours=10, device=1), step("credit", "a", hours=0.5),
            step("register", "b", hours=10, click_id="by id"), step("register", "c", hours=10, device=2),
            step("register", "d", hours=24 * 9 - 24 * 8, device=3),
        )  # fmt: skip
        assert (owed("a"), owed("b"), owed("c"), owed("d")) == ("second", "by id", "", "")

    def test_anew_when_a_click_comes_late(self):
        take(click("first", hours=30, device=1), step("register", "a", hours=10, device=1))
        assert owed("a") == "first"
        take(click("late", hours=20, device=1))
        assert owed("a") == "late"

    def test_to_the_same_click_in_any_order_of_arrival_and_in_any_batches(self):
        chance = random.Random(5)
        facts = [
            click(f"c{n}", hours=chance.uniform(0, 300), device=chance.randrange(12), campaign=f"k{n % 3}")
            for n in range(60)
        ]
        for person in range(20):
            began = chance.uniform(5, 200)
            facts.append(step("register", f"p{person}", hours=began, device=chance.randrange(12)))
            facts += [step("complete", f"p{person}", hours=began - 1), step("credit", f"p{person}", hours=began - 2)][
                : person % 3
            ]
        seen = []
        for order in range(3):
            models.Conversion.objects.all().delete()
            models.Owed.objects.all().delete()
            chance.shuffle(facts)
            renamed = [  # facts cannot be deleted, so each round has names and devices of its own
                fact | {"click_id": f"{order}{fact['click_id']}" if "click_id" in fact else "",
                        "subject": f"{order}{fact['subject']}" if "subject" in fact else "",
                        "device": None if fact.get("device") is None else fact["device"] + 1000 * order} for fact in facts
            ]  # fmt: skip
            for at in range(0, len(renamed), 7 + order):
                take(*renamed[at : at + 7 + order])
            found = {
                row.subject[1:]: row.click and row.click.click_id[1:]
                for row in models.Owed.objects.select_related("click")
            }
            folded = set(models.Owed.objects.values_list("subject", "click_id"))
            data_link.fold_again()
            assert folded <= set(models.Owed.objects.values_list("subject", "click_id"))
            seen.append(found)
        assert seen[0] == seen[1] == seen[2]
        assert len(seen[0]) == 20


@pytest.mark.django_db
class TestABatch:
    def test_that_comes_twice_counts_once(self):
        facts = [click("c", hours=5, device=1), step("register", "a", hours=1, device=1)]
        first, again = take(*facts), take(*facts, *facts)
        assert (first.new, first.conversions) == (2, 1)
        assert (again.new, again.repeated, again.refused, again.conversions) == (0, 4, [], 0)
        day = date(2026, 11, 29)
        assert board.board(day, day + timedelta(days=1)).total.counts == {"click": 1, "register": 1}

    def test_of_a_long_file_is_stored_piece_by_piece_and_refuses_by_the_files_own_rows(self):
        facts = [click(f"c{n}", hours=30 - n, device=n % 3) for n in range(5)]
        facts += [step("register", f"p{n}", hours=5, device=n) for n in range(3)]
        facts.insert(4, click("c9", hours=3, media="weibo"))
        frame = signals.frame_of([*facts, facts[0] | {"campaign": "other"}])
        taken = data_link.take_batches(frame, now=NOW, rows=3)
        assert (taken.new, taken.repeated, taken.conversions) == (8, 0, 3)
        assert [(row.row, row.code) for row in taken.refused] == [(4, "MEDIA_UNKNOWN"), (-1, "SIGNAL_KEY_REUSED")]
        assert [owed(f"p{n}") for n in range(3)] == ["c3", "c4", "c2"]
        again = data_link.take_batches(frame, now=NOW, rows=100)
        assert (again.new, again.repeated, models.Signal.objects.count()) == (0, 8, 8)

    def test_with_faults_stores_the_rest_and_names_each_fault(self):
        found = take(
            click("good", hours=1), click("x", hours=-1), click("y", hours=24 * 500), click("z", hours=1, media="weibo"),
            step("marry", "a", hours=1), step("register", "", hours=1), {"kind": "click", "media": "tencent", "click_id": "t"},
            step("credit", "a", hours=1, quality=4), step("credit", "b", hours=1, value_minor=-1), click("n" * 256, hours=1),
            click("nul\x00", hours=1), click("good", hours=2),
        )  # fmt: skip
        assert found.new == 1
        assert [each.code for each in found.refused] == [
            "SIGNAL_IN_FUTURE", "SIGNAL_TOO_OLD", "MEDIA_UNKNOWN", "SIGNAL_KIND_UNKNOWN", "SIGNAL_UNNAMED", "SIGNAL_TIME_MISSING",
            "SIGNAL_QUALITY", "SIGNAL_VALUE", "SIGNAL_TEXT_TOO_LONG", "SIGNAL_TEXT_UNREADABLE", "SIGNAL_KEY_REUSED",
        ]  # fmt: skip
        assert take(click("good", hours=3)).refused[0].code == "SIGNAL_KEY_REUSED"
        assert models.Signal.objects.count() == 1


@pytest.mark.django_db
class TestAConversion:
    def test_is_queued_once_and_only_where_it_may_be_told(self):
        way = [
            step(kind, "a", hours=9 - n, device=1) for n, kind in enumerate(("register", "complete", "credit", "draw"))
        ]
        take(click("c", hours=20, device=1), *way, step("default", "a", hours=0.5, consent=True))
        assert told() == {("tencent", "register", "a"), ("tencent", "complete", "a")}
        take(click("d", hours=20, device=2), step("register", "b", hours=9, device=2),
             step("credit", "b", hours=8, consent=True, value_minor=500, quality=1),
             step("default", "b", hours=1, consent=True))  # fmt: skip
        assert {kind for _, kind, subject in told() if subject == "b"} == {"register", "credit"}

    def test_of_a_default_needs_a_switch_and_a_consent(self):
        on = frozenset({"tencent/default"})
        facts = [click("c", hours=20, device=1), step("register", "a", hours=9, device=1)]
        take(*facts, step("default", "a", hours=1), switched_on=on)
        take(click("d", hours=20, device=2), step("register", "b", hours=9, device=2), step("default", "b", hours=1, consent=True),
             switched_on=on)  # fmt: skip
        assert {subject for _, kind, subject in told() if kind == "default"} == {"b"}

    def test_of_nobodys_click_is_not_told(self):
        take(step("register", "a", hours=9, device=1))
        assert told() == set()


@pytest.mark.django_db
class TestTheBoard:
    def test_counts_people_once_a_step_and_divides_costs(self):
        take(
            click("c", hours=20, device=1), click("d", hours=20, device=2, media="baidu", campaign="x"),
            step("register", "a", hours=2, device=1), step("register", "b", hours=2, device=2), step("credit", "a", hours=1),
            step("register", "nobody's", hours=2),
        )  # fmt: skip
        day = date(2026, 11, 29)
        operations.record_cost(operations.CostDraft("tencent", "spring", day, 10_001), key="k", now=NOW)
        found = board.board(date(2026, 11, 28), day + timedelta(days=1))
        lines = {(line.media, line.campaign): line for line in found.lines}
        assert lines["tencent", "spring"].counts == {"click": 1, "register": 1, "credit": 1}
        assert lines["tencent", "spring"].cost_each_minor["credit"] == 10_001
        assert lines["", ""].counts == {"register": 1}
        assert found.total.counts == {"click": 2, "register": 3, "credit": 1}
        assert found.total.cost_each_minor["register"] == 3334
        chain = board.chain_of("a")
        assert chain is not None
        assert (chain["click"].click_id, [each.kind for each in chain["steps"]]) == ("c", ["register", "credit"])

    def test_alarms_tell_loss_delay_and_refusals(self):
        draft = operations.MediaReportDraft("tencent", "spring", date(2026, 11, 29), 0, 9, 0)
        operations.record_media_report(draft, key="early", now=NOW)
        operations.record_media_report(replace(draft, clicks=4), key="late", now=NOW + timedelta(hours=1))
        with pytest.raises(Refused, match="COUNT_NEGATIVE"):
            operations.record_media_report(replace(draft, clicks=-1), key="k", now=NOW)
        take(click("c", hours=2, device=1), step("register", "a", hours=1, device=1))
        models.Conversion.objects.update(state="refused")
        found = {each.alarm: each for each in board.alarms(date(2026, 11, 29), now=NOW + timedelta(hours=2))}
        assert set(found) == {"loss", "late", "refused_conversion", "silent"}
        assert found["loss"].value == 0.75


class TestAFrame:
    def test_of_no_rows_is_stored_as_nothing(self):
        good, refused = signals.checked(signals.frame_of([]), now=NOW, kinds=["click"], media=["tencent"])
        assert (good.height, refused) == (0, [])

    def test_has_the_schema_whatever_comes(self):
        assert signals.frame_of([{"kind": "click"}]).schema == pl.Schema(signals.SCHEMA)
