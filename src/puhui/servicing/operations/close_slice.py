"""Close one business date for one slice of the book: read its columns, decide (core/day), write, in one transaction.

Rule kept: the caller holds the slice's lock, so nobody writes on its loans meanwhile; the slice is done or not begun. The same
function with one loan closes it ahead of its slice, when something is to be written on it while the run goes on.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.policy.rule_table import RuleAbsent
from puhui.servicing import columns, day_book, models, slices
from puhui.servicing.core import lifecycle
from puhui.servicing.core.changes import EARNED
from puhui.servicing.core.classification import CLASSES
from puhui.servicing.core.day import DayLoans, DayOutcome, DayRules, close
from puhui.servicing.core.shares import Holdings
from puhui.servicing.day_book import Methods, Standing
from puhui.servicing.history import History
from puhui.servicing.instalment_rows import write_ahead
from puhui.servicing.operations.release_discounts import release_discounts
from puhui.servicing.provisioning import MethodTable, ecl_table, methods_on
from puhui.servicing.rules import rules_on
from puhui.servicing.slices import Range
from puhui.store import arrays, copying


@dataclass(frozen=True, slots=True)
class Closing:
    """What every slice of one day shares. `every`: rules changed over night, so every loan is looked at."""

    rules: DayRules
    every: bool
    now: datetime
    before: MethodTable  # how each institution provided the day before, and how it does now
    methods: MethodTable


def closing_of(day: date, *, now: datetime) -> Closing:
    """The rules of the day, and whether they are those of the day before."""
    yesterday = day - timedelta(days=1)
    before, methods = methods_on(yesterday), methods_on(day)
    try:
        every = _day_rules(yesterday) != _day_rules(day) or before != methods
    except RuleAbsent:
        every = True
    return Closing(_day_rules(day), every, now, before, methods)


def _day_rules(day: date) -> DayRules:
    rules = rules_on(day)
    return DayRules(rules.classes, rules.stages, rules.provisions, ecl_table(day), rules.non_accrual_over)


def close_slice(wanted: Range, closing: Closing, *, early: bool = False) -> None:
    """Do the day's work for these loans, inside the caller's transaction."""
    day = np.datetime64(wanted.day)
    watched = slices.watched_loans(wanted, every=closing.every)
    quiet = slices.quiet_loans(wanted, none=closing.every)
    rows = slices.begun_rows(watched, wanted.day)
    if running := slices.running_due(watched, rows, wanted.day):
        plan_ahead(running, wanted.day)
        rows = slices.begun_rows(watched, wanted.day)
    loans, orders = slices.day_loans(watched)
    outcome = close(loans, slices.day_rows(watched, rows), day, closing.rules, orders)
    book = day_book.standing(watched, loans, outcome, quiet, day)
    owners = [*watched["institution_id"], *quiet.owner.tolist()]
    held, names = slices.holdings(wanted, book.number, owners)
    methods = Methods(closing.before.of(names), closing.methods.of(names))
    written = _Written(wanted, closing.now, book, held, names, early, methods)
    written.post(loans, outcome)
    written.record_parts()
    _write_loans(wanted, watched, outcome, closing.now)
    _write_instalments(wanted, rows, outcome)
    release_discounts(wanted, key=_key(wanted, early), now=closing.now)


def plan_ahead(loan_ids: Sequence[str], day: date) -> None:
    """Where interest follows the balance, what stays unpaid on its due date earns on: plan the next instalments with it."""
    for loan in models.Loan.objects.filter(id__in=loan_ids):
        write_ahead(loan, History.of(loan).folded(day, overdue_stays=True), day=day)


@dataclass(frozen=True, slots=True, eq=False)
class _Written:
    """Entries, postings and parts of one slice."""

    wanted: Range
    now: datetime
    book: Standing
    held: Holdings
    names: Sequence[str]
    early: bool
    methods: Methods

    def post(self, loans: DayLoans, outcome: DayOutcome) -> None:
        """Postings of single loans, and of the day's accruals and provisions in sums."""
        looked_at = np.searchsorted(self.held.loan, self.book.watched)
        columns_of = (
            self.held.loan,
            self.held.institution,
            self.held.from_weight,
            self.held.to_weight,
            self.held.of_weight,
        )
        held = Holdings(*(column[:looked_at] for column in columns_of))
        postings = [self._single("settle_credit", outcome, held), self._single("non_accrual", outcome, held)]
        postings.append(self._single("accrue", outcome, held))
        parts = day_book.accrued_parts(self.book, self.held)
        on = self.book.on_balance[self.held.loan]
        postings.append(self._sums("accrue", day_book.accrual_sums(parts, on, self.held, self.names)))
        provided = (
            (institution, line.debit, line.credit, minor)
            for line in day_book.provided(loans, outcome, held, self.methods)
            for institution, minor in day_book.summed(line.amount_minor, held, self.names)
        )
        postings.append(self._sums("provision", provided))
        self._store(pl.concat(postings))

    def record_parts(self) -> None:
        """One part an institution: its lines and its figures."""
        parts = day_book.accrued_parts(self.book, self.held)
        figures = day_book.figures(self.book, self.held, self.names, parts, self.methods.now)
        if self.early and not figures:  # not in service: only the mark that its slice must leave it out
            owner = models.Loan.objects.values_list("institution_id", flat=True).get(number=self.wanted.first)
            figures = {owner: {}}
        some = parts["interest"] + parts["penalty"] + parts["compound"] != 0
        for institution, of_institution in sorted(figures.items()):
            place = self.names.index(institution) if institution in self.names else -1
            rows = np.flatnonzero((self.held.institution == place) & some)
            loan = self.held.loan[rows]
            lines = [arrays.Whole(self.book.number[loan]), *(arrays.Whole(parts[head][rows]) for head in EARNED)]
            wanted = self.wanted
            about = [
                wanted.day,
                institution,
                wanted.first,
                wanted.last,
                self.early,
                json.dumps(of_institution),
                self.now,
            ]
            arrays.execute(_PART, [*about, *lines, arrays.Flags(self.book.on_balance[loan])])

    def _single(self, kind: str, outcome: DayOutcome, held: Holdings) -> pl.DataFrame:
        ids = np.array(self.book.loan_id, object)
        pieces = []
        for line in day_book.own_postings(outcome, held, kind):
            rows = np.flatnonzero(line.amount_minor)
            pieces.append(
                pl.DataFrame(
                    {
                        "institution_id": np.array(self.names, object)[held.institution[rows]].tolist(),
                        "loan_id": ids[held.loan[rows]].tolist(),
                        "amount_minor": line.amount_minor[rows],
                    },
                    schema=dict(list(_POSTING.items())[:3]),
                ).with_columns(debit=pl.lit(line.debit), credit=pl.lit(line.credit), kind=pl.lit(kind))
            )
        return pl.concat(pieces) if pieces else pl.DataFrame(schema=_POSTING)

    def _sums(self, kind: str, sums: Iterable[tuple[str, str, str, int]]) -> pl.DataFrame:
        """A sum below zero goes the other way: postings have no sign."""
        rows = [
            (institution, None, abs(minor), *((debit, credit) if minor > 0 else (credit, debit)), kind)
            for institution, debit, credit, minor in sums
        ]
        return pl.DataFrame(rows, schema=_POSTING, orient="row")

    def _store(self, postings: pl.DataFrame) -> None:
        key = _key(self.wanted, self.early)
        asked = postings.select("institution_id", "kind").unique().sort("institution_id", "kind").rows()
        entries = [(institution, kind, new_id("entry", now=self.now)) for institution, kind in asked]
        models.Entry.objects.bulk_create(
            models.Entry(
                id=entry_id,
                institution_id=institution,
                kind=kind,
                effective_date=self.wanted.day,
                business_date=self.wanted.day,
                recorded_at=self.now,
                idempotency_key=key,
                input_hash=digest({"kind": kind, "key": key, "institution": institution}),
            )
            for institution, kind, entry_id in entries
        )
        known = pl.DataFrame(
            entries, schema=dict.fromkeys(("institution_id", "kind", "entry_id"), pl.String), orient="row"
        )
        frame = postings.join(known, on=["institution_id", "kind"]).drop("kind")
        copying.copy_frame(frame.with_columns(business_date=pl.lit(self.wanted.day)), "servicing_posting")


