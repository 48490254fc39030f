"""Two versions of a policy over the same applications: who is swapped in and out, and what it is expected to bring.

Money is reckoned simply, and the same way for both, by one referee's chance of default (pd) and one set of economics:

    balance  = limit × balance_share × months ÷ 12          (the part of the limit that is out on average, in years)
    profit   = balance × (rate × (1 − pd) − cost_of_funds) − limit × pd × lgd − cost_per_loan
    loss     = limit × pd × lgd                             (all 0 where the application does not pass)

Intervals are 95 %, by normal approximation over the paired differences of the applications (new − old of the same
application); below 30 applications none is given. Amounts are estimates (double precision), never booked.

>>> frame = pl.DataFrame({"segment": ["a", "a", "b"], "old_limit": [100, 0, 100], "new_limit": [100, 100, 0],
...                       "old_passed": [True, False, True], "new_passed": [True, True, False],
...                       "old_profit": [5.0, 0.0, -9.0], "new_profit": [5.0, 2.0, 0.0],
...                       "old_loss": [1.0, 0.0, 10.0], "new_loss": [1.0, 3.0, 0.0]})
>>> found = summed(frame, "segment")
>>> [(line.segment, line.n, line.swap_in, line.swap_out, line.profit.new - line.profit.old) for line in found]
[('', 3, 1, 1, 11.0), ('a', 2, 1, 0, 2.0), ('b', 1, 0, 1, 9.0)]
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from puhui.policy.core.policy_text import Decided, Economics

LEAST_FOR_INTERVAL = 30
_Z = 1.959964
_WHOLE_YEAR = 12.0


@dataclass(frozen=True, slots=True)
class Change:
    """A sum under the old and the new version; `low` and `high` bound the difference (95 %), None where n is too small."""

    old: float
    new: float
    low: float | None
    high: float | None

    @property
    def difference(self) -> float:
        return self.new - self.old

    def as_json(self) -> dict[str, float | None]:
        return asdict(self) | {"difference": self.difference}


@dataclass(frozen=True, slots=True)
class Line:
    """One segment ("" is all). `passed` is a count, the others are minor units."""

    segment: str
    n: int
    passed: Change
    limit: Change
    loss: Change
    profit: Change
    swap_in: int
    swap_in_minor: int
    swap_out: int
    swap_out_minor: int

    def as_json(self) -> dict[str, Any]:
        changes = {name: getattr(self, name).as_json() for name in ("passed", "limit", "loss", "profit")}
        plain = {
            name: getattr(self, name)
            for name in ("segment", "n", "swap_in", "swap_in_minor", "swap_out", "swap_out_minor")
        }
        return plain | changes


@dataclass(frozen=True)
class Comparison:
    """`lines` begin with the whole; `mix` is each rule's hits as (old, new); `swaps` are the applications that changed sides."""

    lines: list[Line]
    mix: dict[str, tuple[int, int]]
    swaps: pl.DataFrame
    referee: str
    since: date | None
    until: date | None

    def as_json(self) -> dict[str, Any]:
        return {
            "applications": self.lines[0].n, "from": str(self.since or ""), "to": str(self.until or ""),
            "lines": [line.as_json() for line in self.lines],
            "rules": {code: {"old": old, "new": new} for code, (old, new) in self.mix.items()},
            "referee": self.referee, "interval": "95 %, normal approximation over paired differences",
        }  # fmt: skip


def compare(
    old: Decided, new: Decided, *, economics: Economics, referee: str, segment: str = "", keep: Sequence[str] = ()
) -> Comparison:
    """Both versions' answers, row by row. `referee` is "old" or "new": whose pd values both (without any, pd is 0; a row without one counts as 0)."""
    judge = new if referee == "new" else old
    seen = old.frame
    known = "pd" in judge.frame.columns  # the model's, or the one that was on record
    pd = judge.frame["pd"].fill_null(0.0) if known else pl.Series("pd", [0.0]).new_from_index(0, seen.height)
    years = seen[economics.months].cast(pl.Float64).fill_null(_WHOLE_YEAR) / _WHOLE_YEAR if economics.months else None
    parts = {"pd": pd.alias("pd"), "years": years.alias("years") if years is not None else pd * 0 + 1}
    for name, decided in (("old", old), ("new", new)):
        parts[f"{name}_passed"] = decided.judged.rank == 0
        parts[f"{name}_limit"] = decided.frame["limit_minor"]
        parts[f"{name}_rate"] = decided.frame["rate_bps"].cast(pl.Float64).fill_null(0.0) / 10_000
    segments = seen[segment].cast(pl.String).fill_null("缺失 missing") if segment else None
    frame = pl.DataFrame({name: series.alias(name) for name, series in parts.items()})
    frame = frame.with_columns(*_money("old", economics), *_money("new", economics))
    frame = frame.with_columns(segments.alias("segment")) if segments is not None else frame
    lines = summed(frame, "segment" if segment else "")
    return Comparison(lines, _mix(old, new), _swaps(old, new, frame, keep), referee, *_span(seen))


