"""Codes of the rooms in a reader's words. A code without a word is shown as it is, never hidden."""

from typing import Any

from django.utils.translation import gettext_lazy as _

LOAN_STATES = {
    "booked": _("已签约待放款"), "active": _("还款中"), "overdue": _("逾期"), "closed": _("已结清"), "cancelled": _("已取消"),
}  # fmt: skip
INSTALMENT_STATES = {"planned": _("未到期"), "due": _("当日应还"), "overdue": _("已逾期"), "paid": _("已还清")}
FIVE_CLASSES = {
    "normal": _("正常"), "special_mention": _("关注"), "substandard": _("次级"), "doubtful": _("可疑"), "loss": _("损失"),
}  # fmt: skip
BUCKETS = {
    "M0": _("未逾期"), "M1": _("逾期 1–30 天"), "M2": _("逾期 31–60 天"), "M3": _("逾期 61–90 天"),
    "M4": _("逾期 91–120 天"), "M5": _("逾期 121–150 天"), "M6": _("逾期 151–180 天"), "M7+": _("逾期 180 天以上"),
}  # fmt: skip
LENDER_TYPES = {"bank": _("银行"), "cfc": _("消费金融公司"), "mcc": _("小额贷款公司"), "trust": _("信托公司")}
MOVES = {
    "disburse": _("放款"), "cancel": _("取消"), "miss_due": _("到期未还"), "cure": _("补齐欠款"), "settle": _("结清"),
}  # fmt: skip
ENTRY_KINDS = {
    "disbursement": _("放款"), "disburse": _("放款"), "accrual": _("计提利息"), "accrue": _("计提利息"), "repayment": _("还款"),
    "credit_use": _("溢缴款抵扣"), "reversal": _("冲正"), "capital": _("注入资金"),
}  # fmt: skip
ACCOUNTS = {
    "cash": _("清算资金"), "loan_principal": _("贷款本金"), "interest_receivable": _("应收利息"),
    "borrower_credit": _("借款人溢缴款"), "interest_income": _("利息收入"),
}  # fmt: skip
APPLICATION_STATES = {
    "submitted": _("审核中"), "approved": _("已通过"), "refused": _("未通过"), "offered": _("待您确认"), "accepted": _("已接受，等待放款"),
    "declined": _("您已谢绝"), "expired": _("已过期"), "withdrawn": _("已撤回"), "funded": _("已放款"), "unfunded": _("未能放款"),
}  # fmt: skip
STAGES = {
    "submitted": _("待决定"), "approved": _("已通过"), "refused": _("未通过"), "offered": _("待店主确认"), "accepted": _("待放款"),
    "declined": _("店主谢绝"), "expired": _("报价过期"), "withdrawn": _("店主撤回"), "funded": _("已放款"), "unfunded": _("未能放款"),
}  # fmt: skip
OFFER_STATES = {"open": _("等您决定"), "accepted": _("您已接受"), "declined": _("您已谢绝"), "expired": _("报价已过期")}
ROLES = {"analyst": _("分析员"), "operator": _("运营员"), "institution": _("资金机构用户"), "admin": _("管理员")}
PURPOSES = {"credit_assessment": _("用我的资料做信用评估"), "funding": _("把资料交给出借机构")}
ENTRANCES = {"phone": _("店主手机"), "partner": _("合作渠道"), "file": _("文件导入")}
TONES = {
    "active": "good", "closed": "", "overdue": "bad", "booked": "warn", "cancelled": "", "paid": "good", "due": "warn",
    "planned": "", "normal": "good", "special_mention": "warn", "substandard": "bad", "doubtful": "bad", "loss": "bad",
    "approved": "good", "refused": "bad", "accepted": "good", "offered": "warn", "funded": "good", "unfunded": "bad",
}  # fmt: skip
_ALL: dict[str, dict[str, Any]] = {
    "loan": LOAN_STATES, "instalment": INSTALMENT_STATES, "class": FIVE_CLASSES, "bucket": BUCKETS, "lender": LENDER_TYPES,
    "move": MOVES, "entry": ENTRY_KINDS, "account": ACCOUNTS, "application": APPLICATION_STATES, "offer": OFFER_STATES, "stage": STAGES, "purpose": PURPOSES, "role": ROLES, "entrance": ENTRANCES,
}  # fmt: skip


def word(kind: str, code: str) -> Any:
    """The word for a code of a kind."""
    return _ALL[kind].get(code, code)
