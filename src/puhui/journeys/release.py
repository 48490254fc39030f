"""A person looked at an application that anti-fraud held, and lets it go on to a decision (PIPL 24: not by machine alone).

Rule kept: who released it, why, and what the machine had said are a decision of the record, before anything is decided
on the credit. What the rulebook refuses outright (a minor, a broken ID) nobody can release.
"""

from datetime import date, datetime

from django.db import transaction

from puhui.antifraud import queries as antifraud
from puhui.antifraud.core.assessment import Assessment
from puhui.journeys import apply as applying
from puhui.journeys.apply import Applied
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import operations as policy
from puhui.policy.record import BatchDraft, DecisionDraft
from puhui.underwriting import queries as underwriting

KIND = "journeys.release"
_LOOKED_AT = ("step_up", "review")


@transaction.atomic
def release(application_id: str, *, by: str, reason: str, on: date, now: datetime) -> Applied:
    """Record the release, decide, and offer. `on` is the business date. Refused when it is not held, or without a reason."""
    application = underwriting.application(application_id)
    held = antifraud.assessment_of(application_id)
    if application.state != "submitted" or held is None or held.outcome not in _LOOKED_AT:
        text = "该申请没有待人工复核的疑点，或不可放行 · nothing here waits for a person, or nobody may release it"
        raise Refused(Refusal("NOT_HELD", text, where=application_id))
    if len(reason.strip()) < 4:
        raise Refused(
            Refusal("REASON_MISSING", "请写明放行原因（至少 4 个字）· say why, in at least 4 characters", "reason")
        )
    batch = BatchDraft(KIND, "antifraud", held.rulebook, {}, on)
    policy.record_decisions(batch, [_draft(application_id, held, by=by, reason=reason.strip())], now=now)
    waiting = Applied(application_id, application.person_id, application.shop_id, months=application.months)
    return Applied(**applying.answer(waiting, None, now=now))


def _draft(application_id: str, held: Assessment, *, by: str, reason: str) -> DecisionDraft:
    inputs = {
        "assessment": held.id,
        "outcome": held.outcome,
        "hits": [hit.code for hit in held.hits],
        "by": by,
        "released": True,
    }
    told = [{"code": "RELEASED_BY_PERSON", "text_zh": f"人工复核放行：{reason}", "text_en": f"released: {reason}"}]
    return DecisionDraft(f"application:{application_id}", inputs, {"released": True}, told)


def replay(inputs: list[dict], parameters: dict) -> list[dict]:  # type: ignore[type-arg]
    """A person's word replays to itself."""
    return [{"released": row["released"]} for row in inputs]
