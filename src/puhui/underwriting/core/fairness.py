"""Are groups of people answered alike? Approval, limit, price, default and calibration by a declared group, with intervals.

    approval, default   share with Wilson's interval (Wilson, JASA 22 (1927) 209)
    limit, price        mean with a normal interval of the mean, among the approved
    four fifths         approval rate over that of the group with the highest rate, with Katz's log interval (Biometrics 34 (1978) 469)
    calibration         defaults seen over defaults expected (Σ PD), with an exact-order Poisson interval (Byar's approximation)

Rules kept: a group is declared from outside for this report only, and is never an input of anything that decides
(`forbidden_inputs`); the ratio is information, not a verdict: base rates, evidence and wishes differ between groups, and small
groups say little; a group below the policy's size is shown without figures, so that nobody in it can be guessed.

>>> rows = [Answered("a", True, 100, 0.05, 0.1, None)] * 40 + [Answered("a", False, 0, None, 0.5, None)] * 10
>>> told = report(rows + [Answered("b", True, 100, 0.05, 0.1, None)] * 30, min_group=30)
>>> [(g["group"], g["approved_share"]["value"], g["four_fifths"]["value"]) for g in told["groups"]]
[('a', 0.8, 0.8), ('b', 1.0, 1.0)]
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any

import numpy as np

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core import tables

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of one subject of a group; `defaulted` is None where the outcome is not known."""

    group: str
    approved: bool
    limit_minor: int
    rate: float | None
    pd: float | None
    defaulted: bool | None


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file declares of one subject; `defaulted` None where it does not say."""

    group: str
    defaulted: bool | None


def declared_groups(content: bytes) -> dict[str, Declared]:
    """A declared file: CSV (UTF-8, or GB18030 as a spreadsheet saves it) with `subject`, `group` and perhaps `defaulted` (0, 1 or empty).

    A subject declared twice differently, or an empty cell, refuses the whole file.
    """
    text = tables.decode(content, "file")
    if "\x00" in text:
        raise _no("CSV_MALFORMED", "文件含有空字符，不是 CSV · it holds null characters and is no CSV", "file")
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as fault:
        raise _no("CSV_MALFORMED", f"无法按 CSV 读取 · cannot be read as CSV ({fault})", "file") from None
    if not rows or not {"subject", "group"} <= set(rows[0]):
        raise _no("COLUMN_MISSING", "须有 subject、group 两列 · the header must name subject and group", "row 1")
    groups: dict[str, Declared] = {}
    for number, row in enumerate(rows, start=2):
        subject, group = (row["subject"] or "").strip(), (row["group"] or "").strip()
        if not subject or not group:
            raise _no("CELL_EMPTY", "subject 与 group 不能为空 · neither may be empty", f"row {number}")
        outcome = (row.get("defaulted") or "").strip()
        if outcome not in ("", "0", "1"):
            raise _no("OUTCOME_UNREADABLE", "defaulted 须为 0、1 或空 · 0, 1 or empty", f"row {number}")
        said = Declared(group, None if outcome == "" else outcome == "1")
        if groups.setdefault(subject, said) != said:
            raise _no(
                "SUBJECT_DECLARED_TWICE",
                "同一对象说法不一 · one subject is declared twice, differently",
                f"row {number}",
            )
    return groups


def report(rows: Sequence[Answered], *, min_group: int) -> dict[str, Any]:
    """Every group in the order of its name; {groups, too_small, subjects}. Refused when no group is large enough."""
    names = sorted({row.group for row in rows})
    mine = {name: [row for row in rows if row.group == name] for name in names}
    large = [name for name in names if len(mine[name]) >= min_group]
    if not large:
        raise _no("GROUPS_TOO_SMALL", f"没有一组达到{min_group}个 · no group has {min_group} subjects", "group")
    shares = {name: (sum(row.approved for row in mine[name]), len(mine[name])) for name in large}
    best = max(large, key=lambda name: shares[name][0] / shares[name][1])
    groups = [
        _group(name, mine[name]) | {"four_fifths": ratio(shares[name], shares[best], same=name == best)}
        for name in large
    ]
    small = [{"group": name, "subjects": len(mine[name])} for name in names if name not in large]
    return {"groups": groups, "too_small": small, "subjects": len(rows), "compared_with": best}


def wilson(hits: int, of: int) -> dict[str, float | int | None]:
    """Share with its 95 % interval; nothing where there is nobody.

    >>> wilson(8, 10)
    {'value': 0.8, 'low': 0.490162, 'high': 0.943318, 'n': 10}
    """
    if of == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    share, z2 = hits / of, _Z**2
    middle, half = share + z2 / (2 * of), _Z * sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    return {"value": round(share, 6), "low": round((middle - half) / (1 + z2 / of), 6),
            "high": round((middle + half) / (1 + z2 / of), 6), "n": of}  # fmt: skip


def ratio(mine: tuple[int, int], best: tuple[int, int], *, same: bool) -> dict[str, float | None]:
    """Approval of a group over that of the best; one, without an interval, for the best itself.

    >>> ratio((40, 100), (60, 100), same=False)
    {'value': 0.666667, 'low': 0.499592, 'high': 0.889615}
    """
    if same or best[0] == 0:
        return {"value": 1.0 if same and best[0] else None, "low": None, "high": None}
    value = (mine[0] / mine[1]) / (best[0] / best[1])
    if mine[0] == 0:
        return {"value": 0.0, "low": 0.0, "high": None}
    error = sqrt(1 / mine[0] - 1 / mine[1] + 1 / best[0] - 1 / best[1])
    return {
        "value": round(value, 6),
        "low": round(exp(log(value) - _Z * error), 6),
        "high": round(exp(log(value) + _Z * error), 6),
    }


def calibration(seen: int, expected: float) -> dict[str, float | int | None]:
    """Defaults seen over expected, with Byar's interval of the count seen.

    >>> calibration(10, 8.0)
    {'value': 1.25, 'low': 0.598431, 'high': 2.298932, 'seen': 10, 'expected': 8.0}
    """
    if expected <= 0:
        return {"value": None, "low": None, "high": None, "seen": seen, "expected": round(expected, 6)}
    low = seen * (1 - 1 / (9 * seen) - _Z / (3 * sqrt(seen))) ** 3 if seen else 0.0
    more = seen + 1
    high = more * (1 - 1 / (9 * more) + _Z / (3 * sqrt(more))) ** 3
    return {"value": round(seen / expected, 6), "low": round(low / expected, 6), "high": round(high / expected, 6), "seen": seen,
            "expected": round(expected, 6)}  # fmt: skip


def _group(name: str, rows: list[Answered]) -> dict[str, Any]:
    lent = [row for row in rows if row.approved]
    known = [row for row in rows if row.defaulted is not None]
    judged = [row for row in known if row.pd is not None]
    return {
        "group": name, "subjects": len(rows), "approved_share": wilson(len(lent), len(rows)),
        "limit_minor": _mean([float(row.limit_minor) for row in lent], places=0),
        "rate": _mean([row.rate for row in lent if row.rate is not None], places=6),
        "default_share": wilson(sum(bool(row.defaulted) for row in known), len(known)),
        "calibration": calibration(sum(bool(row.defaulted) for row in judged), float(sum(row.pd or 0.0 for row in judged))),
    }  # fmt: skip


def _mean(values: list[float], *, places: int) -> dict[str, float | int | None]:
    if not values:
        return {"value": None, "low": None, "high": None, "n": 0}
    column = np.array(values, dtype=np.float64)
    mean = float(column.mean())
    half = _Z * float(column.std(ddof=1)) / sqrt(len(column)) if len(column) > 1 else None
    low, high = (None, None) if half is None else (round(mean - half, places), round(mean + half, places))
    return {"value": round(mean, places), "low": low, "high": high, "n": len(column)}


def _no(code: str, text: str, where: str) -> Refused:
    return Refused(Refusal(code, text, where))
