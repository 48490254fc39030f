"""Mirror's codes in words: states of cases, sources of leads, strategies, colours of lists, kinds of notes."""

from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Any]] = {
    "case_state": {
        "new": _("新线索"), "triage": _("研判中"), "investigating": _("调查中"), "confirm_proposed": _("待复核：欺诈"),
        "clear_proposed": _("待复核：排除"), "confirmed": _("已认定欺诈"), "cleared": _("已排除"), "filed": _("已报送归档"), "merged": _("已并案"),
    },
    "lead_source": {
        "rule": _("规则"), "model": _("模型"), "graph": _("关联图谱"), "complaint": _("投诉"), "police": _("警方"),
        "fpd_autopsy": _("首逾复盘"), "person": _("人工"),
    },
    "scheme": {
        "device_gang": _("共用设备团伙"), "mule_cards": _("骡子卡"), "packaging_agent": _("包装中介"), "circular_invoices": _("循环开票"),
        "fake_flows": _("虚假流水"), "account_sharing": _("账户共用"), "ab_loans": _("AB 贷"), "sleepers": _("潜伏团伙"), "adaptive": _("规避规则者"),
        "stolen_identities": _("冒用身份"), "device_farm": _("设备农场"), "loan_stacking": _("短时多头"), "shell_companies": _("空壳公司"),
        "store_crowd": _("门店集中进件"), "agent_for_months": _("长期中介"),
    },
    "strategy": {
        "pass": _("通过"), "observe": _("观察"), "direct": _("受托支付"), "delay": _("延后放款"), "lower_limit": _("降低额度"),
        "step_up": _("补充验证"), "review": _("人工复核"), "refuse": _("拒绝"),
    },
    "fraud_model_state": {
        "champion": _("冠军（在用）"), "challenger": _("挑战者（待批准）"), "retired": _("已退役"), "superseded": _("已被取代"),
    },
    "fraud_figure": {
        "psi_score": _("评分 PSI"), "psi_signals_most": _("信号最大 PSI"), "auroc": "AUROC", "auprc": "AUPRC", "auprc_lost": _("AUPRC 较训练时下降"),
        "miscalibration": _("概率与实际的偏离"),
    },
    "list_colour": {"black": _("黑名单"), "grey": _("灰名单"), "white": _("白名单")},
    "case_note": {"note": _("记录"), "evidence": _("证据"), "contact": _("联系"), "lead": _("线索"), "move": _("流转")},
}  # fmt: skip
