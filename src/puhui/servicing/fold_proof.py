"""The proof of the loans that have more of a history than payments on their days: each is folded again from its facts.

Rule kept: the stored loan, its instalments and the journal's balances on every account that is kept loan by loan are those of
the fold (core/fold, core/positions). On the open business date credit may already have settled what is due or still wait for
the end of day: either is right.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from puhui.servicing import models
from puhui.servicing.core import accounts
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.laws import Breach
from puhui.servicing.core.positions import Booked, positions
from puhui.servicing.core.rows import fees_ahead, rows_of
from puhui.servicing.history import History

CHECKED = (
    accounts.LOAN_PRINCIPAL,
    accounts.INTEREST_RECEIVABLE,
    accounts.PENALTY_RECEIVABLE,
    accounts.COMPOUND_RECEIVABLE,
    accounts.FEE_RECEIVABLE,
    accounts.MEMO_INTEREST,
    accounts.BORROWER_CREDIT,
    accounts.COMPENSATION_RECEIVABLE,
)
_ROW = ("due_on", "principal_minor", "interest_minor", "fee_minor", "charged_penalty_minor")
_PAID = ("paid_principal_minor", "paid_interest_minor", "paid_fee_minor", "paid_penalty_minor", "paid_compound_minor")
_PLAIN_KINDS = ("disburse", "repay")


def need_folding(loans: Sequence[models.Loan]) -> set[str]:
    """Loans with terms, a policy or facts that the columns of a plain book do not know."""
    plain = ("equal_installment", "30/360")
    named = {loan.id for loan in loans if loan.policy or loan.terms or (loan.method, loan.day_count) != plain}
    events = models.Event.objects.filter(loan_id__in=[loan.id for loan in loans])
    told = events.values_list("loan_id", "kind", "effective_date", "business_date").iterator()
    return named | {loan for loan, kind, on, booked in told if kind not in _PLAIN_KINDS or on != booked}


def breaches(loans: Sequence[models.Loan], journal: Mapping[tuple[str, str], int], today: date) -> list[Breach]:
    """What differs between these loans and their folds. `journal` has debit − credit by loan and account."""
    found: list[Breach] = []
    for loan in loans:
        if loan.state == "booked":
            continue
        history = History.of(loan)
        folds = [history.folded(today, overdue_stays=True, credit_waits=waits) for waits in (False, True)]
        settled, waiting = (_differences(loan, told, journal) for told in folds)
        found += settled if len(settled) <= len(waiting) else waiting
    return found


def _differences(loan: models.Loan, told: Folded, journal: Mapping[tuple[str, str], int]) -> list[Breach]:
    wanted = positions(told, fees_ahead(told), Booked(loan.non_accrual_on is not None))
    wanted[accounts.COMPENSATION_RECEIVABLE] = sum(told.claims.values())
    pairs = [(f"journal equals fold: {name}", wanted.get(name, 0), journal.get((loan.id, name), 0)) for name in CHECKED]
    pairs += [
        ("loan row equals fold: outstanding_minor", told.balance_minor, loan.outstanding_minor),
        ("loan row equals fold: credit_minor", told.credit_minor, loan.credit_minor),
    ]
    found = [Breach(law, loan.id, want, got) for law, want, got in pairs if want != got]
    stored = {row["n"]: row for row in models.Instalment.objects.filter(loan=loan).values("n", *_ROW, *_PAID)}
    for row in rows_of(told):
        kept = stored.pop(row.n, None)
        if kept is None:
            found.append(Breach("instalment equals fold", f"{loan.id}/{row.n}", 1, 0))
            continue
        for name in (*_ROW, *_PAID):
            want, got = getattr(row, name), kept[name]
            if want != got:
                figures = (want, got) if isinstance(want, int) else (want.toordinal(), got.toordinal())
                found.append(Breach(f"instalment equals fold: {name}", f"{loan.id}/{row.n}", *figures))
    return found + [Breach("instalment equals fold", f"{loan.id}/{n}", 0, 1) for n in stored]