def _key(wanted: Range, early: bool) -> str:
    return f"close-{wanted.day}-{wanted.first}{'-early' if early else ''}"


_PART = (
    "INSERT INTO servicing_day_part (business_date, institution_id, first_number, last_number, closed_early, figures, "
    "recorded_at, loan_numbers, interest_minor, penalty_minor, compound_minor, on_balance) "
    f"VALUES ({', '.join(['%s'] * 12)})"
)
_POSTING = {
    "institution_id": pl.String,
    "loan_id": pl.String,
    "amount_minor": pl.Int64,
    "debit": pl.String,
    "credit": pl.String,
    "kind": pl.String,
}


def _write_loans(wanted: Range, watched: pl.DataFrame, outcome: DayOutcome, now: datetime) -> None:
    moves = _moves(wanted, watched, outcome, now)
    copying.copy_frame(moves, "servicing_move")
    reached = dict(moves.select("loan_id", "to_state").rows())
    running, no_interest = outcome.running, np.isnat(outcome.running.look_on)
    off = np.where(
        np.isnat(slices.days(watched, "non_accrual_on")),
        np.datetime64(wanted.day),
        slices.days(watched, "non_accrual_on"),
    )
    new = pl.DataFrame(
        {
            "id": watched["id"],
            "outstanding_minor": outcome.outstanding_minor,
            "credit_minor": outcome.settlement.credit_minor,
            "oldest_due_on": outcome.settlement.oldest_due_on,
            "five_class": np.array(CLASSES)[outcome.class_position].tolist(),
            "stage": outcome.stage,
            "provision_minor": outcome.provision_minor,
            "ecl_minor": outcome.ecl_minor,
            "non_accrual_on": np.where(outcome.non_accrual, off, np.datetime64("NaT", "D")),
            "look_on": running.look_on,
            "period_from": running.starts_on,
            "period_to": running.ends_on,
        },
        schema_overrides={"five_class": pl.String},
    ).with_columns(
        period_interest_minor=pl.when(pl.Series(no_interest)).then(None).otherwise(pl.Series(running.interest_minor)),
        state=pl.col("id").replace(reached) if reached else pl.lit(None, pl.String),
    )
    changed = _changed(wanted, watched, new, outcome)
    state = pl.when(pl.col("id").is_in(list(reached))).then(pl.col("state"))
    new = new.with_columns(state=pl.coalesce(state, watched["state"])).filter(changed)
    columns.update_rows("servicing_loan", new, keys=["id"])
    closed = moves.filter(pl.col("to_state") == "closed").select(id="loan_id", closed_on=pl.lit(wanted.day))
    columns.update_rows("servicing_loan", closed, keys=["id"])


