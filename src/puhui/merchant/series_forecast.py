"""Front door, reads: a forecast of thirteen weeks from a text of days and amounts, with how often past bands held.

>>> lines = "day,amount\\n" + "\\n".join(f"2026-{month:02d}-{day:02d},700" for month in (1, 2, 3) for day in range(1, 29))
>>> found = ahead(lines)
>>> found["whole_weeks"], len(found["weeks"])
(12, 13)
"""

import csv
from datetime import date, timedelta
from typing import Any

import numpy as np

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.core import written
from puhui.merchant.outlook import weekly


def ahead(text: str) -> dict[str, Any]:
    """Each week's p10, p50, p90 in yuan. Raises Refused: SERIES_EMPTY, SERIES_TOO_SHORT, and what a line cannot be read for."""
    days = _days(text)
    last = max(days)
    weeks = _weeks(days, last)
    if len(weeks) < weekly.LEAST:
        told = f"至少要 {weekly.LEAST} 个完整星期 · {weekly.LEAST} whole weeks are needed: {len(weeks)}"
        raise Refused(Refusal("SERIES_TOO_SHORT", told))
    issued, came = weekly.issued(weeks), weekly.truth(weeks)
    judged = ~np.isnan(issued[:, :, 0]) & ~np.isnan(came)
    judged[: weekly.LEAST + 6] = False
    inside = ((came >= issued[:, :, 0]) & (came <= issued[:, :, 2]))[judged]
    return {
        "tool": "forecast", "whole_weeks": len(weeks), "last_day": last.isoformat(),
        "past_inside_p10_p90": round(float(inside.mean()), 3) if len(inside) else None,
        "weeks": [
            {"ends_on": (last + timedelta(days=7 * (n + 1))).isoformat(), **{
                name: round(float(value), 2) for name, value in zip(("p10", "p50", "p90"), row, strict=True)}}
            for n, row in enumerate(issued[-1])
        ],
    }  # fmt: skip


def _days(text: str) -> dict[date, int]:
    found: dict[date, int] = {}
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        if not row or (number == 1 and not row[0][:1].isdigit()):
            continue
        if len(row) < 2:
            raise Refused(
                Refusal("SERIES_UNREADABLE", "每行写：日期,金额 · a line is day,amount", where=f"line {number}")
            )
        day = written.day(row[0], f"line {number}")
        found[day] = found.get(day, 0) + written.amount(row[1], f"line {number}", negative=True)
    if not found:
        raise Refused(Refusal("SERIES_EMPTY", "文件里没有数据 · there are no lines"))
    return found


def _weeks(days: dict[date, int], last: date) -> np.ndarray:
    """Yuan of whole weeks that end on the last day; a week of more returns than sales counts as nothing."""
    whole = ((last - min(days)).days + 1) // 7
    sums = [0] * whole
    for day, minor in days.items():
        back = (last - day).days // 7
        if back < whole:
            sums[whole - 1 - back] += minor
    return np.array([max(minor, 0) / 100 for minor in sums])
