"""What an owner allows advertising to know, followed to the end: to the media's ear, to the servers' answer; and what the loan earned, to the return."""

import json
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from puhui.acquisition import conversions, data_link, models, vintages
from puhui.acquisition.channels.callbacks import Call
from puhui.acquisition.channels.wire.tencent_rta_pb2 import RtaRequest
from puhui.acquisition.core import signals
from puhui.acquisition.operations import CostDraft, TouchDraft, record_cost
from puhui.acquisition.rta import counters
from puhui.acquisition.rta.engine import Engine
from puhui.acquisition.tests.test_rta_adapters import ask_tencent
from puhui.journeys import accept as accepting
from puhui.journeys import advertising, audience_feed, disburse, funnel_feed, money_feed, tasks
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.servicing.core.accounts import CHART
from puhui.store import places
from puhui.underwriting import queries as underwriting
from tests.journeys.conftest import NOW, READING, Lender, confirmation

DIGEST = "0123456789abcdef0123456789abcdea"
CLICK = {"kind": "click", "media": "tencent", "campaign": "spring", "click_id": "click-1", "happened_at": NOW, "raw": '{"callback": "https://tracking.e.qq.com/conv?cb=1"}'}  # fmt: skip
LATER = NOW + timedelta(hours=1)


def brought(lender: Lender) -> tuple[str, str, str]:
    """(application, person, offer) of somebody whom a click brought."""
    data_link.take_signals(signals.frame_of([CLICK]), now=NOW)
    applied = lender.applied(touch=TouchDraft("tencent", "spring", "click-1", DIGEST, NOW), now=NOW)
    return applied.application_id, applied.person_id, applied.offer_id or ""


def lent(lender: Lender) -> tuple[str, str, str]:
    """(application, person, loan)."""
    application_id, person_id, offer_id = brought(lender)
    shown = accepting.show_offer(offer_id, now=LATER)
    accepted = accepting.accept(offer_id, confirmation(shown, shown_at=LATER), key="yes", now=LATER + READING)
    disburse.disburse(accepted.loan_id, now=LATER + READING)
    return application_id, person_id, accepted.loan_id


def states() -> dict[str, str]:
    return dict(models.Conversion.objects.values_list("kind", "state"))


class TestTellingTheMedia:
    def test_is_given_seen_and_taken_back_also_for_what_waits(self, lender: Lender) -> None:
        application_id, person_id, _offer = brought(lender)
        assert advertising.choices(person_id).tell_media_since is None
        advertising.tell_media(person_id, allowed=True, now=NOW)
        funnel_feed.feed(now=LATER)
        assert states() == {"register": "queued", "complete": "queued", "credit": "queued"}
        choices = advertising.choices(person_id)
        assert (choices.tell_media_since, choices.devices) == (NOW, 1)
        assert [(each.media, each.kind) for each in choices.told if each.kind == "credit"] == [("tencent", "credit")]
        advertising.tell_media(person_id, allowed=False, now=LATER)
        assert states() == {"register": "queued", "complete": "queued", "credit": "withdrawn"}
        assert advertising.choices(person_id).tell_media_since is None
        assert not parties.has_consent(person_id, purpose=funnel_feed.TELL_MEDIA)
        # A step that was marked as consented before, and whose click comes only now, is not told any more.
        step = {"kind": "draw", "subject": application_id, "happened_at": NOW, "consent": True}
        data_link.take_signals(signals.frame_of([step]), now=LATER)
        assert "draw" not in states()
        told: list[str] = []

        def send(call: Call) -> httpx.Response:
            told.append(json.loads(call.body)["actions"][0]["action_type"])
            return httpx.Response(200, content=b'{"code": 0}')

        assert conversions.send_due(conversions.Way({}), now=LATER, send=send) == {"sent": 2}
        assert sorted(told) == ["APPLY", "REGISTER"]

    def test_again_lets_later_steps_through_and_never_an_overdue_one(self, lender: Lender) -> None:
        application_id, person_id, _offer = brought(lender)
        for allowed in (True, True, False, True):
            advertising.tell_media(person_id, allowed=allowed, now=NOW)
        assert models.MediaConsent.objects.count() == 3
        rows = [{"kind": kind, "subject": application_id, "click_id": "click-1", "happened_at": LATER, "consent": True} for kind in ("draw", "default")]  # fmt: skip
        data_link.take_signals(signals.frame_of(rows), now=LATER)
        assert states() == {"draw": "queued"}


class TestPersonalAdvertising:
    def test_switched_off_reaches_the_servers_and_back(self, lender: Lender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
        monkeypatch.setenv("PUHUI_VAR", str(tmp_path))
        _application, person_id, _loan = lent(lender)
        folder = places.var_dir() / "rta"
        audience_feed.hand_over(folder, by="test", now=LATER)
        engine = Engine(folder, counters.Counters(1).row(0), workers=1, today=LATER.date())

        def answered(table: str) -> list[str]:
            from puhui.acquisition.rta import publication

            publication.publish_strategies(folder, table, now=LATER)
            engine.look(LATER.date())
            ask = RtaRequest(id="q")
            ask.device.oaid_md5sum = DIGEST
            return list(ask_tencent(engine, ask).out_target_id)

        both = "media,strategy,personalised\ntencent,knows,yes\ntencent,plain,no\n"
        assert sorted(answered(both)) == ["knows", "plain"]
        advertising.personalise(person_id, allowed=False, now=LATER)
        assert advertising.choices(person_id).personal_off_since == LATER
        tasks._publish_audiences("owner's switch", LATER)
        assert answered(both) == ["plain"]
        advertising.personalise(person_id, allowed=True, now=LATER)
        tasks._publish_audiences("owner's switch", LATER)
        assert sorted(answered(both)) == ["knows", "plain"]
        assert [row.by for row in models.AudiencePublication.objects.order_by("id")] == [
            "test",
            "owner's switch",
            "owner's switch",
        ]

    def test_queues_one_job_for_one_change(self, lender: Lender) -> None:
        from procrastinate.contrib.django.models import ProcrastinateJob

        _application, person_id, _offer = brought(lender)
        for allowed in (True, False, False):
            advertising.personalise(person_id, allowed=allowed, now=NOW)
        jobs = ProcrastinateJob.objects.filter(task_name="puhui.journeys.publish_audiences")
        assert [job.args for job in jobs] == [{"by": "owner's switch"}]


class TestWhatALoanEarned:
    def test_is_told_by_day_once_and_becomes_the_return_of_its_click(self, lender: Lender) -> None:
        application_id, _person, loan_id = lent(lender)
        funnel_feed.feed(now=LATER)
        day = date(2026, 3, 2)
        record_cost(CostDraft("tencent", "spring", day, 10_000), key="c", now=LATER)
        rows = money_feed.feed(now=LATER)
        assert money_feed.feed(now=LATER) == 0
        booked = sum(
            line.amount_minor * ((CHART[line.credit].kind in ("income", "expense")) - (CHART[line.debit].kind in ("income", "expense")))
            for line in servicing.journal(loan_id)
        )  # fmt: skip
        told = dict(models.Earned.objects.values_list("on", "amount_minor"))
        assert (len(told), sum(told.values())) == (rows, booked)
        assert underwriting.application(application_id).loan_id == loan_id
        line = vintages.vintage(day, day + timedelta(days=1), by="campaign", as_of=day + timedelta(days=7))[1]
        assert (line.label, line.people, line.cost_minor) == (("tencent", "spring"), 1, 10_000)
        assert line.returns[1].back_minor == sum(minor for on, minor in told.items() if on <= day + timedelta(days=7))
