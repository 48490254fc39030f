"""Codes of the workbench in a reader's words: states, moves, kinds, steps, figures, and why a figure is missing."""

from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Any]] = {
    "model": {"registered": _("已登记"), "approved": _("已批准"), "live": _("在用"), "retired": _("已停用"), "rejected": _("已驳回")},
    "model_move": {"register": _("登记"), "approve": _("批准"), "reject": _("驳回"), "go_live": _("上线"), "retire": _("停用")},
    "model_kind": {"scorecard": _("评分卡"), "boosting": _("提升树"), "both": _("评分卡与提升树")},
    "fit_step": {"queued": _("排队中"), "started": _("进行中"), "done": _("已完成"), "refused": _("未能完成")},
    "split_way": {"intercept": _("只调水平"), "separate": _("分开建模")},
    "bin": {"missing": _("缺失"), "rest": _("其余取值")},
    "level": {"watch": _("留意"), "act": _("须处理")},
    "trend": {
        "ascending": _("上升"), "descending": _("下降"), "mixed": _("不单调"), "flat": _("无"), "by_hand": _("手工"), "peak": _("先升后降"),
        "valley": _("先降后升"), "by_rate": _("按坏率"), "fine": _("细分"),
    },
    "figure": {
        "decisions": _("决策数"), "approval_rate": _("通过率"), "approval_change": _("通过率与前一窗口之差"), "rate_p10": _("利率 P10"),
        "rate_median": _("利率中位数"), "rate_p90": _("利率 P90"), "override_rate": _("人工改判率"), "latency_p99_ms": _("耗时 P99（毫秒）"),
        "scored": _("可评分的决策"), "psi_score": _("评分 PSI"), "psi_score_noise": _("评分 PSI 的抽样噪声"), "psi_inputs_most": _("最大变量 PSI"),
        "matured": _("已到期贷款"), "matured_bads": _("其中变坏"), "auc_matured": _("已到期贷款 AUC"), "ks_matured": _("已到期贷款 KS"),
        "auc_drop": _("AUC 较检验时下降"),
    },
    "missing": {
        "FEW_ROWS": _("样本太少"), "NOT_RECORDED": _("决策记录里没有这一项"), "NOT_SCORED": _("没有可评分的决策"), "NOT_MATURED": _("到期的坏样本不够"),
        "NO_TRAINING_PICTURE": _("登记时未附训练数据"), "COLUMNS_MISSING": _("决策记录里缺少模型的列"), "NONE_APPROVED": _("没有通过的申请"),
    },
}  # fmt: skip
TONES = {"live": "good", "registered": "warn", "done": "good", "queued": "warn", "started": "warn", "rejected": "bad"}
