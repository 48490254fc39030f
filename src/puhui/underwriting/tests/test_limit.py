"""Limits as a table a credit officer could have written: evidence, cap in yuan, codes of the reasons."""

import pytest

from puhui.underwriting.core.limit import supported_limit
from puhui.underwriting.core.policy_table import in_force

PLAIN = {
    "sales_valid": 100, "sales_net_year": 600_000_000, "defaulted": None, "days_without_sale": 20, "active_months": 1.0,
    "volatility": 0.4, "gross_margin": 0.2, "buyer_top1": 0.3, "loop_share": 0.0,
}  # fmt: skip

CASES = [
    # what differs                                     cap in yuan   codes
    ({}, 500_000, ["CAP_SALES"]),
    ({"sales_net_year": 6_000_000_000}, 1_000_000, ["CAP_SALES", "CAP_CEILING"]),
    ({"sales_net_year": 100_000_123}, 83_000, ["CAP_SALES"]),
    ({"sales_net_year": -5}, 0, ["CAP_SALES"]),
    ({"days_without_sale": 90}, 500_000, ["CAP_SALES"]),
    ({"days_without_sale": 91}, 350_000, ["CAP_SALES", "CAP_INACTIVE"]),
    ({"days_without_sale": 181}, 0, ["CAP_SALES", "CAP_INACTIVE"]),
    ({"active_months": 0.4}, 250_000, ["CAP_SALES", "CAP_FEW_MONTHS"]),
    ({"volatility": 1.2}, 425_000, ["CAP_SALES", "CAP_VOLATILE"]),
    ({"gross_margin": -0.1, "buyer_top1": 0.9}, 280_000, ["CAP_SALES", "CAP_THIN_MARGIN", "CAP_ONE_BUYER"]),
    ({"gross_margin": None}, 500_000, ["CAP_SALES"]),
    ({"loop_share": 0.2}, 350_000, ["CAP_SALES", "CAP_SELF_DEALING"]),
    ({"defaulted": 1}, 0, ["RECORDED_DEFAULT"]),
    ({"sales_valid": 0}, 0, ["NO_INVOICES"]),
    ({"sales_valid": None}, 0, ["NO_INVOICES"]),
]


@pytest.mark.parametrize(("differs", "cap_yuan", "codes"), CASES)
def test_the_evidence_supports(differs: dict[str, object], cap_yuan: int, codes: list[str]) -> None:
    cap = supported_limit(PLAIN | differs, policy=in_force())
    assert cap.limit_cap_minor == cap_yuan * 100
    assert [reason.code for reason in cap.reasons] == codes
    assert all(reason.text_zh and reason.text_en for reason in cap.reasons)
