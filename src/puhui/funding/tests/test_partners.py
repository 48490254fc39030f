"""A partner's signed call: recognised, or refused with nothing stored."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from puhui.funding import models, partners
from puhui.funding.partners import PartnerShown, SignedCall
from puhui.kernel.masked import Secret
from puhui.kernel.refusal import Refused

NOW = datetime(2026, 3, 1, 9, 0, 30, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def call(partner: PartnerShown, secret: Secret, nonce: str = "nonce-0001", timestamp: str = STAMP) -> SignedCall:
    signature = partners.sign(secret, method="POST", path="/p", timestamp=timestamp, nonce=nonce, body=b"{}")
    return SignedCall(partner.key_id, timestamp, nonce, signature, "POST", "/p", b"{}")


@pytest.fixture
def known(db: None) -> tuple[PartnerShown, Secret]:
    return partners.register_partner("某平台（虚构）", calls_a_minute=3, sample=True, now=NOW)


@pytest.mark.django_db
class TestASignedCall:
    def test_is_recognised(self, known: tuple[PartnerShown, Secret]) -> None:
        assert partners.recognise(call(*known), now=NOW) == known[0]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"signature": ""}, "SIGNATURE_WRONG"),
            ({"signature": "é" * 64}, "SIGNATURE_WRONG"),
            ({"key_id": "pk_nobody"}, "SIGNATURE_WRONG"),
            ({"key_id": ""}, "SIGNATURE_WRONG"),
            ({"body": b"{ }"}, "SIGNATURE_WRONG"),
            ({"path": "/p?x=1"}, "SIGNATURE_WRONG"),
            ({"method": "GET"}, "SIGNATURE_WRONG"),
            ({"nonce": "nonce-0002"}, "SIGNATURE_WRONG"),
        ],
    )
    def test_is_refused_when_anything_signed_differs(
        self, known: tuple[PartnerShown, Secret], change: dict, code: str
    ) -> None:
        with pytest.raises(Refused, match=code):
            partners.recognise(replace(call(*known), **change), now=NOW)
        assert models.PartnerNonce.objects.count() == 0

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_is_refused_outside_the_clock_window(self, known: tuple[PartnerShown, Secret], seconds: int) -> None:
        with pytest.raises(Refused, match="TIMESTAMP_EXPIRED"):
            partners.recognise(call(*known), now=NOW + timedelta(seconds=seconds))
        assert models.PartnerNonce.objects.count() == 0

    @pytest.mark.parametrize("text", ["", "soon", "١٢٣", "9" * 13])
    def test_is_refused_with_a_timestamp_that_is_none(self, known: tuple[PartnerShown, Secret], text: str) -> None:
        with pytest.raises(Refused, match="TIMESTAMP_EXPIRED"):
            partners.recognise(call(*known, timestamp=text), now=NOW)

    def test_is_refused_the_second_time(self, known: tuple[PartnerShown, Secret]) -> None:
        partners.recognise(call(*known), now=NOW)
        with pytest.raises(Refused, match="NONCE_REPLAYED"):
            partners.recognise(call(*known), now=NOW)
        assert models.PartnerNonce.objects.count() == 1

    def test_is_refused_from_a_partner_that_was_stopped(self, known: tuple[PartnerShown, Secret]) -> None:
        models.Partner.objects.update(active=False)
        with pytest.raises(Refused, match="SIGNATURE_WRONG"):
            partners.recognise(call(*known), now=NOW)


@pytest.mark.django_db
class TestTheSecret:
    def test_lies_sealed(self, known: tuple[PartnerShown, Secret]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM funding_partner")
            stored = bytes(cursor.fetchone()[0])
        assert known[1].reveal().encode() not in stored
        assert models.Partner.objects.get().secret == known[1]


@pytest.mark.django_db
class TestTheRate:
    def test_is_counted_by_the_minute(self, known: tuple[PartnerShown, Secret]) -> None:
        allowances = [partners.count_call(known[0], now=NOW) for _ in range(4)]
        assert [each.remaining for each in allowances] == [2, 1, 0, -1]
        assert [each.exceeded for each in allowances] == [False, False, False, True]
        assert allowances[3].retry_after == 30
        assert not partners.count_call(known[0], now=NOW + timedelta(seconds=30)).exceeded

    def test_forgets_what_can_no_longer_matter(self, known: tuple[PartnerShown, Secret]) -> None:
        partners.recognise(call(*known), now=NOW)
        partners.count_call(known[0], now=NOW)
        assert partners.sweep(now=NOW + timedelta(seconds=600)) == 0
        assert partners.sweep(now=NOW + timedelta(days=2)) == 2


@pytest.mark.django_db
class TestAnApplicationOfAPartner:
    def test_has_one_sender(self, known: tuple[PartnerShown, Secret]) -> None:
        other, _ = partners.register_partner("另一平台", calls_a_minute=3, sample=True, now=NOW)
        partners.claim_application(known[0].id, "app_1", now=NOW)
        partners.claim_application(known[0].id, "app_1", now=NOW)
        with pytest.raises(Refused, match="APPLICATION_TAKEN"):
            partners.claim_application(other.id, "app_1", now=NOW)
        assert (partners.sent_by(known[0].id, "app_1"), partners.sent_by(other.id, "app_1")) == (True, False)
