"""The answer of anti-fraud about one application, as it was given and stored.

>>> Assessment(1, "app_1", "pass", (), ("DEVICE_SHARED",), {}, "v", datetime(2026, 1, 1, tzinfo=UTC)).outcome
'pass'
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime  # noqa: F401 - UTC is for the example
from typing import Any

from puhui.antifraud.core.outcome import Outcome
from puhui.antifraud.core.rulebook import Hit


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer and why. `outcome`: pass < step_up < review < refuse; `unknown`: rules nobody could decide.

    `strategy` is the gravest way to act (core/strategy), `conditions` all of them; `score` a chance of fraud by `scored_by`.
    """

    id: int
    application_key: str
    outcome: Outcome
    hits: tuple[Hit, ...]
    unknown: tuple[str, ...]
    signals: dict[str, Any]
    rulebook: str
    applied_at: datetime
    position: int | None = None
    strategy: str = ""
    conditions: dict[str, Any] = field(default_factory=dict)
    score: float | None = None
    scored_by: str = ""
