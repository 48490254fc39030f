"""The rules that decide now: the live version of the policy floor's rulebook `antifraud`, else those shipped with the room.

Rule kept: one function judges live, in a dry run and on replay; a version that names columns of its own finds them null.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from puhui.antifraud.core import rulebook
from puhui.antifraud.core.rulebook import Rulebook, Verdict
from puhui.policy import versions
from puhui.policy.core.policy_text import Policy


@dataclass(frozen=True)
class LiveRules:
    """`version` is as assessments name it: the hash of the rules' text."""

    book: Rulebook
    policy: Policy | None = None
    name: str = "shipped"

    @property
    def version(self) -> str:
        return self.book.version

    def judge(self, frame: pl.DataFrame, *, on: Sequence[date]) -> list[Verdict]:
        """One verdict a row; tables of the policy, if it has any, add their columns first."""
        if self.policy is None:
            return rulebook.evaluate(self.book, frame, on=on)
        lacking = {name: column.type for name, column in self.policy.columns.items() if name not in frame.columns}
        seen = frame.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in lacking.items())
        for step in self.policy.steps:
            seen = step.over(seen)
        return rulebook.evaluate(self.book, seen, on=on)


def current(now: datetime) -> LiveRules:
    """What decides at `now`."""
    view = versions.live_if_any(rulebook.KIND, now)
    return (
        LiveRules(rulebook.default_rulebook())
        if view is None
        else of_policy(versions.policy_of(view.content_hash), view.name)
    )


def of_policy(policy: Policy, name: str = "draft") -> LiveRules:
    """A compiled policy as rules."""
    return LiveRules(policy.book, policy, name)
