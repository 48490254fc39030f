"""What was agreed: the terms of one loan, and the same terms as columns for many loans.

Rule kept: amounts are integer minor units, rates exact decimals (card 18); terms that cannot be kept to the cent are
refused by name before anything is computed or booked. A row is a batch of one (card 6): `TermsColumns.of([terms])`.

>>> terms = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 1, 15))
>>> refuse(terms) is None
True
>>> refuse(replace(terms, principal_minor=-1)).code
'PRINCIPAL_NOT_POSITIVE'
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel.refusal import Refusal
from puhui.servicing.core.rounding import MODES

Days = npt.NDArray[np.datetime64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

METHODS = {
    "equal_installment": "等额本息",
    "equal_principal": "等额本金",
    "interest_first": "先息后本",
    "bullet": "到期一次还本付息",
    "flat": "等本等息",
    "at_will": "随借随还",
}
METHOD_CODES = {name: code for code, name in enumerate(METHODS)}
LEVEL, EQUAL_PRINCIPAL, INTEREST_FIRST, BULLET, FLAT, AT_WILL = range(6)
DAY_COUNTS = {
    "30/360": "每月按年利率的十二分之一",
    "actual/360": "实际天数除以三百六十",
    "actual/365": "实际天数除以三百六十五",
    "actual/actual": "实际天数除以当年天数",
}
PERIOD_UNITS = {"month": (12, "月"), "week": (52, "周"), "day": (365, "天")}  # how many make a year
ROUNDINGS = {"half_up": "四舍五入", "half_even": "四舍六入五成双"}
LOWER_LAST = "lower_last"  # the smallest level payment for which the last one is not larger
ROLLINGS = ("none", "following", "preceding", "modified_following")
RATE_SCALE = 10**6  # a yearly rate has at most six decimals: 0.123456 → 123456 millionths
FINE_SCALE = 10**12  # calculators take twelve
PRINCIPAL_MAX = 10**12  # 10 billion yuan in fen
RATE_MAX = Decimal(4)  # 400 % a year; the legal cap is a gate of its own (true_cost.within_cap)
PERIODS_MAX = 4000
CALCULATOR_PRINCIPAL_MAX = 10**15


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee known at signing. `at`: disbursement (withheld), installment, or balance (on the principal still owed
    before each instalment). Either a fixed amount or a rate (of the principal; of the balance for `balance`)."""

    at: str
    amount_minor: int = 0
    rate: Decimal = Decimal(0)
    name: str = ""


FEE_PLACES = ("disbursement", "installment", "balance")


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """One loan as agreed. `first_due_on` empty means one period after disbursement; empty roundings follow `rounding`."""

    currency: str
    principal_minor: int
    annual_rate: Decimal
    periods: int
    disbursed_on: date
    first_due_on: date | None = None
    method: str = "equal_installment"
    day_count: str = "30/360"
    rounding: str = "half_up"
    period_unit: str = "month"
    period_every: int = 1
    interest_per: str = "period"
    interest_rounding: str = ""
    installment_rounding: str = ""
    installment_multiple_minor: int = 1
    principal_grace_periods: int = 0
    interest_grace_periods: int = 0
    down_payment_minor: int = 0
    rolling: str = "none"
    minor_digits: int = 2
    fees: tuple[Fee, ...] = ()
    limit_minor: int = 0  # how much may be paid out in all (at will: owed at a time); 0: only the principal, once

    def as_record(self) -> dict[str, Any]:
        """The terms for hashing and showing; equal terms give equal records (0.10 and 0.1 are equal).

        Terms at their plain value are left out, so that a form signed before they existed keeps its hash.
        """
        record = asdict(self) | {"annual_rate": f"{self.annual_rate:.6f}"}
        return {name: value for name, value in record.items() if name in _FIRST_TERMS or value != _PLAIN[name]}

    def extras(self) -> dict[str, Any]:
        """The terms beyond the first nine that are not plain, as JSON values; `with_extras` reads them back."""
        record = {name: getattr(self, name) for name, plain in _PLAIN.items() if name not in _FIRST_TERMS}
        kept = {name: value for name, value in record.items() if value != _PLAIN[name]}
        if "fees" in kept:
            kept["fees"] = [asdict(fee) | {"rate": str(fee.rate)} for fee in self.fees]
        return kept

    def with_extras(self, record: Mapping[str, Any]) -> "LoanTerms":
        """These terms and the extras of a record.

        >>> weekly = LoanTerms("CNY", 100, Decimal(0), 4, date(2026, 1, 1), period_unit="week", fees=(Fee("installment", 5),))
        >>> LoanTerms("CNY", 100, Decimal(0), 4, date(2026, 1, 1)).with_extras(weekly.extras()) == weekly
        True
        """
        given = dict(record)
        if "fees" in given:
            given["fees"] = tuple(Fee(**fee | {"rate": Decimal(fee["rate"])}) for fee in given["fees"])
        return replace(self, **given)


