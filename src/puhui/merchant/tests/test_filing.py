"""Filing days as the tax offices published them (2024 to 2026), and what is not published says so."""

from datetime import UTC, date, datetime

import pytest
from icalendar import Calendar

from puhui.kernel.refusal import Refused
from puhui.merchant import filing_calendar

PUBLISHED = {  # month → the day to which the 15th moved
    (2024, 4): 18, (2024, 5): 22, (2024, 9): 18, (2024, 10): 24,
    (2025, 1): 15, (2025, 2): 20, (2025, 4): 18, (2025, 5): 22, (2025, 6): 16, (2025, 10): 27,
    (2026, 1): 20, (2026, 2): 24, (2026, 3): 16, (2026, 4): 20, (2026, 5): 22, (2026, 8): 17, (2026, 10): 26, (2026, 11): 16,
}  # fmt: skip


class TestTheFifteenth:
    @pytest.mark.parametrize(("month", "day"), PUBLISHED.items())
    def test_moves_as_published(self, month: tuple[int, int], day: int) -> None:
        found = filing_calendar.deadlines(date(*month, 1), employer=True, months=1)
        due = next(each for each in found if each.code == "wage_tax" and each.planned.month == month[1])
        assert (due.due_on, due.sure) == (date(*month, day), True)


class TestTheCalendar:
    def test_is_not_sure_of_a_year_without_holidays(self) -> None:
        found = filing_calendar.deadlines(date(2026, 12, 1), months=6)
        assert {each.sure for each in found if each.planned.year == 2027} == {False}

    def test_differs_for_a_firm_and_an_employer(self) -> None:
        codes = {each.code for each in filing_calendar.deadlines(date(2026, 1, 1), entity="firm", employer=True)}
        assert codes == {"vat_quarter", "cit_prepay", "cit_year", "wage_tax", "insurance", "annual_report"}

    def test_refuses_an_unknown_kind(self) -> None:
        with pytest.raises(Refused, match="ENTITY_UNKNOWN"):
            filing_calendar.deadlines(date(2026, 1, 1), entity="club")
        with pytest.raises(Refused, match="FILING_RULE_ABSENT"):
            filing_calendar.deadlines(date(1990, 1, 1))

    def test_as_ical_keeps_its_ids(self) -> None:
        found = filing_calendar.deadlines(date(2026, 1, 1), months=3)
        files = [filing_calendar.ical(found, owner="x", now=datetime(2026, 1, n, tzinfo=UTC)) for n in (1, 2)]
        ids = [[str(event["uid"]) for event in Calendar.from_ical(file).walk("VEVENT")] for file in files]
        assert ids[0] == ids[1]
        assert len(set(ids[0])) == len(found)
