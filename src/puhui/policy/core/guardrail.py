"""Guard-rails (护栏): bounds on what an arm may do within a window; a breach stops the challenger.

Rule kept: nothing is judged on fewer decisions than `minimum_n`, except faults, of which one can be too many.

>>> seen = ArmSeen(decisions=200, passed=20, refused=150, limit_minor=4_000_000, faults=0, latency_p99_ms=12)
>>> rail = Guardrail("approval_rate", low=0.3, high=None, window_minutes=1440, minimum_n=100)
>>> breach(rail, seen)
Breach(metric='approval_rate', value=0.1, bound=0.3, n=200)
>>> breach(rail, ArmSeen(decisions=50, passed=1, refused=49)) is None
True
"""

from collections.abc import Callable
from dataclasses import dataclass

from puhui.kernel.refusal import Refusal, Refused


@dataclass(frozen=True, slots=True)
class ArmSeen:
    """What one arm did in a window. `limit_minor` is the sum over those passed."""

    decisions: int
    passed: int
    refused: int
    limit_minor: int = 0
    faults: int = 0
    latency_p99_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Guardrail:
    """`low` and `high` are still allowed; None means no bound on that side."""

    metric: str
    low: float | None
    high: float | None
    window_minutes: int
    minimum_n: int


@dataclass(frozen=True, slots=True)
class Breach:
    """A value beyond its bound, over `n` decisions."""

    metric: str
    value: float
    bound: float
    n: int


METRICS: dict[str, Callable[[ArmSeen], float]] = {
    "approval_rate": lambda seen: seen.passed / max(1, seen.decisions),
    "refusal_rate": lambda seen: seen.refused / max(1, seen.decisions),
    "average_limit_minor": lambda seen: seen.limit_minor / max(1, seen.passed),
    "fault_count": lambda seen: float(seen.faults),
    "latency_p99_ms": lambda seen: seen.latency_p99_ms,
}


def breach(rail: Guardrail, seen: ArmSeen) -> Breach | None:
    """The breach of this rail, or None."""
    if rail.metric != "fault_count" and seen.decisions < rail.minimum_n:
        return None
    value = METRICS[rail.metric](seen)
    for bound, beyond in ((rail.low, lambda low: value < low), (rail.high, lambda high: value > high)):
        if bound is not None and beyond(bound):
            return Breach(rail.metric, value, bound, seen.decisions)
    return None


def read_guardrail(text: str) -> Guardrail:
    """From words: `approval_rate 0.2..0.6 1440m n100`, `fault_count ..0 60m`.

    >>> read_guardrail("approval_rate 0.2..0.6 1440m n100")
    Guardrail(metric='approval_rate', low=0.2, high=0.6, window_minutes=1440, minimum_n=100)
    """
    words = text.split()
    try:
        metric, bounds, window, *size = words
        low, high = (float(end) if end else None for end in bounds.split("..", 1))
        minutes, minimum = int(window.removesuffix("m")), int(size[0].removeprefix("n")) if size else 1
        sound = metric in METRICS and (low is not None or high is not None) and minutes > 0 and minimum > 0
        if not sound or (low is not None and high is not None and low > high):
            raise ValueError
    except ValueError:
        told = f"护栏写成「指标 下限..上限 窗口m n最少数」，指标：{'、'.join(METRICS)} · metric low..high minutes n"
        raise Refused(Refusal("GUARDRAIL", told, where=text[:80])) from None
    return Guardrail(metric, low, high, minutes, minimum)