_FIRST_TERMS = {field.name for field in fields(LoanTerms)[:9]}
_PLAIN = {field.name: field.default for field in fields(LoanTerms)}


def refuse(terms: LoanTerms, *, calculator: bool = False) -> Refusal | None:
    """The first reason why these terms cannot be kept, or None; in the order of the lines below.

    A calculator takes any rate from 0 on, finer rates, more periods and any first due date; the gates of the contract
    stand before the book.
    """
    checks = (_unknown_words(terms), _wrong_amounts(terms, calculator), _wrong_time(terms, calculator))
    return next((Refusal(code, text, where="terms") for part in checks for wrong, code, text in part if wrong), None)


Check = tuple[bool, str, str]


def _unknown_words(terms: LoanTerms) -> Iterator[Check]:
    modes = {"", *MODES}
    yield terms.method not in METHODS, "METHOD_UNKNOWN", f"还款方式不支持 · no such repayment method: {terms.method}"
    yield terms.day_count not in DAY_COUNTS, "DAY_COUNT_UNKNOWN", f"计息基准不支持 · day count: {terms.day_count}"
    yield terms.rounding not in ROUNDINGS, "ROUNDING_UNKNOWN", f"舍入方式不支持 · rounding: {terms.rounding}"
    for name in (terms.interest_rounding, terms.installment_rounding.replace(LOWER_LAST, "")):
        yield name not in modes, "ROUNDING_UNKNOWN", f"舍入方式不支持 · rounding: {name}"
    yield terms.period_unit not in PERIOD_UNITS, "PERIOD_UNIT_UNKNOWN", f"month, week or day: {terms.period_unit}"
    yield terms.interest_per not in ("period", "day"), "INTEREST_PER_UNKNOWN", f"period or day: {terms.interest_per}"
    yield terms.rolling not in ROLLINGS, "ROLLING_UNKNOWN", f"one of {', '.join(ROLLINGS)}: {terms.rolling}"
    yield any(fee.at not in FEE_PLACES for fee in terms.fees), "FEE_UNKNOWN", f"one of {', '.join(FEE_PLACES)}"
    bad_currency = not isinstance(terms.currency, str) or len(terms.currency) != 3
    yield bad_currency, "CURRENCY_UNKNOWN", f"币种应为三个字母 · a three-letter currency: {terms.currency}"


def _wrong_amounts(terms: LoanTerms, calculator: bool) -> Iterator[Check]:
    principal = terms.principal_minor
    yield not _whole(principal), "PRINCIPAL_NOT_WHOLE", f"本金须为整数分 · whole minor units: {principal}"
    yield principal <= 0, "PRINCIPAL_NOT_POSITIVE", f"本金须大于零 · principal must be above zero: {principal}"
    most = CALCULATOR_PRINCIPAL_MAX if calculator else PRINCIPAL_MAX
    yield principal > most, "PRINCIPAL_TOO_LARGE", f"本金超过上限 · principal above {most}"
    exact = isinstance(terms.annual_rate, Decimal) and terms.annual_rate.is_finite()
    rate = terms.annual_rate if exact else Decimal(0)
    yield not exact, "RATE_NOT_EXACT", f"年利率须为有限小数 · the rate is a finite decimal: {terms.annual_rate}"
    yield rate < 0, "RATE_NEGATIVE", f"年利率不得为负 · the rate is below zero: {rate}"
    most_rate = RATE_MAX * 1000 if calculator else RATE_MAX
    yield rate > most_rate, "RATE_TOO_LARGE", f"年利率超出可计算范围 · rate above {most_rate}: {rate}"
    scale = FINE_SCALE if calculator else RATE_SCALE
    yield (
        _finer_than(rate, scale),
        "RATE_TOO_FINE",
        f"年利率最多{len(str(scale)) - 1}位小数 · too many decimals: {rate}",
    )
    multiple = terms.installment_multiple_minor
    yield not _whole(multiple) or multiple < 1, "MULTIPLE_NOT_POSITIVE", f"每期金额的倍数须为正整数分: {multiple}"
    down = terms.down_payment_minor
    yield not _whole(down) or not 0 <= down < principal, "DOWN_PAYMENT_OUT_OF_RANGE", f"首付须低于本金: {down}"
    limit = terms.limit_minor
    yield not _whole(limit) or limit < 0, "LIMIT_WRONG", f"额度须为非负整数分 · a limit is whole minor units: {limit}"
    yield 0 < limit < principal, "ABOVE_LIMIT", f"放款金额超过额度 · more is paid out than the limit of {limit}"
    yield limit > most, "LIMIT_WRONG", f"额度超过上限 · limit above {most}"
    for fee in terms.fees:
        wrong = not _whole(fee.amount_minor) or fee.amount_minor < 0 or fee.rate < 0
        yield wrong, "FEE_NEGATIVE", f"费用不得为负 · a fee is at least zero: {fee}"
        yield _finer_than(fee.rate, scale), "RATE_TOO_FINE", f"费率小数位过多 · too many decimals: {fee.rate}"


