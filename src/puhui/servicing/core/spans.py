"""What any stretch of days inside an instalment's period earns: the scalar side of due_dates and daycount.

Rule kept: inside a period, interest by the period (and 30/360) is the share of actual days, a broken first period piece
by piece; by day it follows the day count. Every weight of a period has the same denominator, so stretches add up
exactly and are rounded once.

>>> from datetime import date; from decimal import Decimal
>>> spans = Spans.of(LoanTerms("CNY", 100, Decimal("0.12"), 2, date(2026, 1, 31)))
>>> spans.weight(0, spans.starts[0], spans.dues[0]), spans.denominators[0]
(3360000, 336000000)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

import numpy as np

from puhui.servicing.core import daycount
from puhui.servicing.core.due_dates import steps_after, whole_period
from puhui.servicing.core.schedule import Periods, periods_of
from puhui.servicing.core.terms import LoanTerms, TermsColumns

Piece = tuple[int, int, int]  # from, to (day numbers), weight of one day


@dataclass(frozen=True, slots=True)
class Spans:
    """Periods of one loan as day numbers, with what a day in each of them weighs.

    `rates` and `day_count` hold where periods are counted by day ("" elsewhere), `pieces` where by share of a period.
    """

    starts: list[int]
    dues: list[int]
    denominators: list[int]
    rates: list[int]
    day_count: str
    pieces: list[list[Piece]]

    @classmethod
    def of(cls, terms: LoanTerms) -> "Spans":
        """The spans of a loan's whole life."""
        columns = TermsColumns.of([terms])
        periods = periods_of(columns, terms.periods)
        starts = periods.starts_on[:, 0].astype(np.int64).tolist()
        dues = periods.due_on[:, 0].astype(np.int64).tolist()
        rate = int(columns.rate_millionths[0])
        if bool(columns.by_day[0]) and terms.day_count != "30/360":
            down = daycount.YEAR_DAYS[terms.day_count] * columns.rate_scale
            return cls(starts, dues, [down] * len(dues), [rate] * len(dues), terms.day_count, [[]] * len(dues))
        pieces, downs = _pieces(columns, periods, starts, dues)
        return cls(starts, dues, downs, [rate] * len(dues), "", pieces)

    def weight(self, k: int, start: int, end: int) -> int:
        """Interest of one unit of balance from day `start` to `end`, both inside period `k`, over `denominators[k]`."""
        if end <= start:
            return 0
        if self.day_count:
            return int(daycount.units(self.day_count, start, end)[0]) * self.rates[k]
        total = 0
        for since, until, daily in self.pieces[k]:
            days = min(end, until) - max(start, since)
            if days > 0:
                total += days * daily
        return total

    def whole(self, k: int) -> tuple[int, int]:
        """Interest factor of a whole period, (up, down)."""
        return self.weight(k, self.starts[k], self.dues[k]), self.denominators[k]

    def since(self, k: int) -> "Spans":
        """The periods from `k` on."""
        dates = (self.starts[k:], self.dues[k:])
        return Spans(*dates, self.denominators[k:], self.rates[k:], self.day_count, self.pieces[k:])

    def prepend(self, dues: Sequence[int]) -> None:
        """Rows before the first period (down payments, earlier plans), in which these terms earn nothing."""
        self._splice(0, 0, self._idle(dues))

    def continue_with(self, count: int, tail: "Spans", dues: Sequence[int] = ()) -> None:
        """Keep the first `count` periods, then those of `tail`; `dues` are rows in between that earn nothing."""
        self._splice(count - len(dues), len(self.dues), self._idle(dues))
        self._splice(count, len(self.dues), tail)

    def _idle(self, dues: Sequence[int]) -> "Spans":
        count = len(dues)
        return Spans(list(dues), list(dues), [1] * count, [0] * count, self.day_count, [[] for _ in dues])

    def _splice(self, first: int, last: int, other: "Spans") -> None:
        for name in ("starts", "dues", "denominators", "rates", "pieces"):
            getattr(self, name)[first:last] = getattr(other, name)


def _pieces(
    columns: TermsColumns, periods: Periods, starts: list[int], dues: list[int]
) -> tuple[list[list[Piece]], list[int]]:
    """Weights of a day by period; the first period may be broken into whole periods and a rest."""
    up, down = periods.numerators[:, 0].tolist(), periods.denominators[:, 0].tolist()
    whole_up, whole_down = (int(column[0]) for column in whole_period(columns))
    pieces: list[list[Piece]] = []
    downs: list[int] = []
    for k, (start, due) in enumerate(zip(starts, dues, strict=True)):
        days = max(due - start, 1)
        pieces.append([(start, due, up[k])])
        downs.append(down[k] * days)
    bounds = _first_bounds(columns, starts[0], dues[0])
    if len(bounds) > 1:
        lengths = [until - since for since, until in bounds]
        shared = lcm(*lengths)
        pieces[0] = [(max(since, starts[0]), until, whole_up * (shared // (until - since))) for since, until in bounds]
        downs[0] = whole_down * shared
    return pieces, downs


def _first_bounds(columns: TermsColumns, start: int, first_due: int) -> list[tuple[int, int]]:
    """Whole periods counted back from the first due date until they cover the disbursement, in order of time."""
    if np.isnat(columns.first_due_on[0]):
        return []
    bounds: list[tuple[int, int]] = []
    anchor, until, step = columns.first_due_on, first_due, 1
    while until > start:
        since = int(steps_after(columns, anchor, -step)[0].astype(np.int64))
        bounds.insert(0, (since, until))
        until, step = since, step + 1
    return bounds
