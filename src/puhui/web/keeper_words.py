"""Words for keepers of records, what came of a question, and whether a keeper is asked now."""

from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Any]] = {
    "keeper": {"bureau": _("征信机构"), "registry": _("登记机关")},
    "keeper_outcome": {
        "answered": _("已答复"), "unknown": _("查无记录"), "no_consent": _("对方称未获授权"), "refused": _("被对方拒绝"), "down": _("无应答"),
        "malformed": _("答复不合约定"), "waiting": _("等待中"), "left": _("无结果，提问方已中断"),
    },
    "keeper_purpose": {"loan_approval": _("贷款审批")},
    "keeper_state": {"closed": _("正常询问"), "open": _("暂停询问"), "half_open": _("下一笔试探询问")},
}  # fmt: skip
