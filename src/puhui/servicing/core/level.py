"""The level payment (每期应还) of many loans: exact over the real period factors, rounded once.

Rule kept: no float. With factors fₖ and principal P after g periods of grace, A = P ÷ Σₖ Πⱼ₌₍g₊₁₎..ₖ (1+fⱼ)⁻¹; for equal
factors this is A = P·i·(1+i)ⁿ ÷ ((1+i)ⁿ − 1) (domain facts 2.2). The sum is kept in whole numbers of 2⁻¹²⁸ with a known
bound on its error; where that bound could change the rounding, the ratio is worked out exactly.

>>> ones = np.ones((2, 1), np.int64)
>>> work = Annuities.of(ones, ones * 100, np.array([2]), np.array([0]))
>>> work.level(np.array([10_000]), np.array([0]), np.array([1])).tolist()
[5075]
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from puhui.servicing.core.rounding import round_ratio
from puhui.servicing.core.terms import Whole

_ONE = 1 << 128


@dataclass(frozen=True, slots=True, eq=False)
class Annuities:
    """Present value of one unit a period, by loan: at least `low`, at most `high`, in 2⁻¹²⁸; with what it came from."""

    numerators: Whole
    denominators: Whole
    periods: Whole
    grace: Whole
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, numerators: Whole, denominators: Whole, periods: Whole, grace: Whole) -> "Annuities":
        """`numerators` and `denominators` have shape (longest, loans); payments fall in periods grace … periods − 1."""
        if numerators.shape[1] == 1:
            one = _sum_of_discounts(numerators[:, 0], denominators[:, 0], int(grace[0]), int(periods[0]))
            total = np.array([one], dtype=object)
        else:
            total = _sums_of_discounts(numerators, denominators, periods, grace)
        error = (periods.astype(object) + 1) ** 2  # each discount falls short by at most one unit a step
        return cls(numerators, denominators, periods, grace, total, total + error)

    def level(self, principal: Whole, mode: Whole, multiple: Whole) -> Whole:
        """The level payment of each principal, rounded by `mode` to a multiple."""
        scaled = principal.astype(object) * _ONE
        most = round_ratio(scaled, self.low * multiple, mode)
        least = round_ratio(scaled, self.high * multiple, mode)
        for i in np.flatnonzero(most != least):
            exact = self._exact(int(i), int(principal[i])) / int(multiple[i])
            most[i] = round_ratio(exact.numerator, exact.denominator, int(mode[i]))
        return (most * multiple).astype(np.int64)

    def _exact(self, loan: int, principal: int) -> Fraction:
        discount, total = Fraction(1), Fraction(0)
        for k in range(int(self.grace[loan]), int(self.periods[loan])):
            discount /= 1 + Fraction(int(self.numerators[k, loan]), int(self.denominators[k, loan]))
            total += discount
        return principal / total

    def for_each(self, member: Whole) -> "Annuities":
        """The same work for loans that share it: `member` is each loan's position here."""
        columns = (self.numerators[:, member], self.denominators[:, member], self.periods[member], self.grace[member])
        return Annuities(*columns, self.low[member], self.high[member])


def _sums_of_discounts(numerators: Whole, denominators: Whole, periods: Whole, grace: Whole) -> np.ndarray:
    longest, loans = numerators.shape
    discount = np.full(loans, _ONE, dtype=object)
    total = np.zeros(loans, dtype=object)
    for k in range(longest):
        paying = (grace <= k) & (k < periods)
        if paying.any():
            down = denominators[k].astype(object)
            discount = np.where(grace <= k, discount * down // (down + numerators[k]), discount)
            total = total + np.where(paying, discount, 0)
    return total


def _sum_of_discounts(numerators: Whole, denominators: Whole, grace: int, periods: int) -> object:
    """The same for one loan, in plain numbers."""
    discount, total = _ONE, 0
    for up, down in zip(numerators[grace:periods].tolist(), denominators[grace:periods].tolist(), strict=True):
        discount = discount * down // (down + up)
        total += discount
    return total
