"""The chart of accounts of one legal entity (科目表); every institution keeps its own set.

Rule kept: an account is data with a normal side; a posting may only name accounts of this chart. What stands off the
balance sheet (表外) is kept the same way, in pairs of memo accounts, so that the trial balance covers it too.

>>> CHART["loan_principal"].normal_side, CHART["interest_income"].normal_side
('debit', 'credit')
>>> CHART["loan_loss_provision"].normal_side, CHART["memo_interest"].on_balance
('credit', False)
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["asset", "contra_asset", "liability", "income", "expense", "memo", "memo_contra"]
_DEBIT_KINDS = ("asset", "expense", "memo")


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the chart. `per_loan` accounts are kept loan by loan: their sum is the sub-ledger."""

    code: str
    name_zh: str
    name_en: str
    kind: Kind
    per_loan: bool = True

    @property
    def normal_side(self) -> Literal["debit", "credit"]:
        return "debit" if self.kind in _DEBIT_KINDS else "credit"

    @property
    def on_balance(self) -> bool:
        return self.kind not in ("memo", "memo_contra")


CASH = "cash"
LOAN_PRINCIPAL = "loan_principal"
INTEREST_RECEIVABLE = "interest_receivable"
BORROWER_CREDIT = "borrower_credit"
INTEREST_INCOME = "interest_income"
FEE_RECEIVABLE, FEE_INCOME = "fee_receivable", "fee_income"
PENALTY_RECEIVABLE, PENALTY_INCOME = "penalty_receivable", "penalty_income"
COMPOUND_RECEIVABLE, COMPOUND_INCOME = "compound_receivable", "compound_income"
LOAN_LOSS_PROVISION, IMPAIRMENT_LOSS = "loan_loss_provision", "impairment_loss"
RECOVERY_INCOME = "recovery_income"
COMPENSATION_RECEIVABLE = "compensation_receivable"
TRANSFER_RESULT = "transfer_result"
PURCHASE_DISCOUNT, PURCHASE_PREMIUM = "purchase_discount", "purchase_premium"
MEMO_INTEREST, WRITTEN_OFF, MEMO_CONTRA = "memo_interest", "written_off", "memo_contra"

CHART = {
    account.code: account
    for account in (
        Account(CASH, "清算资金", "cash in settlement", "asset", per_loan=False),
        Account(LOAN_PRINCIPAL, "贷款本金", "loan principal", "asset"),
        Account(INTEREST_RECEIVABLE, "应收利息", "interest receivable", "asset"),
        Account(BORROWER_CREDIT, "借款人溢缴款", "borrower's credit balance", "liability"),
        Account(INTEREST_INCOME, "利息收入", "interest income", "income", per_loan=False),
        Account(FEE_RECEIVABLE, "应收费用", "fees receivable", "asset"),
        Account(FEE_INCOME, "手续费收入", "fee income", "income", per_loan=False),
        Account(PENALTY_RECEIVABLE, "应收罚息", "penalty interest receivable", "asset"),
        Account(PENALTY_INCOME, "罚息收入", "penalty interest income", "income", per_loan=False),
        Account(COMPOUND_RECEIVABLE, "应收复利", "compound interest receivable", "asset"),
        Account(COMPOUND_INCOME, "复利收入", "compound interest income", "income", per_loan=False),
        Account(LOAN_LOSS_PROVISION, "贷款损失准备", "loan loss provision", "contra_asset"),
        Account(IMPAIRMENT_LOSS, "信用减值损失", "impairment loss", "expense", per_loan=False),
        Account(RECOVERY_INCOME, "已核销贷款收回", "recoveries of written-off loans", "income", per_loan=False),
        Account(COMPENSATION_RECEIVABLE, "应收代偿款", "compensation paid, to be recovered", "asset"),
        Account(TRANSFER_RESULT, "债权转让损益", "result of loans transferred", "income", per_loan=False),
        Account(PURCHASE_DISCOUNT, "受让债权折价", "discount of loans bought", "contra_asset"),
        Account(PURCHASE_PREMIUM, "受让债权溢价", "premium of loans bought", "asset"),
        Account(MEMO_INTEREST, "表外应收利息", "interest kept off the balance sheet", "memo"),
        Account(WRITTEN_OFF, "已核销债权", "written-off claims", "memo"),
        Account(MEMO_CONTRA, "表外对应科目", "counterpart of the memo accounts", "memo_contra", per_loan=False),
    )
}

# Which account a head of the waterfall is paid into, and where what accrues under it is earned.
RECEIVABLE_OF_HEAD = {
    "fee": FEE_RECEIVABLE,
    "penalty": PENALTY_RECEIVABLE,
    "compound": COMPOUND_RECEIVABLE,
    "interest": INTEREST_RECEIVABLE,
    "principal": LOAN_PRINCIPAL,
}
INCOME_OF_HEAD = {
    "fee": FEE_INCOME,
    "penalty": PENALTY_INCOME,
    "compound": COMPOUND_INCOME,
    "interest": INTEREST_INCOME,
}
