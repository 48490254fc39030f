"""Papers for those who ask: gathers the names from the rooms and has the loan's papers set in type.

Rule kept: names and identity numbers are written out in full for the borrower and for staff who may reveal them, and each such
print is logged as a look at sealed values; for everybody else they are masked.
"""

from datetime import date

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from puhui.parties import operations as party_operations
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.servicing import what_if
from puhui.servicing.papers import contents
from puhui.servicing.papers.contents import Case, Parties
from puhui.servicing.papers.printing import print_paper
from puhui.servicing.views import LoanView
from puhui.web import clock

NAMES = {"contract": "借款合同", "statement": "对账单", "payoff_letter": "结清证明", "receipt": "还款回单"}
_IN_FULL = ("name", "id_number")


def paper(loan: LoanView, kind: str, *, by: str = "", as_of: date | None = None) -> HttpResponse:
    """The contract, statement or payoff letter of a loan as a download. `by`: who may see names in full. Raises Refused, Http404."""
    if kind not in NAMES or kind == "receipt":
        raise Http404
    case = case_of(loan, by=by)
    if kind == "contract":
        return _pdf(kind, case, contents.contract(case))
    told = what_if.told(loan.loan_id, as_of=as_of or case.business_date)
    given = contents.statement(case, told) if kind == "statement" else contents.payoff_letter(case, told)
    return _pdf(kind, case, given)


def receipt(loan: LoanView, fact_id: str, *, by: str = "") -> HttpResponse:
    """One payment's receipt as a download. Raises Http404 where the loan has no such payment."""
    fact = next((each for each in what_if.facts(loan.loan_id) if each.id == fact_id), None)
    case = case_of(loan, by=by)
    told = what_if.told(loan.loan_id, as_of=case.business_date)
    paid = next((each for each in told.transactions if each.ref == fact_id and each.kind in contents.PAYMENTS), None)
    if fact is None or paid is None:
        raise Http404
    recorded = contents.beijing(fact.recorded_at)
    return _pdf("receipt", case, contents.receipt(case, told, paid, number=fact.id, recorded_at=recorded))


def case_of(loan: LoanView, *, by: str = "") -> Case:
    """The loan with the names a reader may see. Raises Http404 before the books are open or without a form."""
    form, today = servicing.disclosure(loan.disclosure_id), servicing.business_date()
    if form is None or today is None:
        raise Http404
    person, shop = parties.person(loan.person_id), parties.shop(loan.shop_id)
    name, id_number = (person.name, person.id_number) if person else ("—", "—")
    if by and person:
        reason = f"打印借款单据 papers of {loan.loan_id}"
        seen = party_operations.reveal(person.id, _IN_FULL, reason=reason, by=by, now=clock.now())
        name, id_number = seen["name"], seen["id_number"]
    named = Parties(
        borrower=name,
        id_number=id_number,
        shop=shop.name if shop else "—",
        credit_code=shop.credit_code if shop else "",
        lender=form["form"]["items"][0]["payee"],
        invented=bool(person and person.invented),
    )
    return Case(loan, named, form, today, what_if.order(loan.loan_id))


def _pdf(kind: str, case: Case, given: contents.Contents) -> HttpResponse:
    response = HttpResponse(print_paper(kind, given, dated=case.business_date), content_type="application/pdf")
    filename = f"{NAMES[kind]}-{case.loan.loan_id[-8:]}-{case.business_date}.pdf"
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response
