"""Ledgers as an accountant would write them: stories/*.txt, one line a step, expected figures in the margin."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from puhui.kernel.money import format_yuan, parse_yuan
from puhui.servicing import queries
from puhui.servicing.operations.close_day import close_through
from puhui.servicing.operations.disburse import disburse
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.tests.bookings import NOW, TERMS, booked

STORIES = sorted((Path(__file__).parent / "stories").glob("*.txt"))
_LOAN = re.compile(r"loan ([\d.]+) at ([\d.]+)% over (\d+) months from (\S+)")


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
@pytest.mark.django_db
def test_story(story: Path) -> None:
    told, happened = [], []
    loan_id = ""
    for line in story.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words or words[0] in ("#", "day"):
            continue
        if (terms := _LOAN.match(line)) is not None:
            loan_id = _book(*terms.groups())
            continue
        told.append(words)
        happened.append(_balance(words) if words[0] == "balance" else _step(loan_id, words, len(told)))
    assert told
    assert happened == told
    assert queries.verify() == []


def _book(principal: str, percent: str, periods: str, start: str) -> str:
    assert date.fromisoformat(start) == TERMS.disbursed_on
    return booked(
        replace(TERMS, principal_minor=parse_yuan(principal), annual_rate=Decimal(percent) / 100, periods=int(periods))
    )


def _step(loan_id: str, words: list[str], number: int) -> list[str]:
    day, verb, amount = date.fromisoformat(words[0]), words[1], words[2]
    close_through(day - timedelta(days=1) if verb != "end" else day, now=NOW)
    interest = principal = "-"
    if verb == "disburse":
        disburse(loan_id, on=day, key=f"step-{number}", now=NOW)
    elif verb == "repay":
        receipt = record_repayment(loan_id, parse_yuan(amount), on=day, key=f"step-{number}", now=NOW)
        interest, principal = _plain(receipt.interest_minor), _plain(receipt.principal_minor)
    loan = queries.loan(loan_id)
    late = receipt.days_past_due if verb == "repay" else loan.days_past_due  # the receipt is as of its own day
    money = [_plain(minor) for minor in (loan.credit_minor, loan.outstanding_minor)]
    return [words[0], verb, amount, interest, principal, *money, str(late), loan.state]


def _balance(words: list[str]) -> list[str]:
    line = next(line for line in queries.trial_balance() if line.account == words[1])
    side = "credit" if line.credit_minor or (words[3] == "credit" and not line.debit_minor) else "debit"
    return ["balance", line.account, _plain(line.debit_minor or line.credit_minor), side]


def _plain(minor: int) -> str:
    return format_yuan(minor).replace(",", "")
