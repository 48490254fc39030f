"""Daily interest: no cent is born early, none is lost."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from puhui.servicing.core.accrual import accrual_of, accrued_to


def period(start: str, due: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array([start], "datetime64[D]"), np.array([due], "datetime64[D]")


class TestAccruedTo:
    def test_starts_at_nothing_and_ends_at_the_scheduled_interest(self) -> None:
        start, due = period("2026-01-15", "2026-02-15")
        figures = [accrued_to(np.array([100_000]), start, due, np.datetime64(day))[0]
                   for day in ("2026-01-01", "2026-01-15", "2026-01-16", "2026-02-15", "2026-03-01")]  # fmt: skip
        assert [int(figure) for figure in figures] == [0, 0, 3_226, 100_000, 100_000]

    def test_half_of_a_cent_goes_the_way_the_contract_says(self) -> None:
        start, due = period("2026-01-01", "2026-01-03")
        middle = np.datetime64("2026-01-02")
        assert accrued_to(np.array([5]), start, due, middle).tolist() == [3]
        assert accrued_to(np.array([5]), start, due, middle, np.array([True])).tolist() == [2]

    def test_one_cent_over_a_month_is_accrued_on_one_day_only(self) -> None:
        start, due = period("2026-01-15", "2026-02-15")
        days = [np.datetime64("2026-01-15") + np.timedelta64(k, "D") for k in range(31)]
        daily = [int(accrual_of(np.array([1]), start, due, day)[0]) for day in days]
        assert sum(daily) == 1
        assert set(daily) == {0, 1}

    def test_amounts_beyond_int64_products_are_exact(self) -> None:
        start, due = period("2026-01-15", "2026-02-15")
        huge = np.array([2**62], np.int64)
        assert int(accrued_to(huge, start, due, np.datetime64("2026-02-15"))[0]) == 2**62


@given(
    interest=st.integers(0, 10**12),
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    days=st.integers(1, 400),
    half_even=st.booleans(),
)
def test_the_days_of_a_period_add_up_to_its_interest(interest: int, start: date, days: int, half_even: bool) -> None:
    columns = (
        np.array([interest]),
        np.array([start], "datetime64[D]"),
        np.array([start + timedelta(days)], "datetime64[D]"),
    )
    daily = [int(accrual_of(*columns, np.datetime64(start + timedelta(k)), half_even)[0]) for k in range(-1, days + 1)]
    assert sum(daily) == interest
    assert min(daily) >= 0
    assert max(daily) - min(daily[1:-1]) <= 2  # even: no day carries what another lost
