"""What can be said of a rulebook without running it on anybody: rules that can never fire, shadows, overlaps, missing values.

Rule kept: a finding is certain or is not made. Claims rest on witnesses (see there): what no witness shows, no row shows;
an overlap or a shadow is named only where every witness can happen, or where the claim holds for more rows than there are.

>>> from puhui.policy.core.columns import Column
>>> from puhui.policy.core.rulebook import read_rules
>>> columns = Columns([Column("age", "integer", may_be_missing=False), Column("debt", "float")])
>>> book = read_rules("code,condition,outcome,severity,text_zh,text_en\\n"
...                   "NEVER,age > 60 AND age < 18,refuse,grave,a,a\\nHIGH,debt > 0.5,review,warn,b,b\\n", columns)
>>> [(found.kind, found.rule, found.about) for found in check(book, columns)]
[('never_fires', 'NEVER', ''), ('missing', 'HIGH', 'debt')]
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations
from typing import Literal

import polars as pl

from puhui.policy.core.columns import Columns
from puhui.policy.core.condition import Condition
from puhui.policy.core.outcome import OUTCOMES
from puhui.policy.core.polars_form import folded
from puhui.policy.core.rulebook import Rule, Rulebook
from puhui.policy.core.term import Term
from puhui.policy.core.witness import Witnesses, constants_of, witnesses

FindingKind = Literal[
    "never_fires", "always_fires", "duplicate", "shadowed", "overlap", "missing", "out_of_range", "unused", "whole_division",
    "never_in_force", "gap", "unchecked", "not_monotone",
]  # fmt: skip
GRAVE = ("never_fires", "always_fires", "duplicate", "never_in_force")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `about` is the other rule or the column."""

    kind: FindingKind
    rule: str
    about: str
    zh: str
    en: str

    @property
    def grave(self) -> bool:
        return self.kind in GRAVE

    def __str__(self) -> str:
        return f"{self.rule}: {self.zh} · {self.en}" if self.rule else f"{self.zh} · {self.en}"


def check(book: Rulebook, columns: Columns, *, used_elsewhere: frozenset[str] = frozenset()) -> list[Finding]:
    """All findings, rule by rule, then pair by pair, then of the whole."""
    silent: set[str] = set()
    findings = [finding for rule in book.rules for finding in _alone(rule, columns)]
    silent = {finding.rule for finding in findings if finding.kind == "never_fires"}
    speaking = [rule for rule in book.rules if rule.code not in silent]
    findings += [finding for one, other in combinations(speaking, 2) for finding in _pair(one, other, columns)]
    unused = [name for name in columns if name not in book.columns | used_elsewhere]
    findings += [Finding("unused", "", name, f"字段 {name} 没有用到", f"column {name} is not used") for name in unused]
    return findings


def _alone(rule: Rule, columns: Columns) -> Iterator[Finding]:
    found = witnesses([rule.condition], columns)
    if found is not None and not found.answers[0].any():
        told = "没有任何取值能使条件成立", "no values make it true; it can never fire"
        yield Finding("never_fires", rule.code, "", *told)
        return
    if found is not None and _always(rule.condition, found):
        yield Finding(
            "always_fires", rule.code, "", "只要字段不缺失就总成立", "it is true whenever its columns are known"
        )
    if any(term.op == "div" and term.kind == "integer" for term in rule.condition.tree.walk()):
        told = "整数相除舍去余数；要小数请写 a::float8 / b", "whole-number division drops the rest; write a::float8 / b"
        yield Finding("whole_division", rule.code, "", *told)
    yield from _out_of_range(rule, columns)
    for name in sorted(rule.condition.columns):
        if columns[name].may_be_missing:
            yield _missing(rule, name, columns)


def _always(condition: Condition, found: Witnesses) -> bool:
    """Is it true wherever its columns are known? A null in the text (IN with NULL, CASE without ELSE, NULLIF) leaves it unknown there."""
    answers = found.answers[0]
    if not answers.all(ignore_nulls=True):
        return False
    if not any(part.op in ("null", "nullif") for part in condition.tree.walk()):
        return True
    known = pl.DataFrame([*found.values.get_columns(), answers.alias("?")]).drop_nulls(found.values.columns)
    return bool(known["?"].fill_null(False).all())


