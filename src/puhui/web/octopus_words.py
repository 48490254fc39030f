"""Octopus's codes in words: audiences, answers to media, verdicts on creatives, states of experiments."""

from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Any]] = {
    "audience": {
        "blacklisted": _("黑名单"), "declined": _("被拒过的人"), "existing_customer": _("现有客户"), "good_borrower": _("好客户"),
        "vulnerable": _("不宜借贷人群"), "lookalike": _("相似人群"), "opted_out": _("关闭了个性化推荐"),
    },
    "audience_why": {"known to the rooms": _("各部门所知"), "file": _("名单文件")},
    "experiment": {"running": _("进行中"), "stopped": _("已停止")},
    "creative_verdict": {"runs": _("照常投放"), "tired": _("疲劳"), "stopped": _("止损")},
    "rta_reason": {
        "JOIN": _("参与竞价"), "EXCLUDED": _("不在所选人群"), "PROTECTED": _("受保护，不投放"), "NO_STRATEGY": _("没有策略"),
        "NOT_LOADED": _("尚未发布人群"), "STOPPED": _("已停止"),
    },
}  # fmt: skip
TONES = {"tired": "warn"}
