"""Schedules: the published vectors to the cent, the calendar, and what holds for any terms."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puhui.kernel.periods import add_months
from puhui.kernel.rounding import half_even, half_up
from puhui.servicing.core.schedule import build
from puhui.servicing.core.terms import LoanTerms, TermsColumns

TERMS = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 1, 15))
PUBLISHED = """
 1  8884.88  7884.88  1000.00  92115.12
 2  8884.88  7963.73   921.15  84151.39
 3  8884.88  8043.37   841.51  76108.02
 4  8884.88  8123.80   761.08  67984.22
 5  8884.88  8205.04   679.84  59779.18
 6  8884.88  8287.09   597.79  51492.09
 7  8884.88  8369.96   514.92  43122.13
 8  8884.88  8453.66   431.22  34668.47
 9  8884.88  8538.20   346.68  26130.27
10  8884.88  8623.58   261.30  17506.69
11  8884.88  8709.81   175.07   8796.88
12  8884.85  8796.88    87.97      0.00
"""


def any_terms() -> st.SearchStrategy[LoanTerms]:
    return st.builds(
        LoanTerms,
        currency=st.just("CNY"),
        principal_minor=st.integers(1, 10**12),
        annual_rate=st.integers(0, 360_000).map(lambda millionths: Decimal(millionths) / 10**6),
        periods=st.integers(1, 60),
        disbursed_on=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
        rounding=st.sampled_from(["half_up", "half_even"]),
    )


def broken(terms: LoanTerms, days: int) -> LoanTerms:
    return replace(terms, first_due_on=terms.disbursed_on + timedelta(days=days))


class TestPublishedVectors:
    def test_twelve_rows_to_the_cent(self) -> None:
        plan = build([TERMS])
        columns = (plan.n, plan.due_minor, plan.principal_minor, plan.interest_minor, plan.balance_minor)
        rows = [tuple(int(column[k]) for column in columns) for k in range(12)]
        told = [line.split() for line in PUBLISHED.split("\n") if line]
        assert rows == [(int(n), *(int(Decimal(yuan) * 100) for yuan in money)) for n, *money in told]

    @pytest.mark.parametrize(("rate", "interest"), [("0.18", 100_161), ("0.20", 111_614), ("0.24", 134_715)])
    def test_total_interest_of_ten_thousand_over_a_year(self, rate: str, interest: int) -> None:
        plan = build([replace(TERMS, principal_minor=1_000_000, annual_rate=Decimal(rate))])
        assert int(plan.interest_minor.sum()) == interest

    def test_rate_zero_splits_the_principal(self) -> None:
        plan = build([replace(TERMS, principal_minor=1000, annual_rate=Decimal(0), periods=3)])
        assert plan.principal_minor.tolist() == [333, 333, 334]
        assert plan.interest_minor.tolist() == [0, 0, 0]

    def test_a_broken_first_period_earns_its_share_by_days(self) -> None:
        # 17 of January's 31 days and all of February: 100 000 × 1 % × (1 + 17/31) = 1 548.387…
        plan = build([replace(TERMS, periods=3, first_due_on=date(2026, 3, 1))])
        assert plan.interest_minor.tolist() == [154_839, 67_362, 33_848]
        assert plan.due_minor.tolist() == [3_418_683, 3_418_683, 3_418_683]
        assert plan.due_on.astype(str).tolist() == ["2026-03-01", "2026-04-01", "2026-05-01"]

    def test_a_first_due_date_one_month_on_changes_nothing(self) -> None:
        stated = build([replace(TERMS, first_due_on=date(2026, 2, 15))])
        assert np.array_equal(stated.due_minor, build([TERMS]).due_minor)


class TestColumns:
    def test_a_loan_in_a_crowd_is_the_loan_alone(self) -> None:
        crowd = [replace(TERMS, periods=n, principal_minor=7_777_777 * n) for n in (3, 36, 1, 12)]
        together, position = build(crowd), 0
        for terms in crowd:
            alone = build([terms])
            part = slice(position, position + len(alone))
            assert np.array_equal(together.due_minor[part], alone.due_minor)
            assert np.array_equal(together.due_on[part], alone.due_on)
            position += len(alone)
        assert position == len(together)

    def test_no_loans_make_no_rows(self) -> None:
        assert len(build([])) == 0

    def test_principals_whose_products_pass_int64_are_still_exact(self) -> None:
        large = replace(TERMS, principal_minor=10**12, annual_rate=Decimal("3.999999"), first_due_on=date(2026, 4, 1))
        plan = build([large])
        exact = Fraction(10**12) * Fraction(3_999_999, 10**6) / 12 * (2 + Fraction(17, 31))
        assert int(plan.interest_minor[0]) == half_up(Decimal(exact.numerator) / Decimal(exact.denominator))
        assert int(plan.principal_minor.sum()) == 10**12


class TestDueDates:
    def test_the_day_is_clamped_in_short_months_and_comes_back(self) -> None:
        plan = build([replace(TERMS, disbursed_on=date(2027, 12, 31), periods=4)])
        assert plan.due_on.astype(str).tolist() == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]

    @given(terms=any_terms())
    def test_each_due_date_is_that_of_the_calendar(self, terms: LoanTerms) -> None:
        expected = [add_months(terms.disbursed_on, n) for n in range(1, terms.periods + 1)]
        assert build([terms]).due_on.tolist() == expected


class TestAnyTerms:
    @given(batch=st.lists(any_terms(), min_size=1, max_size=5))
    def test_parts_re_add_and_nothing_is_negative(self, batch: list[LoanTerms]) -> None:
        plan = build(batch)
        for loan, terms in enumerate(batch):
            mine = plan.loan == loan
            assert int(plan.principal_minor[mine].sum()) == terms.principal_minor
            assert int(plan.balance_minor[mine][-1]) == 0
            assert min(plan.principal_minor[mine].min(), plan.interest_minor[mine].min()) >= 0
            assert len(set(plan.due_minor[mine][:-1].tolist())) <= 1 or terms.principal_minor < 100_000

    @given(terms=any_terms(), days=st.integers(1, 200))
    def test_a_broken_first_period_keeps_both_laws(self, terms: LoanTerms, days: int) -> None:
        plan = build([broken(terms, days)])
        assert int(plan.principal_minor.sum()) == terms.principal_minor
        assert min(plan.principal_minor.min(), plan.interest_minor.min(), plan.balance_minor.min()) >= 0
        assert (plan.due_on > plan.starts_on).all()

    @given(terms=any_terms())
    def test_the_level_payment_is_the_textbook_formula_rounded_once(self, terms: LoanTerms) -> None:
        i = Fraction(terms.annual_rate) / 12
        growth = (1 + i) ** terms.periods
        exact = (
            terms.principal_minor * i * growth / (growth - 1) if i else Fraction(terms.principal_minor, terms.periods)
        )
        doubled = exact * 2
        if terms.periods > 1 and terms.principal_minor > 100_000 and doubled.denominator != 1:  # not a tie
            assert int(build([terms]).due_minor[0]) == int(exact + Fraction(1, 2))

    @given(terms=any_terms())
    def test_interest_is_that_of_the_rounded_balance(self, terms: LoanTerms) -> None:
        plan = build([terms])
        before = np.concatenate([[terms.principal_minor], plan.balance_minor[:-1]])
        rounded = half_even if terms.rounding == "half_even" else half_up
        for balance, interest in zip(before.tolist(), plan.interest_minor.tolist(), strict=True):
            twelfths = Decimal(balance) * terms.annual_rate * 10**6  # whole; ÷ 12 000 000 may be a tie exactly
            assert interest == rounded(twelfths / Decimal(12 * 10**6))


def test_columns_carry_the_terms_exactly() -> None:
    columns = TermsColumns.of([replace(TERMS, annual_rate=Decimal("0.123456"))])
    assert columns.rate_millionths.tolist() == [123_456]
    assert np.isnat(columns.first_due_on).all()
