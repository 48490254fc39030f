"""Front door of partners (合作渠道): register one, recognise its signed call, count its calls, remember what it sent.

Why in this room: a partner may only send what an institution's whitelist allows (domain facts COL-6), and a partner is
to the platform what an institution is on the other side: a contract party. See docs/decisions/0030.
Rule kept: a call is stored (its nonce, its count) only after its signature was found good.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from puhui.funding import models
from puhui.kernel.ids import new_id
from puhui.kernel.masked import Secret
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import prepared

WINDOW_SECONDS = 300
_NONCE_MIN, _NONCE_MAX = 8, 80


@dataclass(frozen=True, slots=True)
class PartnerShown:
    """A partner without its secret."""

    id: str
    name: str
    key_id: str
    calls_a_minute: int
    sample: bool


@dataclass(frozen=True, slots=True)
class SignedCall:
    """What was signed, and the signature. `path` includes the query string as sent."""

    key_id: str
    timestamp: str
    nonce: str
    signature: str
    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Allowance:
    """Calls left in this minute; `retry_after` seconds when none is."""

    limit: int
    remaining: int
    retry_after: int

    @property
    def exceeded(self) -> bool:
        return self.remaining < 0


@transaction.atomic
def register_partner(name: str, *, calls_a_minute: int, sample: bool, now: datetime) -> tuple[PartnerShown, Secret]:
    """A new partner and its secret, which is shown this once."""
    if not name.strip() or calls_a_minute < 1:
        raise Refused(Refusal("PARTNER_INCOMPLETE", "请填写名称与每分钟次数 · a name and at least one call a minute"))
    secret = Secret(secrets.token_urlsafe(32))
    row = models.Partner.objects.create(
        id=new_id("partner", now=now),
        name=name.strip(),
        key_id=f"pk_{secrets.token_hex(8)}",
        secret=secret,
        calls_a_minute=calls_a_minute,
        sample=sample,
        recorded_at=now,
    )
    return _shown(row), secret


def sign(secret: Secret, *, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """HMAC-SHA256 in hexadecimal over five lines: method, path, timestamp, nonce, SHA-256 of the body.

    >>> sign(Secret("s"), method="GET", path="/api/v1/offers/offer_1", timestamp="1", nonce="n", body=b"")[:16]
    'cb1a613c539d2446'
    """
    lines = (method.upper(), path, timestamp, nonce, hashlib.sha256(body).hexdigest())
    return hmac.new(secret.reveal().encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def recognise(call: SignedCall, *, now: datetime) -> PartnerShown:
    """The partner that signed the call; its nonce is used up. Refused (and nothing stored) when anything is wrong."""
    row = prepared.one(models.Partner, "key_id = %s AND active", [call.key_id]) if call.key_id else None
    secret = row.secret if row is not None else Secret("nobody")  # the same work for an unknown key
    expected = sign(
        secret, method=call.method, path=call.path, timestamp=call.timestamp, nonce=call.nonce, body=call.body
    )
    good = hmac.compare_digest(expected.encode(), call.signature.encode())
    if row is None or not good:
        raise Refused(Refusal("SIGNATURE_WRONG", "签名无效 · the signature does not fit this request", "X-Signature"))
    if not _NONCE_MIN <= len(call.nonce) <= _NONCE_MAX:
        raise Refused(Refusal("NONCE_WRONG", f"随机串应为 {_NONCE_MIN}–{_NONCE_MAX} 个字符 · nonce length", "X-Nonce"))
    sent = _seconds(call.timestamp)
    if sent is None or abs(now.timestamp() - sent) > WINDOW_SECONDS:
        text = f"时间戳超出 ±{WINDOW_SECONDS} 秒 · the timestamp is more than {WINDOW_SECONDS} s from ours"
        raise Refused(Refusal("TIMESTAMP_EXPIRED", text, "X-Timestamp"))
    _use_nonce(row.id, call.nonce, now=now)
    return _shown(row)


def count_call(partner: PartnerShown, *, now: datetime) -> Allowance:
    """One call more in this minute; a single statement, so that workers and machines agree on the count.

    The caller's commit need not reach the disk before the answer (a nonce lost in a power cut leaves the idempotency key).
    """
    minute = now.replace(second=0, microsecond=0)
    ((calls, _),) = prepared.rows(
        "INSERT INTO funding_partner_minute AS m (partner_id, minute, calls) VALUES (%s, %s, 1)"
        " ON CONFLICT (partner_id, minute) DO UPDATE SET calls = m.calls + 1"
        " RETURNING calls, set_config('synchronous_commit', 'off', true)",
        [partner.id, minute],
    )
    return Allowance(partner.calls_a_minute, partner.calls_a_minute - calls, 60 - now.second)


def claim_application(partner_id: str, application_id: str, *, now: datetime) -> None:
    """Remember that this partner sent it. Idempotent; an application has one sender."""
    stored = prepared.moved(
        "INSERT INTO funding_partner_application (partner_id, application_id, recorded_at) VALUES (%s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [partner_id, application_id, now],
    )
    if not stored and models.PartnerApplication.objects.get(application_id=application_id).partner_id != partner_id:
        raise Refused(
            Refusal("APPLICATION_TAKEN", "该申请来自其他渠道 · it was sent by another partner", application_id)
        )


def claim_like(former_id: str, application_id: str, *, now: datetime) -> None:
    """The application has the same sender as a former one; nothing when that came from no partner."""
    former = models.PartnerApplication.objects.filter(application_id=former_id).first()
    if former is not None:
        claim_application(former.partner_id, application_id, now=now)


def sent_by(partner_id: str, application_id: str) -> bool:
    return models.PartnerApplication.objects.filter(partner_id=partner_id, application_id=application_id).exists()


def partners() -> list[PartnerShown]:
    return [_shown(row) for row in models.Partner.objects.order_by("id")]


@transaction.atomic
def sweep(*, now: datetime) -> int:
    """Forget nonces and minute counts that can no longer matter; returns the rows removed."""
    before = now - timedelta(seconds=2 * WINDOW_SECONDS)
    nonces, _ = models.PartnerNonce.objects.filter(seen_at__lt=before).delete()
    minutes, _ = models.PartnerMinute.objects.filter(minute__lt=before - timedelta(days=1)).delete()
    return nonces + minutes


def _use_nonce(partner_id: str, nonce: str, *, now: datetime) -> None:
    used = prepared.moved(
        "INSERT INTO funding_partner_nonce (partner_id, nonce, seen_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [partner_id, nonce, now],
    )
    if not used:
        raise Refused(Refusal("NONCE_REPLAYED", "请求重放 · this nonce was used before", "X-Nonce"))


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def _shown(row: models.Partner) -> PartnerShown:
    return PartnerShown(row.id, row.name, row.key_id, row.calls_a_minute, row.sample)
