"""Rounding is spelt out where it happens; sharing never loses a cent (card 19).

>>> half_up(Decimal("2.5")), half_even(Decimal("2.5"))
(3, 2)
>>> split(100, [1, 1, 1])
[34, 33, 33]
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal


def half_up(amount: Decimal) -> int:
    """Nearest integer; ties away from zero (四舍五入), the usual rule in Chinese loan contracts."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def half_even(amount: Decimal) -> int:
    """Nearest integer; ties to the even neighbour (banker's rounding)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def split(whole: int, weights: Sequence[int]) -> list[int]:
    """Share out `whole` (minor units) by `weights` so that the parts always add back up to it.

    Largest remainder; equal remainders go to the earlier part. A negative whole mirrors the positive one.
    >>> split(-100, [1, 1, 1])
    [-34, -33, -33]
    """
    total = sum(weights)
    if not weights or total <= 0 or min(weights) < 0:
        raise ValueError(f"weights must be non-negative with a positive sum, got {list(weights)}")
    if whole < 0:
        return [-part for part in split(-whole, weights)]
    parts = [whole * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(whole * weights[i] % total))
    for i in by_remainder[: whole - sum(parts)]:
        parts[i] += 1
    return parts
