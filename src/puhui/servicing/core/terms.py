"""What was agreed: the terms of one loan, and the same terms as columns for many loans.

Rule kept: amounts are integer minor units, rates exact decimals (card 18); terms that this book cannot keep to the
cent are refused by name before anything is booked. A row is a batch of one (card 6): `TermsColumns.of([terms])`.

>>> terms = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 1, 15))
>>> refuse(terms) is None
True
>>> refuse(replace(terms, principal_minor=-1)).code
'PRINCIPAL_NOT_POSITIVE'
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel.refusal import Refusal

Days = npt.NDArray[np.datetime64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

METHODS = {"equal_installment": "等额本息"}
DAY_COUNTS = {"30/360": "每月按年利率的十二分之一"}
ROUNDINGS = {"half_up": "四舍五入", "half_even": "四舍六入五成双"}
RATE_SCALE = 10**6  # a yearly rate has at most six decimals: 0.123456 → 123456 millionths
PRINCIPAL_MAX = 10**12  # 10 billion yuan in fen
RATE_MAX = Decimal(4)  # 400 % a year; the legal cap is a gate of its own (true_cost.within_cap)
PERIODS_MAX = 480


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """One loan as agreed. `first_due_on` empty means one month after disbursement."""

    currency: str
    principal_minor: int
    annual_rate: Decimal
    periods: int
    disbursed_on: date
    first_due_on: date | None = None
    method: str = "equal_installment"
    day_count: str = "30/360"
    rounding: str = "half_up"

    def as_record(self) -> dict[str, Any]:
        """The terms for hashing and showing; equal terms give equal records (0.10 and 0.1 are equal)."""
        return asdict(self) | {"annual_rate": f"{self.annual_rate:.6f}"}


def refuse(terms: LoanTerms) -> Refusal | None:
    """The first reason why these terms cannot be kept, or None. Order of precedence is the order of the lines."""
    principal = terms.principal_minor
    exact = isinstance(terms.annual_rate, Decimal) and terms.annual_rate.is_finite()
    rate = terms.annual_rate if exact else Decimal(0)
    checks = (
        (terms.method not in METHODS, "METHOD_UNKNOWN", f"还款方式不支持 · no such repayment method: {terms.method}"),
        (terms.day_count not in DAY_COUNTS, "DAY_COUNT_UNKNOWN", f"计息基准不支持 · day count: {terms.day_count}"),
        (terms.rounding not in ROUNDINGS, "ROUNDING_UNKNOWN", f"舍入方式不支持 · rounding: {terms.rounding}"),
        (len(terms.currency) != 3, "CURRENCY_UNKNOWN", f"币种应为三个字母 · a three-letter currency: {terms.currency}"),
        (isinstance(principal, bool) or not isinstance(principal, int), "PRINCIPAL_NOT_WHOLE", "本金须为整数分 · fen"),
        (principal <= 0, "PRINCIPAL_NOT_POSITIVE", f"本金须大于零 · principal must be above zero: {principal}"),
        (principal > PRINCIPAL_MAX, "PRINCIPAL_TOO_LARGE", f"本金超过上限 · principal above {PRINCIPAL_MAX}"),
        (not exact, "RATE_NOT_EXACT", f"年利率须为有限小数 · the rate is a finite decimal: {terms.annual_rate}"),
        (rate < 0, "RATE_NEGATIVE", f"年利率不得为负 · the rate is below zero: {rate}"),
        (rate > RATE_MAX, "RATE_TOO_LARGE", f"年利率超出可计算范围 · rate above {RATE_MAX}: {rate}"),
        (not _six_decimals(rate), "RATE_TOO_FINE", f"年利率最多六位小数 · at most six decimals: {rate}"),
        (not 1 <= terms.periods <= PERIODS_MAX, "PERIODS_OUT_OF_RANGE", f"期数须为 1–{PERIODS_MAX}: {terms.periods}"),
        (
            not _first_due_in_reach(terms),
            "DATES_OUT_OF_ORDER",
            f"首个还款日须晚于放款日且不超过一年: {terms.first_due_on}",
        ),
    )
    return next((Refusal(code, text, where="terms") for wrong, code, text in checks if wrong), None)


def _six_decimals(rate: Decimal) -> bool:
    return rate * RATE_SCALE == (rate * RATE_SCALE).to_integral_value()


def _first_due_in_reach(terms: LoanTerms) -> bool:
    first = terms.first_due_on
    return first is None or 0 < (first - terms.disbursed_on).days <= 366


@dataclass(frozen=True, slots=True, eq=False)
class TermsColumns:
    """Terms of many loans, one column a term, every column of shape (loans,). Rates in millionths a year."""

    principal_minor: Whole
    rate_millionths: Whole
    periods: Whole
    disbursed_on: Days
    first_due_on: Days  # NaT where it follows from the disbursement
    half_even: Flags

    @classmethod
    def of(cls, batch: Sequence[LoanTerms]) -> "TermsColumns":
        """Columns of terms that `refuse` has let through."""
        return cls(
            principal_minor=np.array([terms.principal_minor for terms in batch], np.int64),
            rate_millionths=np.array([int(terms.annual_rate * RATE_SCALE) for terms in batch], np.int64),
            periods=np.array([terms.periods for terms in batch], np.int64),
            disbursed_on=np.array([terms.disbursed_on for terms in batch], "datetime64[D]"),
            first_due_on=np.array([terms.first_due_on for terms in batch], "datetime64[D]"),
            half_even=np.array([terms.rounding == "half_even" for terms in batch], np.bool_),
        )

    def __len__(self) -> int:
        return len(self.principal_minor)


__all__ = ["Days", "Flags", "LoanTerms", "TermsColumns", "Whole", "refuse", "replace"]
