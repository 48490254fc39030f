"""A chart as plain data: the same rows feed ECharts and the table beside it, so neither can say something else.

>>> Chart("sales", "月销售额", ["2019-01"], [Series("销项", [12.5])], unit="万元").rows
[('2019-01', ['12.50'])]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one row of bars; None is a gap. `axis` 1 is the right-hand scale."""

    name: str
    values: Sequence[float | int | None]
    kind: Literal["line", "bar"] = "bar"
    axis: Literal[0, 1] = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """`id` is unique on its page. `mark` draws a vertical line at one label (the budget now)."""

    id: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    right_unit: str = ""
    x_title: str = ""
    mark: str = ""
    numeric_x: bool = False
    places: int = 2
    note: str = ""
    tall: bool = False
    stacked: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """What charts.js reads."""
        return {
            "labels": list(self.labels), "unit": self.unit, "rightUnit": self.right_unit, "xTitle": self.x_title,
            "mark": self.mark, "numericX": self.numeric_x, "places": self.places, "stacked": self.stacked,
            "series": [{"name": s.name, "values": list(s.values), "kind": s.kind, "axis": s.axis} for s in self.series],
        }  # fmt: skip

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table: one row a label."""
        return [
            (label, [self._written(series.values[position]) for series in self.series])
            for position, label in enumerate(self.labels)
        ]

    def _written(self, value: float | int | None) -> str:
        if value is None:
            return "—"
        return f"{value:,}" if isinstance(value, int) else f"{value:,.{self.places}f}"
