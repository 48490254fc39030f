"""A person looked at an application that anti-fraud or the credit rules held, and lets it go on (PIPL 24: not by machine alone).

Rule kept: who released it, why, and what the machine had said are a decision of the record, before anything is decided
on the credit. What the rulebook refuses outright (a minor, a broken ID) nobody can release.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.antifraud import queries as antifraud
from puhui.antifraud.core.assessment import Assessment
from puhui.journeys import apply as applying
from puhui.journeys.apply import Applied
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import operations as policy
from puhui.policy.record import BatchDraft, DecisionDraft
from puhui.underwriting import queries as underwriting
from puhui.underwriting.queries import RulesSaid

KIND = "journeys.release"
_LOOKED_AT = ("step_up", "review")


@transaction.atomic
def release(application_id: str, *, by: str, reason: str, on: date, now: datetime) -> Applied:
    """Record the release, decide, and offer. `on` is the business date. Refused when it is not held, or without a reason.

    Whoever released anti-fraud's doubt has not yet seen what the credit rules say: if those hold it, it waits once more.
    """
    application = underwriting.application(application_id)
    ruled = underwriting.rules_holding(application_id)
    held = antifraud.assessment_of(application_id)
    doubted = held is not None and held.outcome in _LOOKED_AT
    if application.state != "submitted" or not (doubted or ruled):
        text = "该申请没有待人工复核的疑点，或不可放行 · nothing here waits for a person, or nobody may release it"
        raise Refused(Refusal("NOT_HELD", text, where=application_id))
    if len(reason.strip()) < 4:
        raise Refused(
            Refusal("REASON_MISSING", "请写明放行原因（至少 4 个字）· say why, in at least 4 characters", "reason")
        )
    seen = _of_rules(ruled) if ruled is not None else _of_assessment(held)
    batch = BatchDraft(KIND, *seen.policy, {}, on)
    policy.record_decisions(batch, [_draft(application_id, seen.inputs, by=by, reason=reason.strip())], now=now)
    waiting = Applied(application_id, application.person_id, application.shop_id, months=application.months)
    return Applied(**applying.answer(waiting, None, now=now, released=ruled is not None))


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the person had before them: which policy asked for the look, and what it had said."""

    policy: tuple[str, str]
    inputs: dict[str, Any]


def _of_rules(said: RulesSaid) -> _Looked:
    name, _, number = said.version.partition("@")
    hits = [reason["code"] for reason in said.reasons]
    return _Looked((name, number), {"rules": said.decision_id, "outcome": said.outcome, "hits": hits})


def _of_assessment(held: Assessment | None) -> _Looked:
    assert held is not None, "either the rules or anti-fraud hold it"
    inputs = {"assessment": held.id, "outcome": held.outcome, "hits": [hit.code for hit in held.hits]}
    return _Looked(("antifraud", held.rulebook), inputs)


def _draft(application_id: str, inputs: dict[str, Any], *, by: str, reason: str) -> DecisionDraft:
    told = [{"code": "RELEASED_BY_PERSON", "text_zh": f"人工复核放行：{reason}", "text_en": f"released: {reason}"}]
    seen = inputs | {"by": by, "released": True}
    return DecisionDraft(f"application:{application_id}", seen, {"released": True}, told)


def replay(inputs: list[dict], parameters: dict) -> list[dict]:  # type: ignore[type-arg]
    """A person's word replays to itself."""
    return [{"released": row["released"]} for row in inputs]
