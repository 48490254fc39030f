"""What to do about an application (处置策略): eight ways by gravity, and all that the hits ask for together.

The policy floor combines the four outcomes (pass < step_up < review < refuse); a rule's `action` says how: which check to step up
by, by how much to lower the limit, when and to whom to pay. Actions of a lighter rule are kept beside a graver answer, so that
whoever releases it sees them.

>>> told = combine([("pass", "lower_limit:50"), ("step_up", "liveness"), ("pass", "delay:1"), ("pass", "lower_limit:70")])
>>> told.strategy, told.conditions
('step_up', {'step_up': ['liveness'], 'limit_percent': 50, 'delay_days': 1})
>>> combine([]).strategy, combine([("pass", "observe")]).strategy
('pass', 'observe')
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

STRATEGIES = ("pass", "observe", "direct", "delay", "lower_limit", "step_up", "review", "refuse")
STEPS = ("liveness", "code", "video")
LONGEST_DELAY_DAYS = 30


class ActionUnreadable(ValueError):
    """An action is none of observe, direct, delay:DAYS, lower_limit:PERCENT, liveness, code, video."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """`conditions`: step_up (checks), limit_percent, delay_days, direct (pay the supplier), observe."""

    strategy: str
    conditions: dict[str, Any]


def check_action(action: str) -> None:
    """Raises ActionUnreadable."""
    name, _, number = action.partition(":")
    if action in ("", "observe", "direct", *STEPS):
        return
    most = {"delay": LONGEST_DELAY_DAYS, "lower_limit": 99}.get(name)
    if most is None or not number.isdecimal() or not 1 <= int(number) <= most:
        raise ActionUnreadable(
            f"{action!r}：应为 observe、direct、delay:天数、lower_limit:百分比、liveness、code、video 之一 · one of them"
        )


def combine(told: Iterable[tuple[str, str]]) -> Strategy:
    """(outcome, action) of every hit → the gravest strategy, and every condition once, the strictest where they differ."""
    gravest, conditions = 0, dict[str, Any]()
    for outcome, action in told:
        gravest = max(gravest, STRATEGIES.index(outcome))
        name, _, number = action.partition(":")
        if name in STEPS or (outcome == "step_up" and not action):
            steps = conditions.setdefault("step_up", [])
            if (name or STEPS[0]) not in steps:
                steps.append(name or STEPS[0])
        elif name == "lower_limit":
            conditions["limit_percent"] = min(conditions.get("limit_percent", 100), int(number))
            gravest = max(gravest, STRATEGIES.index("lower_limit"))
        elif name == "delay":
            conditions["delay_days"] = max(conditions.get("delay_days", 0), int(number))
            gravest = max(gravest, STRATEGIES.index("delay"))
        elif name in ("direct", "observe"):
            conditions[name] = True
            gravest = max(gravest, STRATEGIES.index(name))
    order = ("step_up", "limit_percent", "delay_days", "direct", "observe")
    return Strategy(STRATEGIES[gravest], {key: conditions[key] for key in order if key in conditions})
