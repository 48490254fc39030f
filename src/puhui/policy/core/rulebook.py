"""The rulebook (规则集): a dated table of conditions; each row of a frame gets the gravest answer of what hits or is unknown.

Rules kept: a row is a batch of one: one applicant and a million take this path, and no Python loop goes over rows.
A missing value never silently passes: where a condition is unknown the rule's `on_missing` answers, which is `review`
for a rule that reviews or refuses unless the table says otherwise.

>>> columns = Columns([Column("age_years", "integer"), Column("debt_ratio", "float")])
>>> book = read_rules("code,condition,outcome,severity,text_zh,text_en\\n"
...                   "MINOR,age_years < 18,refuse,grave,未成年,a minor\\n"
...                   "IN_DEBT,debt_ratio > 0.5,review,warn,负债过高,too much debt\\n", columns)
>>> seen = columns.frame([{"age_years": 17, "debt_ratio": 0.1}, {"age_years": 40, "debt_ratio": 0.1}, {"age_years": 40}])
>>> judged = evaluate(book, seen, on=date(2026, 1, 1))
>>> judged.outcomes(), [hit.code for hit in judged.hits_of(0)], judged.unknown_of(2)
(['refuse', 'pass', 'review'], ['MINOR'], ('IN_DEBT',))
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core.columns import Column, Columns  # noqa: F401 - Column is for the example
from puhui.policy.core.condition import Condition, read_condition
from puhui.policy.core.fault import ConditionFault
from puhui.policy.core.outcome import OUTCOMES, SEVERITIES

DAY, RANK = "_decided_on", "_ruled_rank"
_OPEN_FROM = date(1900, 1, 1)
_FEW = 1_000  # rows; below, a better plan costs more than it saves (60 rules, one row: 41 ms of work against 3)
_AS_WRITTEN, _OPTIMISED = pl.QueryOptFlags.none(), pl.QueryOptFlags()
HEAD = ("code", "condition", "outcome", "severity", "text_zh", "text_en")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. Dates are inclusive at both ends, as published; `shows` are the columns that explain a hit.

    `action` says what else to do on a hit, in the words of the room that asks (antifraud: liveness, lower_limit:50 …).
    """

    code: str
    condition: Condition
    outcome: str
    severity: str
    on_missing: str
    reason_code: str
    shows: tuple[str, ...]
    text_zh: str
    text_en: str
    effective_from: date = _OPEN_FROM
    effective_to: date | None = None
    source: str = ""
    action: str = ""

    def in_force(self, on: date) -> bool:
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


