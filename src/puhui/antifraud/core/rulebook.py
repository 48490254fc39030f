"""Anti-fraud's rulebook (规则集): a dated table of SQL conditions over signals, checked and run by the policy floor.

Rules kept: policy is versioned data (rules.csv; its hash is the version). Missing is not false (card 26): a rule that nobody
can decide is listed as unknown; here it does not decide by itself, since a device or an invoice is often not there.

>>> book = read_rules("code,condition,outcome,severity,shows,text_zh,text_en,effective_from,effective_to,source\\n"
...                   "TOO_MANY,people_on_phone_30d >= 3,review,grave,people_on_phone_30d,多,many,2020-01-01,,2.9\\n")
>>> frame = pl.DataFrame({"people_on_phone_30d": [3, 2, None]})
>>> [(found.hits, found.unknown) for found in evaluate(book, frame, on=[date(2026, 1, 1)] * 3)][1:]
[((), ()), ((), ('TOO_MANY',))]
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from puhui.antifraud.core import strategy
from puhui.antifraud.core.outcome import Outcome, gravest
from puhui.antifraud.core.signals import COLUMNS, TEXT
from puhui.kernel import shipped
from puhui.kernel.refusal import Refused
from puhui.policy.core import rulebook as policy
from puhui.policy.core.columns import Columns
from puhui.policy.core.rulebook import Rule, Rulebook  # noqa: F401 - Rule and Rulebook are this module's words too

KIND = "antifraud"  # of the policy floor's rulebook, once one is published
SCORED_BY_RULES = "rules"


class RulebookUnreadable(ValueError):
    """A rule of the table cannot be used: its condition, a signal's name, its outcome or its dates are wrong."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that is true of an application, with the signals that made it so."""

    code: str
    severity: str
    outcome: str
    text_zh: str
    text_en: str
    evidence: dict[str, Any]
    action: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`unknown` names the rules that could not be decided because a signal is missing; the rest as in `Assessment`."""

    outcome: Outcome
    hits: tuple[Hit, ...]
    unknown: tuple[str, ...]
    strategy: str = "pass"
    conditions: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=1)
def shipped_texts() -> dict[str, str]:
    """The texts of the shipped rulebook, ready to be drafted, changed, reviewed and published on the policy floor."""
    rules = shipped.text("puhui.antifraud", "policy/rulebook/rules.csv")
    return {"columns.csv": TEXT, "rules.csv": rules}


@lru_cache(maxsize=1)
def default_rulebook() -> Rulebook:
    """The rules shipped with the room: they decide until a version is published."""
    return read_rules(shipped_texts()["rules.csv"])


def score_of(hits: Sequence[Hit]) -> float:
    """Until a model is champion: 1 − ∏(1 − weight) over the hits, weights from `hit_weights.csv`; a rank, not calibrated.

    >>> hit = Hit("R", "grave", "review", "", "", {})
    >>> score_of([]), round(score_of([hit, hit]), 4)
    (0.0, 0.5775)
    """
    clean = math.prod(1 - _weights()[hit.outcome, hit.severity] for hit in hits)
    return round(1.0 - clean, 6)


@lru_cache(maxsize=1)
def _weights() -> dict[tuple[str, str], float]:
    rows = shipped.rows("puhui.antifraud", "policy/hit_weights.csv")
    return {(row["outcome"], row["severity"]): float(row["weight"]) for row in rows}


def read_rules(text: str, columns: Columns = COLUMNS) -> Rulebook:
    """Parse and check a rule table; every condition may name known signals only."""
    try:
        return policy.read_rules(text, columns, on_missing="pass")
    except Refused as refused:
        raise RulebookUnreadable(str(refused.refusal)) from refused


def evaluate(book: Rulebook, signals: pl.DataFrame, *, on: Sequence[date]) -> list[Verdict]:
    """One verdict a row; a rule applies to a row whose day lies in its dates.

    A row's outcome is its gravest hit's, so that no rank is planned beside the rules: over one row that took four times their own work.
    """
    if not book.rules or not signals.height:
        return [Verdict("pass", (), ()) for _ in range(signals.height)]
    plan, (asked, by_day) = signals.lazy(), _asked(book, (min(on), max(on)))
    if by_day:
        plan = plan.with_columns(pl.Series(policy.DAY, on, dtype=pl.Date))
    answers = policy.collected(plan.select(asked), signals.height)
    answers.columns = [rule.code for rule in book.rules]
    judged = policy.Judged(book, signals, _NO_RANK, answers)
    return [_verdict(judged, row) for row in range(signals.height)]


_NO_RANK = pl.Series(policy.RANK, dtype=pl.UInt8)
_ASKED: dict[tuple[str, date, date], tuple[list[pl.Expr], bool]] = {}
_MOST_ASKED = 64


def _asked(book: Rulebook, span: tuple[date, date]) -> tuple[list[pl.Expr], bool]:
    """Every rule's answer on these days, and whether any of them asks which day it is; kept by the rules' version."""
    key = (book.version, *span)
    if key not in _ASKED:
        if len(_ASKED) >= _MOST_ASKED:
            _ASKED.clear()
        by_day = not all(rule.in_force(day) for rule in book.rules for day in span)
        _ASKED[key] = (book.answers(span), by_day)
    return _ASKED[key]


def _verdict(judged: policy.Judged, row: int) -> Verdict:
    hits = judged.hits_of(row) + judged.asked_by_missing(row)
    acts = strategy.combine((hit.outcome, hit.action) for hit in hits)
    told = tuple(map(_hit, hits))
    return Verdict(gravest(hit.outcome for hit in hits), told, judged.unknown_of(row), acts.strategy, acts.conditions)


def _hit(hit: policy.Hit) -> Hit:
    return Hit(hit.code, hit.severity, hit.outcome, hit.text_zh, hit.text_en, hit.evidence, hit.action)
