"""Control totals: the ledger by institution, and the sub-ledger it must equal.

Rule kept: at each end of day the ledger is carried forward (yesterday's balances and today's postings), so the proof
costs one day's rows and not the book's whole history; `puhui ledger verify` adds up everything from the first row.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q, Sum

from puhui.servicing import models
from puhui.servicing.core import accounts, laws
from puhui.servicing.core.laws import Breach
from puhui.servicing.day_book import COUNTS, SUMS

Ledger = dict[str, dict[str, int]]
Figures = dict[str, dict[str, Any]]
_ADDED = ("loans", "overdue_loans", *COUNTS, "accrued_minor", "penalty_minor", "compound_minor", "off_balance_minor")
_BY = {
    "by_bucket": "outstanding_by_bucket",
    "by_five_class": "outstanding_by_class",
    "by_at_stage": "outstanding_by_stage",
    "provision_by_five_class": "provision_by_class",
    "provision_by_at_stage": "provision_by_stage",
}


def ledger_at_close(day: date) -> Ledger:
    """Balances (debit − credit) by institution and account at the end of `day`."""
    totals = {
        run.institution_id: dict(run.balances)
        for run in models.DayRun.objects.filter(business_date__lt=day)
        .order_by("institution_id", "-business_date")
        .distinct("institution_id")
    }
    for institution, moved in ledger_of(models.Posting.objects.filter(business_date=day)).items():
        before = totals.setdefault(institution, {})
        for account, minor in moved.items():
            before[account] = before.get(account, 0) + minor
    return totals


def ledger_of(postings: models.models.QuerySet[models.Posting]) -> Ledger:
    """Balances by institution and account of some postings."""
    sums = postings.order_by().values_list("institution_id", "debit", "credit").annotate(Sum("amount_minor"))
    rows: dict[str, list[tuple[str, str, int]]] = {}
    for institution, debit, credit, minor in sums:
        rows.setdefault(institution, []).append((debit, credit, int(minor)))
    return {institution: laws.balances(lines) for institution, lines in sorted(rows.items())}


def figures_of(day: date) -> Figures:
    """The figures of all parts of a day, added up by institution."""
    total: Figures = {}
    parts = (
        models.DayPart.objects.filter(business_date=day)
        .order_by("institution_id")
        .values_list("institution_id", "figures")
    )
    for institution, figures in parts.iterator():
        into = total.setdefault(institution, {})
        for name, value in figures.items():
            if isinstance(value, dict):
                groups = into.setdefault(name, {})
                for group, minor in value.items():
                    groups[group] = groups.get(group, 0) + minor
            else:
                into[name] = into.get(name, 0) + value
    return total


def recorded(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of the day's record, from the figures of an institution (which may have had nothing to do)."""
    plain = {name: figures.get(name, 0) for name in (*_ADDED, "credit_used_minor")}
    named = {column: dict(figures.get(name, {})) for name, column in _BY.items()}
    sums = {"outstanding_minor": figures.get("outstanding", 0), "provision_minor": figures.get("provision", 0)}
    return plain | named | sums


def provision_moves(day: date) -> dict[str, dict[str, int]]:
    """How each institution's provision moved on a day, from its postings: set aside, released, used by losses and sales, restored."""
    found: dict[str, dict[str, int]] = {}
    provision, impairment = accounts.LOAN_LOSS_PROVISION, accounts.IMPAIRMENT_LOSS
    sums = models.Posting.objects.filter(Q(debit=provision) | Q(credit=provision), business_date=day)
    for institution, debit, credit, minor in (
        sums.order_by().values_list("institution_id", "debit", "credit").annotate(Sum("amount_minor"))
    ):
        if credit == provision:
            name = "provided" if debit == impairment else "restored"
        else:
            name = "released" if credit == impairment else "used"
        into = found.setdefault(institution, dict.fromkeys(("provided", "released", "used", "restored"), 0))
        into[name] += int(minor)
    return found


def breaches_at_close(ledger: Ledger, figures: Figures) -> list[Breach]:
    """Trial balance zero, normal sides, and ledger = sub-ledger for every account that is kept loan by loan."""
    found: list[Breach] = []
    for institution, total in ledger.items():
        found += laws.trial_balance_is_zero(institution, total) + laws.right_sides(institution, total)
    for name, account in SUMS.items():
        sign = 1 if accounts.CHART[account].normal_side == "debit" else -1
        expected = {institution: int(sums.get(name, 0)) for institution, sums in figures.items()}
        in_ledger = {institution: sign * total.get(account, 0) for institution, total in ledger.items()}
        found += laws.compare(f"sub-ledger equals ledger: {account}", expected, in_ledger)
    return found


