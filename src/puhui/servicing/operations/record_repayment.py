"""Money arrives from a borrower: it settles what is due by the loan's order of heads, the rest stays as credit.

Rule kept: the five beats lock, load, decide (core/day.settle, the same as at the end of day), store, answer, in one transaction
and two round trips. On time, partial and over are one case. Credit settles later instalments on their own due dates, at the
end of day. A payment that arrives while a day is closing belongs to the next one; its loan is closed for the day first.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import one_loan
from puhui.servicing.core import lifecycle
from puhui.servicing.core.day import Settled, settle
from puhui.servicing.core.parted import Triple, by_institution
from puhui.servicing.core.shares import Holdings, lines
from puhui.servicing.one_loan import Taken, Wanted
from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.close_early import close_early
from puhui.servicing.operations.record_fact import Happened, record

_OPERATION = "record_repayment"
Statements = list[tuple[str, list[Any]]]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one payment did. Heads include credit used with it; `credit` is what is held after."""

    entry_id: str
    loan_id: str
    on: str
    amount_minor: int
    interest_minor: int
    principal_minor: int
    credit_minor: int
    outstanding_minor: int
    days_past_due: int
    state: str
    fee_minor: int = 0
    penalty_minor: int = 0
    compound_minor: int = 0


@transaction.atomic
def record_repayment(loan_id: str, amount_minor: int, *, on: date, key: str, now: datetime) -> Receipt:
    """Post one payment of the open business date. Refuses a loan not in service and an amount of nothing."""
    taken = _take(Wanted(loan_id, on, _OPERATION, key))
    inputs = {"loan_id": loan_id, "amount_minor": amount_minor, "on": on}
    asked = Asked(taken.loan.institution_id, _OPERATION, key, inputs, now)
    if taken.known is not None:
        return _answered_before(taken.known, asked)
    _refuse(taken, amount_minor, on, key)
    if one_loan.policy_of(taken.loan).folds:
        return Receipt(**answer_once(asked, lambda: _folded(loan_id, amount_minor, asked, on)))
    loans, orders = one_loan.day_loans(taken.loan)
    rows = one_loan.day_rows(taken.loan, taken.rows)
    settled = settle(loans, rows, np.datetime64(on), orders, np.array([amount_minor], np.int64))
    holders = one_loan.holdings(taken.loan, taken.shares)
    payment = _Payment(taken, asked, on, amount_minor, settled, new_id("event", now=now), holders)
    receipt = payment.receipt()
    one_loan.send([payment.fact(receipt), payment.state(receipt), *payment.beside(receipt)])
    return receipt


def _folded(loan_id: str, amount_minor: int, asked: Asked, on: date) -> dict[str, Any]:
    """A loan on which early money does more than wait: the payment goes through the fold."""
    done = record(loan_id, Happened("repay", on, amount_minor), asked)
    heads = {head: done.by_head.get(head, 0) for head in ("interest", "principal", "penalty", "compound")}
    heads["fee"] = done.by_head.get("fee", 0) + done.by_head.get("cost", 0)
    receipt = Receipt(
        entry_id=done.entry_id,
        loan_id=loan_id,
        on=done.on,
        amount_minor=amount_minor,
        credit_minor=done.credit_minor,
        outstanding_minor=done.outstanding_minor,
        days_past_due=done.days_past_due,
        state=done.state,
        **{f"{head}_minor": minor for head, minor in heads.items()},
    )
    return asdict(receipt)


def _take(wanted: Wanted) -> Taken:
    taken = one_loan.take(wanted)
    if taken.loan is None and "closing" in taken.days:
        number = close_early(wanted.loan_id)
        taken = one_loan.take(wanted, closed_early=True) if number is not None else taken
    if taken.loan is None:
        raise Refused(Refusal("LOAN_UNKNOWN", "没有这笔贷款 · no such loan", where=wanted.loan_id))
    return taken


def _answered_before(known: tuple[str, dict[str, Any]], asked: Asked) -> Receipt:
    if known[0] != asked.input_hash:
        text = "同一幂等键内容不同，请换新的键 · this key was used before with other content; use a new key"
        raise Refused(Refusal("DUPLICATE_KEY_OTHER_CONTENT", text, where=asked.key))
    return Receipt(**known[1])


