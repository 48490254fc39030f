"""The chart of accounts of one legal entity (科目表); every institution keeps its own set.

Rule kept: an account is data with a normal side; a posting may only name accounts of this chart. Later kinds of
money (fees, penalties, provisions) are more rows here, not more code.

>>> CHART["loan_principal"].normal_side, CHART["interest_income"].normal_side
('debit', 'credit')
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["asset", "liability", "income", "expense"]


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
        return "debit" if self.kind in ("asset", "expense") else "credit"


CASH = "cash"
LOAN_PRINCIPAL = "loan_principal"
INTEREST_RECEIVABLE = "interest_receivable"
BORROWER_CREDIT = "borrower_credit"
INTEREST_INCOME = "interest_income"

CHART = {
    account.code: account
    for account in (
        Account(CASH, "清算资金", "cash in settlement", "asset", per_loan=False),
        Account(LOAN_PRINCIPAL, "贷款本金", "loan principal", "asset"),
        Account(INTEREST_RECEIVABLE, "应收利息", "interest receivable", "asset"),
        Account(BORROWER_CREDIT, "借款人溢缴款", "borrower's credit balance", "liability"),
        Account(INTEREST_INCOME, "利息收入", "interest income", "income", per_loan=False),
    )
}

# Which account a head of the waterfall is paid into.
RECEIVABLE_OF_HEAD = {"interest": INTEREST_RECEIVABLE, "principal": LOAN_PRINCIPAL}
