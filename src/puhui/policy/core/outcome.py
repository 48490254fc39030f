"""What a policy can answer, by gravity; several answers combine to the gravest (最严者胜).

>>> gravest(["pass", "review", "step_up"]), gravest([])
('review', 'pass')
"""

from collections.abc import Iterable
from typing import Literal, cast, get_args

Outcome = Literal["pass", "step_up", "review", "refuse"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
SEVERITIES = ("note", "warn", "grave")


def gravest(outcomes: Iterable[str]) -> Outcome:
    """The gravest of them; `pass` when there is none. An unknown word is a ValueError."""
    return OUTCOMES[max((OUTCOMES.index(cast(Outcome, outcome)) for outcome in outcomes), default=0)]
