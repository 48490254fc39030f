"""The made-up loan book as rows: contracts, plans, shares, and, where asked for, facts and journal from the first day.

Rule kept: the rows are those that the front door would have written, so the laws hold over them. `journal=False` leaves out
facts and postings (ten million rows for a million loans); the opening balances of each institution, in the record of the day
before, are all that an end of day needs.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from puhui.servicing.core import accounts
from puhui.servicing.core.classification import CLASSES
from puhui.servicing.core.shares import Change, Line, lines
from puhui.servicing.core.terms import Whole
from puhui.simulate.loan_book import INSTITUTIONS, NEVER, POLICIES, Part, parts
from puhui.store import copying


def store(link: Any, count: int, *, on: date, seed: int, now: datetime, journal: bool) -> None:
    """Write a whole book into an empty database, as its owner (a connection of psycopg), and open `on`."""
    ledger: dict[str, dict[str, int]] = {name: {} for name in INSTITUTIONS}
    with link.transaction(), link.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger a row: nothing here can dangle
        for part in parts(count, on=on, seed=seed):
            for table, frame in rows_of(part, now=now, journal=journal):
                copying.stream_frame(cursor, frame, table)
            for name, made in balances(part).items():
                for account, minor in made.items():
                    ledger[name][account] = ledger[name].get(account, 0) + minor
        for table, frame in opening_rows(on, ledger, now=now):
            copying.stream_frame(cursor, frame, table)
        cursor.execute("SELECT setval('servicing_loan_number', %s)", [count])


def rows_of(part: Part, *, now: datetime, journal: bool) -> Iterator[tuple[str, pl.DataFrame]]:
    """The part as rows, table by table, in an order in which they can be stored."""
    yield "servicing_disclosure", _disclosures(part, now)
    yield "servicing_loan", _loans(part, now)
    yield "servicing_instalment", _instalments(part)
    yield "servicing_share", _shares(part)
    if journal:
        yield "servicing_event", _events(part, now)
        yield "servicing_entry", _entries(part, now)
        yield "servicing_posting", _postings(part)
        yield "servicing_day_part", _accrued(part, now)


def balances(part: Part) -> dict[str, dict[str, int]]:
    """The ledger of each institution (debit − credit by account) that these loans make."""
    total: dict[str, dict[str, int]] = {name: {} for name in INSTITUTIONS}
    for line in [*_event_lines(part), *_accrual_lines(part), *_provision_lines(part)]:
        minor = np.zeros(len(INSTITUTIONS), np.int64)
        np.add.at(minor, part.holdings.institution, line.amount_minor)
        for name, amount in zip(INSTITUTIONS, minor.tolist(), strict=True):
            for account, signed in ((line.debit, amount), (line.credit, -amount)):
                total[name][account] = total[name].get(account, 0) + signed
    return total


def opening_rows(on: date, ledger: dict[str, dict[str, int]], *, now: datetime) -> Iterator[tuple[str, pl.DataFrame]]:
    """The business dates, and the record of the day before with the ledger it ended on."""
    before = on - timedelta(days=1)
    stamp = now.isoformat()
    yield (
        "servicing_business_day",
        pl.DataFrame(
            {
                "business_date": [before, on],
                "state": ["closed", "open"],
                "opened_at": [stamp] * 2,
                "closed_at": [stamp, None],
            }
        ),
    )
    names = ("loans", "accrued_minor", "credit_used_minor", "became_overdue", "cured", "closed", "overdue_loans",
             "outstanding_minor", "penalty_minor", "compound_minor", "off_balance_minor", "provision_minor")  # fmt: skip
    yield (
        "servicing_day_run",
        pl.DataFrame(
            {"institution_id": list(ledger), "balances": [json.dumps(accounts_of) for accounts_of in ledger.values()]}
        ).with_columns(
            business_date=pl.lit(before),
            recorded_at=pl.lit(stamp),
            **{name: pl.lit(0) for name in names},
            **{f"outstanding_by_{name}": pl.lit("{}") for name in ("bucket", "class", "stage")},
        ),
    )


def _owners(part: Part) -> list[str]:
    return [INSTITUTIONS[place] for place in part.institution.tolist()]


def _disclosures(part: Part, now: datetime) -> pl.DataFrame:
    made_up = ("person", "shop", "application", "offer")
    return pl.DataFrame(
        {"id": part.ids("disc"), "institution_id": _owners(part), **{f"{noun}_id": part.ids(noun) for noun in made_up}}
    ).with_columns(
        lender_type=pl.lit("bank"), payee=pl.lit("虚构 invented"), sha256=pl.lit("invented"), form=pl.lit('{"invented": true}'),
        apr_simple=pl.lit("0.24"), apr_compound=pl.lit("0.24"), cap=pl.lit("0.24"), cap_source=pl.lit("invented"),
        min_read_seconds=pl.lit(1), recorded_at=pl.lit(now.isoformat()),
    )  # fmt: skip


def _loans(part: Part, now: datetime) -> pl.DataFrame:
    plan, count = part.plan, len(part)
    records = [json.dumps(policy.as_record()) for policy in POLICIES]
    oldest, late, paid = part.oldest_due_on, part.days_past_due, part.paid_minor
    running = np.flatnonzero((plan.starts_on < part.day) & (plan.due_on >= part.day) & np.isnat(oldest)[plan.loan])
    look_on, period_from = np.full(count, NEVER), np.full(count, NEVER)
    look_on[plan.loan[running]], period_from[plan.loan[running]] = plan.due_on[running], plan.starts_on[running]
    interest = np.zeros(count, np.int64)
    interest[plan.loan[running]] = plan.interest_minor[running]
    made_up = ("person", "shop", "application", "offer")
    started = [terms.disbursed_on for terms in part.batch]
    return pl.DataFrame(
        {
            "id": part.ids("loan"),
            "number": part.number,
            "institution_id": _owners(part),
            "disclosure_id": part.ids("disc"),
            **{f"{noun}_id": part.ids(noun) for noun in made_up},
            "principal_minor": part.principal_minor,
            "annual_rate": [f"{terms.annual_rate:.6f}" for terms in part.batch],
            "periods": [terms.periods for terms in part.batch],
            "disbursed_on": started,
            "booked_on": started,
            "final_due_on": plan.due_on[np.searchsorted(plan.loan, np.arange(count), side="right") - 1],
            "policy": [records[place] for place in part.policy.tolist()],
            "state": np.where(late > 0, "overdue", "active").tolist(),
            "outstanding_minor": part.outstanding_minor,
            "received_minor": paid["interest"] + paid["principal"] + part.credit_minor,
            "credit_minor": part.credit_minor,
            "oldest_due_on": oldest,
            "five_class": np.array(CLASSES)[part.class_position].tolist(),
            "stage": np.where(late > 90, 3, np.where(late > 30, 2, 1)),
            "provision_minor": part.provision_minor,
            "non_accrual_on": np.where(part.non_accrual, part.day - 1, NEVER),
            "look_on": look_on,
            "period_from": period_from,
            "period_to": look_on,
            "period_interest_minor": interest,
        }
    ).with_columns(
        currency=pl.lit("CNY"), method=pl.lit("equal_installment"), day_count=pl.lit("30/360"), rounding=pl.lit("half_up"),
        waterfall=pl.lit("interest-first-1"), product=pl.lit("虚构 invented"), terms=pl.lit("{}"),
        recorded_at=pl.lit(now.isoformat()),
    )  # fmt: skip


def _instalments(part: Part) -> pl.DataFrame:
    plan = part.plan
    ids, owners = np.array(part.ids("loan"), object), np.array(INSTITUTIONS, object)[part.institution]
    return pl.DataFrame(
        {
            "loan_id": ids[plan.loan].tolist(),
            "institution_id": owners[plan.loan].tolist(),
            "n": plan.n,
            "starts_on": plan.starts_on,
            "due_on": plan.due_on,
            "principal_minor": plan.principal_minor,
            "interest_minor": plan.interest_minor,
            "balance_minor": plan.balance_minor,
            "paid_principal_minor": np.where(part.paid, plan.principal_minor, 0),
            "paid_interest_minor": np.where(part.paid, plan.interest_minor, 0),
            "settled_on": np.where(part.paid, plan.due_on, NEVER),
        }
    )


def _shares(part: Part) -> pl.DataFrame:
    held, ids = part.holdings, np.array(part.ids("loan"), object)
    rows = np.flatnonzero(held.of_weight > 1)
    return pl.DataFrame(
        {
            "loan_id": ids[held.loan[rows]].tolist(),
            "loan_number": part.number[held.loan[rows]],
            "institution_id": [INSTITUTIONS[place] for place in held.institution[rows].tolist()],
            "from_weight": held.from_weight[rows],
            "to_weight": held.to_weight[rows],
            "of_weight": held.of_weight[rows],
        }
    )


def _events(part: Part, now: datetime) -> pl.DataFrame:
    """Paid out on its day; all that was paid since arrived in one sum the day after, and met each due on its date."""
    before = part.on - timedelta(days=1)
    common = pl.DataFrame({"loan_id": part.ids("loan"), "institution_id": _owners(part)})
    started = pl.Series([terms.disbursed_on for terms in part.batch])
    paid = part.paid_minor
    received = pl.Series(paid["interest"] + paid["principal"] + part.credit_minor)
    out = common.with_columns(id=pl.Series(part.ids("event_out")), kind=pl.lit("disburse"), effective_date=started,
                              amount_minor=pl.Series(part.principal_minor))  # fmt: skip
    back = common.with_columns(id=pl.Series(part.ids("event_in")), kind=pl.lit("repay"), effective_date=started,
                               amount_minor=received).filter(pl.col("amount_minor") > 0)  # fmt: skip
    return pl.concat([out, back]).with_columns(
        ref=pl.lit(""), details=pl.lit("{}"), business_date=pl.lit(before), recorded_at=pl.lit(now.isoformat()),
        idempotency_key=pl.col("id"), input_hash=pl.lit("invented"),
    )  # fmt: skip


def _entries(part: Part, now: datetime) -> pl.DataFrame:
    """One entry an institution and batch holds it all."""
    before = part.on - timedelta(days=1)
    ids = [_entry(part, place) for place in range(len(INSTITUTIONS))]
    return pl.DataFrame({"id": ids, "institution_id": list(INSTITUTIONS)}).with_columns(
        kind=pl.lit("opening"), effective_date=pl.lit(before), business_date=pl.lit(before),
        recorded_at=pl.lit(now.isoformat()), idempotency_key=pl.col("id"), input_hash=pl.lit("invented"),
    )  # fmt: skip


def _entry(part: Part, institution: int) -> str:
    return f"entry_{part.first:024x}{institution:08x}"


def _postings(part: Part) -> pl.DataFrame:
    held, ids, pieces = part.holdings, np.array(part.ids("loan"), object), []
    for line in _event_lines(part):
        rows = np.flatnonzero(line.amount_minor)
        pieces.append(
            _posted(part, line, held.institution[rows], ids[held.loan[rows]].tolist(), line.amount_minor[rows])
        )
    for line in [*_accrual_lines(part), *_provision_lines(part)]:
        minor = np.zeros(len(INSTITUTIONS), np.int64)
        np.add.at(minor, held.institution, line.amount_minor)
        some = np.flatnonzero(minor)
        pieces.append(_posted(part, line, some, [None] * len(some), minor[some]))
    return pl.concat(pieces)


def _posted(part: Part, line: Line, institution: Whole, loans: list[str | None], amount: Whole) -> pl.DataFrame:
    places = institution.tolist()
    return pl.DataFrame(
        {
            "entry_id": [_entry(part, place) for place in places],
            "institution_id": [INSTITUTIONS[place] for place in places],
            "loan_id": loans,
            "amount_minor": amount,
        },
        schema_overrides={"loan_id": pl.String, "entry_id": pl.String, "institution_id": pl.String},
    ).with_columns(
        debit=pl.lit(line.debit), credit=pl.lit(line.credit), business_date=pl.lit(part.on - timedelta(days=1))
    )


def _accrued(part: Part, now: datetime) -> pl.DataFrame:
    """The lines behind the accrual postings."""
    held, earned = part.holdings, part.earned()
    on = ~part.non_accrual[held.loan]
    pieces = {head: held.part(amounts) for head, amounts in earned.items()}
    rows = []
    for place, name in enumerate(INSTITUTIONS):
        mine = np.flatnonzero(held.institution == place)
        columns = {"loan_numbers": part.number[held.loan[mine]], **{f"{h}_minor": p[mine] for h, p in pieces.items()}}
        texts = {column: "{" + ",".join(map(str, values.tolist())) + "}" for column, values in columns.items()}
        flags = "{" + ",".join("t" if flag else "f" for flag in on[mine].tolist()) + "}"
        rows.append({"institution_id": name, **texts, "on_balance": flags})
    return pl.DataFrame(rows).with_columns(
        business_date=pl.lit(part.on - timedelta(days=1)), first_number=pl.lit(part.first), closed_early=pl.lit(False),
        last_number=pl.lit(part.first + len(part) - 1), figures=pl.lit("{}"), recorded_at=pl.lit(now.isoformat()),
    )  # fmt: skip


def _event_lines(part: Part) -> list[Line]:
    """Paid out, paid back, held as credit. Interest of a loan off the balance sheet was income when it was paid."""
    nothing, paid, off = np.zeros(len(part), np.int64), part.paid_minor, part.non_accrual
    memo = (accounts.MEMO_CONTRA, accounts.MEMO_INTEREST)
    earned = part.earned()["interest"]
    left = earned - paid["interest"]
    return lines(
        [
            Change(nothing, part.principal_minor, ((accounts.LOAN_PRINCIPAL, accounts.CASH),)),
            Change(earned, np.where(off, earned, left), ((accounts.CASH, accounts.INTEREST_RECEIVABLE),)),
            Change(earned, np.where(off, left, earned), ((accounts.CASH, accounts.INTEREST_INCOME), memo)),
            Change(part.principal_minor, part.outstanding_minor, ((accounts.CASH, accounts.LOAN_PRINCIPAL),)),
            Change(nothing, part.credit_minor, ((accounts.CASH, accounts.BORROWER_CREDIT),)),
        ],
        part.holdings,
    )


def _accrual_lines(part: Part) -> list[Line]:
    found, off, nothing = [], part.non_accrual, np.zeros(len(part), np.int64)
    for head, earned in part.earned().items():
        pair = (accounts.RECEIVABLE_OF_HEAD[head], accounts.INCOME_OF_HEAD[head])
        found.append(Change(nothing, np.where(off, 0, earned), (pair,)))
        found.append(Change(nothing, np.where(off, earned, 0), ((accounts.MEMO_INTEREST, accounts.MEMO_CONTRA),)))
    return lines(found, part.holdings)


def _provision_lines(part: Part) -> list[Line]:
    pair = (accounts.IMPAIRMENT_LOSS, accounts.LOAN_LOSS_PROVISION)
    return lines([Change(np.zeros(len(part), np.int64), part.provision_minor, (pair,))], part.holdings)