@dataclass(frozen=True)
class Rulebook:
    """Rules in the table's order; `version` is the hash of `text`, the table they were read from."""

    version: str
    text: str
    rules: tuple[Rule, ...]

    @property
    def columns(self) -> frozenset[str]:
        """All columns that its conditions and evidence read."""
        return frozenset(name for rule in self.rules for name in (*rule.condition.columns, *rule.shows))

    def answers(self, span: tuple[Any, Any]) -> list[pl.Expr]:
        """Every rule's answer on these days, as `?code`; built once for the rules that are in force throughout."""
        throughout = tuple(rule.in_force(span[0]) and rule.in_force(span[1]) for rule in self.rules)
        if throughout not in self._answers:
            self._answers[throughout] = [_answer(rule, span).alias(f"?{rule.code}") for rule in self.rules]
        return self._answers[throughout]

    @cached_property
    def _answers(self) -> dict[tuple[bool, ...], list[pl.Expr]]:
        return {}

    @cached_property
    def rank_of(self) -> pl.Expr:
        """The gravest answer of a row: for each grade of gravity, is any of its rules true, or any unknown that then answers so?

        A sum that does not pass over nulls is null where any part is: one step for all rules, where asking each would be one a rule.
        """
        form = pl.lit(0, dtype=pl.UInt8)
        for rank, outcome in enumerate(OUTCOMES[1:], 1):
            hits = [f"?{rule.code}" for rule in self.rules if rule.outcome == outcome]
            unknowns = [f"?{rule.code}" for rule in self.rules if rule.on_missing == outcome]
            says = [pl.any_horizontal(hits).fill_null(False)] if hits else []
            says += [pl.sum_horizontal(unknowns, ignore_nulls=False).is_null()] if unknowns else []
            if says:
                form = pl.when(pl.any_horizontal(says)).then(pl.lit(rank, dtype=pl.UInt8)).otherwise(form)
        return form.alias(RANK)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that is true of a row, with the values that made it so. `missing`: it answered because it is unknown."""

    code: str
    severity: str
    outcome: str
    reason_code: str
    text_zh: str
    text_en: str
    evidence: dict[str, Any]
    missing: bool = False
    action: str = ""


@dataclass(frozen=True)
class Judged:
    """Answers by column: `rank` counts in OUTCOMES; `answers` holds one column a rule: true, false, or null where nobody knows."""

    book: Rulebook
    seen: pl.DataFrame = field(repr=False)
    rank: pl.Series = field(repr=False)
    answers: pl.DataFrame = field(repr=False)

    def outcomes(self) -> list[str]:
        return [OUTCOMES[rank] for rank in self.rank.to_list()]

    def hits_of(self, row: int) -> tuple[Hit, ...]:
        """Rules true of this row, in the table's order."""
        return self._named(row, missing=False)

    def asked_by_missing(self, row: int) -> tuple[Hit, ...]:
        """Rules that are unknown for this row and answer something else than pass."""
        return self._named(row, missing=True)

    def unknown_of(self, row: int) -> tuple[str, ...]:
        """Codes of all rules that nobody could decide for this row."""
        found = self.answers.row(row)
        return tuple(code for code, answer in zip(self.answers.columns, found, strict=True) if answer is None)

    @cached_property
    def hit_codes(self) -> list[list[str]]:
        """For every row the codes of the rules true of it."""
        return _codes(self.answers, self.seen.height, wanted=True)

    @cached_property
    def unknown_codes(self) -> list[list[str]]:
        """For every row the codes of the rules that nobody could decide."""
        return _codes(self.answers, self.seen.height, wanted=None)

    @cached_property
    def asking_codes(self) -> list[list[str]]:
        """For every row the codes of unknown rules that answer something else than pass."""
        asking = {rule.code for rule in self.book.rules if rule.on_missing != "pass"}
        return [[code for code in codes if code in asking] for codes in self.unknown_codes]

    def shown(self) -> dict[str, list[Any]]:
        """The values that explain what answered in any row, by column."""
        answered = {code for codes in (*self.hit_codes, *self.asking_codes) for code in codes}
        names = dict.fromkeys(name for rule in self.book.rules if rule.code in answered for name in rule.shows)
        return {name: self.seen[name].to_list() for name in names}

    def counts(self) -> dict[str, int]:
        """How often each rule hits."""
        return self.answers.select(pl.all().sum().cast(pl.Int64)).row(0, named=True) if self.answers.width else {}

    def _named(self, row: int, *, missing: bool) -> tuple[Hit, ...]:
        found, seen = self.answers.row(row), None
        hits = []
        for rule, answer in zip(self.book.rules, found, strict=True):
            outcome = rule.on_missing if missing else rule.outcome
            if answer is not (None if missing else True) or (missing and outcome == "pass"):
                continue
            seen = seen or self.seen.row(row, named=True)
            evidence = {name: seen[name] for name in rule.shows}
            words = (rule.reason_code, rule.text_zh, rule.text_en)
            hits.append(Hit(rule.code, rule.severity, outcome, *words, evidence, missing, rule.action))
        return tuple(hits)


def _codes(answers: pl.DataFrame, height: int, *, wanted: bool | None) -> list[list[str]]:
    """For every row the codes whose answer is the wanted one."""
    codes = answers.columns
    if answers.height < _FEW:
        rows = answers.rows() if answers.width else [()] * height
        return [[code for code, answer in zip(codes, row, strict=True) if answer is wanted] for row in rows]
    found: list[list[str]] = [[] for _ in range(height)]
    if answers.width:
        table = answers.select(pl.all().is_null() if wanted is None else pl.all().fill_null(False))
        for row, place in zip(*(each.tolist() for each in np.nonzero(table.to_numpy())), strict=True):
            found[row].append(codes[place])
    return found


def read_rules(text: str, columns: Columns, *, on_missing: str = "") -> Rulebook:
    """Parse and check a rule table (CSV). `on_missing` is the answer of rules that name none; "" is the careful default."""
    reader = csv.DictReader(io.StringIO(text))
    if lacking := [name for name in HEAD if name not in (reader.fieldnames or ())]:
        raise Refused(
            Refusal("RULE_HEAD_MISSING", f"规则表缺少列 {lacking[0]} · the table has no such column", where=lacking[0])
        )
    rules = tuple(_rule(row, columns, on_missing, line) for line, row in enumerate(reader, 2))
    codes = [rule.code for rule in rules]
    if len(set(codes)) != len(codes):
        twice = min(code for code in codes if codes.count(code) > 1)
        raise Refused(
            Refusal("RULE_TWICE", f"规则代码出现两次：{twice} · a rule code appears twice: {twice}", where=twice)
        )
    return Rulebook(hashlib.sha256(text.encode()).hexdigest()[:12], text, rules)


def evaluate(book: Rulebook, seen: pl.DataFrame, *, on: date | Sequence[date] | pl.Series) -> Judged:
    """Judge every row by the rules in force on its day (one day for all, or one a row)."""
    whole = collected(judging(book, seen.lazy(), on=on, height=seen.height), seen.height)
    return judged(book, whole, seen.columns)


