"""Lines that a figure of a day may not lie above, as rows of a dated table, and which of them were passed.

>>> lines = [AlertLine("psi", 0.1, "watch", "偏移", "moved"), AlertLine("psi", 0.25, "act", "显著偏移", "moved far")]
>>> [(alert.line.level, alert.message) for alert in passed({"psi": 0.3, "auc": None}, lines)]
[('act', '显著偏移（psi 0.3 > 0.25） · moved far (psi 0.3 > 0.25)')]
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertLine:
    """Raised when `figure` lies above the line; a figure that is missing raises nothing and is shown as missing."""

    figure: str
    above: float
    level: str  # watch | act
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One line that was passed."""

    line: AlertLine
    value: float

    @property
    def message(self) -> str:
        shown = f"{self.line.figure} {self.value:.4g} > {self.line.above:g}"
        return f"{self.line.zh}（{shown}） · {self.line.en} ({shown})"


def passed(figures: Mapping[str, float | None], lines: Iterable[AlertLine]) -> list[Alert]:
    """The gravest line passed by each figure."""
    found: dict[str, Alert] = {}
    for line in sorted(lines, key=lambda one: one.above):
        value = figures.get(line.figure)
        if value is not None and value > line.above:
            found[line.figure] = Alert(line, value)
    return list(found.values())
