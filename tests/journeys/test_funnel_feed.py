"""Our own funnel told to acquisition: from a click that a media pushed to the loan it became, each step once."""

from datetime import timedelta

from puhui.acquisition import audiences, board, data_link, models
from puhui.acquisition.core import device_ids, signals
from puhui.acquisition.operations import TouchDraft
from puhui.journeys import accept as accepting
from puhui.journeys import audience_feed, disburse, funnel_feed
from puhui.parties import operations as parties
from puhui.parties.operations import ConsentDraft
from tests.journeys.conftest import NOW, READING, Lender, confirmation


class TestAnApplicationThatAnAdvertisementBrought:
    def test_is_told_step_by_step_and_owed_to_its_click(self, lender: Lender) -> None:
        click = {"kind": "click", "media": "tencent", "campaign": "spring", "click_id": "click-1", "happened_at": NOW}
        data_link.take_signals(signals.frame_of([click]), now=NOW)
        touch = TouchDraft("tencent", "spring", "click-1", None, NOW)
        applied = lender.applied(touch=touch, now=NOW + timedelta(minutes=30))
        now = NOW + timedelta(hours=1)
        assert funnel_feed.feed(now=now).new == 3
        assert funnel_feed.feed(now=now).new == 0

        shown = accepting.show_offer(applied.offer_id or "", now=now)
        accepted = accepting.accept(shown.offer_id, confirmation(shown, shown_at=now), key="yes", now=now + READING)
        disburse.disburse(accepted.loan_id, now=now + READING)
        assert funnel_feed.feed(now=now + timedelta(hours=1)).new == 1
        chain = board.chain_of(applied.application_id)
        assert chain is not None
        assert [step.kind for step in chain["steps"]] == ["register", "complete", "credit", "draw"]
        assert chain["steps"][-1].value_minor == shown.principal_minor
        assert chain["click"].click_id == "click-1"
        # No consent of its own was given for it: the media hears nothing of the credit outcome.
        assert set(models.Conversion.objects.values_list("kind", flat=True)) == {"register", "complete"}

    def test_lets_the_media_hear_of_the_credit_where_a_consent_was_given(self, lender: Lender) -> None:
        click = {"kind": "click", "media": "tencent", "campaign": "spring", "click_id": "click-1", "happened_at": NOW}
        data_link.take_signals(signals.frame_of([click]), now=NOW)
        applied = lender.applied(touch=TouchDraft("tencent", "spring", "click-1", None, NOW), now=NOW)
        draft = ConsentDraft(funnel_feed.TELL_MEDIA, ("credit_outcome",), "tell-media-1", "phone")
        parties.give_consent(applied.person_id, draft, now=NOW)
        funnel_feed.feed(now=NOW + timedelta(hours=1))
        assert set(models.Conversion.objects.values_list("kind", flat=True)) == {"register", "complete", "credit"}


class TestAudiences:
    def test_hold_those_whom_the_rooms_know_and_let_them_go(self, lender: Lender) -> None:
        digest = "0123456789abcdef0123456789abcdea"
        applied = lender.applied(touch=TouchDraft("tencent", "spring", "click-1", digest, NOW), now=NOW)
        now = NOW + timedelta(hours=1)
        assert {name: moved.entered for name, moved in audience_feed.build(now=now).items() if moved.entered} == {}
        shown = accepting.show_offer(applied.offer_id or "", now=now)
        accepted = accepting.accept(shown.offer_id, confirmation(shown, shown_at=now), key="yes", now=now + READING)
        disburse.disburse(accepted.loan_id, now=now + READING)
        built = audience_feed.build(now=now + timedelta(hours=1))
        assert {name: moved.entered for name, moved in built.items() if moved.entered} == {"existing_customer": 1}
        key = device_ids.from_digest(digest)
        assert key is not None
        assert [(name, inside) for name, inside, *_ in audiences.history_of(key)] == [("existing_customer", True)]
        assert audiences.build().keys.tolist() == [key]
