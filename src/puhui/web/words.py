"""Codes of the rooms in a reader's words. A code without a word is shown as it is, never hidden."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from puhui.web import keeper_words, mirror_words, model_words, octopus_words, policy_words

LOAN_STATES = {
    "booked": _("已签约待放款"), "active": _("还款中"), "overdue": _("逾期"), "closed": _("已结清"), "cancelled": _("已取消"),
    "written_off": _("已核销"), "compensated": _("已代偿"), "transferred": _("已转让"),
}  # fmt: skip
INSTALMENT_STATES = {"planned": _("未到期"), "due": _("当日应还"), "overdue": _("已逾期"), "paid": _("已还清")}
FIVE_CLASSES = {
    "normal": _("正常"), "special_mention": _("关注"), "substandard": _("次级"), "doubtful": _("可疑"), "loss": _("损失"),
}  # fmt: skip
BUCKETS = {
    "M0": _("未逾期"), "M1": _("逾期 1–30 天"), "M2": _("逾期 31–60 天"), "M3": _("逾期 61–90 天"),
    "M4": _("逾期 91–120 天"), "M5": _("逾期 121–150 天"), "M6": _("逾期 151–180 天"), "M7+": _("逾期 180 天以上"),
}  # fmt: skip
STAGES_OF_LOSS = {"1": _("第一阶段（未来 12 个月）"), "2": _("第二阶段（整个存续期）"), "3": _("第三阶段（已减值）")}
LENDER_TYPES = {"bank": _("银行"), "cfc": _("消费金融公司"), "mcc": _("小额贷款公司"), "trust": _("信托公司")}
MOVES = {
    "disburse": _("放款"), "cancel": _("取消"), "miss_due": _("到期未还"), "cure": _("补齐欠款"), "settle": _("结清"),
    "write_off": _("核销"), "compensate": _("代偿"), "transfer": _("债权转让"), "reopen": _("恢复"), "reopen_late": _("恢复并逾期"),
}  # fmt: skip
ENTRY_KINDS = {
    "disburse": _("放款"), "accrue": _("计提利息"), "repay": _("还款"), "prepay": _("提前还款"), "payoff": _("提前结清"),
    "reverse": _("冲正"), "refund": _("退款"), "charge_fee": _("收费"), "charge_penalty": _("计收罚息"), "charge_cost": _("收取实现债权费用"),
    "waive": _("减免"), "reschedule": _("调整还款日"), "holiday": _("延期还款"), "restructure": _("重组"), "rate_change": _("利率调整"),
    "write_off": _("核销"), "recover": _("核销后收回"), "compensate": _("代偿"), "transfer": _("债权转让"), "use_credit": _("溢缴款抵扣"),
    "notify_transfer": _("债权转让通知"), "write_off_part": _("部分核销"), "release_discount": _("折溢价摊销"),
    "settle_credit": _("溢缴款抵扣"), "non_accrual": _("转表外"), "provision": _("计提损失准备"),
}  # fmt: skip
HEADS = {
    "principal": _("本金"), "interest": _("利息"), "fee": _("费用"), "penalty": _("罚息"), "compound": _("复利"),
    "cost": _("实现债权费用"), "recovery": _("核销后收回"), "claim": _("担保方的追偿权"),
}  # fmt: skip
ACCOUNTS = {
    "cash": _("清算资金"), "loan_principal": _("贷款本金"), "interest_receivable": _("应收利息"),
    "borrower_credit": _("借款人溢缴款"), "interest_income": _("利息收入"), "fee_receivable": _("应收费用"), "fee_income": _("手续费收入"),
    "penalty_receivable": _("应收罚息"), "penalty_income": _("罚息收入"), "compound_receivable": _("应收复利"), "compound_income": _("复利收入"),
    "loan_loss_provision": _("贷款损失准备"), "impairment_loss": _("信用减值损失"), "recovery_income": _("已核销贷款收回"),
    "compensation_receivable": _("应收代偿款"), "transfer_result": _("债权转让损益"), "memo_interest": _("表外应收利息"),
    "purchase_discount": _("受让债权折价"), "purchase_premium": _("受让债权溢价"), "written_off": _("已核销债权"), "memo_contra": _("表外对应科目"),
}  # fmt: skip
PROVISION_METHODS = {"class": _("五级分类"), "ecl": _("预期信用损失"), "greater": _("两者取高"), "": "—"}
PROVISION_MOVES = {"provided": _("计提"), "released": _("转回"), "used": _("核销与转让使用"), "restored": _("冲正恢复")}
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
PURPOSES = {
    "credit_assessment": _("用我的资料做信用评估"),
    "credit_report": _("查询本人征信"),
    "fraud_signals": _("用填写过程防范冒用"),
    "funding": _("把资料交给出借机构"),
    "books_evidence": _("把账本里的一项给机构看"),
    "tell_media": _("把授信与用款结果告诉带我来的广告媒体"),
    "no_personal_ads": _("不用我的资料推送广告"),
}
MEDIA = {
    "ocean_engine": _("巨量引擎"),
    "tencent": _("腾讯广告"),
    "kuaishou": _("快手"),
    "baidu": _("百度"),
    "openrtb": "OpenRTB",
}
CAMPAIGN_STATES = {"draft": _("草稿"), "live": _("投放中"), "stopped": _("已暂停"), "ended": _("已结束")}
CAMPAIGN_MOVES = {"live": _("开始投放"), "stopped": _("暂停投放"), "ended": _("结束计划")}
CONVERSION_STATES = {
    "queued": _("待回传"),
    "sent": _("已回传"),
    "refused": _("媒体拒收"),
    "given_up": _("已放弃"),
    "withdrawn": _("已撤回同意"),
}
ALERT_STATES = {
    "queued": _("等待发送"), "sent": _("已送达通道"), "refused": _("被拒收"), "given_up": _("已放弃"), "withdrawn": _("通道已撤销"),
}  # fmt: skip
ALERT_OUTCOMES = {"taken": _("已接收"), "refused": _("被拒收"), "later": _("稍后再试")}
ENTRANCES = {"phone": _("店主手机"), "partner": _("合作渠道"), "file": _("文件导入")}
TONES = {
    "active": "good", "closed": "", "overdue": "bad", "booked": "warn", "cancelled": "", "written_off": "bad", "paid": "good", "due": "warn",
    "planned": "", "normal": "good", "special_mention": "warn", "substandard": "bad", "doubtful": "bad", "loss": "bad",
    "approved": "good", "refused": "bad", "accepted": "good", "offered": "warn", "funded": "good", "unfunded": "bad",
    "sent": "good", "given_up": "bad", "queued": "warn",
    **model_words.TONES, **octopus_words.TONES,
}  # fmt: skip
_ALL: dict[str, dict[str, Any]] = {
    "loan": LOAN_STATES, "instalment": INSTALMENT_STATES, "class": FIVE_CLASSES, "bucket": BUCKETS, "lender": LENDER_TYPES,
    "move": MOVES, "entry": ENTRY_KINDS, "account": ACCOUNTS, "head": HEADS, "application": APPLICATION_STATES, "offer": OFFER_STATES, "stage": STAGES, "purpose": PURPOSES, "role": ROLES, "entrance": ENTRANCES,
    "media": MEDIA, "campaign": CAMPAIGN_STATES, "campaign_move": CAMPAIGN_MOVES, "conversion": CONVERSION_STATES,
    "alert": ALERT_STATES, "alert_outcome": ALERT_OUTCOMES,
    **keeper_words.WORDS,
    **model_words.WORDS,
    **policy_words.WORDS,
    **mirror_words.WORDS,
    **octopus_words.WORDS,
}  # fmt: skip


def word(kind: str, code: str) -> Any:
    """The word for a code of a kind."""
    return _ALL[kind].get(code, code)
