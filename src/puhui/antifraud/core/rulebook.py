"""The rulebook (规则集): a dated table of SQL conditions over signals; true hits, false does not, null is *unknown*.

Rules kept: policy is versioned data (rules.csv; its hash is the version), missing is not false (card 26), conditions
are plain SQL run over columns, so one application is a batch of one.

>>> book = read_rules("code,condition,outcome,severity,shows,text_zh,text_en,effective_from,effective_to,source\\n"
...                   "TOO_MANY,people_on_phone_30d >= 3,review,grave,people_on_phone_30d,多,many,2020-01-01,,2.9\\n")
>>> frame = pl.DataFrame({"people_on_phone_30d": [3, 2, None]})
>>> [(found.hits, found.unknown) for found in evaluate(book, frame, on=[date(2026, 1, 1)] * 3)][1:]
[((), ()), ((), ('TOO_MANY',))]
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any

import polars as pl

from puhui.antifraud.core.outcome import OUTCOMES, SEVERITIES, Outcome, gravest
from puhui.antifraud.core.signals import SCHEMA


class RulebookUnreadable(ValueError):
    """A rule of the table cannot be used: its condition, a signal's name, its outcome or its dates are wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. Dates are inclusive at both ends, as published."""

    code: str
    condition: str
    outcome: str
    severity: str
    shows: tuple[str, ...]
    text_zh: str
    text_en: str
    effective_from: date
    effective_to: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules in the table's order; `version` is the hash of `text`, the table they were read from."""

    version: str
    text: str
    rules: tuple[Rule, ...]


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


def read_rules(text: str) -> Rulebook:
    """Parse and check a rule table; every condition may name known signals only."""
    rules = tuple(_rule(row) for row in csv.DictReader(io.StringIO(text)))
    codes = [rule.code for rule in rules]
    if len(set(codes)) != len(codes):
        raise RulebookUnreadable(f"a rule code appears twice: {min(c for c in codes if codes.count(c) > 1)}")
    return Rulebook(hashlib.sha256(text.encode()).hexdigest()[:12], text, rules)


def evaluate(book: Rulebook, signals: pl.DataFrame, *, on: Sequence[date]) -> list[Verdict]:
    """One verdict a row; a rule applies to a row whose day lies in its dates."""
    in_force = {
        rule.code: [
            rule.effective_from <= day and (rule.effective_to is None or day <= rule.effective_to) for day in on
        ]
        for rule in book.rules
    }
    answers = signals.select(_condition(rule.condition).alias(rule.code) for rule in book.rules)
    shown = signals.rows(named=True)
    verdicts = []
    for place, row in enumerate(answers.iter_rows(named=True)):
        live = [rule for rule in book.rules if in_force[rule.code][place]]
        hits = tuple(_hit(rule, shown[place]) for rule in live if row[rule.code])
        unknown = tuple(rule.code for rule in live if row[rule.code] is None)
        verdicts.append(Verdict(gravest(hit.outcome for hit in hits), hits, unknown))
    return verdicts


def _hit(rule: Rule, signals: dict[str, Any]) -> Hit:
    evidence = {name: signals[name] for name in rule.shows}
    return Hit(rule.code, rule.severity, rule.outcome, rule.text_zh, rule.text_en, evidence)


@lru_cache(maxsize=1000)
def _condition(text: str) -> pl.Expr:
    return pl.sql_expr(text)


def _rule(row: dict[str, str]) -> Rule:
    rule = Rule(
        code=row["code"],
        condition=row["condition"],
        outcome=row["outcome"],
        severity=row["severity"],
        shows=tuple(row["shows"].split()),
        text_zh=row["text_zh"],
        text_en=row["text_en"],
        effective_from=date.fromisoformat(row["effective_from"]),
        effective_to=date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
        source=row["source"],
    )
    if rule.outcome not in OUTCOMES or rule.severity not in SEVERITIES:
        raise RulebookUnreadable(f"{rule.code}: outcome {rule.outcome!r} or severity {rule.severity!r} is not known")
    try:
        named = {*_condition(rule.condition).meta.root_names(), *rule.shows}
    except Exception as error:  # Polars raises several kinds; each means the text is no condition
        raise RulebookUnreadable(f"{rule.code}: {rule.condition!r} is no SQL condition ({error})") from error
    if unknown := sorted(named - set(SCHEMA)):
        raise RulebookUnreadable(f"{rule.code}: no signal is called {unknown[0]!r}")
    return rule
