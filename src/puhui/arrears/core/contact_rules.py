"""When and how often a debtor may be contacted (催收联系规则), from the dated rule table.

Rule kept: thresholds are policy with dates (GB/T 45251-2025 since 2025-02-28, the same as house policy before); a day
without a rule refuses. Quiet hours bind every channel; a message counts with the calls, which is our own stricter reading.

>>> may_contact("call", time(21, 59), Contacts(calls=2), on=date(2026, 3, 1)) is None
True
>>> may_contact("call", time(22, 0), Contacts(), on=date(2026, 3, 1)).code
'QUIET_HOURS'
"""

from dataclasses import dataclass
from datetime import date, time

from puhui.kernel.refusal import Refusal
from puhui.policy import rule_table

CHANNELS = ("call", "message", "visit")


@dataclass(frozen=True, slots=True)
class Contacts:
    """What the debtor has had today; `calls` include messages."""

    calls: int = 0
    visits: int = 0


def may_contact(channel: str, local_time: time, contacts_today: Contacts, *, on: date) -> Refusal | None:
    """None when the contact is allowed; else the first rule that forbids it. `local_time` is the debtor's."""
    if channel not in CHANNELS:
        return Refusal("CHANNEL_UNKNOWN", f"联系方式应为 {'、'.join(CHANNELS)} · not a channel", where=channel)
    try:
        return _quiet(local_time, on) or _too_often(channel, contacts_today, on)
    except rule_table.RuleAbsent as absent:
        return Refusal("CONTACT_RULE_ABSENT", f"该日没有联系规则，不得联系 · {absent}", where=on.isoformat())


def _quiet(local_time: time, on: date) -> Refusal | None:
    start = rule_table.find("CALL_QUIET", metric="start_hour", on=on).value
    end = rule_table.find("CALL_QUIET", metric="end_hour", on=on).value
    if end <= local_time.hour < start:
        return None
    return Refusal("QUIET_HOURS", f"{start}:00 至次日 {end}:00 不得联系 · no contact from {start}:00 to {end}:00")


def _too_often(channel: str, contacts_today: Contacts, on: date) -> Refusal | None:
    if channel == "visit":
        limit = rule_table.find("VISIT_MAX_DAY", metric="visits", on=on).value
        if contacts_today.visits + 1 > limit:
            return Refusal("VISITS_EXHAUSTED", f"当日上门已达 {limit} 次 · {limit} visits have been made today")
        return None
    limit = rule_table.find("CALL_MAX_DAY", metric="calls", on=on).value
    if contacts_today.calls + 1 > limit:
        return Refusal("CALLS_EXHAUSTED", f"当日电话与短信已达 {limit} 次 · {limit} calls or messages were made today")
    return None
