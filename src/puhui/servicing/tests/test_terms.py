"""Terms that cannot be kept are refused by name."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from puhui.servicing.core.terms import LoanTerms, refuse

TERMS = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 1, 15))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"method": "balloon"}, "METHOD_UNKNOWN"),
        ({"day_count": "actual/361"}, "DAY_COUNT_UNKNOWN"),
        ({"rounding": "down"}, "ROUNDING_UNKNOWN"),
        ({"currency": "RENMINBI"}, "CURRENCY_UNKNOWN"),
        ({"principal_minor": Decimal("1.5")}, "PRINCIPAL_NOT_WHOLE"),
        ({"principal_minor": True}, "PRINCIPAL_NOT_WHOLE"),
        ({"principal_minor": -1}, "PRINCIPAL_NOT_POSITIVE"),
        ({"principal_minor": 0}, "PRINCIPAL_NOT_POSITIVE"),
        ({"principal_minor": 10**12 + 1}, "PRINCIPAL_TOO_LARGE"),
        ({"annual_rate": Decimal("-0.01")}, "RATE_NEGATIVE"),
        ({"annual_rate": Decimal("NaN")}, "RATE_NOT_EXACT"),
        ({"annual_rate": 0.12}, "RATE_NOT_EXACT"),
        ({"annual_rate": Decimal("4.1")}, "RATE_TOO_LARGE"),
        ({"annual_rate": Decimal("0.1234567")}, "RATE_TOO_FINE"),
        ({"periods": 0}, "PERIODS_OUT_OF_RANGE"),
        ({"periods": 4001}, "PERIODS_OUT_OF_RANGE"),
        ({"first_due_on": date(2026, 1, 15)}, "DATES_OUT_OF_ORDER"),
        ({"first_due_on": date(2027, 6, 1)}, "DATES_OUT_OF_ORDER"),
    ],
)
def test_refused_by_name(change: dict[str, Any], code: str) -> None:
    refusal = refuse(replace(TERMS, **change))
    assert refusal is not None
    assert refusal.code == code


def test_good_terms_pass() -> None:
    assert refuse(TERMS) is None
    assert refuse(replace(TERMS, first_due_on=date(2026, 3, 1))) is None


def test_equal_rates_written_differently_are_one_record() -> None:
    assert TERMS.as_record() == replace(TERMS, annual_rate=Decimal("0.120")).as_record()
