"""Codes of the policy floor in a reader's words."""

from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Any]] = {
    "policy_state": {
        "draft": _("草稿"), "in_review": _("待审核"), "approved": _("已审核"), "published": _("已发布"), "retired": _("已停用"),
        "discarded": _("已放弃"),
    },
    "policy_outcome": {"pass": _("通过"), "step_up": _("补充验证"), "review": _("人工复核"), "refuse": _("拒绝")},
    "policy_severity": {"note": _("提示"), "warn": _("警示"), "grave": _("严重")},
    "policy_mode": {"champion": _("冠军"), "challenger": _("挑战者"), "shadow": _("影子")},
}  # fmt: skip
