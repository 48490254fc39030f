"""How much a firm's own evidence supports (额度上限), in whole fen, with the reasons for every cut.

    cap = min(ceiling, months · net sales of the last 12 months / 12 · haircuts), cut down to whole steps

Rule kept: integer arithmetic only; each haircut is a row of the policy. A firm with a recorded default or without
invoices supports nothing. Form: 流动资金 practice "k months of verified inflow" (reference/domain.md 2.7).
"""

from dataclasses import dataclass
from typing import Any

from puhui.kernel.money import format_yuan
from puhui.underwriting.core.policy_table import AppraisalPolicy, Haircut
from puhui.underwriting.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Cap:
    """`limit_cap_minor` may lie below the smallest loan; then nothing can be lent."""

    limit_cap_minor: int
    reasons: tuple[Reason, ...]


def supported_limit(seen: dict[str, Any], *, policy: AppraisalPolicy) -> Cap:
    """The cap of one firm. `seen` holds its evidence, model and shown columns, and `defaulted` as on file."""
    if seen.get("defaulted") == 1:
        return Cap(
            0, (Reason("RECORDED_DEFAULT", "该企业有违约记录，额度上限为0", "a default is on record; the cap is 0"),)
        )
    if not seen.get("sales_valid"):
        return Cap(0, (Reason("NO_INVOICES", "截止日前没有有效销项发票，无法支持任何额度；请提供近12个月的销项和进项发票",
                              "no valid sales invoice before the as-of date supports a limit; "
                              "bring the sales and purchase invoices of the last 12 months"),))  # fmt: skip
    year_minor = max(int(seen["sales_net_year"]), 0)
    cap = year_minor * policy.months_of_sales // 12
    reasons = [Reason(
        "CAP_SALES",
        f"近12个月有效不含税销售额{format_yuan(year_minor)}元，按{policy.months_of_sales}个月均额计",
        f"net sales of the last 12 months are {format_yuan(year_minor)} yuan; {policy.months_of_sales} month(s) of them count",
    )]  # fmt: skip
    done: set[str] = set()
    for haircut in policy.haircuts:
        value = seen.get(haircut.measure)
        if haircut.code not in done and haircut.applies(value):
            done.add(haircut.code)
            cap = cap * haircut.factor_bps // 10_000
            reasons.append(_cut(haircut, value))
    if cap > policy.ceiling_minor:
        cap = policy.ceiling_minor
        reasons.append(Reason("CAP_CEILING", f"以产品上限{format_yuan(cap)}元为限",
                              f"cut to the product's ceiling of {format_yuan(cap)} yuan"))  # fmt: skip
    return Cap(cap // policy.step_minor * policy.step_minor, tuple(reasons))


_MEASURES = {
    "days_without_sale": ("距最近一张有效销项发票的天数", "days since the last valid sales invoice"),
    "active_months": ("近12个月有销售的月份比例", "share of the last 12 months with sales"),
    "volatility": ("月销售额变异系数", "coefficient of variation of monthly sales"),
    "gross_margin": ("进销毛利率", "gross margin from invoices"),
    "buyer_top1": ("最大买方占比", "share of the largest buyer"),
    "loop_share": ("进出同额发票占销售比", "share of sales whose amount also comes in within a week"),
}


def _cut(haircut: Haircut, value: Any) -> Reason:
    zh, en = _MEASURES[haircut.measure]
    sign, bound = (">", haircut.above) if haircut.above is not None else ("<", haircut.below)
    shown = f"{value:.0f}" if haircut.measure == "days_without_sale" else f"{value:.2f}"
    percent = haircut.factor_bps / 100
    return Reason(haircut.code, f"{zh}为{shown}（{sign}{bound:g}），额度按{percent:g}%计",
                  f"{en} is {shown} ({sign} {bound:g}); {percent:g}% of the limit counts")  # fmt: skip
