"""Put a refusal by the rulebook on record as a decision, with all that its replay needs."""

from datetime import datetime

from django.db import transaction

from puhui.antifraud import live_rules
from puhui.antifraud.core import refusal, signals
from puhui.antifraud.core.assessment import Assessment
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import operations as policy
from puhui.policy import queries as policy_queries
from puhui.policy.record import BatchDraft, DecisionDraft


@transaction.atomic
def record_refusal(assessment: Assessment, *, reasons: list[dict[str, str]], now: datetime) -> str:
    """Put an assessment whose outcome is `refuse` on record as a decision; returns the decision's id. Idempotent."""
    subject, rules = f"application:{assessment.application_key}", live_rules.current(now)
    known = policy_queries.latest().filter(subject=subject, batch__kind=refusal.KIND).first()
    if known is not None:
        return str(known.id)
    if assessment.outcome != "refuse":
        text = f"结论为 {assessment.outcome}，不是拒绝 · the outcome is {assessment.outcome}, no refusal"
        raise Refused(Refusal("NOT_REFUSED", text, where=assessment.application_key))
    if assessment.rulebook != rules.version:
        text = "规则集已更新，请重新评估 · the rulebook has changed since; assess again"
        raise Refused(Refusal("RULEBOOK_CHANGED", text, where=assessment.rulebook))
    on = assessment.applied_at.astimezone(signals.ZONE).date()
    columns = dict(rules.policy.texts)["columns.csv"] if rules.policy else ""
    batch = BatchDraft(refusal.KIND, "antifraud", rules.version, refusal.parameters_of(rules.book, columns), on)
    inputs = refusal.inputs_of(assessment, applied_on=on)
    draft = DecisionDraft(subject, inputs, refusal.output_of(assessment), list(reasons))
    return policy.record_decisions(batch, [draft], now=now)[1][0]