def _refuse(taken: Taken, amount_minor: int, on: date, key: str) -> None:
    loan, today = taken.loan, taken.days.get("open")
    if not key:
        raise Refused(Refusal("KEY_MISSING", "缺少幂等键 · every write needs an idempotency key", _OPERATION))
    if isinstance(amount_minor, bool) or not isinstance(amount_minor, int) or amount_minor <= 0:
        text = f"还款金额须为正整数分 · whole fen above zero: {amount_minor}"
        raise Refused(Refusal("AMOUNT_NOT_POSITIVE", text, loan.id))
    if loan.state == "closed":
        raise Refused(Refusal("LOAN_CLOSED", "贷款已结清 · the loan is closed; nothing is owed", where=loan.id))
    if loan.state not in lifecycle.SERVICED or on < loan.disbursed_on:
        text = "贷款尚未放款 · a payment before the disbursement"
        raise Refused(Refusal("PAYMENT_BEFORE_DISBURSEMENT", text, where=loan.id))
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    if on != today:
        text = f"只能记在当前营业日 {today} · only the open business date can be posted to, not {on}"
        raise Refused(Refusal("NOT_THE_BUSINESS_DATE", text, where=str(on)))


@dataclass(frozen=True, eq=False)
class _Payment:
    """One payment as statements: the fact, what it posts, and the state it leaves."""

    taken: Taken
    asked: Asked
    on: date
    amount_minor: int
    settled: Settled
    event_id: str
    holders: tuple[Holdings, list[str]]

    @cached_property
    def _postings(self) -> list[list[Triple]]:
        return _by_holder(self.settled, self.holders[0])

    def receipt(self) -> Receipt:
        done, loan = self.settled.settlement, self.taken.loan
        heads = {f"{head}_minor": int(amounts.sum()) for head, amounts in done.taken.items()}
        outstanding, late = int(self.settled.outstanding_minor[0]), int(done.days_past_due[0])
        verb = lifecycle.move_for(loan.state, days_past_due=late, settled=self._all_paid)
        return Receipt(
            entry_id=new_id("entry", now=self.asked.now),
            loan_id=loan.id,
            on=self.on.isoformat(),
            amount_minor=self.amount_minor,
            credit_minor=int(done.credit_minor[0]),
            outstanding_minor=outstanding,
            days_past_due=late,
            state=loan.state if verb is None else lifecycle.MOVES[loan.state, verb],
            **heads,
        )

    @property
    def _all_paid(self) -> bool:
        return int(self.settled.outstanding_minor[0]) == 0 and int(self.settled.settlement.unpaid_due_minor[0]) == 0

    # Two statements and not one: psycopg keeps what it has read of a statement only up to fifty parameters.

    def fact(self, receipt: Receipt) -> tuple[str, list[Any]]:
        """The fact, and what it posts in the books of the first funder."""
        asked, loan, on = self.asked, self.taken.loan, self.on
        known = [asked.key, asked.input_hash]
        event = [self.event_id, loan.institution_id, loan.id, on, self.amount_minor, on, asked.now, *known]
        entry, postings = self._entry(receipt.entry_id, self.holders[1][0], self._postings[0])
        return _FACT, [*event, *entry, *postings]

    def state(self, receipt: Receipt) -> tuple[str, list[Any]]:
        """The loan and its instalments afterwards, and the answer under its key."""
        asked, loan = self.asked, self.taken.loan
        oldest = self.settled.settlement.oldest_due_on[0].item()
        money = [receipt.outstanding_minor, self.amount_minor, receipt.credit_minor]
        after = [*money, oldest, receipt.state, self._closed_on(receipt), loan.id]
        answer = [
            loan.institution_id,
            _OPERATION,
            asked.key,
            asked.input_hash,
            json.dumps(_record_of(receipt)),
            asked.now,
        ]
        return _STATE, [*self._instalments(), loan.id, *after, *answer]

    def beside(self, receipt: Receipt) -> Statements:
        """What some payments write besides: entries of further funders, a step of life, the rest of a closed plan."""
        loan, found = self.taken.loan, Statements()
        for place, postings in enumerate(self._postings):
            if place and postings:
                entry, entry_lines = self._entry(new_id("entry", now=self.asked.now), self.holders[1][place], postings)
                found += [(_ENTRY, entry), (_POSTINGS, entry_lines)]
        verb = lifecycle.move_for(loan.state, days_past_due=receipt.days_past_due, settled=self._all_paid)
        if verb is not None:
            step = [loan.id, loan.institution_id, loan.state, verb, receipt.state, self.on, self.asked.now]
            found.append((_MOVE, step))
        if (closed_on := self._closed_on(receipt)) is not None:
            found.append((_SETTLE_REST, [closed_on, loan.id]))
        return found

    def _closed_on(self, receipt: Receipt) -> date | None:
        return self.on if receipt.state == "closed" else None

    def _entry(self, entry_id: str, institution: str, postings: list[Triple]) -> tuple[list[Any], list[Any]]:
        """The parameters of an entry and of its postings."""
        asked, loan, on = self.asked, self.taken.loan, self.on
        cash = sum(
            minor if debit == "cash" else -minor for debit, credit, minor in postings if "cash" in (debit, credit)
        )
        about = [entry_id, institution, loan.id, self.event_id, cash, on, on, asked.now, asked.key, asked.input_hash]
        columns = (
            [line[place] for line in postings] for place in range(3)
        )  # a cent may be another funder's altogether
        return about, [entry_id, institution, loan.id, on, *columns]

    def _instalments(self) -> list[Any]:
        """Columns of the instalments that something was taken for: number, paid by head, counted, settled."""
        after, done = self.settled.rows, self.settled.settlement
        taken = sum(done.taken.values(), np.zeros(len(after), np.int64)) > 0
        rows = np.flatnonzero(taken | done.row_settled)
        counted = (after.penalty.minor, after.penalty.carry, after.compound.minor, after.compound.carry)
        paid = (after.paid[head] for head in ("fee", "penalty", "compound", "interest", "principal"))
        numbers = [self.taken.rows[place][0] for place in rows.tolist()]
        settled_on = [self.on if settled else None for settled in done.row_settled[rows].tolist()]
        return [
            numbers,
            *(column[rows].tolist() for column in (*paid, *counted)),
            after.counted_to[rows].tolist(),
            settled_on,
        ]