def summed(frame: pl.DataFrame, segment: str) -> list[Line]:
    """One line for all, then one a segment, the largest first."""
    sums: list[pl.Expr] = [pl.len().alias("n")]
    for name in ("passed", "limit", "loss", "profit"):
        old, new = (pl.col(f"{age}_{name}").cast(pl.Float64) for age in ("old", "new"))
        sums += [
            old.sum().alias(f"{name}_old"),
            new.sum().alias(f"{name}_new"),
            (new - old).pow(2).sum().alias(f"{name}_squares"),
        ]
    swapped_in = pl.col("new_passed") & ~pl.col("old_passed")
    swapped_out = pl.col("old_passed") & ~pl.col("new_passed")
    sums += [
        swapped_in.sum().alias("swap_in"), pl.col("new_limit").filter(swapped_in).sum().alias("swap_in_minor"),
        swapped_out.sum().alias("swap_out"), pl.col("old_limit").filter(swapped_out).sum().alias("swap_out_minor"),
    ]  # fmt: skip
    lines = [_line("", row) for row in frame.select(sums).iter_rows(named=True)]
    if segment:
        grouped = frame.group_by(segment).agg(sums).sort(["n", segment], descending=[True, False])
        lines += [_line(row[segment], row) for row in grouped.iter_rows(named=True)]
    return lines


def _money(name: str, economics: Economics) -> list[pl.Expr]:
    passed, limit, rate, pd = (pl.col(each) for each in (f"{name}_passed", f"{name}_limit", f"{name}_rate", "pd"))
    loss = limit.cast(pl.Float64) * pd * float(economics.lgd)
    balance = limit.cast(pl.Float64) * float(economics.balance_share) * pl.col("years")
    profit = balance * (rate * (1 - pd) - float(economics.cost_of_funds)) - loss - economics.cost_per_loan_minor
    return [
        pl.when(passed).then(loss).otherwise(0.0).alias(f"{name}_loss"),
        pl.when(passed).then(profit).otherwise(0.0).alias(f"{name}_profit"),
    ]


def _line(segment: str, row: dict[str, Any]) -> Line:
    changes = {name: _change(row, name) for name in ("passed", "limit", "loss", "profit")}
    return Line(segment, row["n"], **changes, swap_in=row["swap_in"], swap_in_minor=row["swap_in_minor"],
                swap_out=row["swap_out"], swap_out_minor=row["swap_out_minor"])  # fmt: skip


def _change(row: dict[str, Any], name: str) -> Change:
    n, old, new = row["n"], row[f"{name}_old"], row[f"{name}_new"]
    if n < LEAST_FOR_INTERVAL:
        return Change(old, new, None, None)
    difference = new - old
    variance = max(0.0, (row[f"{name}_squares"] - difference**2 / n) / (n - 1))
    half = _Z * math.sqrt(variance * n)
    return Change(old, new, difference - half, difference + half)


def _mix(old: Decided, new: Decided) -> dict[str, tuple[int, int]]:
    before, now = old.judged.counts(), new.judged.counts()
    return {code: (before.get(code, 0), now.get(code, 0)) for code in dict.fromkeys([*before, *now])}


def _swaps(old: Decided, new: Decided, frame: pl.DataFrame, keep: Sequence[str]) -> pl.DataFrame:
    """The applications that changed sides, with whatever of them is to be kept."""
    kept = old.frame.select(keep) if keep else pl.DataFrame()
    told = frame.select(
        pl.when(pl.col("new_passed")).then(pl.lit("in")).otherwise(pl.lit("out")).alias("swap"),
        "old_limit", "new_limit", "pd", "old_profit", "new_profit",
    )  # fmt: skip
    return pl.concat([kept, told], how="horizontal").filter(frame["new_passed"] != frame["old_passed"])


def _span(seen: pl.DataFrame) -> tuple[date | None, date | None]:
    if "decided_on" not in seen.columns:
        return None, None
    days = seen["decided_on"]
    return days.min(), days.max()  # type: ignore[return-value]
