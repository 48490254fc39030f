"""What a campaign brought: sales above what the same weekdays would have brought without it, less its cost (优惠活动的回报).

Rules kept: the baseline is the mean of the same weekday over the weeks before, each campaign day against its own weekday; the error
is carried, and a gain within twice its error is called no proof (domain facts 4, tool 11). ROI = (incremental · gross margin − cost) ÷ cost.

>>> days = {date(2026, 3, d): 10_000 for d in range(1, 29)} | {date(2026, 3, d): 16_000 for d in range(29, 32)}
>>> found = judge(days, date(2026, 3, 29), date(2026, 3, 31), cost_minor=3_000, gross_share=Decimal("0.4"))
>>> found.incremental_minor, found.gain_minor, found.roi, found.proven
(18000, 4200, Decimal('1.40'), True)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from puhui.kernel.rounding import half_up

_WEEKS, _LEAST = 8, 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """In fen. `error_minor` is the standard error of the incremental sales; `roi` None without a cost."""

    actual_minor: int
    baseline_minor: int
    error_minor: int
    gain_minor: int
    roi: Decimal | None
    proven: bool

    @property
    def incremental_minor(self) -> int:
        return self.actual_minor - self.baseline_minor


def judge(
    days: Mapping[date, int], starts_on: date, ends_on: date, *, cost_minor: int, gross_share: Decimal
) -> Outcome | None:
    """The campaign's outcome; None where fewer than three weeks before it are known. A day without sales counts as none."""
    first = min(days, default=starts_on)
    actual, baseline, variance = 0, Decimal(0), Decimal(0)
    day = starts_on
    while day <= ends_on:
        back = 7 * ((day - starts_on).days // 7)
        earlier = [day - timedelta(days=back + 7 * week) for week in range(1, _WEEKS + 1)]
        known = [Decimal(days.get(each, 0)) for each in earlier if each >= first]
        if len(known) < _LEAST:
            return None
        mean = sum(known, Decimal(0)) / len(known)
        spread = sum(((each - mean) ** 2 for each in known), Decimal(0)) / (len(known) - 1)
        actual, baseline, variance = (
            actual + days.get(day, 0),
            baseline + mean,
            variance + spread * (1 + Decimal(1) / len(known)),
        )
        day += timedelta(days=1)
    incremental = actual - half_up(baseline)
    gain = half_up(incremental * gross_share) - cost_minor
    error = half_up(variance.sqrt())
    roi = (Decimal(gain) / cost_minor).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) if cost_minor else None
    return Outcome(actual, half_up(baseline), error, gain, roi, incremental > 2 * error)