def _out_of_range(rule: Rule, columns: Columns) -> Iterator[Finding]:
    for name, constants in constants_of(rule.condition, columns):
        column = columns[name]
        for constant in constants:
            if column.kind in ("integer", "decimal", "float") and not (
                (column.low is None or constant >= column.low) and (column.high is None or constant <= column.high)
            ):
                told = (
                    f"门槛 {constant} 在字段 {name} 的范围之外",
                    f"the threshold {constant} lies outside what {name} can be",
                )
                yield Finding("out_of_range", rule.code, name, *told)


def _missing(rule: Rule, name: str, columns: Columns) -> Finding:
    """How the rule answers when this column is null."""
    answers = _answers_without(rule.condition, name, columns)
    if None in answers:
        told = (
            f"{name} 缺失而无法判断时规则答 {rule.on_missing}",
            f"undecided for want of {name}, it answers {rule.on_missing}",
        )
    elif True in answers and False not in answers:
        told = (
            f"{name} 缺失时条件成立（条件自己写明）",
            f"where {name} is missing it is true; the condition says so itself",
        )
    else:
        told = (
            f"{name} 缺失时条件可不成立（条件自己写明）",
            f"where {name} is missing it may be false; the condition says so itself",
        )
    return Finding("missing", rule.code, name, *told)


def _answers_without(condition: Condition, name: str, columns: Columns) -> set[bool | None]:
    """What the condition can answer where this column is null."""
    tree = folded(_emptied(condition.tree, name))
    if tree.op in ("null", "literal"):
        return {tree.value}
    found = witnesses([Condition(condition.text, tree, tree.columns())], columns)
    return {None} if found is None else set(found.answers[0].to_list())


def _emptied(term: Term, name: str) -> Term:
    if term.op == "column" and term.value == name:
        return replace(term, op="null", value=None)
    return replace(term, args=tuple(_emptied(arg, name) for arg in term.args))


def _pair(one: Rule, other: Rule, columns: Columns) -> Iterator[Finding]:
    if not one.condition.columns & other.condition.columns or not _together(one, other):
        return
    found = witnesses([one.condition, other.condition], columns)
    if found is None:
        return
    first, second = (answer.fill_null(False) for answer in found.answers)
    same_dates = (one.effective_from, one.effective_to) == (other.effective_from, other.effective_to)
    if found.answers[0].equals(found.answers[1], null_equal=True) and same_dates:
        yield Finding("duplicate", other.code, one.code, f"与 {one.code} 条件相同", f"the same condition as {one.code}")
        return
    for inner, outer, narrow, wide in ((first, second, one, other), (second, first, other, one)):
        if not (inner & ~outer).any() and _covers(wide, narrow) and _gravity(wide) >= _gravity(narrow):
            told = (
                f"凡成立时 {wide.code} 也成立且不轻于它",
                f"whenever it is true so is {wide.code}, which weighs no less",
            )
            yield Finding("shadowed", narrow.code, wide.code, *told)
            return
    if not found.opaque and (first & second).any():
        told = f"可与 {other.code} 同时成立", f"it can be true together with {other.code}"
        yield Finding("overlap", one.code, other.code, *told)


def _gravity(rule: Rule) -> int:
    return OUTCOMES.index(rule.outcome)  # type: ignore[arg-type]


def _together(one: Rule, other: Rule) -> bool:
    """Is there a day on which both are in force?"""
    return one.effective_from <= (other.effective_to or date.max) and other.effective_from <= (
        one.effective_to or date.max
    )


def _covers(wide: Rule, narrow: Rule) -> bool:
    """Is the one in force on every day of the other?"""
    ends = (wide.effective_to or date.max) >= (narrow.effective_to or date.max)
    return wide.effective_from <= narrow.effective_from and ends


def gaps_and_overlaps(
    conditions: Sequence[Condition], columns: Columns
) -> tuple[dict[str, object] | None, list[tuple[int, int]], bool]:
    """For the rows of a decision table: a combination that none meets (or None), pairs met at once, and whether all was seen."""
    found = witnesses(conditions, columns)
    if found is None:
        return None, [], False
    known = pl.DataFrame({f"{n}": answer for n, answer in enumerate(found.answers)})
    met = known.select(pl.sum_horizontal(pl.all().fill_null(False).cast(pl.Int32)))[:, 0]
    unknown = known.select(pl.any_horizontal(pl.all().is_null()))[:, 0]
    gap = found.values.filter((met == 0) & ~unknown)
    pairs = [
        (one, other)
        for one, other in combinations(range(len(conditions)), 2)
        if not found.opaque and (found.answers[one].fill_null(False) & found.answers[other].fill_null(False)).any()
    ]
    first_gap = gap.row(0, named=True) if gap.height and not found.opaque else None
    return first_gap, pairs, not found.opaque
