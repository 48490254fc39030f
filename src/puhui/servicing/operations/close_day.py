"""End of day (日终) over the whole book: read columns, decide (core/day), write columns, prove the laws, open the next day.

Rule kept: one transaction. Killed at any point, nothing of the day is in the book, and the next run gives the same
result; a day that is closed already is answered with its record, and nothing moves. Payments wait for the run, so
that each belongs to exactly one business date.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
from django.db import transaction

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import rule_table
from puhui.servicing import columns, control, models
from puhui.servicing.core import lifecycle
from puhui.servicing.core.classification import ClassLimits
from puhui.servicing.core.day import DayLoans, DayOutcome, DayRows, close
from puhui.servicing.core.journal import Flow
from puhui.servicing.core.settlement import OpenLoans
from puhui.store import copying

Progress = Callable[[str, int, int], None]
STAGES = ("read", "decide", "post", "write", "prove", "open next")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DaySummary:
    """What the end of one business date did, over all institutions."""

    business_date: date
    next_business_date: date
    loans: int
    accrued_minor: int
    credit_used_minor: int
    became_overdue: int
    cured: int
    closed: int
    overdue_loans: int
    outstanding_minor: int
    already_closed: bool = False


class LawBroken(Exception):
    """The book contradicts itself; the day was not closed and nothing was written. A person must look."""


@transaction.atomic
def close_day(*, now: datetime, day: date | None = None, progress: Progress | None = None) -> DaySummary:
    """Close `day`, or the open business date; returns the summary. A later day than the open one is refused."""
    tell = progress or (lambda stage, done, total: None)
    today = models.open_day(lock="update")
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    if day is not None and day != today.business_date:
        return _answer_for_another_day(day, today.business_date)
    day = today.business_date
    run = _Run(day, now, *_read(day))
    tell(STAGES[0], 1, len(STAGES))
    outcome = close(run.day_loans(), run.day_rows(), np.datetime64(day), _limits(day))
    tell(STAGES[1], 2, len(STAGES))
    _post(run, outcome)
    tell(STAGES[2], 3, len(STAGES))
    _write(run, outcome)
    tell(STAGES[3], 4, len(STAGES))
    _prove_and_record(run, outcome)
    tell(STAGES[4], 5, len(STAGES))
    today.state, today.closed_at = "closed", now
    today.save(update_fields=["state", "closed_at"])
    models.BusinessDay.objects.create(business_date=day + ONE_DAY, opened_at=now)
    tell(STAGES[5], 6, len(STAGES))
    return _summary(day, already_closed=False)


def close_through(last: date, *, now: datetime, progress: Progress | None = None) -> list[DaySummary]:
    """Catch up: close every open business date up to and including `last`, each in its own transaction."""
    summaries = []
    while (today := models.open_day()) is not None and today.business_date <= last:
        summaries.append(close_day(now=now, day=today.business_date, progress=progress))
    return summaries


@dataclass(frozen=True, slots=True)
class _Run:
    """The frames of one run: `loans` by position, `rows` the open instalments."""

    day: date
    now: datetime
    loans: pl.DataFrame
    rows: pl.DataFrame

    def loan(self, name: str) -> np.ndarray:
        return columns.column(self.loans, name)

    def row(self, name: str) -> np.ndarray:
        return columns.column(self.rows, name)

    def day_loans(self) -> DayLoans:
        return DayLoans(
            held=OpenLoans(self.loan("credit_minor"), self.loan("waterfall").astype(str)),
            outstanding_minor=self.loan("outstanding_minor"),
            state=self.loan("state").astype(str),
            oldest_due_on=self.loan("oldest_due_on"),
            five_class=self.loan("five_class").astype(str),
        )

    def day_rows(self) -> DayRows:
        return DayRows(
            loan=self.row("loan"),
            starts_on=self.row("starts_on"),
            due_on=self.row("due_on"),
            interest_minor=self.row("interest_minor"),
            principal_minor=self.row("principal_minor"),
            paid_interest_minor=self.row("paid_interest_minor"),
            paid_principal_minor=self.row("paid_principal_minor"),
            half_even=(self.rows["rounding"] == "half_even").to_numpy(),
        )


def _answer_for_another_day(day: date, open_date: date) -> DaySummary:
    if day > open_date:
        text = f"请先关闭营业日 {open_date} · days are closed in order"
        raise Refused(Refusal("DATES_OUT_OF_ORDER", text, where=str(day)))
    if not models.BusinessDay.objects.filter(business_date=day).exists():
        raise Refused(Refusal("DAY_UNKNOWN", "早于首个营业日 · before the books were opened", where=str(day)))
    return _summary(day, already_closed=True)


def _read(day: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    loans = columns.serviced_loans()
    return loans, columns.open_instalments(loans, day)


def _limits(day: date) -> ClassLimits:
    """The five-class limits in force on the day, from the dated rule table (“more than n days late”)."""
    over = {}
    for name in ("special_mention", "substandard", "doubtful", "loss"):
        rule = rule_table.find("FIVE_CLASS", metric=f"{name}_dpd", on=day)
        over[f"{name}_over"] = int(rule.value) - (1 if rule.op == ">=" else 0)
    return ClassLimits(**over)


def _post(run: _Run, outcome: DayOutcome) -> None:
    """One entry an institution and kind; its postings name their loans."""
    _post_kind(run, "settle_credit", outcome.settlement.flows)
    _post_kind(run, "accrue", [outcome.accrual_flow])


def _post_kind(run: _Run, kind: str, flows: list[Flow]) -> None:
    moved = sum((flow.amount_minor for flow in flows), np.zeros(len(run.loans), np.int64)) > 0
    institutions = run.loans.filter(moved)["institution_id"].unique().sort().to_list()
    entries = {institution: new_id("entry", now=run.now) for institution in institutions}
    key = f"close-{run.day}"
    models.Entry.objects.bulk_create(
        models.Entry(
            id=entry_id,
            institution_id=institution,
            kind=kind,
            effective_date=run.day,
            business_date=run.day,
            recorded_at=run.now,
            idempotency_key=key,
            input_hash=digest({"kind": kind, "day": run.day, "institution": institution}),
        )
        for institution, entry_id in entries.items()
    )
    postings = columns.postings_of(flows, run.loans, entries=entries, day=run.day)
    copying.copy_frame(postings, "servicing_posting")


def _write(run: _Run, outcome: DayOutcome) -> None:
    """Only what changed: instalments, loans, moves."""
    _write_instalments(run, outcome)
    moves = _moves(run, outcome)
    changed = outcome.loan_changed
    loans = run.loans.select("id").with_columns(
        outstanding_minor=pl.Series(outcome.outstanding_minor),
        credit_minor=pl.Series(outcome.settlement.credit_minor),
        oldest_due_on=pl.Series(outcome.settlement.oldest_due_on),
        five_class=pl.Series(outcome.five_class.tolist(), dtype=pl.String),
    )
    columns.update_rows("servicing_loan", loans.filter(changed), keys=["id"])
    copying.copy_frame(moves, "servicing_move")
    states = moves.select(id="loan_id", state="to_state")
    columns.update_rows("servicing_loan", states, keys=["id"])
    closed = states.filter(pl.col("state") == "closed").select("id", closed_on=pl.lit(run.day))
    columns.update_rows("servicing_loan", closed, keys=["id"])


def _write_instalments(run: _Run, outcome: DayOutcome) -> None:
    done = outcome.settlement
    rows = run.rows.select(
        "loan_id",
        "n",
        paid_interest_minor=pl.col("paid_interest_minor") + pl.Series(done.interest_minor),
        paid_principal_minor=pl.col("paid_principal_minor") + pl.Series(done.principal_minor),
        settled_on=pl.when(pl.Series(done.row_settled)).then(pl.lit(run.day)),
    )
    columns.update_rows("servicing_instalment", rows.filter(outcome.row_changed), keys=["loan_id", "n"])


def _moves(run: _Run, outcome: DayOutcome) -> pl.DataFrame:
    table = [{"from_state": start, "verb": verb, "to_state": end} for (start, verb), end in lifecycle.MOVES.items()]
    asked = run.loans.select("institution_id", loan_id="id", from_state="state").with_columns(
        verb=pl.Series(outcome.verb.tolist(), dtype=pl.String)
    )
    return asked.join(pl.DataFrame(table), on=["from_state", "verb"], how="inner", maintain_order="left").with_columns(
        effective_date=pl.lit(run.day), recorded_at=pl.lit(run.now.isoformat()), reason=pl.lit("end of day")
    )


def _prove_and_record(run: _Run, outcome: DayOutcome) -> None:
    """Ledger (yesterday's balances and today's postings) against sub-ledger; then one row an institution."""
    receivable = _by_institution(run, outcome.receivable_minor)
    ledger = control.ledger_at_close(run.day)
    if breaches := control.breaches_at_close(ledger, receivable):
        raise LawBroken("; ".join(f"{b.law} {b.where}: {b.expected} ≠ {b.found}" for b in breaches[:5]))
    figures = _figures(run, outcome)
    models.DayRun.objects.bulk_create(
        models.DayRun(
            business_date=run.day,
            institution_id=institution,
            recorded_at=run.now,
            balances=balances,
            **figures.get(institution, _NO_FIGURES),
        )
        for institution, balances in sorted(ledger.items())
    )


_COUNTS = {"became_overdue": "miss_due", "cured": "cure", "closed": "settle"}
_NO_FIGURES = {
    "loans": 0,
    "accrued_minor": 0,
    "credit_used_minor": 0,
    "became_overdue": 0,
    "cured": 0,
    "closed": 0,
    "overdue_loans": 0,
    "outstanding_minor": 0,
    "outstanding_by_bucket": {},
    "outstanding_by_class": {},
}


def _figures(run: _Run, outcome: DayOutcome) -> dict[str, dict[str, object]]:
    """The figures of the day's record, by institution."""
    done = outcome.settlement
    frame = run.loans.select("institution_id").with_columns(
        accrued=pl.Series(outcome.accrued_minor),
        credit_used=run.loans["credit_minor"] - pl.Series(done.credit_minor),
        late=pl.Series(done.days_past_due) > 0,
        outstanding=pl.Series(outcome.outstanding_minor),
        verb=pl.Series(outcome.verb.tolist(), dtype=pl.String),
        bucket=pl.Series(outcome.bucket.tolist(), dtype=pl.String),
        five_class=pl.Series(outcome.five_class.tolist(), dtype=pl.String),
    )
    rows = frame.group_by("institution_id").agg(
        loans=pl.len(),
        accrued_minor=pl.col("accrued").sum(),
        credit_used_minor=pl.col("credit_used").sum(),
        overdue_loans=pl.col("late").sum(),
        outstanding_minor=pl.col("outstanding").sum(),
        **{name: (pl.col("verb") == verb).sum() for name, verb in _COUNTS.items()},
    )
    by_bucket, by_class = _outstanding_by(frame, "bucket"), _outstanding_by(frame, "five_class")
    return {
        institution: row
        | {"outstanding_by_bucket": by_bucket[institution], "outstanding_by_class": by_class[institution]}
        for row in rows.to_dicts()
        if (institution := row.pop("institution_id"))
    }


def _outstanding_by(frame: pl.DataFrame, name: str) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {}
    for institution, group, minor in frame.group_by("institution_id", name).agg(pl.col("outstanding").sum()).rows():
        sums.setdefault(institution, {})[group] = minor
    return sums


def _by_institution(run: _Run, amounts: np.ndarray) -> dict[str, int]:
    frame = run.loans.select("institution_id").with_columns(minor=pl.Series(amounts))
    return dict(frame.group_by("institution_id").agg(pl.col("minor").sum()).rows())


def _summary(day: date, *, already_closed: bool) -> DaySummary:
    runs = list(models.DayRun.objects.filter(business_date=day))
    names = [name for name in DaySummary.__dataclass_fields__ if name in _NO_FIGURES]
    totals = {name: sum(getattr(run, name) for run in runs) for name in names}
    return DaySummary(day, day + ONE_DAY, **totals, already_closed=already_closed)
