"""What a request asks before its application joins the graph, in one statement: answers given before, colours of lists, what scores.

Rule kept: it is asked after the wait in line, so that an answer that somebody else was just giving is seen; a statement costs some
half a millisecond of processor time whatever it asks.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from puhui.antifraud import list_entries, live_scoring, stored_answers
from puhui.antifraud.arrivals import numbers
from puhui.antifraud.live_scoring import LiveScorer
from puhui.store import prepared

_GIVEN, _LISTED, _SCORING = "given", "listed", "scoring"
_ASKED = (
    f"SELECT '{_GIVEN}', id, application_key, input_hash FROM ({stored_answers.GIVEN}) AS g"
    f" UNION ALL SELECT '{_LISTED}', key, colour, '' FROM ({list_entries.COLOURS_OF}) AS l"
    f" UNION ALL SELECT '{_SCORING}', picture, champion, '' FROM ({live_scoring.NOW}) AS s"
)


@dataclass(slots=True)
class FirstLook:
    """`given`: {(application_key, input_hash): id} of earlier answers; `colours` of the keys that stand on a list."""

    scorer: LiveScorer
    given: dict[tuple[str, str], int] = field(default_factory=dict)
    colours: Mapping[int, set[str]] = field(default_factory=dict)


def look(names: Iterable[str], keys: Iterable[int], *, at: datetime) -> FirstLook:
    """`names` of applications, `keys` of their entities; lists as they stand at a time."""
    found, colours = FirstLook(LiveScorer("")), defaultdict[int, set[str]](set)
    values = [sorted(set(names)), at, at, at, numbers(sorted(set(keys)))]
    for what, number, text, digest in prepared.rows(_ASKED, values):
        if what == _GIVEN:
            found.given[text, digest] = number
        elif what == _LISTED:
            colours[number].add(text)
        else:
            found.scorer = live_scoring.named(text, number)
    found.colours = colours
    return found
