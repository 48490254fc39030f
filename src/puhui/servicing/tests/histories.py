"""Real repayment histories, read where they lie (PUHUI_DATA), as terms and facts; nothing of them is kept here.

berka: a Czech bank's 682 loans of 1993–1998. The amount is the number of months times the payment, so they are booked
at 0 %; payments were made on the 12th. The file of transactions ends on 31 March 1994.
lendingclub: 119,015 United States loans of April–August 2015, all over 36 months. The file gives sums of cash by kind,
not days: instalments are taken to have come on their due dates until the money was spent, which is an assumption.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.fold import Fact
from puhui.servicing.core.schedule import build
from puhui.servicing.core.terms import LoanTerms

BERKA_CASH_ENDS = date(1994, 3, 31)
_PAY_DAY = 12
_MONTHS = 36
_WRITTEN_OFF_AFTER, _RECOVERED_AFTER = 150, 210  # days after the first instalment that did not come in full


@dataclass(frozen=True, slots=True)
class History:
    """One loan: its terms, what happened, and what the source says of it."""

    name: str
    terms: LoanTerms
    facts: tuple[Fact, ...]
    status: str
    installment_minor: int


def minor(amount: object) -> int:
    """Yuan, crowns or dollars as whole minor units."""
    return int((Decimal(str(amount)) * 100).to_integral_value())


def berka(folder: Path) -> list[History]:
    """All 682 loans, each with the payments (UVER) of its account that the file has."""
    payments = defaultdict(list)
    for row in _rows(folder / "trans.asc"):
        if row.get("k_symbol") == "UVER":
            payments[row["account_id"]].append((day_number(_day(row["date"])), minor(row["amount"]), row["trans_id"]))
    return [_berka_loan(row, payments[row["account_id"]]) for row in _rows(folder / "loan.asc")]


def berka_orders(folder: Path) -> dict[str, int]:
    """What the standing order of each account pays a month, for accounts with a loan."""
    orders = (row for row in _rows(folder / "order.asc") if row["k_symbol"] == "UVER")
    return {row["account_id"]: minor(row["amount"]) for row in orders}


def _berka_loan(row: dict[str, str], paid: list[tuple[int, int, str]]) -> History:
    lent_on = _day(row["date"])
    terms = LoanTerms(
        currency="CZK",
        principal_minor=minor(row["amount"]),
        annual_rate=Decimal(0),
        periods=int(row["duration"]),
        disbursed_on=lent_on,
        first_due_on=_next_pay_day(lent_on),
    )
    facts = tuple(Fact(on, "repay", amount, ref, number) for number, (on, amount, ref) in enumerate(sorted(paid)))
    return History(row["account_id"], terms, facts, row["status"], minor(row["payments"]))


def _next_pay_day(lent_on: date) -> date:
    if lent_on.day < _PAY_DAY:
        return lent_on.replace(day=_PAY_DAY)
    months = lent_on.year * 12 + lent_on.month  # the month after, counted from 0
    return date(months // 12, months % 12 + 1, _PAY_DAY)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a `;` file; the transactions' last line is cut in the middle and left out."""
    with path.open(encoding="latin-1", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            if None not in row.values():
                yield row


def _day(text: str) -> date:
    return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))


def lending_club(path: Path, *, every: int) -> Iterator[History]:
    """Every n-th loan of the file."""
    rows = pl.read_parquet(path).gather_every(every).to_dicts()
    terms = [_club_terms(row) for row in rows]
    plan = build(terms)
    dues = (plan.due_on.astype(np.int64) + day_number(date(1970, 1, 1))).reshape(len(rows), _MONTHS)
    interest = plan.interest_minor.reshape(len(rows), _MONTHS)
    for row, agreed, due, asked in zip(rows, terms, dues, interest, strict=True):
        paid_off = row["loan_status"] == "Fully Paid"
        happened = _paid_off(row, due, asked) if paid_off else _charged_off(row, due)
        facts = tuple(Fact(on, kind, amount, f"{kind}-{n}", n) for n, (on, kind, amount) in enumerate(happened))
        yield History(str(row["id"]), agreed, facts, row["loan_status"], minor(row["installment"]))


def _club_terms(row: dict) -> LoanTerms:
    """The file has no amount lent: loans paid in full tell it, for the others it follows from the instalment."""
    rate = Decimal(str(row["int_rate"])) / 100
    if row["loan_status"] == "Fully Paid":
        lent = Decimal(str(row["total_rec_prncp"]))
    else:
        month = rate / 12
        lent = Decimal(str(row["installment"])) * (1 - (1 + month) ** -_MONTHS) / month
    dollars = int((lent / 25).to_integral_value()) * 25  # all are multiples of 25
    return LoanTerms("USD", dollars * 100, rate, _MONTHS, date.fromisoformat(row["issue_d"][:10]))


Happened = list[tuple[int, str, int]]


def _paid_off(row: dict, due: np.ndarray, asked: np.ndarray) -> Happened:
    """Instalments until the interest received is reached; there the rest of the cash pays the loan off."""
    cash, installment = minor(row["total_rec_prncp"] + row["total_rec_int"]), minor(row["installment"])
    last = int(np.abs(np.cumsum(asked) - minor(row["total_rec_int"])).argmin())
    facts = [(int(due[n]), "repay", installment) for n in range(last)]
    return [*facts, *_late_fee(row, due, last), (int(due[last]), "repay", cash - last * installment + _fee(row))]


def _charged_off(row: dict, due: np.ndarray) -> Happened:
    """Instalments until the cash is spent, the last one in part; then written off, and what came later recovered."""
    cash, installment = minor(row["total_rec_prncp"] + row["total_rec_int"]), minor(row["installment"])
    full = min(cash // installment, _MONTHS - 1)
    part = cash - full * installment + _fee(row)
    facts = [(int(due[n]), "repay", installment) for n in range(full)]
    facts += _late_fee(row, due, full)
    facts += [(int(due[full]), "repay", part)] if part else []
    facts.append((int(due[full]) + _WRITTEN_OFF_AFTER, "write_off", 0))
    recovered = minor(row["recoveries"])
    return facts + ([(int(due[full]) + _RECOVERED_AFTER, "recover", recovered)] if recovered else [])


def _late_fee(row: dict, due: np.ndarray, last: int) -> Happened:
    return [(int(due[last]) - 5, "charge_fee", fee)] if (fee := _fee(row)) else []


def _fee(row: dict) -> int:
    return max(minor(row["total_rec_late_fee"]), 0)
