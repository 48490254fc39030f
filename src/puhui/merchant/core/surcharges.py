"""What is paid on top of VAT (附加税费): city construction, education and local education, and stamp duty; halved for small payers.

Rules kept: rates, the half (六税两费) and the line below which education is free are dated rules handed in; each part is rounded
half up to the fen by itself, as the form does. Base: VAT really paid. The education line looks at *sales* and includes the line
(不超过), so a shop at the VAT threshold pays VAT and city tax, but no education surcharge (domain facts 1.12; 财税〔2016〕12号).

>>> rules = SurchargeRules(Decimal("0.07"), Decimal("0.03"), Decimal("0.02"), Decimal("0.5"), 10_000_000)
>>> at_the_line = on_vat(300_000, rules, net_sales_minor=30_000_000, months=3)
>>> at_the_line.construction_minor, at_the_line.education_minor, at_the_line.total_minor
(10500, 0, 10500)
>>> on_vat(396_040, rules, net_sales_minor=39_603_960, months=3).total_minor
23762
"""

from dataclasses import dataclass
from decimal import Decimal

from puhui.kernel.rounding import half_up


@dataclass(frozen=True, slots=True)
class SurchargeRules:
    """`construction` depends on the place (7, 5, 1 %); `small_factor` is what small payers pay of each (half)."""

    construction: Decimal
    education: Decimal
    local_education: Decimal
    small_factor: Decimal
    education_free_month_minor: int


@dataclass(frozen=True, slots=True)
class Surcharges:
    """In fen; `total_minor` is the sum of the three rounded parts."""

    construction_minor: int
    education_minor: int
    local_education_minor: int
    education_free: bool

    @property
    def total_minor(self) -> int:
        return self.construction_minor + self.education_minor + self.local_education_minor


def on_vat(vat_minor: int, rules: SurchargeRules, *, net_sales_minor: int, months: int) -> Surcharges:
    """Surcharges on a VAT of a period of `months` (1 or 3) with those net sales. Raises ValueError for a negative VAT."""
    if vat_minor < 0:
        raise ValueError(f"VAT paid is at least zero, not {vat_minor}")
    free = net_sales_minor <= rules.education_free_month_minor * months
    return Surcharges(
        construction_minor=half_up(vat_minor * rules.construction * rules.small_factor),
        education_minor=0 if free else half_up(vat_minor * rules.education * rules.small_factor),
        local_education_minor=0 if free else half_up(vat_minor * rules.local_education * rules.small_factor),
        education_free=free,
    )


def stamp(amount_minor: int, rate: Decimal, *, small_factor: Decimal, exempt: bool = False) -> int:
    """Stamp duty of one contract, fen half up. `amount_minor` is without VAT where the contract shows it apart.

    >>> stamp(10_000_000, Decimal("0.0003"), small_factor=Decimal("0.5"))
    1500
    """
    return 0 if exempt else half_up(amount_minor * rate * small_factor)
