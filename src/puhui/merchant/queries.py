"""Front door, reads: the VAT estimate of a quarter, from monthly sales the caller gives.

The zone keeps no books yet (issue 7): months come from the evidence or are typed. A quarter for which no rule is
loaded gets no number, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from puhui.kernel.money import format_yuan
from puhui.kernel.periods import Period, add_months
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.core.vat import VatEstimate, VatRules, estimate
from puhui.policy import rule_table

_NEAR_SHARE = 10  # warn when less than a tenth of the line is left


@dataclass(frozen=True, slots=True)
class MonthGross:
    """Tax-inclusive sales of one month in fen; `special_minor` is the part on special invoices."""

    month: date
    gross_minor: int
    special_minor: int = 0


@dataclass(frozen=True, slots=True)
class QuarterEstimate:
    """`estimate` and `sources` are None and empty when no rule is loaded for the quarter; `notes` are (zh, en)."""

    quarter: Period
    months: int
    estimate: VatEstimate | None
    sources: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]


def quarter_estimate(rows: Sequence[MonthGross], *, year: int, quarter: int) -> QuarterEstimate:
    """The estimate of one quarter; months outside it are ignored, a month given twice is refused.

    It applies to small-scale taxpayers (yearly sales up to five million yuan) only; whether a shop is one, the caller
    knows. The rules are those of the quarter's last day.
    """
    period = _quarter(year, quarter)
    inside = [row for row in rows if row.month in period]
    _check(inside)
    gross_minor = sum(row.gross_minor for row in inside)
    special_minor = sum(row.special_minor for row in inside)
    last_day = date.fromordinal(period.end.toordinal() - 1)
    try:
        rate = rule_table.find("VAT_SMALL_RATE", metric="rate", on=last_day)
        threshold = rule_table.find("VAT_SMALL_Q", metric="net_sales_minor", on=last_day)
    except rule_table.RuleAbsent:
        note = ("该季度没有已载入的税收规则，不作估算", "no rule is loaded for this quarter; nothing is estimated")
        return QuarterEstimate(period, len(inside), None, (), (note,))
    found = estimate(
        gross_minor, VatRules(rate.value, int(threshold.value), threshold.op), special_gross_minor=special_minor
    )
    sources = tuple(sorted({rate.source, threshold.source}))
    return QuarterEstimate(period, len(inside), found, sources, _notes(found, months=len(inside)))


def _notes(found: VatEstimate, *, months: int) -> tuple[tuple[str, str], ...]:
    line, notes = format_yuan(found.cliff_gross_minor), []
    if months < 3:
        notes.append((f"仅有 {months} 个月的数据", f"only {months} of 3 months are known"))
    if not found.exempt:
        notes.append(
            (f"含税销售额达到 {line} 元，全额计税（不只是超出部分）",
             f"gross sales reached {line} yuan: all of it is taxed, not only what lies above")
        )  # fmt: skip
    elif found.room_minor * _NEAR_SHARE < found.cliff_gross_minor:
        room = format_yuan(found.room_minor)
        notes.append(
            (f"再开 {room} 元（含税）即全额计税", f"another {room} yuan (tax included) makes the whole quarter taxable")
        )
    if found.worse_than_staying_below:
        notes.append(
            ("刚过起征点：税后所得反而少于未达起征点时", "just past the line: less is left than just below it")
        )
    return tuple(notes)


def _quarter(year: int, quarter: int) -> Period:
    if quarter not in (1, 2, 3, 4):
        raise Refused(Refusal("QUARTER_UNKNOWN", "季度应为 1 至 4 · a quarter is 1 to 4", where=str(quarter)))
    start = date(year, 3 * quarter - 2, 1)
    return Period(start, add_months(start, 3))


def _check(rows: Sequence[MonthGross]) -> None:
    months = [(row.month.year, row.month.month) for row in rows]
    for row, month in zip(rows, months, strict=True):
        where = row.month.isoformat()[:7]
        if months.count(month) > 1:
            raise Refused(Refusal("MONTH_TWICE", "同一月份出现两次 · a month is given twice", where=where))
        if not 0 <= row.special_minor <= row.gross_minor:
            raise Refused(
                Refusal(
                    "SALES_UNREADABLE", "销售额应不小于专票部分，且不为负 · sales below their special part", where=where
                )
            )
