"""What a small owner is told: why yes, why no, which bound made the limit, what the price is made of. Plain words, figures.

>>> outcome_reason("OWNER_CREDIT_MISSING").code
'OWNER_CREDIT_MISSING'
"""

from typing import Any

from puhui.kernel.money import format_yuan
from puhui.underwriting.core.evidence_item import KINDS
from puhui.underwriting.core.reasons import Reason

BOUNDS = {
    "INFLOW": ("按核实的月均收入计", "by the verified monthly inflow"),
    "AFFORDABILITY": ("按还款能力计（可支配收入的一半减去已有月供）", "by what can be repaid: half of disposable cash less existing instalments"),
    "WORKING_CAPITAL": ("按流动资金缺口计", "by the working capital that is missing"),
    "FARM_FORMULA": ("按农户公式计（基础额度+家庭资产10%+经营收入30%）", "by the farmers' formula: base + 10 % of assets + 30 % of income"),
    "CROP_LOAN": ("按地里作物的价值、投入和回款计", "by the crop's value, inputs and cash"),
    "LOSS_BUDGET": ("按单户可承受的预期损失计", "by the expected loss accepted on one owner"),
    "PRODUCT_CAP": ("以产品上限为限", "cut to the product's ceiling"),
    "GRADE_CAP": ("以证据等级{grade}的上限为限，证据越可靠上限越高", "cut to the ceiling of evidence of grade {grade}; better proof raises it"),
    "WANTED": ("按申请金额", "as asked"),
    "FRAUD_RULES": ("因反欺诈提示而降低", "lowered on a hint of the anti-fraud rules"),
    "POLICY": ("以现行信贷政策的额度公式为限", "cut to the limit of the credit policy in force"),
}  # fmt: skip

_OUTCOMES = {
    "OWNER_CREDIT_MISSING": (
        "还缺您本人的信用情况（已有贷款的月供、有没有逾期）：补上就能评估",
        "the owner's own credit (instalments, anything overdue) is missing; bring it and we can decide"),
    "OWNER_CREDIT_STALE": ("本人征信已超过有效期，请重新提供", "the owner's credit summary is too old; bring a new one"),
    "EVIDENCE_MISSING": (
        "没有能看出经营规模的凭据：收款码流水、银行流水、烟草订单、进货单、账本、地块，有一样就行",
        "nothing shows the size of the business; one of QR collections, bank flows, tobacco orders, slips, books or plots will do"),
    "LIMIT_BELOW_MINIMUM": (
        "凭据支持的额度{limit}元，低于最小贷款额{floor}元；受限于：{bound_zh}",
        "the evidence supports {limit} yuan, less than the smallest loan of {floor} yuan; what binds: {bound_en}"),
    "WANTED_BELOW_MINIMUM": ("申请额度{wanted}元，低于最小贷款额{floor}元",
                             "the amount asked for, {wanted} yuan, is less than the smallest loan of {floor} yuan"),
    "COST_NOT_COVERED": (
        "违约概率{pd:.2%}，保本利率{floor_rate:.2%}；可用利率最高{top:.2%}（合法上限{cap:.2%}），覆盖不了成本",
        "a probability of default of {pd:.2%} costs {floor_rate:.2%} a year; no rate open to us (at most {top:.2%}, the law allows {cap:.2%}) covers it"),
    "APPROVED_SMALL_OWNER": ("准予授信{limit}元：{bound_zh}", "approved for {limit} yuan: {bound_en}"),
}  # fmt: skip


def outcome_reason(code: str, **numbers: Any) -> Reason:
    """The sentence that carries the answer."""
    zh, en = _OUTCOMES[code]
    return Reason(code, zh.format(**numbers), en.format(**numbers))


def bound_text(name: str, *, grade: str) -> tuple[str, str]:
    zh, en = BOUNDS[name]
    return zh.format(grade=grade), en.format(grade=grade)


def limit_reason(name: str, bounds: dict[str, int], *, grade: str) -> Reason:
    """Which bound made the limit, and what the next one would have said."""
    zh, en = bound_text(name, grade=grade)
    others = [(other, amount) for other, amount in bounds.items() if other != name][:2]
    next_zh = "；".join(f"{bound_text(other, grade=grade)[0]}为{format_yuan(amount)}元" for other, amount in others)
    next_en = "; ".join(f"{bound_text(other, grade=grade)[1]}: {format_yuan(amount)} yuan" for other, amount in others)
    return Reason(f"LIMIT_{name}", f"额度{zh}：{format_yuan(bounds[name])}元（其次：{next_zh or '无'}）",
                  f"limit {en}: {format_yuan(bounds[name])} yuan (next: {next_en or 'none'})")  # fmt: skip


def price_reason(price: dict[str, Any]) -> Reason:
    """The price, component by component."""
    loss, cost = price["expected_loss_micro"] / 10_000, price["floor_micro"] / 10_000
    rest = (price["operating_micro"] + price["acquisition_micro"] + price["capital_micro"]) / 10_000
    funds, rate, cap = (
        price["cost_of_funds_micro"] / 10_000,
        price["rate_micro"] / 10_000,
        float(price["cap"]["rate"]) * 100,
    )
    by_policy = "policy_rate_bps" in price
    zh = f"年利率{rate:.2f}%{'（按准入策略的定价表）' if by_policy else ''}：资金成本{funds:.2f}%、预期损失{loss:.2f}%、运营获客资本{rest:.2f}%，合计{cost:.2f}%；合法上限{cap:.2f}%"
    en = f"a yearly rate of {rate:.2f}%{' (by the price table of the credit rules)' if by_policy else ''}: funds {funds:.2f}%, expected loss {loss:.2f}%, operation, acquisition and capital {rest:.2f}%, together {cost:.2f}%; the law allows {cap:.2f}%"
    return Reason("PRICE_COMPONENTS", zh, en)


def pd_reason(pd: float, version: str) -> Reason:
    return Reason("PD_OWNER_CARD", f"违约概率{pd:.2%}，按业主评分卡{version}（专家评分，尚无足够结果可以拟合）",
                  f"probability of default {pd:.2%} by the owner's card {version} (judgement; no outcomes to fit one on yet)")  # fmt: skip


def revenue_reason(seen: dict[str, Any]) -> Reason:
    """What is sold a month, from which sources, how sure."""
    low, high, middle = (format_yuan(seen[f"{name}_minor"]) for name in ("low", "high", "monthly"))
    zh = "、".join(f"{_kind(row['kind'])[0]}（{row['grade']}级，{row['age_days']}天前）" for row in seen["sources"])
    en = ", ".join(
        f"{_kind(row['kind'])[1]} (grade {row['grade']}, {row['age_days']} days old)" for row in seen["sources"]
    )
    return Reason("REVENUE_ESTIMATE", f"月均营业额约{middle}元（95%区间{low}–{high}元），依据：{zh}",
                  f"about {middle} yuan a month (95% interval {low}–{high}), from {en}")  # fmt: skip


def _kind(name: str) -> tuple[str, str]:
    return (KINDS[name].zh, KINDS[name].en) if name in KINDS else ("发票", "invoices")
