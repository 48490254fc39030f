"""What every column of a tape is, how strong it is alone, what is wrong with it, and whether a model may use it.

Rules kept: each column gets exactly one role, with its reason; only training rows are looked at; nothing is left out silently.

>>> _stem("DisbursementDate"), _stem("ChgOffDate"), _stem("age"), _stem("last_payment_date")
('disbursement', 'chgoff', '', 'lastpayment')
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import columns, leakage
from puhui.underwriting.core.modelling.columns import Column
from puhui.underwriting.core.modelling.leakage import Finding
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
ROLES = (
    "feature",
    "target",
    "time",
    "weight",
    "identifier",
    "text",
    "constant",
    "empty",
    "nested",
    "calendar",
    "leak",
    "dropped",
)
_UNMODELLED = {"identifier": "identifier", "text": "text", "constant": "constant", "empty": "empty", "nested": "nested"}


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column: its kind and role, shares and counts over the training rows, and the findings against it."""

    name: str
    kind: str
    role: str
    rows: int
    missing_share: float
    distinct: int
    specials: dict[str, int]
    odd_words: tuple[str, ...]
    low: float | str | None
    high: float | str | None
    top: tuple[tuple[str, int], ...]
    iv: float | None = None
    auc: float | None = None
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "findings": [finding.as_json() for finding in self.findings]}


@dataclass(frozen=True, slots=True)
class Sight:
    """Training rows as the profile sees them: values as read, outcome, day of decision (or None)."""

    values: pl.DataFrame
    bad: npt.NDArray[np.int8] | None
    decided: Floats | None


def profile(
    known: Sequence[Column], sight: Sight, roles: dict[str, str], *, keep: Sequence[str], terms: Terms
) -> list[ColumnProfile]:
    """Profile all columns. `roles`: those settled by the analyst (target, time, weight, dropped); `keep`: forced to stay."""
    rows = _mixed(sight, terms)
    found = [_one(column, rows, roles.get(column.name), terms) for column in known]
    found = _siblings(found)
    return [_judged(column, keep) for column in found]


def _mixed(sight: Sight, terms: Terms) -> Sight:
    """At most so many rows as suspicion needs, in an order that has nothing to do with the tape's."""
    height = sight.values.height
    order = np.random.default_rng(height).permutation(height)[: terms.leak["sample_rows"]]
    return Sight(
        sight.values[order],
        None if sight.bad is None else sight.bad[order],
        None if sight.decided is None else sight.decided[order],
    )


def _one(column: Column, rows: Sight, role: str | None, terms: Terms) -> ColumnProfile:
    values = rows.values[column.name]
    seen = _described(column, values, role or _UNMODELLED.get(column.kind, "feature"))
    if role is not None or column.kind not in columns.MODELLED:
        named = leakage.by_name(column.name, terms) if role is None else None
        return replace(seen, findings=(named,) if named else ())
    findings = [finding for finding in (leakage.by_name(column.name, terms),) if finding]
    if rows.decided is not None and values.dtype == pl.Float64:
        days = values.fill_null(np.nan).to_numpy()
        after = leakage.later(column.name, days, rows.decided, terms) if column.kind == "date" else None
        findings += [after] if after else []
        if column.kind == "number" and _follows(days, rows.decided) >= terms.leak["calendar_correlation"]:
            seen = replace(seen, role="calendar")
    if rows.bad is None or not 0 < rows.bad.sum() < len(rows.bad):
        return replace(seen, findings=tuple(findings))
    measured = leakage.strength(values, rows.bad)
    findings += leakage.findings(column.name, values, rows.bad, measured, terms)
    return replace(seen, iv=round(measured.iv, 4), auc=round(measured.auc, 4), findings=tuple(findings))


def _described(column: Column, values: pl.Series, role: str) -> ColumnProfile:
    present = values.drop_nulls()
    ends = (None, None) if present.is_empty() or column.kind == "nested" else (present.min(), present.max())
    top = (
        present.cast(pl.String).value_counts(sort=True).head(5) if values.dtype == pl.String and len(present) else None
    )
    return ColumnProfile(
        name=column.name, kind=column.kind, role=role, rows=len(values),
        missing_share=round(values.null_count() / max(len(values), 1), 4), distinct=present.n_unique() if len(present) else 0,
        specials={f"{code:g}": int((present == code).sum()) for code in column.specials}, odd_words=column.odd_words,
        low=ends[0], high=ends[1],  # type: ignore[arg-type]
        top=() if top is None else tuple(zip(top[top.columns[0]].to_list(), top["count"].to_list(), strict=True)),
    )  # fmt: skip


def _follows(values: Floats, decided: Floats) -> float:
    """Rank correlation with the day of decision: a fiscal year or a running number is the calendar in disguise."""
    both = np.isfinite(values) & np.isfinite(decided)
    if both.sum() < 50:
        return 0.0
    first, second = (pl.Series(side[both]).rank().to_numpy() for side in (values, decided))
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return abs(float(np.corrcoef(first, second)[0, 1]))


def _siblings(found: list[ColumnProfile]) -> list[ColumnProfile]:
    """A column named after a thing that happens only later (DisbursementGross beside DisbursementDate) is later too."""
    sources = {_stem(column.name): column.name for column in found if column.kind == "date" and any(
        finding.test in ("later", "presence") and finding.level == leakage.LEAK for finding in column.findings)}  # fmt: skip
    sources.pop("", None)
    return [_with_sibling(column, sources) for column in found]


def _with_sibling(column: ColumnProfile, sources: dict[str, str]) -> ColumnProfile:
    stem = _stem(column.name)
    source = next((name for root, name in sources.items() if stem.startswith(root) and name != column.name), None)
    if source is None or column.role not in ("feature", "calendar"):
        return column
    finding = Finding(column.name, leakage.LEAK, "sibling", None, f"与“{source}”同属一件事后才发生的事",
                      f"it belongs to the same later event as {source}")  # fmt: skip
    return replace(column, findings=(*column.findings, finding))


def _stem(name: str) -> str:
    """The words of a name before its last, run together; empty where they say too little."""
    words = [word for word in re.split(r"[_\s-]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name)) if word]
    root = "".join(words[:-1]).lower()
    return root if len(root) >= 5 else ""


def _judged(column: ColumnProfile, keep: Sequence[str]) -> ColumnProfile:
    if column.name in keep and column.role in ("feature", "calendar"):
        return replace(column, role="feature")
    if column.role == "feature" and any(finding.level == leakage.LEAK for finding in column.findings):
        return replace(column, role="leak")
    return column