def _wrong_time(terms: LoanTerms, calculator: bool) -> Iterator[Check]:
    most = PERIODS_MAX
    count = terms.periods
    yield not _whole(count) or not 1 <= count <= most, "PERIODS_OUT_OF_RANGE", f"期数须为 1–{most}: {count}"
    every = terms.period_every
    yield not _whole(every) or not 1 <= every <= 3650, "PERIOD_EVERY_OUT_OF_RANGE", f"每期间隔须为正整数: {every}"
    for name in ("principal_grace_periods", "interest_grace_periods"):
        grace = getattr(terms, name)
        yield not _whole(grace) or not 0 <= grace < count, "GRACE_OUT_OF_RANGE", f"宽限期数须少于期数 · {name}: {grace}"
    first = terms.first_due_on
    days = (first - terms.disbursed_on).days if first else 1
    text = f"首个还款日须晚于放款日 · the first due date must follow the disbursement: {first}"
    yield days < 0 or (days == 0 and not calculator), "DATES_OUT_OF_ORDER", text
    late = f"首个还款日须在放款后一年内 · the first due date lies more than a year on: {first}"
    yield days > 366 and not calculator, "DATES_OUT_OF_ORDER", late


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _finer_than(rate: Decimal, scale: int) -> bool:
    return rate * scale != (rate * scale).to_integral_value()


@dataclass(frozen=True, slots=True, eq=False)
class TermsColumns:
    """Terms of many loans, one column a term, every column of shape (loans,). Rates in units of 1 ÷ `rate_scale`."""

    principal_minor: Whole
    rate_millionths: Whole
    periods: Whole
    disbursed_on: Days
    first_due_on: Days  # NaT where it follows from the disbursement
    half_even: Flags
    method: Whole  # code of METHOD_CODES
    day_count: np.ndarray
    period_unit: np.ndarray
    period_every: Whole
    by_day: Flags
    interest_mode: Whole  # code of rounding.MODES
    level_mode: Whole
    lower_last: Flags
    multiple_minor: Whole
    principal_grace: Whole
    interest_grace: Whole
    rolling: np.ndarray
    rate_scale: int = RATE_SCALE

    @classmethod
    def of(cls, batch: Sequence[LoanTerms]) -> "TermsColumns":
        """Columns of terms that `refuse` has let through."""
        scale = FINE_SCALE if any(_finer_than(terms.annual_rate, RATE_SCALE) for terms in batch) else RATE_SCALE

        def whole(name: str) -> Whole:
            return np.array([getattr(terms, name) for terms in batch], np.int64)

        def mode(name: str) -> Whole:
            return np.array([MODES.get(getattr(terms, name), MODES[terms.rounding]) for terms in batch], np.int64)

        def words(name: str) -> np.ndarray:
            return np.array([getattr(terms, name) for terms in batch], dtype=str)

        return cls(
            principal_minor=whole("principal_minor") - whole("down_payment_minor"),
            rate_millionths=np.array([int(terms.annual_rate * scale) for terms in batch], np.int64),
            periods=whole("periods"),
            disbursed_on=np.array([terms.disbursed_on for terms in batch], "datetime64[D]"),
            first_due_on=np.array([terms.first_due_on for terms in batch], "datetime64[D]"),
            half_even=np.array([terms.rounding == "half_even" for terms in batch], np.bool_),
            method=np.array([METHOD_CODES[terms.method] for terms in batch], np.int64),
            day_count=words("day_count"),
            period_unit=words("period_unit"),
            period_every=whole("period_every"),
            by_day=np.array([terms.interest_per == "day" or terms.method == "at_will" for terms in batch], np.bool_),
            interest_mode=mode("interest_rounding"),
            level_mode=mode("installment_rounding"),
            lower_last=np.array([terms.installment_rounding == LOWER_LAST for terms in batch], np.bool_),
            multiple_minor=whole("installment_multiple_minor"),
            principal_grace=whole("principal_grace_periods"),
            interest_grace=whole("interest_grace_periods"),
            rolling=words("rolling"),
            rate_scale=scale,
        )

    def __len__(self) -> int:
        return len(self.principal_minor)
