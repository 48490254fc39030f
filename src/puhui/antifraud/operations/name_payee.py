"""Name the supplier's account to which a loan of direct payment (受托支付) goes, and to nobody else.

Rule kept: it is not the applicant's own account, nor that of anybody who ever applied (money that comes back is no payment to a supplier),
nor one on the black list. The last one named counts; the others stay on record.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from puhui.antifraud import application_json, list_entries, models
from puhui.antifraud.core.entity_kind import key_of
from puhui.kernel import china_ids
from puhui.kernel.refusal import Refusal, Refused

_SHORTEST, _LONGEST = 8, 32  # an account of a firm is no card and has no check digit


@dataclass(frozen=True, slots=True)
class PayeeDraft:
    """`reason`: what is bought, by which contract or invoice."""

    name: str
    account: str
    reason: str


@transaction.atomic
def name_payee(application_key: str, draft: PayeeDraft, *, by: str, now: datetime) -> str:
    """Keep it; returns the masked account. Refused, with nothing kept, where the account may not be paid."""
    account = "".join(draft.account.split()).replace("-", "")
    _check(draft, account)
    if not models.Assessment.objects.filter(application_key=application_key).exists():
        raise Refused(
            Refusal("APPLICATION_UNKNOWN", "该申请没有反欺诈评估 · it was never assessed", where=application_key[:80])
        )
    entity = application_json.entity("card", china_ids.check_bank_card(account).normalised)
    key = key_of("card", entity.material)
    if models.Arrival.objects.filter(card=key).exists():
        text = "该账户是申请人（本人或他人）的收款账户，不是供应商 · the account is an applicant's, not a supplier's"
        raise Refused(Refusal("PAYEE_IS_APPLICANT", text, where="account"))
    if list_entries.standing(now).filter(key=key, colour="black").exists():
        raise Refused(
            Refusal("PAYEE_BLACKLISTED", "该账户在黑名单上 · the account is on the black list", where="account")
        )
    models.NamedPayee.objects.create(
        application_key=application_key, name=draft.name.strip()[:100], account=account, key=key, shown=entity.shown,
        reason=draft.reason.strip()[:400], by=by, named_at=now,
    )  # fmt: skip
    return entity.shown


def _check(draft: PayeeDraft, account: str) -> None:
    if not draft.name.strip():
        raise Refused(Refusal("PAYEE_NAME", "请写明收款方名称 · name the payee", where="name"))
    if not (account.isascii() and account.isdecimal() and _SHORTEST <= len(account) <= _LONGEST):
        text = f"账号应为 {_SHORTEST}–{_LONGEST} 位数字 · an account has so many digits"
        raise Refused(Refusal("PAYEE_ACCOUNT", text, where="account"))
    if len(draft.reason.strip()) < 4:
        raise Refused(
            Refusal(
                "NOTE_MISSING",
                "请写明货款用途与依据（至少 4 个字） · say what is bought and by which paper",
                where="reason",
            )
        )