def _record_of(receipt: Receipt) -> dict[str, Any]:
    """The receipt as it is remembered under its key."""
    return {name: getattr(receipt, name) for name in Receipt.__dataclass_fields__}


def _by_holder(settled: Settled, held: Holdings) -> list[list[Triple]]:
    """Postings (debit, credit, amount) of each holder."""
    return by_institution(lines(settled.changes, held), held)


_ENTRY = (
    "INSERT INTO servicing_entry (id, institution_id, kind, loan_id, event_id, cash_minor, effective_date, business_date, "
    "recorded_at, idempotency_key, input_hash) VALUES (%s, %s, 'repay', %s, %s, %s, %s, %s, %s, %s, %s)"
)
_POSTINGS = (
    "INSERT INTO servicing_posting (entry_id, institution_id, loan_id, business_date, debit, credit, amount_minor) "
    "SELECT %s, %s, %s, %s::date, * FROM unnest(%s::text[], %s::text[], %s::bigint[])"
)
_FACT = f"""
WITH event AS (
  INSERT INTO servicing_event (id, institution_id, loan_id, kind, effective_date, amount_minor, ref, details, business_date,
    recorded_at, idempotency_key, input_hash) VALUES (%s, %s, %s, 'repay', %s, %s, '', '{{}}', %s, %s, %s, %s)
), entry AS ({_ENTRY}) {_POSTINGS}
"""
_STATE = f"""
WITH instalment AS (
  UPDATE servicing_instalment line SET paid_fee_minor = new.fee, paid_penalty_minor = new.penalty,
    paid_compound_minor = new.compound, paid_interest_minor = new.interest, paid_principal_minor = new.principal,
    penalty_minor = new.penalty_asked, penalty_carry = new.penalty_carry, compound_minor = new.compound_asked,
    compound_carry = new.compound_carry, penalty_to = new.penalty_to, settled_on = new.settled_on
  FROM unnest(%s::smallint[], {", ".join(["%s::bigint[]"] * 9)}, %s::date[], %s::date[]) AS new (n, fee, penalty, compound,
    interest, principal, penalty_asked, penalty_carry, compound_asked, compound_carry, penalty_to, settled_on)
  WHERE line.loan_id = %s AND line.n = new.n
), loan AS (
  UPDATE servicing_loan SET outstanding_minor = %s, received_minor = received_minor + %s, credit_minor = %s,
    oldest_due_on = %s, look_on = NULL, state = %s, closed_on = %s WHERE id = %s
)
INSERT INTO servicing_request (institution_id, operation, idempotency_key, input_hash, answer, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
_SETTLE_REST = "UPDATE servicing_instalment SET settled_on = %s WHERE loan_id = %s AND settled_on IS NULL"
_MOVE = (
    "INSERT INTO servicing_move (loan_id, institution_id, from_state, verb, to_state, effective_date, recorded_at, reason) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, '')"
)
