"""Published figures: what regulators, textbooks and the domain facts print, this engine answers, through the wire's own code.

Yearly rates: Regulation Z Appendix J (c), Directive 98/7/EC Annex III A, spreadsheets' XIRR. Schedules: domain facts 2.2,
the lender's own worked vectors, and cases of other engines whose figures are public.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from puhui.servicing.core import calculator
from puhui.servicing.core.unit_periods import months_on

START = date(2026, 1, 15)


def monthly(first: str, amounts: list[int], every: int = 1) -> list[dict[str, Any]]:
    day = date.fromisoformat(first)
    return [{"on": months_on(day, k * every).isoformat(), "amount_minor": minor} for k, minor in enumerate(amounts)]


def on(day: str, minor: int) -> list[dict[str, Any]]:
    return [{"on": day, "amount_minor": minor}]


APPENDIX_J = [
    ("(c)(1)(i)", on("1978-01-10", 500_000), monthly("1978-02-10", [23_000] * 24), "0.0969"),
    ("(c)(1)(ii)", on("1978-02-10", 600_000), monthly("1978-04-01", [20_000] * 36), "0.1182"),
    (
        "(c)(1)(iii)",
        on("1978-02-23", 500_000),
        sorted(monthly("1978-03-01", [21_917] * 12) + monthly("1978-03-16", [21_917] * 12), key=lambda p: p["on"]),
        "0.1034",
    ),
    ("(c)(1)(iv)", on("1978-05-23", 1_000_000), monthly("1978-10-01", [38_500] * 40, 3), "0.0897"),
    ("(c)(2)(i)", on("1978-01-10", 500_000), monthly("1978-02-10", [25_000, *[23_000] * 23]), "0.1008"),
    ("(c)(3)(i)", on("1978-01-10", 500_000), monthly("1978-02-10", [*[23_000] * 23, 28_000]), "0.1050"),
    ("(c)(4)(i)", on("1978-01-10", 500_000), monthly("1978-02-10", [25_000, *[23_000] * 22, 28_000]), "0.1090"),
    (
        "(c)(4)(ii)",
        on("1978-01-10", 800_000),
        monthly("1978-03-01", [44_936, *[46_500] * 18, 20_000], 2),
        "0.0730",
    ),
    ("(c)(5)(i)", on("1978-01-03", 100_000), on("1978-09-15", 108_000), "0.1145"),
    ("(c)(5)(ii)", on("1978-07-15", 100_000), on("1979-01-15", 104_400), "0.0880"),
    ("(c)(5)(iii)", on("1978-01-17", 100_000), on("1979-07-17", 113_519), "0.0876"),
    ("(c)(5)(iv)", on("1978-01-03", 100_000), on("1980-01-03", 124_000), "0.1136"),
]


@pytest.mark.parametrize(
    ("advances", "payments", "rate"), [case[1:] for case in APPENDIX_J], ids=[c[0] for c in APPENDIX_J]
)
def test_regulation_z_appendix_j(advances: Any, payments: Any, rate: str) -> None:
    answer = calculator.apr({"advances": advances, "payments": payments, "method": "us_actuarial"})
    assert Decimal(answer["apr"]).quantize(Decimal(rate)) == Decimal(rate)


@pytest.mark.parametrize(
    ("advance", "payments", "rate"),
    [
        (100_000, on("1995-07-01", 120_000), "0.1296"),
        (95_000, on("1995-07-01", 120_000), "0.169"),
        (100_000, on("1995-01-01", 60_000) + on("1996-01-01", 60_000), "0.130662"),
        (100_000, on("1994-04-01", 27_200) + on("1994-07-01", 27_200) + on("1995-01-01", 54_400), "0.132"),
    ],
)
@pytest.mark.parametrize("method", ["eu", "uk", "irr_daily"])
def test_the_directives_examples_by_days(advance: int, payments: Any, rate: str, method: str) -> None:
    answer = calculator.apr({"advances": on("1994-01-01", advance), "payments": payments, "method": method})
    assert Decimal(answer["apr"]).quantize(Decimal(rate)) == Decimal(rate)


def test_a_spreadsheets_xirr() -> None:
    # Values −10,000, 2,750, 4,250, 3,250, 2,750 on five dates of 2008 and 2009: 0.373362535.
    payments = [("2008-03-01", 275_000), ("2008-10-30", 425_000), ("2009-02-15", 325_000), ("2009-04-01", 275_000)]
    asked = {"advances": on("2008-01-01", 1_000_000), "payments": [p for day, m in payments for p in on(day, m)]}
    assert calculator.apr(asked | {"method": "irr_daily"})["apr"].startswith("0.3733625")


def test_a_rate_by_periods_is_the_periods_rate_times_their_number() -> None:
    asked = {"advances": on("2026-01-01", 800_000), "payments": monthly("2026-02-01", [20_000] * 48)}
    answer = calculator.apr(asked | {"method": "irr_period", "period_unit": "month"})
    assert Decimal(answer["apr"]).quantize(Decimal("0.0001")) == Decimal("0.0924")


def schedule(**change: Any) -> dict[str, Any]:
    plain = {
        "currency": "CNY",
        "principal_minor": 10_000_000,
        "annual_rate": "0.12",
        "periods": 12,
        "disbursed_on": START.isoformat(),
    }
    return calculator.schedule(plain | change)


class TestRepaymentMethods:
    def test_equal_principal(self) -> None:
        told = schedule(method="equal_principal")
        assert [told["installments"][k]["due_minor"] for k in (0, 1, 11)] == [933_333, 925_000, 841_670]
        assert told["total_interest_minor"] == 650_000

    def test_interest_first_by_actual_days_of_360(self) -> None:
        told = schedule(
            method="interest_first",
            principal_minor=20_000_000,
            annual_rate="0.1",
            interest_per="day",
            day_count="actual/360",
        )
        rows = told["installments"]
        assert [row["interest_minor"] for row in rows[:2]] == [172_222, 155_556]
        assert [row["days"] for row in rows[:2]] == [31, 28]
        assert told["total_interest_minor"] == 2_027_778
        assert [row["principal_minor"] for row in rows[-2:]] == [0, 20_000_000]

    def test_flat_shows_what_it_costs(self) -> None:
        told = schedule(method="flat", annual_rate="0.12")
        assert {row["due_minor"] for row in told["installments"]} == {933_333, 933_337}
        assert (told["apr_simple"], told["apr_compound"]) == ("0.214572", "0.236984")  # published: 0.21457 and 0.23698

    def test_daily_interest_for_thirty_seven_days(self) -> None:
        told = schedule(
            method="bullet", principal_minor=5_000_000, annual_rate="0.144", periods=1, period_unit="day", period_every=37,
            interest_per="day", day_count="actual/360",
        )  # fmt: skip
        assert told["total_interest_minor"] == 74_000

    @pytest.mark.parametrize(("rate", "interest"), [("0.18", 100_161), ("0.20", 111_614), ("0.24", 134_715)])
    def test_ten_thousand_over_a_year(self, rate: str, interest: int) -> None:
        assert schedule(principal_minor=1_000_000, annual_rate=rate)["total_interest_minor"] == interest


class TestOtherEngines:
    """Figures that are public elsewhere, one a convention."""

    def test_actual_days_of_actual_years_over_new_year(self) -> None:
        told = schedule(
            principal_minor=1_000_000, periods=6, disbursed_on="2023-12-12", interest_per="day", day_count="actual/actual",
            rounding="half_even",
        )  # fmt: skip
        assert [row["interest_minor"] for row in told["installments"]] == [10_181, 8_514, 6_405, 5_158, 3_345, 1_736]
        assert told["installments"][5]["due_minor"] == 172_559

    def test_weeks_by_thirty_of_three_hundred_sixty_count_days(self) -> None:
        told = schedule(
            principal_minor=10_000,
            annual_rate="0.36",
            periods=2,
            period_unit="week",
            period_every=2,
            interest_per="day",
        )
        assert told["installments"][0]["interest_minor"] == 140  # 100.00 × 0.36 × 14 ÷ 360

    def test_a_multiple_rounds_the_payment_and_the_last_takes_the_rest(self) -> None:
        told = schedule(
            principal_minor=119_000_000,
            annual_rate="0.216",
            installment_multiple_minor=10_000,
            disbursed_on="2026-01-01",
        )
        assert [told["installments"][k]["due_minor"] for k in (0, 11)] == [11_110_000, 11_174_126]

    def test_interest_grace_joins_the_first_payment_after_it(self) -> None:
        told = schedule(
            principal_minor=10_000, annual_rate="0.07", periods=6, interest_grace_periods=2, disbursed_on="2024-01-01"
        )
        rows = [(row["principal_minor"], row["interest_minor"]) for row in told["installments"]]
        assert rows[:3] == [(1_701, 0), (1_701, 0), (1_557, 144)]
        assert rows[-1] == (1_688, 10)

    def test_the_smallest_payment_that_keeps_the_last_one_from_being_larger(self) -> None:
        plain = schedule(principal_minor=10_000, annual_rate="0.07", periods=6, disbursed_on="2024-01-01")
        lowest = schedule(
            principal_minor=10_000,
            annual_rate="0.07",
            periods=6,
            disbursed_on="2024-01-01",
            installment_rounding="lower_last",
        )
        for told in (plain, lowest):
            rows = told["installments"]
            assert rows[-1]["due_minor"] <= rows[0]["due_minor"]
        smaller = lowest["installments"][0]["due_minor"] - 1
        assert smaller * 6 < 10_000 + lowest["total_interest_minor"]


class TestFeesAndDownPayment:
    def test_a_fee_withheld_makes_the_loan_dearer(self) -> None:
        told = schedule(fees=[{"at": "disbursement", "rate": "0.02"}])
        assert (told["apr_simple"], told["apr_compound"]) == ("0.158545", "0.170589")  # published: 0.15854 and 0.17059

    def test_a_fee_on_the_balance(self) -> None:
        told = schedule(fees=[{"at": "balance", "rate": "0.006"}])
        assert [told["installments"][k]["fee_minor"] for k in (0, 1)] == [60_000, 55_269]
        assert told["apr_simple"] == "0.192000"

    def test_a_down_payment_is_due_at_once(self) -> None:
        told = schedule(down_payment_minor=2_500_000)
        first, second = told["installments"][:2]
        assert (first["n"], first["due_on"], first["due_minor"], first["days"]) == (0, "2026-01-15", 2_500_000, 0)
        assert second["principal_minor"] + second["interest_minor"] == 666_366
        assert told["apr_simple"] == "0.120000"


class TestTheCalendar:
    def test_due_dates_roll_over_the_spring_festival(self) -> None:
        told = schedule(disbursed_on="2026-01-16", periods=2, rolling="following")
        assert [row["due_on"] for row in told["installments"]] == ["2026-02-24", "2026-03-16"]
        assert told["installments"][0]["interest_minor"] == 100_000  # a month is a month, whenever it is paid
