"""Income tax that an employer withholds from wages (工资薪金累计预扣): the year so far, by brackets, less what was withheld.

Rules kept: brackets and the monthly deduction are dated rules handed in; rounded half up to the fen once a month, on the running
total, so the months re-add to the year; a month never pays back (总局公告2018年第61号).

>>> from decimal import Decimal
>>> table = (Bracket(3_600_000, Decimal("0.03"), 0), Bracket(None, Decimal("0.10"), 252_000))
>>> withheld([1_000_000] * 12, [200_000] * 12, 500_000, table)[-1], sum(withheld([1_000_000] * 12, [200_000] * 12, 500_000, table))
(9000, 108000)
"""

from collections.abc import Sequence

from puhui.kernel.rounding import half_up
from puhui.merchant.core.brackets import Bracket, progressive


def withheld(
    gross_minor: Sequence[int], deducted_minor: Sequence[int], month_deduction_minor: int, brackets: Sequence[Bracket]
) -> list[int]:
    """Tax withheld in each month, fen. `deducted_minor`: the employee's insurance and special deductions of each month."""
    paid, taxes, income = 0, [], 0
    for gross, deducted in zip(gross_minor, deducted_minor, strict=True):
        income += gross - deducted - month_deduction_minor
        month = max(0, half_up(progressive(income, brackets)) - paid)
        taxes.append(month)
        paid += month
    return taxes
