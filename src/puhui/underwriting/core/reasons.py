"""Why: stable codes with plain Chinese and English text and the numbers, for refusals and approvals alike.

>>> Reason("RATING_D", "评级为D，不予授信", "rating D gets nothing").as_json()["code"]
'RATING_D'
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel.plain import as_plain
from puhui.underwriting.core.features import MODEL_FEATURES, Feature, plain_value

_TOLD = 3  # contributions told in each direction
_SMALL = 0.05  # log-odds; anything less is not worth a sentence


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    text_zh: str
    text_en: str

    def as_json(self) -> dict[str, Any]:
        return as_plain(self)


def risk_reasons(columns: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]) -> list[Reason]:
    """The strongest contributions of one firm, up to three that raise the risk and three that lower it."""
    order = np.argsort(-np.abs(shares), kind="stable")
    raising = [j for j in order if shares[j] > _SMALL][:_TOLD]
    lowering = [j for j in order if shares[j] < -_SMALL][:_TOLD]
    return [_contribution(MODEL_FEATURES[j], float(columns[j]), float(shares[j])) for j in [*raising, *lowering]]


def _contribution(feature: Feature, value: float, share: float) -> Reason:
    shown = plain_value(feature, value)
    up = share > 0
    return Reason(
        f"RISK_{'UP' if up else 'DOWN'}_{feature.name.upper()}",
        f"{feature.zh}为{shown}，{'提高' if up else '降低'}违约可能（对数几率{share:+.2f}）",
        f"{feature.en}: {shown.replace('元', ' yuan')} {'raises' if up else 'lowers'} the risk of default (log-odds {share:+.2f})",
    )


def pd_reason(pd: float, *, cross_fitted: bool) -> Reason:
    if cross_fitted:
        return Reason("PD_CROSS_FITTED", f"违约概率{pd:.2%}，由未见过该企业的模型估计",
                      f"probability of default {pd:.2%}, from models that never saw this firm")  # fmt: skip
    return Reason("PD_MODEL", f"违约概率{pd:.2%}，由全部有标签企业训练的模型估计",
                  f"probability of default {pd:.2%}, from the model of all labelled firms")  # fmt: skip


def rating_reason(rating: str, *, on_file: bool, chance: float | None) -> Reason:
    if on_file:
        return Reason("RATING_ON_FILE", f"信用评级{rating}（来自文件）", f"credit rating {rating} (on file)")
    return Reason("RATING_MODELLED", f"信用评级{rating}（模型判断，把握{chance:.0%}）",
                  f"credit rating {rating} (by the model, with {chance:.0%} probability)")  # fmt: skip


def rate_reason(rate: float, *, churn: float, value: float) -> Reason:
    return Reason("RATE_BEST", f"年利率{rate:.2%}时预期利润最高：预计{churn:.1%}的客户流失，每元预期利润{value:.4f}元",
                  f"a yearly rate of {rate:.2%} earns most: {churn:.1%} of customers leave, "
                  f"{value:.4f} yuan of expected profit per yuan")  # fmt: skip


def policy_rate_reason(rate: float, *, churn: float, value: float) -> Reason:
    return Reason("RATE_POLICY", f"按准入策略的定价表，年利率{rate:.2%}：预计{churn:.1%}的客户流失，每元预期利润{value:.4f}元",
                  f"a yearly rate of {rate:.2%} by the price table of the credit rules: {churn:.1%} of customers leave, "
                  f"{value:.4f} yuan of expected profit per yuan")  # fmt: skip


def answer_reason(code: str, **numbers: float | str) -> Reason:
    """The sentence that carries the answer itself."""
    zh, en = _ANSWERS[code]
    return Reason(code, zh.format(**numbers), en.format(**numbers))


_ANSWERS: dict[str, tuple[str, str]] = {
    "APPROVED_FULL": ("准予授信：每元预期利润{value:.4f}元，高于资金影子价格{dual:.4f}元，按上限授信",
                      "approved to the cap: {value:.4f} yuan of expected profit per yuan beats the budget's price of {dual:.4f}"),
    "APPROVED_MARGINAL": ("准予授信：预算在此企业处用尽，额度低于其上限",
                          "approved below the cap: the budget runs out here"),
    "APPROVED_AS_ASKED": ("准予授信：按申请额度授信，每元预期利润{value:.4f}元，不低于资金影子价格{dual:.4f}元",
                          "approved as asked: {value:.4f} yuan of expected profit per yuan meets the budget's price of {dual:.4f}"),
    "RATING_REFUSED": ("评级{rating}按政策不予授信", "rating {rating} gets nothing by policy"),
    "CAP_BELOW_MINIMUM": ("证据支持的额度{cap}元，低于最小贷款额{floor}元",
                          "the evidence supports {cap} yuan, less than the smallest loan of {floor} yuan"),
    "RISK_ABOVE_ANY_RATE": ("违约概率{pd:.2%}过高，任何可选利率下都不盈利（最好为每元{value:.4f}元）",
                            "a probability of default of {pd:.2%} loses money at every rate (at best {value:.4f} per yuan)"),
    "BUDGET_BETTER_USED": ("每元预期利润{value:.4f}元，低于资金影子价格{dual:.4f}元，预算优先给了其他企业",
                           "{value:.4f} yuan per yuan is below the budget's price of {dual:.4f}; money earns more elsewhere"),
    "WANTED_BELOW_MINIMUM": ("申请额度{wanted}元，低于最小贷款额{floor}元",
                             "the amount asked for, {wanted} yuan, is less than the smallest loan of {floor} yuan"),
}  # fmt: skip
