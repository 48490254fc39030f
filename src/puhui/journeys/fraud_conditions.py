"""What anti-fraud asked for beside its yes is kept to: a delay moves the day of the pay-out, a direct payment needs a payee named first.

Rule kept: the latest assessment of the application says it, also after a person released it; its answer is on record, so the day does not
move with who asks or how often.
"""

from datetime import date, timedelta

from puhui.antifraud import payees
from puhui.antifraud import queries as antifraud
from puhui.antifraud.core.signals import ZONE
from puhui.kernel.refusal import Refusal, Refused


def payout_day(application_id: str, today: date) -> date:
    """The first day on which the loan may be paid out: so many days after the application was weighed, and not before today."""
    said = antifraud.assessment_of(application_id)
    days = said.conditions.get("delay_days", 0) if said is not None else 0
    if said is None or not days:
        return today
    return max(today, said.applied_at.astimezone(ZONE).date() + timedelta(days=days))


def refuse_unless_payee_named(application_id: str) -> None:
    """Where the money may go to a supplier only, staff must have named whom it goes to. Raises Refused."""
    said = antifraud.assessment_of(application_id)
    if said is not None and said.conditions.get("direct") and payees.named(application_id) is None:
        text = "本笔须受托支付：请先由工作人员登记收款的供应商账户 · this loan is paid to a supplier only; staff name the account first"
        raise Refused(Refusal("PAYEE_NEEDED", text, where=application_id))
