"""One-time codes for shop owners: six digits by text message, kept as a keyed hash, good once, five minutes, five tries.

Rule kept: asking is limited per phone and per network address; the code, the message and the job that sends it are
stored in one transaction; whether the phone is known to us is never told to who asks.
"""

import hmac
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from puhui.kernel import china_ids
from puhui.kernel.ids import new_id
from puhui.kernel.masked import Secret
from puhui.kernel.refusal import Refusal, Refused
from puhui.store.sealed import blind_index
from puhui.web import tasks
from puhui.web.models import OneTimeCode, TextMessage

LIFE = timedelta(minutes=5)
TRIES = 5
# (window, most codes per phone, most codes per network address)
LIMITS = ((timedelta(seconds=60), 1, 10), (timedelta(hours=1), 5, 30), (timedelta(days=1), 10, 100))


class TooMany(Exception):
    """Asked too often; `seconds` until it may be asked again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"asked too often; again in {seconds} s")
        self.seconds = seconds


@transaction.atomic
def send(phone: str, *, address: str, now: datetime) -> str:
    """Queue a code for this phone; returns the normalised number. Refused: PHONE_UNREADABLE, SMS_NOT_SET_UP."""
    number = checked_phone(phone)
    if not (settings.SMS_URL and settings.SMS_KEY):
        told = "短信通道尚未配置，暂时不能登录 · no SMS gateway is set up (PUHUI_SMS_URL, PUHUI_SMS_KEY)"
        raise Refused(Refusal("SMS_NOT_SET_UP", told))
    phone_index, address_index = _indexes(number, address)
    _refuse_too_many(phone_index, address_index, now)
    code = f"{secrets.randbelow(1_000_000):06d}"
    OneTimeCode.objects.create(
        phone_index=phone_index, address_index=address_index, code_hash=_hash(number, code), sent_at=now,
        expires_at=now + LIFE,
    )  # fmt: skip
    text = _("【普惠】验证码 %(code)s，5 分钟内有效。工作人员不会向您索要验证码，请勿告诉任何人。") % {"code": code}
    message = TextMessage.objects.create(
        id=new_id("sms", now=now), phone=Secret(number), text=Secret(text), queued_at=now
    )
    tasks.deliver_text.defer(message_id=message.id)
    return number


@transaction.atomic
def check(phone: str, code: str, *, now: datetime) -> bool:
    """True once for the right code. A wrong one uses up a try of the latest code; the sixth finds no code at all."""
    number = checked_phone(phone)
    row = (
        OneTimeCode.objects.select_for_update()
        .filter(phone_index=blind_index(number, purpose="phone"), expires_at__gt=now, used_at=None)
        .order_by("-id")
        .first()
    )
    if row is None or row.tries >= TRIES:
        return False
    row.tries += 1
    good = hmac.compare_digest(bytes(row.code_hash), _hash(number, code.strip()))
    if good:
        row.used_at = now
    row.save(update_fields=["tries", "used_at"])
    return good


def checked_phone(phone: str) -> str:
    finding = china_ids.check_phone(phone)
    if not finding.ok:
        raise Refused(Refusal("PHONE_UNREADABLE", finding.message, where="phone"))
    return finding.normalised


def _indexes(number: str, address: str) -> tuple[bytes, bytes]:
    return blind_index(number, purpose="phone"), blind_index(address, purpose="network-address")


def _hash(number: str, code: str) -> bytes:
    return blind_index(f"{number}:{code}", purpose="one-time-code")


def _refuse_too_many(phone_index: bytes, address_index: bytes, now: datetime) -> None:
    for window, per_phone, per_address in LIMITS:
        recent = OneTimeCode.objects.filter(sent_at__gt=now - window)
        for rows, most in ((recent.filter(phone_index=phone_index), per_phone),
                           (recent.filter(address_index=address_index), per_address)):  # fmt: skip
            times = list(rows.order_by("-sent_at").values_list("sent_at", flat=True)[:most])
            if len(times) >= most:
                raise TooMany(max(1, round((times[-1] + window - now).total_seconds())))
