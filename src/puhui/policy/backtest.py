"""The backtest (回测): a version, or a draft that is stored nowhere, over the applications on record, beside another.

Rule kept: it runs `Policy.decide`, the very function that decides live, over the columns of the snapshot. A column that was
not on record is missing for everybody, and said so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import scorers, snapshot
from puhui.policy.core.comparison import Comparison, compare
from puhui.policy.core.policy_text import Policy

PERSONAL = ("subject", "decision_id")


@dataclass(frozen=True, slots=True)
class Question:
    """`old` and `new` are compiled policies; `referee` says whose chance of default values both; `latest` limits it to so many."""

    old: Policy
    new: Policy
    kind: str
    since: date | None = None
    until: date | None = None
    segment: str = ""
    referee: str = "new"
    latest: int = 0


@dataclass(frozen=True, slots=True)
class Backtest:
    """The comparison, what was not on record, and how the snapshot stood."""

    comparison: Comparison
    not_on_record: tuple[str, ...]
    rebuilt: str


def run(question: Question) -> Backtest:
    """Both policies over what is stored. The economics are the old version's, for both."""
    if question.referee not in ("old", "new"):
        raise Refused(Refusal("REFEREE", "评判模型为 old 或 new · the referee is old or new", where=question.referee))
    frame, filled = snapshot.scan(question.kind, since=question.since, until=question.until)
    frame = frame.tail(question.latest) if question.latest else frame
    seen, absent = _seen(frame, [question.old, question.new], question.segment)
    if seen.is_empty():
        told = "这段时间没有存档的申请 · no application is on record in that time"
        raise Refused(Refusal("NOTHING_ON_RECORD", told, where=question.kind))
    comparison = over(seen, question)
    return Backtest(comparison, absent, filled.rebuilt)


def over(seen: pl.DataFrame, question: Question) -> Comparison:
    """The comparison over a frame that is at hand."""
    days = seen["decided_on"]
    old, new = (
        policy.decide(seen, on=days, scorer=scorers.find(policy.scorer)) for policy in (question.old, question.new)
    )
    keep = [name for name in (*PERSONAL, "decided_on") if name in seen.columns]
    return compare(
        old, new, economics=question.old.economics, referee=question.referee, segment=question.segment, keep=keep
    )


def write_swaps(comparison: Comparison, path: Path) -> int:
    """The applications that changed sides, as CSV (amounts in minor units); returns how many."""
    comparison.swaps.write_csv(path)
    return comparison.swaps.height


def _seen(frame: pl.LazyFrame, policies: Sequence[Policy], segment: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    wanted: dict[str, Any] = {name: column.type for policy in policies for name, column in policy.columns.items()}
    stored = frame.collect_schema().names()
    if segment and segment not in stored:
        raise Refused(Refusal("SEGMENT_UNKNOWN", "存档中没有这个字段 · no such column is on record", where=segment))
    absent = tuple(sorted(name for name in wanted if name not in stored))
    names = dict.fromkeys(
        [*[name for name in wanted if name in stored], "decided_on", *PERSONAL, *([segment] if segment else [])]
    )
    seen = frame.select(list(names)).collect()
    return seen.with_columns(pl.lit(None, dtype=wanted[name]).alias(name) for name in absent), absent
