"""One loan after one back-dated payment: folded again and posted as a difference, through the service and PostgreSQL.

The shape is that of the slowest published case (frappe/lending #1384: 2,394 accruals, 2,053 demands, 350 s after two years of
work on it): 2,400 days, 2,050 dues, a payment on all but six of them. The loan is made up. Run by bench/__main__.py, or alone by
`python -m bench.repost`, on a fresh installation of its own.
"""

import json
import statistics
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.inside import figure
from bench.installation import fresh

DAYS, DUES = 2_400, 2_050
START = date(2019, 1, 1)


def main() -> None:
    """Measure and print; the temporary installation is removed at the end."""
    with fresh() as place:
        command = [sys.executable, "-m", "bench.repost", "--inside"]
        subprocess.run(command, env=place.migrated().environment, check=True)


def inside() -> None:
    """Print one JSON line a figure, in the installation of this process."""
    from puhui.cli import attachment

    with attachment.platform():
        for line in lines():
            print(json.dumps(line | {"data": "invented"}), flush=True)


def lines() -> list[dict[str, object]]:
    """Book the loan, pay it for years, then time back-dated payments and their reversals."""
    from puhui.servicing import queries
    from puhui.servicing.operations.record_fact import Happened, record_fact

    now = datetime.now(UTC)
    loan_id = _loan(now)
    seconds: list[float] = []
    for turn in range(6):
        on = START + timedelta(days=DAYS - 200 - turn)
        started = time.perf_counter()
        paid = record_fact(loan_id, Happened("repay", on, 123_456), key=f"late-{turn}", now=now)
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        record_fact(
            loan_id, Happened("reverse", on + timedelta(days=190), 0, paid.event_id), key=f"back-{turn}", now=now
        )
        seconds.append(time.perf_counter() - started)
    assert queries.verify() == [], "the book is not what its facts say"
    return [
        figure("servicing.repost_one_loan", 1000 * statistics.median(seconds), "ms", DUES),
        figure("servicing.repost_one_loan_slowest", 1000 * max(seconds), "ms", DUES),
    ]


def _loan(now: datetime) -> str:
    """A made-up loan of daily instalments, paid on most days, as the tables of the book would hold it."""
    from puhui.servicing import models
    from puhui.servicing.core.disclosure import contingent_items
    from puhui.servicing.core.loan_policy import LoanPolicy
    from puhui.servicing.core.terms import LoanTerms
    from puhui.servicing.operations.book_loan import Booking, book_loan
    from puhui.servicing.operations.confirm_disclosure import Reading, confirm_disclosure
    from puhui.servicing.operations.disburse import disburse
    from puhui.servicing.operations.disclose import DisclosureRequest, disclose
    from puhui.servicing.operations.open_books import open_books

    open_books(START, now=now)
    terms = LoanTerms(
        currency="CNY",
        principal_minor=100_000_000,
        annual_rate=Decimal("0.12"),
        periods=DUES,
        disbursed_on=START,
        period_unit="day",
        interest_per="day",
        day_count="actual/365",
    )
    policy = LoanPolicy(penalty_multiplier=1_500_000, penalty_cap=240_000, compounds=True)
    items = contingent_items(policy, terms, "示例（虚构）")
    request = DisclosureRequest("inst_bench", "bank", "示例（虚构）", "p", "s", "a", "offer_repost", terms, items)
    form = disclose(request, key="form", now=now)
    reading = Reading(shown_at=now - timedelta(minutes=5), scrolled_to_end=True, device="bench")
    confirm_disclosure(form.disclosure_id, sha256=form.sha256, reading=reading, key="yes", now=now)
    loan_id = book_loan(Booking(form.disclosure_id, terms, policy=policy), key="book", now=now)
    disburse(loan_id, on=START, key="out", now=now)
    _years_pass(models.Loan.objects.get(pk=loan_id), now)
    return loan_id


def _years_pass(loan: Any, now: datetime) -> None:
    """Payments of all the years as facts, and the book moved to the last day: what the ends of day would have left."""
    from puhui.kernel.ids import new_id
    from puhui.servicing import models
    from puhui.servicing.core.daycount import day_of
    from puhui.servicing.history import History
    from puhui.servicing.operations.asked_once import Asked
    from puhui.servicing.operations.write_difference import Cause, write_difference

    last = START + timedelta(days=DAYS)
    history = History.of(loan)
    plan = history.folded(START).dues
    before = history.folded(START, overdue_stays=True)
    models.BusinessDay.objects.filter(state="open").update(business_date=last)
    models.Event.objects.bulk_create(
        models.Event(
            id=new_id("event", now=now),
            institution_id=loan.institution_id,
            loan=loan,
            kind="repay",
            effective_date=day_of(plan.dues[k] + (3 if k % 7 == 0 else 0)),
            amount_minor=plan.asked["principal"][k] + plan.asked["interest"][k],
            business_date=day_of(plan.dues[k] + 3),
            recorded_at=now,
            idempotency_key=f"pay-{k}",
            input_hash="bench",
        )
        for k in range(DUES - 5)
        if k != 500
    )
    after = History.of(loan).folded(last, overdue_stays=True)
    asked = Asked(loan.institution_id, "years", "years", {}, now)
    write_difference(loan, before, after, Cause("repay", None, last, last), asked)


if __name__ == "__main__":
    inside() if "--inside" in sys.argv else main()
