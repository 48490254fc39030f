"""Changes of the plan: figures worked by hand, and the laws for any chain of changes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.kernel.refusal import Refused
from puhui.servicing.core.daycount import day_number, day_of
from puhui.servicing.core.dues import HEADS, Late
from puhui.servicing.core.fold import Fact, Folded, Policy, fold
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.core.told_journal import trial_balance

YEAR = LoanTerms("CNY", 1_200_000, Decimal("0.12"), 12, date(2026, 1, 15))
RUNS = Policy(recalculation=True)
STAYS = Policy(prepayment="credit")


def on(day: str) -> int:
    return day_number(date.fromisoformat(day))


def change(day: str, kind: str, amount: int = 0, **details: Any) -> Fact:
    return Fact(on(day), kind, amount, f"{kind}-{day}", 0, None, details)


def rows(folded: Folded) -> list[tuple[str, int, int]]:
    dues = folded.dues
    return [
        (day_of(dues.dues[k]).isoformat(), dues.asked["principal"][k], dues.asked["interest"][k])
        for k in range(len(dues))
    ]


@pytest.mark.parametrize("policy", [RUNS, STAYS], ids=["interest runs", "interest as planned"])
class TestRateChange:
    def test_on_a_due_date_levels_what_is_left_at_the_new_rate(self, policy: Policy) -> None:
        facts = [Fact(on("2026-02-15"), "repay", 106_619, "a"), change("2026-02-15", "rate_change", annual_rate="0.06")]
        told = rows(fold(YEAR, policy, facts, on("2026-02-15")))
        # 11,053.81 left over 11 months at 0.5 %: 11 053.81 × 0.005 ÷ (1 − 1.005⁻¹¹) = 1 035.29
        assert told[0] == ("2026-02-15", 94_619, 12_000)
        assert told[1] == ("2026-03-15", 98_002, 5_527)
        assert told[11][0] == "2027-01-15"
        assert sum(row[1] for row in told) == 1_200_000

    def test_inside_a_period_keeps_what_has_run_at_the_old_rate(self, policy: Policy) -> None:
        told = rows(fold(YEAR, policy, [change("2026-01-30", "rate_change", annual_rate="0.24")], on("2026-01-30")))
        # 120.00 × 15/31 = 58.0645 and 240.00 × 16/31 = 123.8710: one rounding where interest runs, two where it was planned.
        assert told[0][2] == (18_194 if policy.recalculation else 18_193)
        assert sum(row[1] for row in told) == 1_200_000


class TestTranche:
    def test_more_principal_is_levelled_into_what_is_left(self) -> None:
        facts = [Fact(on("2026-02-15"), "repay", 106_619, "a"), change("2026-02-15", "disburse", 600_000)]
        folded = fold(YEAR, RUNS, facts, on("2026-02-15"))
        assert folded.balance_minor == 1_105_381 + 600_000
        assert rows(folded)[1] == ("2026-03-15", 147_437, 17_054)
        assert sum(row[1] for row in rows(folded)) == 1_800_000
        assert trial_balance(folded) == 0

    def test_of_nothing_is_refused(self) -> None:
        with pytest.raises(Refused, match="AMOUNT_NOT_POSITIVE"):
            fold(YEAR, RUNS, [change("2026-02-15", "disburse")], on("2026-02-15"))


class TestNewDates:
    def test_a_holiday_moves_the_next_due_date_and_interest_runs_on(self) -> None:
        facts = [Fact(on("2026-02-15"), "repay", 106_619, "a"), change("2026-02-15", "holiday", periods=2)]
        told = rows(fold(YEAR, STAYS, facts, on("2026-02-15")))
        assert told[1][0] == "2026-05-15"
        assert told[1][2] == 33_161  # three months of 1 % on 11,053.81
        assert len(told) == 12
        assert sum(row[1] for row in told) == 1_200_000

    def test_a_longer_loan_has_smaller_instalments(self) -> None:
        facts = [Fact(on("2026-02-15"), "repay", 106_619, "a"), change("2026-02-15", "reschedule", periods=23)]
        told = rows(fold(YEAR, RUNS, facts, on("2026-02-15")))
        assert len(told) == 24
        assert told[1] == ("2026-03-15", 42_983, 11_054)
        assert told[-1][0] == "2028-01-15"

    def test_early_money_stays_where_it_was(self) -> None:
        facts = [
            Fact(on("2026-01-20"), "repay", 300_000, "a"),
            change("2026-01-25", "holiday", periods=1),
        ]
        folded = fold(YEAR, RUNS, facts, on("2026-01-25"))
        assert sum(folded.dues.paid["principal"]) == 1_200_000 - folded.balance_minor
        assert sum(folded.dues.asked["principal"]) == 1_200_000
        assert rows(folded)[0][0] == "2026-01-25"


class TestRestructure:
    def test_what_is_overdue_becomes_principal(self) -> None:
        told = fold(YEAR, STAYS, [change("2026-04-20", "restructure", periods=6, annual_rate="0.06")], on("2026-04-20"))
        interest = 12_000 + 11_054 + 10_098  # of the three instalments that were due
        assert told.balance_minor == 1_200_000 + interest
        assert told.days_past_due == 0
        assert len(rows(told)) == 9
        assert [row[1:] for row in rows(told)[:3]] == [(0, 0)] * 3
        assert trial_balance(told) == 0

    def test_after_the_last_due_date_a_new_plan_begins(self) -> None:
        told = fold(YEAR, STAYS, [change("2027-03-01", "restructure", periods=3)], on("2027-03-01"))
        assert [row[0] for row in rows(told)[-3:]] == ["2027-04-01", "2027-05-01", "2027-06-01"]

    def test_other_changes_after_the_last_due_date_are_refused(self) -> None:
        with pytest.raises(Refused, match="NOTHING_LEFT_TO_CHANGE"):
            fold(YEAR, STAYS, [change("2027-03-01", "holiday", periods=1)], on("2027-03-01"))


def test_a_down_payment_does_not_become_the_level_payment() -> None:
    terms = LoanTerms("CNY", 10_000, Decimal("0.07"), 6, date(2024, 1, 1), down_payment_minor=2_500)
    paid = [Fact(on("2024-01-01"), "repay", 2_500, "down", 1), Fact(on("2024-02-01"), "repay", 1_276, "first", 2)]
    told = rows(fold(terms, RUNS, paid, on("2024-02-01")))
    assert told[:3] == [("2024-01-01", 2_500, 0), ("2024-02-01", 1_232, 44), ("2024-03-01", 1_239, 37)]
    assert told[-1] == ("2024-07-01", 1_267, 7)


CHANGES = st.one_of(
    st.builds(lambda rate: ("rate_change", 0, {"annual_rate": str(Decimal(rate) / 10**4)}), st.integers(0, 3000)),
    st.builds(lambda minor: ("disburse", minor, {}), st.integers(1, 500_000)),
    st.builds(lambda count: ("holiday", 0, {"periods": count}), st.integers(1, 3)),
    st.builds(lambda count: ("reschedule", 0, {"periods": count}), st.integers(1, 8)),
    st.builds(
        lambda count, keep: ("restructure", 0, {"periods": count, "capitalise": keep}), st.integers(1, 6), st.booleans()
    ),
    st.builds(lambda minor: ("repay", minor, {}), st.integers(1, 600_000)),
)


CHAINS = {
    "steps": st.lists(st.tuples(st.integers(0, 200), CHANGES), max_size=6),
    "running": st.booleans(),
    "method": st.sampled_from(["equal_installment", "equal_principal", "interest_first", "bullet"]),
    "by_day": st.booleans(),
    "way": st.sampled_from(["next_installment", "last_installment", "reduce_installment", "credit"]),
}


@settings(max_examples=200, deadline=None)
@given(**CHAINS)
def test_any_chain_of_changes_keeps_the_laws(**chain: Any) -> None:
    check_chain(**chain)


@pytest.mark.nightly
@settings(max_examples=5_000, deadline=None)
@given(**CHAINS)
def test_five_thousand_chains_keep_the_laws(**chain: Any) -> None:
    check_chain(**chain)


def check_chain(steps: list[tuple[int, Any]], running: bool, method: str, by_day: bool, way: str) -> None:
    terms = LoanTerms(
        "CNY", 1_000_000, Decimal("0.0985"), 4, date(2026, 1, 31), method=method,
        interest_per="day" if by_day else "period", day_count="actual/365" if by_day else "30/360",
    )  # fmt: skip
    begin = day_number(terms.disbursed_on)
    facts = [
        Fact(begin + offset, kind, amount, f"f{i}", i, None, details)
        for i, (offset, (kind, amount, details)) in enumerate(sorted(steps, key=lambda step: step[0]))
    ]
    policy = Policy(recalculation=running, prepayment=way, late=Late(180_000, 360, 2, True))
    try:
        told = fold(terms, policy, facts, begin + 220)
    except Refused as refused:
        # A chain of holidays may put the next due date more than a year off: refused by name, like a change of nothing.
        if refused.refusal.code in ("LOAN_CLOSED", "NOTHING_LEFT_TO_CHANGE", "DATES_OUT_OF_ORDER"):
            return
        raise
    dues = told.dues
    for head in HEADS:
        assert all(0 <= paid <= asked for asked, paid in zip(dues.asked[head], dues.paid[head], strict=True)), (
            head,
            facts,
        )
    open_principal = sum(dues.asked["principal"]) - sum(dues.paid["principal"])
    assert open_principal == told.balance_minor >= 0
    assert dues.dues == sorted(dues.dues)
    assert trial_balance(told) == 0


# What paying early saves: method, day, yuan paid, way → (interest that is never asked, what the money went to). 100,000 at 12 %, 12 months
# from 15 January, interest as planned. A yuan saves nothing inside a period (it pays interest that has run), and 0.04 to 0.11 on a due date.
EARLY = [
    ("equal_installment", "2026-01-30", 1, "reduce_installment", 0, {"interest": 100}),
    (
        "equal_installment",
        "2026-01-30",
        30_000,
        "reduce_installment",
        147_172,
        {"interest": 48_387, "principal": 2_951_613},
    ),
    ("equal_installment", "2026-01-30", 30_000, "last_installment", 0, {"interest": 87_102, "principal": 2_912_898}),
    ("equal_installment", "2026-02-15", 1, "reduce_installment", 4, {"principal": 100}),
    ("equal_principal", "2026-01-30", 1, "reduce_installment", 0, {"interest": 100}),
    ("equal_principal", "2026-02-15", 30_000, "reduce_installment", 180_001, {"principal": 3_000_000}),
    ("interest_first", "2026-01-30", 1, "reduce_installment", 0, {"interest": 100}),
    (
        "interest_first",
        "2026-02-15",
        30_000,
        "reduce_installment",
        330_000,
        {"principal": 3_000_000},
    ),  # 1 % × 11 months
    ("flat", "2026-01-30", 1, "reduce_installment", 0, {"interest": 100}),
    ("flat", "2026-02-15", 1, "reduce_installment", 11, {"principal": 100}),
    (
        "flat",
        "2026-02-15",
        30_000,
        "reduce_installment",
        359_997,
        {"principal": 3_000_000},
    ),  # 1,100,000 × 30,000 ÷ 91,666.67
]


@pytest.mark.parametrize(("method", "day", "paid_yuan", "way", "saved", "went"), EARLY)
def test_what_paying_early_saves(
    method: str, day: str, paid_yuan: int, way: str, saved: int, went: dict[str, int]
) -> None:
    terms, today = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 1, 15), method=method), on(day)
    due = fold(terms, STAYS, [], today).dues.open_minor(0)
    before = [Fact(today, "repay", due, "a", 1)] if day == "2026-02-15" else []
    early = Fact(today, "prepay", paid_yuan * 100, "b", 2, details={"prepayment": way})
    kept, after = fold(terms, STAYS, before, today), fold(terms, STAYS, [*before, early], today)
    asked = [sum(told.dues.open_of(k, "interest") for k in range(len(told.dues))) for told in (kept, after)]
    assert after.transactions[-1].by_head == went
    assert asked[0] - asked[1] - went.get("interest", 0) == saved
    assert sum(after.dues.asked["principal"]) == 10_000_000
    assert trial_balance(after) == 0
