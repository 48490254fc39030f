"""The kinds of fact that make a loan's history (事实): each is one row of servicing_event, appended and never edited.

Rule kept: facts are appended, state is folded. Facts of one loan are folded by effective date, then by order of entry.
A reversal is a fact that names the fact it undoes; what it undoes never happened.

>>> sorted(MONEY_IN) == sorted(kind for kind in KINDS if kind in MONEY_IN)
True
"""

KINDS = {
    "disburse": "放款",
    "repay": "还款",
    "payoff": "提前结清",
    "prepay": "提前还款",
    "reverse": "冲正",
    "refund": "退款",
    "charge_fee": "收费",
    "charge_penalty": "计收罚息",
    "waive": "减免",
    "reschedule": "调整还款日",
    "holiday": "延期还款",
    "restructure": "重组",
    "rate_change": "利率调整",
    "write_off": "核销",
    "write_off_part": "部分核销",
    "recover": "核销后收回",
    "compensate": "代偿",
    "transfer": "债权转让",
    "notify_transfer": "债权转让通知",
}
MONEY_IN = ("repay", "payoff", "prepay", "recover", "compensate")  # facts whose amount is cash that arrived
