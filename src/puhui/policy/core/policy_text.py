"""A policy as its texts (columns, rules, tables, grids, terms) and as what they say: one value that decides over a frame.

    columns.csv   what may be named         rules.csv      the rulebook
    tables/*.csv  decision tables           grids/*.csv    price grids
    policy.toml   scorer, steps in order, the answer's limit and rate as SQL, the economics of the backtest

Rules kept: a row is a batch of one; a limit or rate that cannot be told for want of a value turns `pass` into `review`.

>>> texts = {"columns.csv": "name,kind,zh,en\\nage,integer,年龄,age\\nasked_minor,integer,申请额,asked\\n",
...          "rules.csv": "code,condition,outcome,severity,text_zh,text_en\\nMINOR,age < 18,refuse,grave,未成年,a minor\\n",
...          "policy.toml": '[answer]\\nlimit_minor = "LEAST(asked_minor, 5000000)"\\n'}
>>> policy = read_policy(texts)
>>> seen = policy.columns.frame([{"age": 17, "asked_minor": 9}, {"age": 40, "asked_minor": 9_000_000}, {"age": 40}])
>>> decided = policy.decide(seen, on=date(2026, 1, 1))
>>> decided.outcomes(), decided.frame["limit_minor"].to_list()
(['refuse', 'pass', 'review'], [0, 5000000, 0])
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

import polars as pl

from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core import decision_table, price_grid, static_checks
from puhui.policy.core.columns import Columns, read_columns
from puhui.policy.core.condition import Condition, read_formula
from puhui.policy.core.decision_table import DecisionTable
from puhui.policy.core.fault import ConditionFault
from puhui.policy.core.outcome import OUTCOMES
from puhui.policy.core.price_grid import PriceGrid
from puhui.policy.core.rulebook import HEAD, RANK, Judged, Rule, Rulebook, added, collected, judged, judging, read_rules
from puhui.policy.core.scorer import PD, Scorer
from puhui.policy.core.term import Term

_REVIEW = OUTCOMES.index("review")
_BLANK = "_unpriced"  # while a frame is answered: an answer that cannot be told
ANSWERS = ("limit_minor", "rate_bps")
RESERVED = frozenset({
    *ANSWERS, "outcome_rank", "decided_on", "subject", "decision_id", "sequence", "old_outcome", "old_limit_minor", "old_rate_bps",
    "version", "arm",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Economics:
    """How the backtest reckons money: whole-life, simple, and said so. Shares and yearly rates as decimals."""

    lgd: Decimal = Decimal("0.60")
    cost_of_funds: Decimal = Decimal("0.04")
    balance_share: Decimal = Decimal("0.55")
    cost_per_loan_minor: int = 0
    months: str = ""


@dataclass(frozen=True)
class Policy:
    """`steps` are tables and grids in the order in which they add columns; `answers` are the formulas of the answer."""

    texts: Mapping[str, str] = field(repr=False)
    columns: Columns = field(repr=False)
    scorer: str
    steps: tuple[DecisionTable | PriceGrid, ...]
    book: Rulebook
    answers: Mapping[str, Condition]
    economics: Economics

    @property
    def content_hash(self) -> str:
        return digest(dict(self.texts))

    def decide(
        self, seen: pl.DataFrame, *, on: date | Sequence[date] | pl.Series, scorer: Scorer | None = None
    ) -> "Decided":
        """Score, look up, judge and answer every row. `scorer` must be the one that the policy names."""
        if (scorer.title if scorer else "") != self.scorer:
            told = f"该策略用模型 {self.scorer or '无'} · the policy names the scorer {self.scorer or 'none'}"
            raise Refused(Refusal("SCORER_OTHER", told, where=scorer.title if scorer else ""))
        frame = scorer.over(seen) if scorer else seen
        plan, names = frame.lazy(), frame.columns
        for step in self.steps:
            plan = added(plan, step.expressions, frame.height)
            names += [column.name for column in step.outputs if column.name not in names]
        plan = judging(self.book, plan, on=on, height=frame.height)
        plan = added(added(plan, self._formulas, frame.height), self._answered, frame.height)
        whole = collected(plan, frame.height)
        found = replace(judged(self.book, whole, names), rank=whole["outcome_rank"].alias("rank"))
        answered = whole[[*names, "outcome_rank", *ANSWERS]]
        return Decided(self, answered, found, whole[_BLANK].alias("unpriced"))

    @cached_property
    def _formulas(self) -> list[pl.Expr]:
        return [_told(formula).alias(f"_{name}") for name, formula in self.answers.items()]

    @cached_property
    def _answered(self) -> list[pl.Expr]:
        return _answered(self.answers)


@dataclass(frozen=True)
class Decided:
    """`frame` holds what was seen, what was added, `outcome_rank`, `limit_minor` (0 unless passed) and `rate_bps`."""

    policy: Policy = field(repr=False)
    frame: pl.DataFrame
    judged: Judged = field(repr=False)
    unpriced: pl.Series = field(repr=False)

    def outcomes(self) -> list[str]:
        return self.judged.outcomes()

    def outputs(self) -> list[dict[str, Any]]:
        """The answers as they are recorded and compared on replay, one a row; JSON types only."""
        names = [column.name for step in self.policy.steps for column in step.outputs]
        scored = ["pd"] if self.policy.scorer else []
        told = self.frame[["outcome_rank", "limit_minor", "rate_bps", *scored, *names]].iter_rows(named=True)
        hits, unknown, asked = self.judged.hit_codes, self.judged.unknown_codes, self.judged.asking_codes
        return [
            {
                "outcome": OUTCOMES[row["outcome_rank"]], "limit_minor": row["limit_minor"], "rate_bps": row["rate_bps"],
                "scores": {"pd": _plain(row["pd"])} if scored else {}, "outputs": {name: _plain(row[name]) for name in names},
                "hits": hit, "unknown": missed, "asked_by_missing": [*answered, _UNPRICED["code"]] if blank else answered,
            }
            for row, hit, missed, answered, blank in zip(told, hits, unknown, asked, self.unpriced, strict=True)
        ]  # fmt: skip

    def reasons(self) -> list[list[dict[str, Any]]]:
        """Why, for people, one list a row: hits, rules that answered for want of a value, a limit that could not be told."""
        shown = self.judged.shown()
        hits, asked = self.judged.hit_codes, self.judged.asking_codes
        rules = {rule.code: rule for rule in self.policy.book.rules}
        return [
            [*(_reason(rules[code], row, shown, missing=False) for code in hit),
             *(_reason(rules[code], row, shown, missing=True) for code in answered), *([dict(_UNPRICED)] if blank else [])]
            for row, (hit, answered, blank) in enumerate(zip(hits, asked, self.unpriced, strict=True))
        ]  # fmt: skip


_UNPRICED: dict[str, Any] = {
    "code": "LIMIT_OR_RATE_UNKNOWN", "rule": "", "outcome": "review", "severity": "warn", "missing": True,
    "text_zh": "缺少数据，额度或利率无法确定", "text_en": "for want of a value, limit or rate cannot be told", "evidence": {},
}  # fmt: skip


def read_policy(texts: Mapping[str, str]) -> Policy:
    """Parse and check all texts of a policy; refusals name the file."""
    known = ("columns.csv", "rules.csv", "policy.toml")
    if strange := [name for name in texts if name not in known and not name.startswith(("tables/", "grids/"))]:
        raise Refused(Refusal("POLICY_FILE", "不认识的文件 · a policy has no such file", where=strange[0]))
    if lacking := [name for name in known[:2] if name not in texts]:
        raise Refused(Refusal("POLICY_FILE_MISSING", f"缺少 {lacking[0]} · it is missing", where=lacking[0]))
    terms = _terms(texts.get("policy.toml", ""))
    inputs = columns = read_columns(texts["columns.csv"])
    scorer = terms.get("scorer", {})
    title = f"{scorer['name']}@{scorer['version']}" if scorer else ""
    columns = columns.plus([PD]) if title else columns
    steps = []
    for name in terms.get("steps") or sorted(name for name in texts if "/" in name):
        if name not in texts:
            raise Refused(Refusal("POLICY_FILE_MISSING", f"缺少 {name} · it is missing", where=name))
        read = decision_table.read_table if name.startswith("tables/") else price_grid.read_grid
        step: DecisionTable | PriceGrid = read(name.split("/")[1].removesuffix(".csv"), texts[name], columns)
        columns = columns.plus(step.outputs)
        steps.append(step)
    if taken := sorted(RESERVED & set(columns)):
        told = "这个名字留给回答与存档，请换一个 · the name is kept for answers and the record; take another"
        raise Refused(Refusal("COLUMN_RESERVED", told, where=taken[0]))
    book = read_rules(texts["rules.csv"], columns)
    answers = _answers(terms.get("answer", {}), columns)
    return Policy(
        dict(texts), inputs, title, tuple(steps), book, answers, _economics(terms.get("economics", {}), columns)
    )


def all_columns(texts: Mapping[str, str]) -> Columns:
    """What a rule of this policy may name: inputs, the model's chance, what tables and grids add. The rules are not read."""
    return _widened(read_policy({**texts, "rules.csv": ",".join(HEAD) + "\n"}))


