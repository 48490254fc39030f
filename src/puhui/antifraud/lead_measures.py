"""How good leads are (线索质量): by source, how many were right, how many days until it was confirmed, and what sum was at stake.

Rule kept: a lead counts where its case ended, the cases that it was merged into included; a lead that is still open is neither right nor
wrong, and where nothing is concluded the precision is unknown, not zero. An application with two leads of a source cannot be: leads are once.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from puhui.antifraud import models
from puhui.antifraud.core import casework

_RIGHT, _WRONG = ("confirmed", "filed"), ("cleared",)


@dataclass(frozen=True, slots=True)
class LeadMeasure:
    """`source` "" is all together; `days` the median from the lead to its confirmation; amounts are of applications, once each."""

    source: str
    leads: int
    still_open: int
    confirmed: int
    cleared: int
    precision: float | None
    days: float | None
    confirmed_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class _Ended:
    application_key: str
    amount_minor: int
    raised_at: datetime
    state: str
    closed_at: datetime | None


def measures(*, now: datetime) -> list[LeadMeasure]:
    """All together, then source by source in the order of the table of sources; leads of the days that the table names."""
    since = now - timedelta(days=casework.figures()["measured"]["days"])
    cases = {row["id"]: row for row in models.Case.objects.values("id", "state", "closed_at", "merged_into_id")}
    by_source: dict[str, list[_Ended]] = defaultdict(list)
    names = ("source", "case_id", "application_key", "amount_minor", "raised_at")
    for lead in models.Lead.objects.filter(raised_at__gt=since, raised_at__lte=now).order_by("id").values(*names):
        case = cases[lead["case_id"]]
        while case["merged_into_id"]:
            case = cases[case["merged_into_id"]]
        closed = case["closed_at"] if case["closed_at"] and case["closed_at"] <= now else None
        state = case["state"] if closed else "open"
        ended = _Ended(lead["application_key"], lead["amount_minor"], lead["raised_at"], state, closed)
        by_source[lead["source"]].append(ended)
    every = [ended for found in by_source.values() for ended in found]
    told = [(source, by_source[source]) for source in casework.SOURCES if source in by_source]
    return [_measure(source, found) for source, found in [("", every), *told] if found]


def _measure(source: str, found: list[_Ended]) -> LeadMeasure:
    right, wrong = (sum(one.state in states for one in found) for states in (_RIGHT, _WRONG))
    waited = [
        (one.closed_at - one.raised_at) / timedelta(days=1) for one in found if one.state in _RIGHT and one.closed_at
    ]
    return LeadMeasure(
        source, len(found), len(found) - right - wrong, right, wrong,
        right / (right + wrong) if right + wrong else None, round(median(waited), 2) if waited else None,
        _at_stake(one for one in found if one.state in _RIGHT), _at_stake(one for one in found if one.state == "open"),
    )  # fmt: skip


def _at_stake(found: Iterable[_Ended]) -> int:
    return sum({one.application_key: one.amount_minor for one in found}.values())
