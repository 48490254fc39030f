"""A process to be killed: `python -m puhui.servicing.tests.killing close|through|pay|digest|wait …` on the installation in PUHUI_VAR.

It does the named things in their order: closes the open date (small slices, so that there is something to be in the middle of),
pays on the next date while that goes on, waits for a line on standard input, and prints a digest of the book that does not
depend on which slice or which early closing did the work.
"""

import hashlib
import importlib
import os
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

LOANS, SLICE_LOANS, ON = 1_200, 100, date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
NEXT = ON + timedelta(days=1)
# Whatever names a slice, a random id or a clock is left out; sums stand for postings that a slice or a loan may hold.
DIGESTED = {
    "loan": "SELECT * FROM servicing_loan ORDER BY number",
    "instalment": "SELECT * FROM servicing_instalment ORDER BY loan_id, n",
    "event": "SELECT loan_id, kind, effective_date, amount_minor, idempotency_key FROM servicing_event ORDER BY 1, 2, 5",
    "lines": "SELECT * FROM servicing_accrual ORDER BY 1, 2, 3",
    "postings": "SELECT p.institution_id, p.business_date, p.loan_id, e.kind, p.debit, p.credit, p.amount_minor FROM "
    "servicing_posting p JOIN servicing_entry e ON e.id = p.entry_id WHERE p.loan_id IS NOT NULL ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "sums": "SELECT p.institution_id, p.business_date, e.kind, p.debit, p.credit, sum(p.amount_minor) FROM "
    "servicing_posting p JOIN servicing_entry e ON e.id = p.entry_id GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
    "moves": "SELECT loan_id, from_state, verb, to_state, effective_date, reason FROM servicing_move ORDER BY 1, 5, 3",
    "runs": "SELECT to_jsonb(run) - 'id' FROM servicing_day_run run ORDER BY institution_id, business_date",
    "settlement": "SELECT institution_id, business_date, principal_minor, interest_minor, penalty_minor, fee_minor, "
    "other_minor, loans FROM servicing_settlement_line ORDER BY 1, 2",
    "days": "SELECT business_date, state FROM servicing_business_day ORDER BY 1",
}


def main() -> None:
    """Do one thing after the other and say so on standard output."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "puhui.web.settings")
    import django

    django.setup()
    from puhui.store import tenancy

    verbs = {"close": _close, "through": _through, "pay": _pay, "digest": _digest, "wait": sys.stdin.readline}
    with tenancy.scope(tenancy.PLATFORM):
        for verb in sys.argv[1:]:
            verbs[verb]()


def _close(until: date = ON) -> None:
    closing: Any = importlib.import_module("puhui.servicing.operations.close_day")
    closing.SLICE_LOANS = SLICE_LOANS
    print("begun", flush=True)
    closing.close_through(until, now=NOW)
    print("closed", flush=True)


def _through() -> None:
    """Close NEXT too."""
    _close(NEXT)


def _pay() -> None:
    """Pay the same loans with the same keys as often as it is run: on the next date, as soon as that is open."""
    from puhui.kernel.refusal import Refused
    from puhui.servicing.operations.record_repayment import record_repayment

    for number in range(7, LOANS, 29):
        loan_id = f"loan_{number:032x}"
        while True:
            try:
                record_repayment(loan_id, 50_000 + number, on=NEXT, key=f"pay-{number}", now=NOW)
            except Refused as refused:
                if refused.refusal.code == "NOT_THE_BUSINESS_DATE":
                    continue  # the end of day has not begun yet
            break
    print("paid", flush=True)


def _digest() -> None:
    from django.db import connection

    from puhui.servicing import queries

    for name, statement in DIGESTED.items():
        with connection.cursor() as cursor:
            cursor.execute(statement)
            told = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
        print(name, told)
    print("breaches", len(queries.verify()))


if __name__ == "__main__":
    main()
