"""Rolling of due dates over the Chinese calendar: Spring Festival, make-up working days, years nobody knows yet."""

from datetime import date

import chinese_calendar
import numpy as np
import pytest

from puhui.servicing.core.business_days import CONVENTIONS, is_business_day, refuse_convention, roll, roll_periods


def days(*written: str) -> np.ndarray:
    return np.array(written, "datetime64[D]")


class TestRolling:
    @pytest.mark.parametrize(
        ("due", "following", "preceding", "modified"),
        [
            ("2026-02-13", "2026-02-13", "2026-02-13", "2026-02-13"),  # the Friday before Spring Festival
            ("2026-02-14", "2026-02-14", "2026-02-14", "2026-02-14"),  # a Saturday worked for it
            ("2026-02-15", "2026-02-24", "2026-02-14", "2026-02-24"),  # nine days of rest, 15–23 February
            ("2026-02-23", "2026-02-24", "2026-02-14", "2026-02-24"),
            ("2026-02-28", "2026-02-28", "2026-02-28", "2026-02-28"),  # a Saturday worked after it
            ("2026-01-04", "2026-01-04", "2026-01-04", "2026-01-04"),  # a Sunday worked for New Year
            ("2026-05-31", "2026-06-01", "2026-05-29", "2026-05-29"),  # a Sunday at the month's end
            ("2026-10-01", "2026-10-08", "2026-09-30", "2026-10-08"),  # National Day week
            ("2026-10-10", "2026-10-10", "2026-10-10", "2026-10-10"),  # the Saturday worked for it
            ("2025-01-26", "2025-01-26", "2025-01-26", "2025-01-26"),  # a Sunday worked before Spring Festival 2025
            ("2025-01-28", "2025-02-05", "2025-01-27", "2025-01-27"),  # its eve: forward leaves January
            (
                "2020-01-31",
                "2020-02-03",
                "2020-01-23",
                "2020-01-23",
            ),  # the rest lengthened by the State Council in 2020
        ],
    )
    def test_follows_the_notice_of_the_year(self, due: str, following: str, preceding: str, modified: str) -> None:
        asked = dict(zip(CONVENTIONS, (due, following, preceding, modified), strict=True))
        for convention, expected in asked.items():
            found = roll(days(due), convention)
            assert found.day.tolist() == days(expected).tolist(), convention
            assert not found.weekends_only.any()

    def test_takes_one_convention_a_row(self) -> None:
        found = roll(days("2026-05-31", "2026-05-31", "2026-05-31", "2026-05-31"), np.array(list(CONVENTIONS)))
        assert found.day.tolist() == days("2026-05-31", "2026-06-01", "2026-05-29", "2026-05-29").tolist()

    def test_says_where_only_weekends_are_known(self) -> None:
        """1 October 2030 is a holiday that no notice has arranged yet; 5 October 2030 is a Saturday."""
        unknown = max(chinese_calendar.constants.holidays).year + 1
        first = date(unknown, 10, 1)
        found = roll(np.array([first, date(2026, 10, 1)], "datetime64[D]"), "following")
        assert found.weekends_only.tolist() == [True, False]
        assert found.day[0] - np.datetime64(first) == {5: 2, 6: 1}.get(first.weekday(), 0)
        assert roll(days("2003-10-01", "2003-10-04"), "preceding").day.tolist() == [
            date(2003, 10, 1),
            date(2003, 10, 3),
        ]

    def test_that_runs_into_an_unknown_year_says_so(self) -> None:
        """New Year's Day 2004 is known, the day before it is not; Saturday 31 January 2004 needs no other year."""
        found = roll(days("2004-01-31", "2004-01-01"), "preceding")
        assert found.day.tolist() == [date(2004, 1, 30), date(2003, 12, 31)]
        assert found.weekends_only.tolist() == [False, True]

    def test_of_none_asks_no_calendar(self) -> None:
        found = roll(days("2050-01-01"), "none")
        assert found.day.tolist() == [date(2050, 1, 1)]
        assert found.weekends_only.tolist() == [False]

    def test_of_nothing_is_nothing(self) -> None:
        assert len(roll(days(), "following").day) == 0

    def test_agrees_with_the_library_on_every_day_it_knows(self) -> None:
        every = np.arange("2004-01-01", "2027-01-01", dtype="datetime64[D]")
        assert is_business_day(every).tolist() == [chinese_calendar.is_workday(day) for day in every.tolist()]


class TestPeriods:
    """Two instalments of a loan of 15 January 2026, due on 15 February (rest) and 15 March (a Sunday)."""

    starts, due = days("2026-01-15", "2026-02-15"), days("2026-02-15", "2026-03-15")
    first = np.array([True, False])

    def test_unadjusted_move_the_payment_and_no_interest(self) -> None:
        found = roll_periods(self.starts, self.due, self.first, "following")
        assert found.pay_on.tolist() == [date(2026, 2, 24), date(2026, 3, 16)]
        assert found.starts_on.tolist() == self.starts.tolist()
        assert found.ends_on.tolist() == self.due.tolist()

    def test_adjusted_run_to_the_day_of_payment_and_tile(self) -> None:
        found = roll_periods(self.starts, self.due, self.first, "following", adjusted=True)
        assert found.ends_on.tolist() == found.pay_on.tolist() == [date(2026, 2, 24), date(2026, 3, 16)]
        assert found.starts_on.tolist() == [date(2026, 1, 15), date(2026, 2, 24)]

    def test_never_roll_the_disbursement(self) -> None:
        found = roll_periods(days("2026-02-16"), days("2026-03-16"), np.array([True]), "following", adjusted=True)
        assert found.starts_on.tolist() == [date(2026, 2, 16)]

    def test_take_adjusted_row_by_row(self) -> None:
        found = roll_periods(
            self.starts, self.due, np.array([True, True]), "preceding", adjusted=np.array([True, False])
        )
        assert found.ends_on.tolist() == [date(2026, 2, 14), date(2026, 3, 15)]
        assert found.pay_on.tolist() == [date(2026, 2, 14), date(2026, 3, 13)]


class TestAConvention:
    def test_unknown_is_refused_by_name(self) -> None:
        refusal = refuse_convention("nearest")
        assert refusal is not None
        assert refusal.code == "BUSINESS_DAY_UNKNOWN"
        assert all(refuse_convention(known) is None for known in CONVENTIONS)

    def test_unknown_in_a_column_is_a_bug(self) -> None:
        with pytest.raises(ValueError, match="nearest"):
            roll(days("2026-01-01"), "nearest")
