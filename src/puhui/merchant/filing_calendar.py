"""The filing calendar of a shop, moved by the State Council's holidays (library chinesecalendar), and as iCalendar (RFC 5545).

Rule kept: for a year whose holidays are not published only weekends rest, and the deadline says that it is not sure.

>>> [str(each.due_on) for each in deadlines(date(2026, 1, 1), months=4) if each.code == "vat_quarter"]
['2026-01-20', '2026-04-20']
"""

import calendar
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import chinese_calendar
from chinese_calendar import constants
from icalendar import Alarm, Calendar, Event

from puhui.kernel.periods import add_months
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import rule_files
from puhui.merchant.core.filing import Deadline, moved

ENTITIES = ("sole_trader", "firm")
_DAYS_AHEAD = 3


def deadlines(on: date, *, entity: str = "sole_trader", employer: bool = False, months: int = 12) -> list[Deadline]:
    """What has to be filed from a day on, by day. Raises Refused ENTITY_UNKNOWN, FILING_RULE_ABSENT."""
    if entity not in ENTITIES:
        raise Refused(Refusal("ENTITY_UNKNOWN", f"类型为 · one of {', '.join(ENTITIES)}: {entity}", where="entity"))
    wanted = {"any", entity} | ({"employer"} if employer else set())
    try:
        rows = [row for row in rule_files.in_force("filing_deadlines", on=on) if row["entity"] in wanted]
    except rule_files.RuleAbsent as absent:
        told = f"这一天没有已载入的申报规则 · no deadlines are loaded for that day: {absent}"
        raise Refused(Refusal("FILING_RULE_ABSENT", told, where=on.isoformat())) from None
    found = []
    for ahead in range(months + 1):
        month = add_months(on.replace(day=1), ahead)
        for row in rows:
            if str(month.month) in row["months"].split("|"):
                planned = month.replace(day=min(int(row["day"]), calendar.monthrange(month.year, month.month)[1]))
                due = moved(
                    planned, works=works, holiday=lambda day: day in constants.holidays, extends=row["extends"] == "1"
                )
                found.append(Deadline(row["code"], row["zh"], row["en"], planned, due, _known(planned), row["source"]))
    return sorted((each for each in found if each.due_on >= on), key=lambda each: (each.due_on, each.code))


def ical(found: Sequence[Deadline], *, owner: str, now: datetime) -> bytes:
    """Deadlines as a calendar, each with an alarm three days ahead. `owner` makes the ids of events its own."""
    book = Calendar()
    book.add("prodid", "-//Puhui//filing calendar//ZH")
    book.add("version", "2.0")
    book.add("x-wr-calname", "申报日历")
    for each in found:
        event = Event()
        event.add("uid", f"{each.code}-{each.planned.isoformat()}@{owner}")
        event.add("dtstamp", now.astimezone(UTC))
        event.add("summary", each.zh)
        event.add("description", each.source)
        event.add("dtstart", each.due_on)
        event.add("dtend", each.due_on + timedelta(days=1))
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", each.zh)
        alarm.add("trigger", timedelta(days=-_DAYS_AHEAD))
        event.add_component(alarm)
        book.add_component(event)
    return bytes(book.to_ical())


def works(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day)) if _known(day) else day.weekday() < 5


def _known(day: date) -> bool:
    return min(constants.holidays).year <= day.year <= max(constants.holidays).year