def lines_against_postings(day: date | None = None) -> list[Breach]:
    """The lines of what accrued, loan by loan, add up to the postings without a loan; of one day, or of all."""
    where = "WHERE business_date = %s" if day else ""
    lines: dict[str, int] = {}
    for institution, on_balance, *sums in _rows(_LINES.format(where), [day] if day else []):
        for head, minor in zip(("interest", "penalty", "compound"), sums, strict=True):
            account = accounts.RECEIVABLE_OF_HEAD[head] if on_balance else accounts.MEMO_INTEREST
            lines[f"{institution}/{account}"] = lines.get(f"{institution}/{account}", 0) + int(minor)
    posted: dict[str, int] = {}
    for institution, account, minor in _rows(
        _POSTED.format("AND business_date = %s" if day else ""), [day] if day else []
    ):
        posted[f"{institution}/{account}"] = int(minor)
    return laws.compare("lines equal postings", lines, posted)


_LINES = (
    "SELECT institution_id, on_balance, sum(interest_minor), sum(penalty_minor), sum(compound_minor) "
    "FROM servicing_accrual {} GROUP BY 1, 2"
)
_POSTED = (
    "SELECT institution_id, side.account, sum(side.minor) FROM servicing_posting, "
    "LATERAL (VALUES (debit, amount_minor), (credit, -amount_minor)) side (account, minor) WHERE loan_id IS NULL {} "
    "AND account IN ('interest_receivable', 'penalty_receivable', 'compound_receivable', 'memo_interest') GROUP BY 1, 2"
)
_SETTLED = """
SELECT posting.institution_id, CASE WHEN posting.debit = 'cash' THEN posting.credit ELSE posting.debit END AS account,
       sum(CASE WHEN posting.debit = 'cash' THEN amount_minor ELSE -amount_minor END), count(DISTINCT posting.loan_id)
  FROM servicing_posting posting JOIN servicing_entry entry ON entry.id = posting.entry_id
 WHERE posting.business_date = %s AND 'cash' IN (posting.debit, posting.credit) AND entry.kind NOT IN ('disburse', 'transfer')
   AND 'compensation_receivable' NOT IN (posting.debit, posting.credit)
 GROUP BY GROUPING SETS ((1, 2), (1)) ORDER BY 1, 2
"""
_SETTLED_AS = {
    accounts.LOAN_PRINCIPAL: "principal_minor",
    accounts.INTEREST_RECEIVABLE: "interest_minor",
    accounts.INTEREST_INCOME: "interest_minor",
    accounts.PENALTY_RECEIVABLE: "penalty_minor",
    accounts.PENALTY_INCOME: "penalty_minor",
    accounts.COMPOUND_RECEIVABLE: "penalty_minor",
    accounts.COMPOUND_INCOME: "penalty_minor",
    accounts.FEE_RECEIVABLE: "fee_minor",
    accounts.FEE_INCOME: "fee_minor",
}

_SETTLEMENT = ("principal_minor", "interest_minor", "penalty_minor", "fee_minor", "other_minor", "loans")


def settlement_lines(day: date, *, now: datetime) -> Iterator[models.SettlementLine]:
    """What came in for each funder on the day, by what it paid, from the cash postings of the day."""
    lines: dict[str, dict[str, int]] = {}
    for institution, account, minor, loans in _rows(_SETTLED, [day]):
        line = lines.setdefault(institution, dict.fromkeys(_SETTLEMENT, 0))
        if account is None:  # the institution's total
            line["loans"] = loans
        else:
            line[_SETTLED_AS.get(account, "other_minor")] += int(minor)
    for institution, line in lines.items():
        yield models.SettlementLine(institution_id=institution, business_date=day, recorded_at=now, **line)


def instalments_against_loans() -> list[Breach]:
    """Principal left on the instalments of a disbursed loan is the loan's outstanding principal."""
    left = Sum(F("instalments__principal_minor") - F("instalments__paid_principal_minor"))
    disbursed = ~Q(state__in=["booked", "cancelled", "written_off", "transferred"])
    rows: Iterable[tuple[str, int, int]] = (
        models.Loan.objects.filter(disbursed)
        .annotate(left=left)
        .exclude(outstanding_minor=F("left"))
        .values_list("id", "left", "outstanding_minor")
    )
    return [Breach("instalments re-add to the loan", loan, int(minor), found) for loan, minor, found in rows]


_LATE = """
SELECT loan.id, loan.institution_id, loan.person_id, %s - loan.oldest_due_on,
       sum(line.principal_minor + line.interest_minor + line.fee_minor
           - line.paid_principal_minor - line.paid_interest_minor - line.paid_fee_minor)::bigint
  FROM servicing_loan loan JOIN servicing_instalment line ON line.loan_id = loan.id
 WHERE loan.state = 'overdue' AND loan.oldest_due_on < %s AND line.settled_on IS NULL AND line.due_on <= %s
 GROUP BY loan.id ORDER BY loan.id
"""


def late_loans(as_of: date) -> list[tuple[str, str, str, int, int]]:
    """Loans late at the end of `as_of`, with what is due and unpaid of their plan."""
    return [(loan, owner, person, days, minor) for loan, owner, person, days, minor in _rows(_LATE, [as_of] * 3)]


def _rows(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
