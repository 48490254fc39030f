"""Exact division of whole numbers, rounded where it is said: for single integers and for columns alike.

Rule kept: no float near money. Every operand is an integer (Python's, or NumPy int64 where `fits` has proved that
the largest product stays below 2^63); the same lines of code serve both, so there is no second, scalar copy. The way
of rounding is data: one of MODES, as its code (a column of codes rounds each row its own way).

>>> divide(5, 2, half_even=False), divide(5, 2, half_even=True), divide(7, 2, half_even=True)
(3, 2, 4)
>>> import numpy as np
>>> divide(np.array([5, 7]), 2, half_even=np.array([True, False])).tolist()
[2, 4]
>>> [round_ratio(5, 2, code) for code in (HALF_UP, HALF_EVEN, DOWN, UP)]
[3, 2, 2, 3]
"""

from typing import Any

INT64_MAX = 2**63 - 1
HALF_UP, HALF_EVEN, DOWN, UP = range(4)
MODES = {"half_up": HALF_UP, "half_even": HALF_EVEN, "down": DOWN, "up": UP}


def round_ratio(numerator: Any, denominator: Any, mode: Any) -> Any:
    """numerator ÷ denominator as a whole number, rounded by the code `mode`.

    Numerators are ≥ 0 and denominators > 0; arrays broadcast.
    """
    quotient = numerator // denominator
    rest = numerator - quotient * denominator
    gap = denominator - rest  # compared instead of 2·rest, which could overflow
    if isinstance(mode, int) and mode == HALF_UP:
        return quotient + (rest >= gap)
    tie_goes_up = (mode == HALF_UP) | (quotient % 2 == 1)
    nearest = (mode <= HALF_EVEN) & ((rest > gap) | ((rest == gap) & tie_goes_up))
    return quotient + (nearest | ((mode == UP) & (rest > 0)))


def divide(numerator: Any, denominator: Any, *, half_even: Any) -> Any:
    """`round_ratio` to the nearest whole; ties up, or to the even neighbour where `half_even`."""
    return round_ratio(numerator, denominator, half_even * HALF_EVEN)


def fits(*largest: int) -> bool:
    """Does the product of these largest values stay inside int64?"""
    product = 1
    for value in largest:
        product *= max(int(value), 1)
    return product <= INT64_MAX


def widen(column: Any, *largest: int) -> Any:
    """The column as it is where products fit int64, else as Python integers: slower, and just as exact."""
    return column if fits(*largest) else column.astype(object)