def _changed(wanted: Range, watched: pl.DataFrame, new: pl.DataFrame, outcome: DayOutcome) -> pl.Series:
    """Loans of which a column differs from what is stored."""
    differs = outcome.verb != ""
    for name in ("outstanding_minor", "credit_minor", "stage", "provision_minor", "ecl_minor"):
        differs = differs | (slices.whole(watched, name) != new[name].to_numpy())
    differs = differs | (slices.whole(watched, "class_position") != outcome.class_position)
    for name in ("oldest_due_on", "non_accrual_on", "look_on"):
        stored, found = slices.days(watched, name), new[name].to_numpy().astype("datetime64[D]")
        differs = differs | ~((stored == found) | (np.isnat(stored) & np.isnat(found)))
    return pl.Series(differs)


def _write_instalments(wanted: Range, rows: pl.DataFrame, outcome: DayOutcome) -> None:
    after = outcome.rows
    new = rows.select(
        "loan_id",
        "n",
        **{f"paid_{head}_minor": pl.Series(amounts) for head, amounts in after.paid.items()},
        penalty_minor=pl.Series(after.penalty.minor),
        penalty_carry=pl.Series(after.penalty.carry),
        compound_minor=pl.Series(after.compound.minor),
        compound_carry=pl.Series(after.compound.carry),
        penalty_to=pl.Series(after.counted_to),
        settled_on=pl.when(pl.Series(outcome.settlement.row_settled)).then(pl.lit(wanted.day)),
    )
    columns.update_rows("servicing_instalment", new.filter(pl.Series(outcome.row_changed)), keys=["loan_id", "n"])


def _moves(wanted: Range, watched: pl.DataFrame, outcome: DayOutcome, now: datetime) -> pl.DataFrame:
    table = [{"from_state": start, "verb": verb, "to_state": end} for (start, verb), end in lifecycle.MOVES.items()]
    asked = watched.select("institution_id", loan_id="id", from_state="state").with_columns(
        verb=pl.Series(outcome.verb.tolist(), dtype=pl.String)
    )
    return asked.join(pl.DataFrame(table), on=["from_state", "verb"], how="inner", maintain_order="left").with_columns(
        effective_date=pl.lit(wanted.day), recorded_at=pl.lit(now.isoformat()), reason=pl.lit("end of day")
    )
