"""A legal entity chooses how it provides, from a day on: by the five classes, by expected loss, or by the greater.

Rule kept: closed days keep their method: the first day is the open business date or a later one. The end of that day looks at every
loan and posts the difference. The choice is appended and stays readable; a later one for the same day takes its place.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models
from puhui.servicing.core.provision import METHODS
from puhui.servicing.operations.asked_once import Asked, answer_once


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entity provides by which method (core/provision.METHODS), from which day on, why, and who says so."""

    institution_id: str
    method: str
    since: date
    reason: str
    by: str = ""


@transaction.atomic
def choose_provision(choice: Choice, *, key: str, now: datetime) -> str:
    """Record the choice; returns the method. Raises Refused; asked again under the same key it answers again."""
    asked = Asked(choice.institution_id, "choose_provision", key, asdict(choice), now)
    return str(answer_once(asked, lambda: _choose(choice, now))["method"])


def _choose(choice: Choice, now: datetime) -> dict[str, Any]:
    today = models.open_day(lock="share")
    if choice.method not in METHODS:
        text = f"没有这种计提方法 · no such method: {choice.method}; known: {', '.join(METHODS)}"
        raise Refused(Refusal("PROVISION_METHOD_UNKNOWN", text, where="method"))
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    if choice.since < today.business_date:
        text = f"不能早于当前营业日 {today.business_date} · closed days keep their method; not from {choice.since}"
        raise Refused(Refusal("DATES_OUT_OF_ORDER", text, where=str(choice.since)))
    if not choice.reason.strip():
        raise Refused(Refusal("REASON_MISSING", "请写明原因 · a reason is recorded with the choice", where="reason"))
    models.ProvisionChoice.objects.create(
        institution_id=choice.institution_id,
        method=choice.method,
        effective_from=choice.since,
        reason=choice.reason,
        chosen_by=choice.by,
        recorded_at=now,
    )
    return {"method": choice.method}
