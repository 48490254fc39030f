"""What an end of day writes for one slice: postings, accrual arrays and figures by institution, from the core's outcome.

Rule kept: the ledger gets one posting an institution and account pair for what accrued, and the part keeps one figure a loan;
the sum of the figures is the posting (a law of every end of day). Postings of events and of credit name their loan.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from puhui.servicing.core import accounts, changes
from puhui.servicing.core.changes import EARNED
from puhui.servicing.core.classification import CLASSES
from puhui.servicing.core.day import DayLoans, DayOutcome, earn
from puhui.servicing.core.delinquency import BUCKETS, bucket_position
from puhui.servicing.core.provision import standing as provided_under
from puhui.servicing.core.shares import Holdings, Line, lines
from puhui.servicing.core.terms import Flags, Whole
from puhui.servicing.slices import Quiet

HEADS = (*EARNED, "fee")
COUNTS = {"became_overdue": "miss_due", "cured": "cure", "closed": "settle"}
SUMS = {
    "outstanding": accounts.LOAN_PRINCIPAL,
    "credit": accounts.BORROWER_CREDIT,
    **{head: accounts.RECEIVABLE_OF_HEAD[head] for head in HEADS},
    "memo": accounts.MEMO_INTEREST,
    "provision": accounts.LOAN_LOSS_PROVISION,
}


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """The loans of a slice at the end of the day, by position: those looked at first, then those that only earned."""

    number: Whole
    loan_id: list[str]  # of those looked at
    before: dict[str, Whole]  # receivable by head, before the day's accrual
    after: dict[str, Whole]
    on_balance: Flags
    outstanding_minor: Whole
    credit_minor: Whole
    credit_used_minor: Whole
    provision_minor: Whole
    ecl_minor: Whole
    class_position: Whole
    stage: Whole
    days_past_due: Whole
    serviced: Flags
    verb: np.ndarray

    @property
    def watched(self) -> int:
        return len(self.loan_id)


def standing(watched: pl.DataFrame, loans: DayLoans, outcome: DayOutcome, quiet: Quiet, day: np.datetime64) -> Standing:
    """Both kinds of loans in one set of columns."""
    nothing, count = np.zeros(len(quiet), np.int64), len(quiet)
    before, after = earn(quiet.interest_minor, quiet.starts_on, quiet.ends_on, day, quiet.half_even)

    def both(of_watched: Any, of_quiet: Any) -> np.ndarray:
        return np.concatenate([of_watched, of_quiet])

    return Standing(
        number=both(watched["number"].to_numpy(), quiet.number),
        loan_id=watched["id"].to_list(),
        before={h: both(outcome.receivable_before[h], before if h == "interest" else nothing) for h in HEADS},
        after={h: both(outcome.receivable[h], after if h == "interest" else nothing) for h in HEADS},
        on_balance=both(~outcome.non_accrual, np.ones(count, bool)),
        outstanding_minor=both(outcome.outstanding_minor, quiet.outstanding_minor),
        credit_minor=both(outcome.settlement.credit_minor, quiet.credit_minor),
        credit_used_minor=both(loans.held.credit_minor - outcome.settlement.credit_minor, nothing),
        provision_minor=both(outcome.provision_minor, quiet.provision_minor),
        ecl_minor=both(outcome.ecl_minor, quiet.ecl_minor),
        class_position=both(outcome.class_position, quiet.class_position),
        stage=both(outcome.stage, nothing + 1),
        days_past_due=both(outcome.settlement.days_past_due, nothing),
        serviced=both(loans.serviced, np.ones(count, bool)),
        verb=both(outcome.verb, np.full(count, "", "<U16")),
    )


def own_postings(outcome: DayOutcome, held: Holdings, kind: str) -> list[Line]:
    """Postings of the loans looked at, holding by holding."""
    return lines(outcome.changes[kind], held)


@dataclass(frozen=True, slots=True, eq=False)
class Methods:
    """How each institution provides, as positions in METHODS: at the end of the day before, and of this one."""

    before: Whole
    now: Whole


def provided(loans: DayLoans, outcome: DayOutcome, held: Holdings, methods: Methods) -> list[Line]:
    """What changes in the provisions of the loans looked at, holding by holding, each under its institution's method."""
    at, whose = held.loan, held.institution
    was = provided_under(loans.provision_minor[at], loans.ecl_minor[at], methods.before[whose])
    is_now = provided_under(outcome.provision_minor[at], outcome.ecl_minor[at], methods.now[whose])
    return changes.provided(held.part_at(was), held.part_at(is_now))


