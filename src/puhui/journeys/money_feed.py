"""What loans earned told to acquisition: for every application that an advertisement brought, income less loss by day, as its loan's ledger has it.

Rule kept: an amount is the profit or loss of a day's postings (credits less debits of income and expense accounts), so expected loss counts from the
day it is provided and comes back when it is released. Told again whole; acquisition keeps only the difference.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta

from puhui.acquisition import queries as acquisition
from puhui.acquisition import vintages
from puhui.servicing import queries as servicing
from puhui.servicing.core.accounts import CHART
from puhui.underwriting import queries as underwriting

BACK = timedelta(days=400)
_RESULT = frozenset(code for code, account in CHART.items() if account.kind in ("income", "expense"))


def feed(*, now: datetime, back: timedelta = BACK) -> int:
    """Bring acquisition up to date for applications brought since `now - back`; answers how many rows that took."""
    earned: dict[tuple[str, date], int] = defaultdict(int)
    subjects = set()
    for brought in acquisition.brought_since(now - back):
        loan_id = underwriting.application(brought.application_id).loan_id
        if not loan_id:
            continue
        subjects.add(brought.application_id)
        for line in servicing.journal(loan_id):
            result = (line.credit in _RESULT) - (line.debit in _RESULT)
            if result:
                earned[brought.application_id, line.effective_date] += result * line.amount_minor
    return vintages.tell(earned, subjects=subjects, now=now)
