"""Yearly cost: the published table, dated flows, the cap."""

from datetime import date
from decimal import Decimal

import pytest

from puhui.servicing.core.schedule import build
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.core.true_cost import (
    NoRateExists,
    shown_percent,
    within_cap,
    yearly_cost,
    yearly_cost_by_days,
)

P = 10_000_000
PLAN = build([LoanTerms("CNY", P, Decimal("0.12"), 12, date(2026, 1, 15))])
DUE = PLAN.due_minor.tolist()
BALANCES = [P, *PLAN.balance_minor.tolist()[:-1]]


def flat(basis_points: int) -> list[int]:
    """等本等息: P/12 each month and interest on the original principal."""
    interest = P * basis_points // 10_000
    return [P, *[-(833_333 + interest)] * 11, -(833_337 + interest)]


@pytest.mark.parametrize(
    ("flows", "simple", "compound"),
    [
        ([P, *(-due for due in DUE)], "0.12000", "0.12682"),
        ([P, *(-due - P // 200 for due in DUE)], "0.22528", "0.25006"),
        (
            [P, *(-due - round(left * 6, -3) // 1000 for due, left in zip(DUE, BALANCES, strict=True))],
            "0.19200",
            "0.20983",
        ),
        ([P - P // 50, *(-due for due in DUE)], "0.15854", "0.17059"),
        (flat(60), "0.13034", "0.13842"),
        (flat(75), "0.16216", "0.17478"),
        (flat(100), "0.21457", "0.23698"),
        (flat(115), "0.24565", "0.27529"),
        (flat(120), "0.25595", "0.28822"),
    ],
    ids=[
        "no fee",
        "fee on original",
        "fee on balance",
        "2 % withheld",
        "flat 60",
        "flat 75",
        "flat 100",
        "flat 115",
        "flat 120",
    ],
)
def test_published_table(flows: list[int], simple: str, compound: str) -> None:
    cost = yearly_cost(flows)
    assert abs(cost.apr_simple - Decimal(simple)) <= Decimal("0.000005")
    assert abs(cost.apr_compound - Decimal(compound)) <= Decimal("0.000005")


def test_the_solution_discounts_the_flows_to_nothing() -> None:
    cost = yearly_cost(flat(75))
    growth = 1 + cost.simple_exact / 12
    worth = sum((amount / growth**k for k, amount in enumerate(flat(75))), Decimal(0))
    assert abs(worth) < Decimal("0.0001")  # of 10 000 000 minor units


@pytest.mark.parametrize(("flows", "rate"), [([100, -200], "1"), ([100, 0, -225], "0.5"), ([100, 0, -121], "0.1")])
def test_a_rate_that_is_a_round_number_is_found_as_one(flows: list[int], rate: str) -> None:
    exact = yearly_cost(flows, periods_a_year=1).simple_exact
    assert exact == Decimal(rate)
    assert within_cap(exact, Decimal(rate))


def test_rate_zero_and_below() -> None:
    assert yearly_cost([1000, -500, -500]).apr_simple == 0
    assert yearly_cost([1000, -500, -400]).apr_simple < 0


def test_dated_flows_give_the_compound_rate_by_days() -> None:
    cost = yearly_cost_by_days([(date(2025, 1, 1), 10_000), (date(2026, 1, 1), -11_000)])
    assert cost.apr_compound == Decimal("0.100000")
    assert cost.apr_simple == Decimal("0.095323")


@pytest.mark.parametrize("flows", [[], [100], [-100, 110], [100, 100]])
def test_flows_without_a_rate_are_refused(flows: list[int]) -> None:
    with pytest.raises(NoRateExists):
        yearly_cost(flows)


def test_a_rate_beyond_reason_is_refused() -> None:
    with pytest.raises(NoRateExists):
        yearly_cost([1, -(10**9)])


class TestCap:
    def test_is_checked_rounded_up(self) -> None:
        cap = Decimal("0.24")
        assert within_cap(Decimal("0.24"), cap)
        assert not within_cap(Decimal("0.2400000001"), cap)

    def test_rejects_the_published_cases_above(self) -> None:
        verdicts = [within_cap(yearly_cost(flat(points)).simple_exact, Decimal("0.24")) for points in (100, 115, 120)]
        assert verdicts == [True, False, False]

    def test_is_shown_rounded_up(self) -> None:
        assert shown_percent(Decimal("0.120000")) == Decimal("12.00")
        assert shown_percent(Decimal("0.120001")) == Decimal("12.01")