def check_condition(condition: Condition, columns: Columns) -> list[static_checks.Finding]:
    """What can be said of one condition alone, while it is typed."""
    rule = Rule("R", condition, "refuse", "warn", "review", "R", (), "-", "-")
    return static_checks.check(
        Rulebook("", "", (rule,)), Columns([columns[name] for name in columns if name in condition.columns])
    )


def _widened(policy: Policy) -> Columns:
    columns = policy.columns.plus([PD]) if policy.scorer else policy.columns
    for step in policy.steps:
        columns = columns.plus(step.outputs)
    return columns


def check(policy: Policy) -> list[static_checks.Finding]:
    """All that can be said of it without running it."""
    columns = _widened(policy)
    used = {name for step in policy.steps for name in (*step.columns, *(column.name for column in step.outputs))}
    used |= {name for formula in policy.answers.values() for name in formula.columns} | {
        policy.economics.months,
        PD.name,
    }
    findings = static_checks.check(policy.book, columns, used_elsewhere=frozenset(used))
    for step in policy.steps:
        if isinstance(step, DecisionTable):
            findings += step.check(columns)
    return findings


def _answered(answers: Mapping[str, Condition]) -> list[pl.Expr]:
    """Blank (an answer that cannot be told), the outcome, the limit (0 unless passed) and the rate of every row."""
    blank = [pl.col(f"_{name}").is_null() for name in answers] or [pl.lit(False)]
    unpriced = (pl.col(RANK) < _REVIEW) & pl.any_horizontal(blank)
    rank = pl.when(unpriced).then(pl.lit(_REVIEW, dtype=pl.UInt8)).otherwise(RANK)
    limit = pl.col("_limit_minor") if "limit_minor" in answers else pl.lit(0, dtype=pl.Int64)
    rate = pl.col("_rate_bps") if "rate_bps" in answers else pl.lit(None, dtype=pl.Int64)
    passed = pl.when(rank == 0).then(limit).otherwise(0)
    return [unpriced.alias(_BLANK), rank.alias("outcome_rank"), passed.alias("limit_minor"), rate.alias("rate_bps")]