def judging(book: Rulebook, seen: pl.LazyFrame, *, on: date | Sequence[date] | pl.Series, height: int) -> pl.LazyFrame:
    """The plan of it: beside what was seen every rule's answer, and the rank."""
    if not book.rules or not height:
        nothing = [pl.lit(False).alias(f"?{rule.code}") for rule in book.rules]
        return seen.with_columns(*nothing, pl.lit(0, dtype=pl.UInt8).alias(RANK))
    days = pl.Series(DAY, [on] if isinstance(on, date) else on, dtype=pl.Date)
    dated = added(seen, days if len(days) > 1 else pl.lit(days[0]).alias(DAY), height)
    return added(added(dated, book.answers((days.min(), days.max())), height), book.rank_of, height)


def added(plan: pl.LazyFrame, forms: Any, height: int) -> pl.LazyFrame:
    """A plan with more columns; of few rows one after another, since handing each to another thread and waiting for it costs more."""
    return plan.with_columns_seq(forms) if height < _FEW else plan.with_columns(forms)


def collected(plan: pl.LazyFrame, height: int) -> pl.DataFrame:
    """Run a plan over so many rows: few are taken as written, since a better plan would cost more than it saves."""
    few = height < _FEW
    return plan.collect(engine="in-memory" if few else "auto", optimizations=_AS_WRITTEN if few else _OPTIMISED)


def judged(book: Rulebook, whole: pl.DataFrame, seen: Sequence[str]) -> Judged:
    """What a collected plan says; `seen` names the columns that were there before, and those that explain hits."""
    codes = [rule.code for rule in book.rules]
    answers = _picked(whole, [f"?{code}" for code in codes])
    answers.columns = codes
    return Judged(book, _picked(whole, list(seen)), whole[RANK].alias("_rank"), answers)


def _picked(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Some columns as they are, with no query planned."""
    return frame[names] if names else pl.DataFrame()


def _answer(rule: Rule, span: tuple[Any, Any]) -> pl.Expr:
    """True, false or unknown; outside the rule's dates false."""
    answer = rule.condition.expression()
    if rule.in_force(span[0]) and rule.in_force(span[1]):
        return answer
    until = rule.effective_to or date.max
    return pl.when(pl.col(DAY).is_between(rule.effective_from, until)).then(answer).otherwise(False)


def _rule(row: dict[str, str | None], columns: Columns, on_missing: str, line: int) -> Rule:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
    code = cells["code"] or f"line {line}"
    try:
        condition = read_condition(cells["condition"], columns)
    except ConditionFault as fault:
        raise fault.refused(code) from None
    outcome, severity = cells["outcome"], cells["severity"]
    missing = cells.get("on_missing") or on_missing or ("review" if outcome == "refuse" else outcome)
    for word, known, name in (
        (outcome, OUTCOMES, "outcome"),
        (severity, SEVERITIES, "severity"),
        (missing, OUTCOMES, "on_missing"),
    ):
        if word not in known:
            told = f"{name} 应为 {'、'.join(known)} 之一，得到 {word!r} · {name} {word!r} is not known"
            raise Refused(Refusal("RULE_WORD", told, where=code))
    shows = tuple((cells.get("shows") or " ".join(sorted(condition.columns))).split())
    if strange := [name for name in shows if name not in columns]:
        raise Refused(
            Refusal(
                "COLUMN_UNKNOWN", f"没有字段 {strange[0]} · there is no column {strange[0]}", where=f"{code}, shows"
            )
        )
    if not cells["code"].isidentifier() or not cells["text_zh"] or not cells["text_en"]:
        raise Refused(
            Refusal(
                "RULE_UNNAMED",
                "规则须有代码（字母、数字、下划线）与中英文说明 · a rule needs a code (letters, digits, underscores) and both texts",
                where=code,
            )
        )
    since, until = _dates(cells, code)
    return Rule(cells["code"], condition, outcome, severity, missing, cells.get("reason_code") or cells["code"], shows,
                cells["text_zh"], cells["text_en"], since, until, cells.get("source", ""), cells.get("action", ""))  # fmt: skip


def _dates(cells: dict[str, str], code: str) -> tuple[date, date | None]:
    try:
        since = date.fromisoformat(cells["effective_from"]) if cells.get("effective_from") else _OPEN_FROM
        until = date.fromisoformat(cells["effective_to"]) if cells.get("effective_to") else None
    except ValueError:
        raise Refused(
            Refusal("RULE_DATES", "日期写成 2026-01-31 的样子 · dates look like 2026-01-31", where=code)
        ) from None
    if until is not None and until < since:
        raise Refused(Refusal("RULE_DATES", "失效日早于生效日 · it ends before it begins", where=code))
    return since, until
