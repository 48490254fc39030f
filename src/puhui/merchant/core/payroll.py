"""A month's wages: insurance of both sides, tax withheld, what is paid out and what it costs (工资与社保).

Rules kept: rates, floors and ceilings of a city are dated data handed in; each part is rounded half up to the fen by itself; net = gross −
insurance − tax; the employer's cost = gross + the employer's insurance; a wage below the city's minimum is flagged (domain facts 4, tool 18).

>>> rates = InsuranceRates(Decimal("0.105"), Decimal("0.26"), 400_000, 3_500_000)
>>> slip = payslip(600_000, base_minor=600_000, rates=rates, tax_minor=0, minimum_minor=242_000)
>>> slip.net_minor, slip.employer_cost_minor, slip.below_minimum
(537000, 756000, False)
"""

from dataclasses import dataclass
from decimal import Decimal

from puhui.kernel.rounding import half_up


@dataclass(frozen=True, slots=True)
class InsuranceRates:
    """Sums of the rates of each side, and between what the base lies."""

    employee: Decimal
    employer: Decimal
    floor_minor: int
    ceiling_minor: int


@dataclass(frozen=True, slots=True)
class Payslip:
    """In fen. `base_minor` is the base really used, 0 for an employee who is not insured."""

    gross_minor: int
    base_minor: int
    insurance_minor: int
    tax_minor: int
    net_minor: int
    employer_insurance_minor: int
    employer_cost_minor: int
    below_minimum: bool


def insured_base(base_minor: int, rates: InsuranceRates) -> int:
    """The base within the city's floor and ceiling; 0 stays 0: not insured."""
    return min(max(base_minor, rates.floor_minor), rates.ceiling_minor) if base_minor else 0


def payslip(gross_minor: int, *, base_minor: int, rates: InsuranceRates, tax_minor: int, minimum_minor: int) -> Payslip:
    """One employee's month. `tax_minor` comes from `wage_income.withheld`."""
    base = insured_base(base_minor, rates)
    own, employer = half_up(base * rates.employee), half_up(base * rates.employer)
    return Payslip(
        gross_minor=gross_minor, base_minor=base, insurance_minor=own, tax_minor=tax_minor,
        net_minor=gross_minor - own - tax_minor, employer_insurance_minor=employer,
        employer_cost_minor=gross_minor + employer, below_minimum=gross_minor < minimum_minor,
    )  # fmt: skip