def _told(formula: Condition) -> pl.Expr:
    """The answer's number; null where any column is missing that COALESCE does not stand in for (LEAST would pass it over)."""
    needed = sorted(_needed(formula.tree))
    answer = formula.expression().cast(pl.Int64)
    return (
        pl.when(pl.any_horizontal(pl.col(name).is_null() for name in needed)).then(None).otherwise(answer)
        if needed
        else answer
    )


def _needed(tree: Term) -> set[str]:
    if tree.op in ("coalesce", "is_null"):
        return set()
    below = {name for arg in tree.args for name in _needed(arg)}
    return below | ({tree.value} if tree.op == "column" else set())


def _terms(text: str) -> dict[str, Any]:
    try:
        terms = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(
            Refusal("POLICY_TERMS", f"policy.toml 读不出 · cannot be read: {error}", where="policy.toml")
        ) from None
    if strange := [name for name in terms if name not in ("scorer", "steps", "answer", "economics")]:
        raise Refused(Refusal("POLICY_TERMS", "policy.toml 没有这一节 · no such section", where=strange[0]))
    scorer = terms.get("scorer", {})
    if scorer and not (isinstance(scorer.get("name"), str) and isinstance(scorer.get("version"), str)):
        raise Refused(Refusal("POLICY_TERMS", "scorer 须有 name 与 version · it needs both", where="scorer"))
    return terms


def _answers(written: Mapping[str, Any], columns: Columns) -> dict[str, Condition]:
    answers = {}
    for name, text in written.items():
        if name not in ANSWERS or not isinstance(text, str):
            raise Refused(
                Refusal("POLICY_ANSWER", f"回答只有 {'、'.join(ANSWERS)} · those are the answers", where=str(name))
            )
        try:
            formula = read_formula(text, columns)
        except ConditionFault as fault:
            raise fault.refused(f"policy.toml, {name}") from None
        if formula.tree.kind != "integer":
            raise Refused(Refusal("POLICY_ANSWER", "须为整数（分、基点） · it must be a whole number", where=name))
        answers[name] = formula
    return answers


def _economics(written: Mapping[str, Any], columns: Columns) -> Economics:
    plain = Economics()
    try:
        shares = {
            name: Decimal(str(written.get(name, getattr(plain, name))))
            for name in ("lgd", "cost_of_funds", "balance_share")
        }
        economics = Economics(
            **shares, cost_per_loan_minor=int(written.get("cost_per_loan_minor", 0)), months=written.get("months", "")
        )
    except (InvalidOperation, ValueError, TypeError):
        raise Refused(Refusal("POLICY_ECONOMICS", "须为数字 · it must be numbers", where="economics")) from None
    if economics.months and economics.months not in columns:
        raise Refused(
            Refusal("COLUMN_UNKNOWN", "没有这个字段 · no such column", where=f"economics, {economics.months}")
        )
    return economics


def _reason(rule: Rule, row: int, shown: Mapping[str, list[Any]], *, missing: bool) -> dict[str, Any]:
    return {
        "code": rule.reason_code, "rule": rule.code, "outcome": rule.on_missing if missing else rule.outcome,
        "severity": rule.severity, "missing": missing, "text_zh": rule.text_zh, "text_en": rule.text_en,
        "evidence": {name: _plain(shown[name][row]) for name in rule.shows},
    }  # fmt: skip


def _plain(value: Any) -> Any:
    """As JSON keeps it: decimals and dates as text, no negative zero."""
    if isinstance(value, float):
        return value + 0.0
    return str(value) if isinstance(value, Decimal | date) else value
