"""Show a borrower what a loan costs: draw up the cost disclosure form and keep it (综合融资成本明示表).

Rule kept: the cap on the borrower's total yearly cost is a hard gate here, before anything can be confirmed; the cap
comes from the dated rule table by lender type.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import rule_table
from puhui.servicing import models
from puhui.servicing.core import terms as loan_terms
from puhui.servicing.core.disclosure import NONE_CHARGED, ContingentItem, Disclosure, draw_up
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.core.true_cost import within_cap
from puhui.servicing.operations.asked_once import Asked, answer_once

MIN_READ_SECONDS = 10


@dataclass(frozen=True, slots=True)
class DisclosureRequest:
    """Whom a form is for, who lends, and the terms. `payee` is the lender's name as the borrower will read it."""

    institution_id: str
    lender_type: str
    payee: str
    person_id: str
    shop_id: str
    application_id: str
    offer_id: str
    terms: LoanTerms
    overdue_items: tuple[ContingentItem, ...] = NONE_CHARGED
    min_read_seconds: int = MIN_READ_SECONDS

    def as_record(self) -> dict[str, Any]:
        return asdict(self) | {"terms": self.terms.as_record()}


@dataclass(frozen=True, slots=True)
class DrawnUp:
    """The stored form; `sha256` is what the borrower confirms. Rates are text with six decimals."""

    disclosure_id: str
    sha256: str
    apr_simple: str
    apr_compound: str
    cap: str
    above_cap_compound: bool  # a warning, not a refusal: the rules do not say simple or compound


@transaction.atomic
def disclose(request: DisclosureRequest, *, key: str, now: datetime) -> DrawnUp:
    """Draw up, check against the cap, and store. Refuses terms it cannot keep and terms above the cap."""
    asked = Asked(request.institution_id, "disclose", key, request.as_record(), now)
    return DrawnUp(**answer_once(asked, lambda: _store(request, now)))


def _store(request: DisclosureRequest, now: datetime) -> dict[str, Any]:
    if (refusal := loan_terms.refuse(request.terms)) is not None:
        raise Refused(refusal)
    form = draw_up(request.terms, payee=request.payee, overdue_items=request.overdue_items)
    rule = checked_cap(form, lender_type=request.lender_type)
    row = models.Disclosure.objects.create(
        id=new_id("disc", now=now),
        institution_id=request.institution_id,
        person_id=request.person_id,
        shop_id=request.shop_id,
        application_id=request.application_id,
        offer_id=request.offer_id,
        lender_type=request.lender_type,
        payee=request.payee,
        sha256=form.disclosure_hash,
        form=_plain(form),
        apr_simple=form.apr_simple,
        apr_compound=form.apr_compound,
        cap=rule.value,
        cap_source=f"{rule.code} {rule.lender_type} {rule.effective_from}: {rule.source}",
        min_read_seconds=request.min_read_seconds,
        recorded_at=now,
    )
    drawn_up = DrawnUp(
        disclosure_id=row.id,
        sha256=row.sha256,
        apr_simple=str(form.apr_simple),
        apr_compound=str(form.apr_compound),
        cap=str(rule.value),
        above_cap_compound=form.apr_compound > rule.value,
    )
    return asdict(drawn_up)


def checked_cap(form: Disclosure, *, lender_type: str) -> rule_table.Rule:
    """The cap in force on the day of disbursement; refuses a form above it, and a day without any rule."""
    on = form.terms.disbursed_on
    try:
        rule = rule_table.find("CAP_ALLIN", metric="apr_simple", on=on, lender_type=lender_type)
    except rule_table.RuleAbsent as absent:
        text = f"规则表中没有适用的综合成本上限 · no cap in the rule table: {absent}"
        raise Refused(Refusal("CAP_RULE_ABSENT", text, where=lender_type)) from absent
    if not within_cap(form.simple_exact, rule.value):
        shown = form.simple_exact.quantize(Decimal("0.00000001"))
        text = f"年化综合成本 {shown} 高于上限 {rule.value} · the yearly cost is above the cap"
        raise Refused(Refusal("ABOVE_CAP", text, where=rule.source))
    return rule


def _plain(form: Disclosure) -> dict[str, Any]:
    """The form as JSON values (dates and decimals as text), as it was hashed."""
    record = form.as_record()
    record["terms"] = {
        name: value if isinstance(value, int) else str(value or "") for name, value in record["terms"].items()
    }
    return record | {name: str(record[name]) for name in ("apr_simple", "apr_compound", "simple_exact")}
