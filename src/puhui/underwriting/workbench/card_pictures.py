"""Pictures of a model card as inline SVG: no script, no outside file, readable on paper and in the dark.

Every picture is drawn from the same numbers as the table under it. Colours come from the card's style by class.

>>> calibration([])
''
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

Row = dict[str, Any]
_WIDE, _TALL, _LEFT, _FOOT, _TOP = 560, 300, 58, 40, 14
Scale = Callable[[float], float]


def calibration(rows: Sequence[Row]) -> str:
    """Promised (across) against observed (up) by bin, with the interval of what was observed; the line is a true promise."""
    if not rows:
        return ""
    most = max(max(row["high"], row["mean_pd"]) for row in rows) * 1.05
    x, y = _scales(most, most)
    parts = [
        _axes(most, most, x, y, percent=True),
        f'<line class="rule" x1="{x(0)}" y1="{y(0)}" x2="{x(most)}" y2="{y(most)}"/>',
    ]
    for row in rows:
        across = x(row["mean_pd"])
        parts.append(f'<line class="reach" x1="{across}" x2="{across}" y1="{y(row["low"])}" y2="{y(row["high"])}"/>')
        told = f"{row['mean_pd']:.2%} → {row['bad_rate']:.2%} ({row['rows']:,})"
        parts.append(
            f'<circle class="dot" cx="{across}" cy="{y(row["bad_rate"])}" r="4.5"><title>{told}</title></circle>'
        )
    return _svg("".join(parts), "预测与实际违约率 · predicted and observed default rate")


def gains(rows: Sequence[Row]) -> str:
    """Share of all bads caught (up) among the riskiest share of rows (across); the straight line is no model."""
    if not rows:
        return ""
    x, y = _scales(1.0, 1.0)
    points = [(0.0, 0.0), *((row["share"], row["gain"]) for row in rows)]
    drawn = " ".join(f"{x(a)},{y(b)}" for a, b in points)
    dots = "".join(
        f'<circle class="dot" cx="{x(a)}" cy="{y(b)}" r="3.5"><title>{a:.0%} → {b:.1%}</title></circle>'
        for a, b in points[1:]
    )
    line = f'<line class="rule" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/><polyline class="curve" points="{drawn}"/>'
    return _svg(_axes(1.0, 1.0, x, y, percent=True) + line + dots, "捕获的坏客户比例 · share of bads caught")


def bins(table: Sequence[Row], points: Sequence[int]) -> str:
    """Weight of evidence of each bin as a bar from the middle (right: safer than usual), with its points."""
    if not table:
        return ""
    high, most = 24, max(max(abs(row["woe"]) for row in table), 0.1)
    middle, reach = 330, 130
    parts = []
    for k, row in enumerate(table):
        top = 4 + k * high
        wide = abs(row["woe"]) / most * reach
        left, tone = (middle, "safer") if row["woe"] >= 0 else (middle - wide, "riskier")
        shown = escape(_short(str(row["label"])))
        parts.append(
            f'<text class="label" x="180" y="{top + 14}" text-anchor="end">{shown}<title>{escape(str(row["label"]))}</title></text>'
        )
        parts.append(f'<rect class="{tone}" x="{left:.1f}" y="{top + 2}" width="{wide:.1f}" height="15" rx="2"/>')
        told = f"{row['woe']:+.2f}" + (f" · {points[k]:+d}" if k < len(points) else "")
        parts.append(f'<text class="value" x="480" y="{top + 14}">{told}</text>')
    tall = 8 + high * len(table)
    axis = f'<line class="axis" x1="{middle}" x2="{middle}" y1="2" y2="{tall - 4}"/>'
    return _svg("".join(parts) + axis, "证据权重 · weight of evidence", tall=tall)


def bars(rows: Sequence[tuple[str, float]], *, marks: Sequence[float] = ()) -> str:
    """Named values from nought on, with upright lines at the marks."""
    if not rows:
        return ""
    high, most = 24, max([value for _name, value in rows] + [1.2 * mark for mark in marks] + [1e-9])
    parts = []
    for k, (name, value) in enumerate(rows):
        top = 4 + k * high
        parts.append(
            f'<text class="label" x="200" y="{top + 14}" text-anchor="end">{escape(_short(name, 26))}<title>{escape(name)}</title></text>'
        )
        parts.append(f'<rect class="plain" x="210" y="{top + 2}" width="{value / most * 270:.1f}" height="15" rx="2"/>')
        parts.append(f'<text class="value" x="{216 + value / most * 270:.1f}" y="{top + 14}">{value:.3g}</text>')
    tall = 8 + high * len(rows)
    lines = "".join(
        f'<line class="mark" x1="{210 + mark / most * 270:.1f}" x2="{210 + mark / most * 270:.1f}" y1="2" y2="{tall - 4}"/>'
        for mark in marks
    )
    return _svg("".join(parts) + lines, "各变量 · by column", tall=tall)


def _scales(across: float, up: float) -> tuple[Scale, Scale]:
    return (
        lambda v: round(_LEFT + v / across * (_WIDE - _LEFT - 16), 1),
        lambda v: round(_TALL - _FOOT - v / up * (_TALL - _FOOT - _TOP), 1),
    )  # fmt: skip


def _axes(across: float, up: float, x: Scale, y: Scale, *, percent: bool) -> str:
    """A frame with four ticks a side."""
    parts = [f'<line class="axis" x1="{x(0)}" x2="{x(across)}" y1="{y(0)}" y2="{y(0)}"/>',
             f'<line class="axis" x1="{x(0)}" x2="{x(0)}" y1="{y(0)}" y2="{y(up)}"/>']  # fmt: skip
    for k in range(5):
        a, b = across * k / 4, up * k / 4
        parts.append(
            f'<text class="tick" x="{x(a)}" y="{y(0) + 18}" text-anchor="middle">{_written(a, percent)}</text>'
        )
        parts.append(
            f'<text class="tick" x="{x(0) - 7}" y="{y(b) + 4}" text-anchor="end">{_written(b, percent)}</text>'
        )
    return "".join(parts)


def _written(value: float, percent: bool) -> str:
    return f"{value:.3g}" if not percent else f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"


def _svg(inside: str, title: str, *, tall: int = _TALL) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDE} {tall}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
        f"{inside}</svg>"
    )


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
