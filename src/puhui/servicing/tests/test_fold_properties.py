"""Any terms, any events in any order of arrival: the fold keeps its laws, and however it is cut, it is the same."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.kernel.refusal import Refused
from puhui.servicing.core.dues import HEADS, Late
from puhui.servicing.core.fold import Fact, Folded, Policy, Telling, day_number, fold, in_order
from puhui.servicing.core.given_up import GIVEN_UP
from puhui.servicing.core.positions import Booked, positions
from puhui.servicing.core.terms import LoanTerms, refuse
from puhui.servicing.core.told_journal import trial_balance

START = date(2026, 1, 29)
BEGIN = day_number(START)
LAST = 150


@st.composite
def any_terms(draw: st.DrawFn) -> LoanTerms:
    unit, every = draw(st.sampled_from([("month", 1), ("month", 2), ("week", 1), ("week", 2), ("day", 1), ("day", 10)]))
    periods = draw(st.integers(1, 5))
    terms = LoanTerms(
        currency="CNY",
        principal_minor=draw(st.integers(1, 3_000_000)),
        annual_rate=Decimal(draw(st.integers(0, 360_000))) / 10**6,
        periods=periods,
        disbursed_on=START,
        first_due_on=draw(st.none() | st.dates(date(2026, 2, 1), date(2026, 3, 20))),
        method=draw(
            st.sampled_from(["equal_installment", "equal_principal", "interest_first", "bullet", "flat", "at_will"])
        ),
        day_count=draw(st.sampled_from(["30/360", "actual/360", "actual/365", "actual/actual"])),
        interest_per=draw(st.sampled_from(["period", "day"])),
        rounding=draw(st.sampled_from(["half_up", "half_even"])),
        period_unit=unit,
        period_every=every,
        principal_grace_periods=draw(st.integers(0, periods - 1)),
        interest_grace_periods=draw(st.integers(0, periods - 1)),
        installment_multiple_minor=draw(st.sampled_from([1, 1, 100])),
        installment_rounding=draw(st.sampled_from(["", "up", "down", "lower_last"])),
        interest_rounding=draw(st.sampled_from(["", "down"])),
    )
    assert refuse(terms, calculator=True) is None
    return terms


any_policy = st.builds(
    Policy,
    waterfall=st.permutations(HEADS).map(tuple),
    waterfall_in_advance=st.just(()) | st.permutations(HEADS).map(tuple),
    prepayment=st.sampled_from(["next_installment", "last_installment", "reduce_installment", "payoff_only", "credit"]),
    recalculation=st.booleans(),
    late=st.none()
    | st.builds(Late, st.integers(0, 300_000), st.sampled_from([360, 365]), st.integers(0, 5), st.booleans()),
)


_MORE = ("compensate", "recover", "write_off", "write_off_part", "transfer", "notify_transfer")
_DETAILS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "compensate": st.sampled_from([{}, {"guarantor": "inst_g"}, {"guarantor": "inst_h", "prepayment": "payoff_only"}]),
    "recover": st.sampled_from([{}, {"first": "guarantor"}, {"first": "lender"}]),
    "transfer": st.sampled_from([{}, {"outside": True}]),
}
# What a story may hold that cannot be, and is refused as the last fact of it.
_CANNOT = ("LOAN_CLOSED", "ABOVE_OUTSTANDING", "NOT_WRITTEN_OFF", "ABOVE_CLAIM")


@st.composite
def any_facts(draw: st.DrawFn) -> list[Fact]:
    facts: list[Fact] = []
    for entered in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from([*["repay"] * 3, "fee", "penalty", "reverse", "payoff", *_MORE]))
        on = BEGIN + draw(st.integers(0, LAST))
        if kind == "reverse":
            payments = [fact for fact in facts if fact.ref and fact.kind != "reverse"]
            if payments:
                undone = draw(st.sampled_from(payments))
                facts.append(Fact(max(on, undone.on), "reverse", 0, undone.ref, entered))
            continue
        amount = draw(st.integers(1, 1_500_000)) if kind in ("repay", "compensate") else draw(st.integers(1, 5_000))
        details = draw(_DETAILS[kind]) if kind in _DETAILS else {}
        ref = "" if kind in ("fee", "penalty") else f"p{entered}"
        facts.append(Fact(on, kind, amount, ref, entered, details=details))
    return facts


def told(terms: LoanTerms, policy: Policy, facts: list[Fact], as_of: int = BEGIN + LAST) -> Folded | None:
    """The fold, or None where it is refused."""
    try:
        return fold(terms, policy, facts, as_of)
    except Refused as refused:
        if refused.refusal.code in _CANNOT:
            return None
        raise


def laws(terms: LoanTerms, folded: Folded) -> None:
    dues = folded.dues
    assert folded.balance_minor >= 0
    assert folded.credit_minor >= 0
    for head in HEADS:
        for asked, paid in zip(dues.asked[head], dues.paid[head], strict=True):
            assert 0 <= paid <= asked
    if folded.state not in GIVEN_UP:
        assert sum(dues.asked["principal"]) == terms.principal_minor
        assert sum(dues.paid["principal"]) + folded.balance_minor == terms.principal_minor
    by_head: Counter[str] = Counter()
    for transaction in folded.transactions[1:]:
        if transaction.kind not in ("write_off", "transfer"):
            by_head.update(transaction.by_head)
        if not transaction.reversed:
            assert sum(transaction.by_head.values()) + transaction.credit_minor == transaction.amount_minor
    if not any(dues.paid["principal"][k] for k in range(len(dues)) if dues.dues[k] > folded.as_of):
        assert all(by_head[head] <= sum(dues.paid[head]) for head in HEADS)
    assert trial_balance(folded) == 0
    assert all(claim >= 0 for claim in folded.claims.values())
    booked = Booked(off_balance=False, provision_minor=150, price_minor=77)
    balances = positions(folded, {}, booked)
    assert sum(balances.values()) == 0
    assert balances["written_off"] >= 0


def plainly(folded: Folded) -> dict[str, Any]:
    """All figures of a fold, without the order of entry."""
    return {
        "asked": folded.dues.asked,
        "paid": folded.dues.paid,
        "dues": folded.dues.dues,
        "balance": folded.balance_minor,
        "credit": folded.credit_minor,
        "earned": folded.earned_minor,
        "state": folded.state,
        "claims": {guarantor: claim for guarantor, claim in folded.claims.items() if claim},
    }


def check_one(terms: LoanTerms, policy: Policy, facts: list[Fact], days: list[int]) -> None:
    whole = told(terms, policy, facts)
    if whole is None:
        return
    laws(terms, whole)
    # A reversed payment never happened.
    undone = {fact.ref for fact in facts if fact.kind == "reverse"}
    left = [fact for fact in facts if fact.kind != "reverse" and not (fact.ref and fact.ref in undone)]
    without = told(terms, policy, left)
    assert without is not None
    assert plainly(without) == plainly(whole)
    # Entered in another order, or looked at on the way: the same, where no two facts share a day.
    if len({fact.on for fact in left}) == len(left):
        turned = [replace(fact, entered=len(left) - i) for i, fact in enumerate(left)]
        again = told(terms, policy, list(reversed(turned)))
        assert again is None or plainly(again) == plainly(whole)
    assert plainly(stepwise(terms, policy, left, days)) == plainly(whole)


def stepwise(terms: LoanTerms, policy: Policy, facts: list[Fact], days: list[int]) -> Folded:
    """The book kept day by day: time is let pass at many moments, not only where something happens."""
    telling = Telling.begin(terms, policy)
    for fact in in_order(facts):
        for day in (day for day in days if telling.plan.now < day < fact.on):
            telling._move_to(day)
        telling.tell(fact)
    for day in days:
        if telling.plan.now < day <= BEGIN + LAST:
            telling._move_to(day)
    return telling.end(BEGIN + LAST)


DAYS = st.lists(st.integers(0, LAST), max_size=12).map(lambda offsets: sorted(BEGIN + offset for offset in offsets))


@settings(max_examples=250, deadline=None)
@given(terms=any_terms(), policy=any_policy, facts=any_facts(), days=DAYS)
def test_any_story_keeps_the_laws(terms: LoanTerms, policy: Policy, facts: list[Fact], days: list[int]) -> None:
    check_one(terms, policy, facts, days)


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None)
@given(terms=any_terms(), policy=any_policy, facts=any_facts(), days=DAYS)
def test_ten_thousand_stories_keep_the_laws(
    terms: LoanTerms, policy: Policy, facts: list[Fact], days: list[int]
) -> None:
    check_one(terms, policy, facts, days)


def test_a_claim_sold_when_nothing_was_owed_still_balances() -> None:
    """Found by ten thousand stories: the provision of such a loan was neither kept nor released."""
    terms = LoanTerms("CNY", 100, Decimal(0), 1, date(2026, 1, 29))
    paid = told(terms, Policy(), [Fact(BEGIN + 1, "repay", 100, "all", 1)])
    assert paid is not None
    balances = positions(replace(paid, state="transferred"), {}, Booked(provision_minor=150, price_minor=77))
    assert (sum(balances.values()), balances["loan_loss_provision"], balances["transfer_result"]) == (0, 0, -227)
