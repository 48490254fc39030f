"""The answers anti-fraud can give, by gravity; several hits combine to the gravest (最严者胜).

>>> gravest(["pass", "review", "step_up"]), gravest([])
('review', 'pass')
"""

from collections.abc import Iterable
from typing import Literal, cast

Outcome = Literal["pass", "step_up", "review", "refuse"]
OUTCOMES: tuple[Outcome, ...] = ("pass", "step_up", "review", "refuse")
SEVERITIES = ("note", "warn", "grave")


def gravest(outcomes: Iterable[str]) -> Outcome:
    """The gravest of them; `pass` when there is none. An unknown word is a ValueError."""
    return OUTCOMES[max((OUTCOMES.index(cast(Outcome, outcome)) for outcome in outcomes), default=0)]
