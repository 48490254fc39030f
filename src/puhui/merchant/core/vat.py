"""Value-added tax of a small-scale taxpayer (小规模纳税人) for a quarter, estimated from tax-inclusive sales.

Rules kept: the rate and the threshold are dated policy handed in, the comparison (`<` since 2026) included; the test
is made on exact numbers and only the shown amounts are rounded, half up to the fen (domain facts 1.12).
Net = gross ÷ (1 + rate). Below the threshold ordinary invoices (普票) are exempt; at it the *whole* net is taxed: a
cliff (起征点). Sales on special invoices (专票) are always taxed.

>>> rules = VatRules(Decimal("0.01"), 30_000_000, "<")
>>> [estimate(gross * 100, rules).tax_minor for gross in (302_999, 303_000, 400_000)]
[0, 300000, 396040]
"""

from dataclasses import dataclass
from decimal import Decimal

from puhui.kernel.rounding import half_up


@dataclass(frozen=True, slots=True)
class VatRules:
    """What the law says for a quarter: the rate, and the net sales compared by `exempt_op` (`<` or `<=`)."""

    rate: Decimal
    threshold_minor: int
    exempt_op: str

    def __post_init__(self) -> None:
        if self.exempt_op not in ("<", "<="):
            raise ValueError(f"an exemption compares by < or <=, not by {self.exempt_op!r}")


@dataclass(frozen=True, slots=True)
class VatEstimate:
    """All amounts in fen. `cliff_gross_minor` is the tax-inclusive quarter at which ordinary sales become taxed.

    `worse_than_staying_below`: the quarter passed the line by so little that less is left of it than of a quarter
    just below the line.
    """

    gross_minor: int
    net_minor: int
    tax_minor: int
    exempt: bool
    cliff_gross_minor: int
    room_minor: int
    worse_than_staying_below: bool


def estimate(gross_minor: int, rules: VatRules, *, special_gross_minor: int = 0) -> VatEstimate:
    """The quarter's tax. `special_gross_minor` is the part of the gross on special invoices."""
    if not 0 <= special_gross_minor <= gross_minor:
        raise ValueError(
            f"special invoices ({special_gross_minor}) must lie between zero and the gross ({gross_minor})"
        )
    inclusive = 1 + rules.rate
    line = rules.threshold_minor * inclusive  # exact: the net meets the threshold where the gross meets this
    exempt = gross_minor < line or (rules.exempt_op == "<=" and gross_minor == line)
    taxed_minor = special_gross_minor if exempt else gross_minor
    tax_minor = half_up(taxed_minor * rules.rate / inclusive)
    return VatEstimate(
        gross_minor=gross_minor,
        net_minor=half_up(gross_minor / inclusive),
        tax_minor=tax_minor,
        exempt=exempt,
        cliff_gross_minor=half_up(line),
        room_minor=max(0, half_up(line) - gross_minor),
        worse_than_staying_below=not exempt and gross_minor - tax_minor < half_up(line) - 1,
    )