def accrued_parts(book: Standing, held: Holdings) -> dict[str, Whole]:
    """What each holding earned on the day, by head: a difference of two parts."""
    return {head: held.part(book.after[head]) - held.part(book.before[head]) for head in EARNED}


def accrual_sums(
    parts: dict[str, Whole], on: Flags, held: Holdings, names: Sequence[str]
) -> Iterator[tuple[str, str, str, int]]:
    """The postings of what accrued: (institution, debit, credit, amount), on the balance sheet and off it."""
    for head, amounts in parts.items():
        for flags, pair in (
            (on, (accounts.RECEIVABLE_OF_HEAD[head], accounts.INCOME_OF_HEAD[head])),
            (~on, (accounts.MEMO_INTEREST, accounts.MEMO_CONTRA)),
        ):
            for institution, minor in summed(np.where(flags, amounts, 0), held, names):
                yield institution, *pair, minor


def summed(amounts: Whole, held: Holdings, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Sums of a column of holdings by institution, those of nothing left out."""
    total = np.zeros(len(names), np.int64)
    np.add.at(total, held.institution, amounts)
    for place in np.flatnonzero(total).tolist():
        yield names[place], int(total[place])


def figures(
    book: Standing, held: Holdings, names: Sequence[str], parts: dict[str, Whole], method: Whole
) -> dict[str, dict[str, Any]]:
    """The sums of a slice by institution: counts at the first funder, amounts by what each holds."""
    loan, first = held.loan, held.first
    on, late = book.on_balance[loan], book.days_past_due[loan] > 0
    held_sums = {head: held.part(book.after[head]) for head in HEADS}
    provision = provided_under(book.provision_minor[loan], book.ecl_minor[loan], method[held.institution])
    memo = sum((np.where(on, 0, held_sums[head]) for head in EARNED), np.zeros(len(loan), np.int64))
    frame = pl.DataFrame(
        {
            "institution": held.institution,
            "loans": first & book.serviced[loan],
            "overdue_loans": first & late,
            **{name: first & (book.verb[loan] == verb) for name, verb in COUNTS.items()},
            "accrued_minor": np.where(on, parts["interest"], 0),
            "penalty_minor": np.where(on, parts["penalty"], 0),
            "compound_minor": np.where(on, parts["compound"], 0),
            "off_balance_minor": np.where(on, 0, sum(parts.values())),
            "credit_used_minor": np.where(first, book.credit_used_minor[loan], 0),
            "outstanding": held.part(book.outstanding_minor),
            "credit": np.where(first, book.credit_minor[loan], 0),
            **{head: np.where(on | (head == "fee"), held_sums[head], 0) for head in HEADS},
            "memo": memo,
            "provision": held.part_at(provision),
            "bucket": bucket_position(book.days_past_due)[loan],
            "five_class": book.class_position[loan],
            "at_stage": book.stage[loan],
        }
    )
    sums = frame.group_by("institution").agg(pl.exclude("bucket", "five_class", "at_stage").sum())
    found = {names[row.pop("institution")]: row for row in sums.to_dicts()}
    for name, titles in _GROUPS.items():
        grouped = frame.group_by("institution", name).agg(pl.col("outstanding", "provision").sum()).sort(name)
        for institution, group, minor, provided_minor in grouped.rows():
            into = found[names[institution]]
            into.setdefault(f"by_{name}", {})[titles[group]] = minor
            into.setdefault(f"provision_by_{name}", {})[titles[group]] = provided_minor
    return found


_GROUPS: dict[str, Sequence[str]] = {"bucket": BUCKETS, "five_class": CLASSES, "at_stage": ("", "1", "2", "3")}
