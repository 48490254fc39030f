"""The terms of telling alerts, as dated tables (`tables/*.csv`): severities with their quiet hours, kinds, channels, the outbox.

Rule kept: a row is in force from `effective_from` until a later row of the same key (card 26); no threshold stands in code.

>>> severity("watch", date(2026, 12, 1)).group, number("look_back", date(2026, 12, 1))
(datetime.timedelta(seconds=900), 72)
>>> due_at(severity("watch", date(2026, 12, 1)), datetime(2026, 12, 1, 22, tzinfo=CHINA)).isoformat()
'2026-12-02T08:30:00+08:00'
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from puhui.kernel import shipped

CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Severity:
    """How soon somebody is told; quiet hours are [quiet_from, quiet_until) in China, over midnight where they must."""

    code: str
    rank: int
    zh: str
    en: str
    group: timedelta
    quiet: tuple[time, time] | None


@dataclass(frozen=True, slots=True)
class Kind:
    """What an alert of a source is called, and how grave it is."""

    severity: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class ChannelTerms:
    """What a channel bears: bytes a message, messages a minute, tries, and the wait after the first failed one."""

    channel: str
    zh: str
    en: str
    most_bytes: int
    per_minute: int
    tries: int
    first_wait: timedelta


def severity(code: str, on: date) -> Severity:
    """The severity as it stands on the day."""
    row = _in_force("severities.csv", ("severity",), on)[(code,)]
    edges = row["quiet_from"], row["quiet_until"]
    quiet = (time.fromisoformat(edges[0]), time.fromisoformat(edges[1])) if all(edges) else None
    return Severity(code, int(row["rank"]), row["zh"], row["en"], timedelta(minutes=int(row["group_minutes"])), quiet)


def kind(source: str, code: str, on: date) -> Kind:
    """What this kind of alert is called on the day; one that the table does not know yet is told all the same, by the row `*`."""
    rows = _in_force("kinds.csv", ("source", "kind"), on)
    row = rows.get((source, code)) or rows[("*", "*")]
    return Kind(row["severity"], row["zh"], row["en"])


def channels(on: date) -> dict[str, ChannelTerms]:
    """channel → its terms on the day, in the table's order."""
    return {
        row["channel"]: ChannelTerms(
            row["channel"], row["zh"], row["en"], int(row["most_bytes"]), int(row["per_minute"]), int(row["tries"]),
            timedelta(minutes=int(row["first_wait_minutes"])),
        )
        for row in _in_force("channels.csv", ("channel",), on).values()
    }  # fmt: skip


def number(name: str, on: date) -> int:
    """A number of the outbox, in the unit its row states."""
    return int(_in_force("outbox.csv", ("name",), on)[(name,)]["value"])


def due_at(grave: Severity, now: datetime) -> datetime:
    """When a message that opens now may leave: after the time of grouping, and after quiet hours."""
    wanted = (now + grave.group).astimezone(CHINA)
    if grave.quiet is None:
        return wanted
    begins, ends = grave.quiet
    clock = wanted.time()
    if begins <= ends:
        return wanted.replace(hour=ends.hour, minute=ends.minute, second=0, microsecond=0) if begins <= clock < ends else wanted  # fmt: skip
    if ends <= clock < begins:
        return wanted
    morning = wanted.date() + timedelta(days=clock >= begins)
    return datetime.combine(morning, ends, tzinfo=CHINA)


def _in_force(name: str, key: tuple[str, ...], on: date) -> dict[tuple[str, ...], shipped.Row]:
    return shipped.newest(shipped.rows("puhui.journeys.alerts", f"tables/{name}"), *key, on=on)
