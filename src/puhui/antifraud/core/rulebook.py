"""Anti-fraud's rulebook (规则集): a dated table of SQL conditions over signals, checked and run by the policy floor.

Rules kept: policy is versioned data (rules.csv; its hash is the version). Missing is not false (card 26): a rule that nobody
can decide is listed as unknown; here it does not decide by itself, since a device or an invoice is often not there.

>>> book = read_rules("code,condition,outcome,severity,shows,text_zh,text_en,effective_from,effective_to,source\\n"
...                   "TOO_MANY,people_on_phone_30d >= 3,review,grave,people_on_phone_30d,多,many,2020-01-01,,2.9\\n")
>>> frame = pl.DataFrame({"people_on_phone_30d": [3, 2, None]})
>>> [(found.hits, found.unknown) for found in evaluate(book, frame, on=[date(2026, 1, 1)] * 3)][1:]
[((), ()), ((), ('TOO_MANY',))]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any, cast

import polars as pl

from puhui.antifraud.core.outcome import OUTCOMES, Outcome
from puhui.antifraud.core.signals import SIGNALS
from puhui.kernel.refusal import Refused
from puhui.policy.core import rulebook as policy
from puhui.policy.core.columns import Column, Columns, Kind
from puhui.policy.core.rulebook import Rule, Rulebook  # noqa: F401 - Rule and Rulebook are this module's words too

_KINDS: dict[Any, Kind] = {pl.Int64: "integer", pl.Float64: "float", pl.Boolean: "boolean", pl.String: "text"}
COLUMNS = Columns([Column(signal.name, _KINDS[signal.kind], True, signal.zh, signal.en) for signal in SIGNALS])


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """`unknown` names the rules that could not be decided because a signal is missing."""

    outcome: Outcome
    hits: tuple[Hit, ...]
    unknown: tuple[str, ...]


@lru_cache(maxsize=1)
def default_rulebook() -> Rulebook:
    """The rules shipped with the room."""
    return read_rules(resources.files("puhui.antifraud").joinpath("rules.csv").read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def read_rules(text: str) -> Rulebook:
    """Parse and check a rule table; every condition may name known signals only."""
    try:
        return policy.read_rules(text, COLUMNS, on_missing="pass")
    except Refused as refused:
        raise RulebookUnreadable(str(refused.refusal)) from refused


def evaluate(book: Rulebook, signals: pl.DataFrame, *, on: Sequence[date]) -> list[Verdict]:
    """One verdict a row; a rule applies to a row whose day lies in its dates."""
    judged = policy.evaluate(book, signals, on=on)
    return [
        Verdict(cast(Outcome, OUTCOMES[rank]), tuple(map(_hit, judged.hits_of(row))), judged.unknown_of(row))
        for row, rank in enumerate(judged.rank.to_list())
    ]


def _hit(hit: policy.Hit) -> Hit:
    return Hit(hit.code, hit.severity, hit.outcome, hit.text_zh, hit.text_en, hit.evidence)
