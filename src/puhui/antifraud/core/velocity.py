"""Velocity features (速度特征): counts, distincts, sums, shares and ages over half-open windows, declared as SQL in a table.

One text serves the request and replays history: `statement` gives a query over arrivals whose rows to answer for are named
by their positions, one or a million.

Rule kept: arrival `mine` sees arrival `past` when it arrived no later (`position`), its time lies in (mine − window, mine],
and of the labels only those known at mine's time. So a back-dated or a later arrival changes no earlier answer. Where mine has
no such entity the feature is unknown, not zero. Of a hub (a channel, an agent) the newest so many arrivals count.

>>> FEATURES["people_on_phone_30d"].by, "LIMIT 60" in statement()
('phone', True)
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from puhui.antifraud.core.entity_kind import KINDS
from puhui.kernel import shipped

IN_WINDOW = "{in_window}"
_WINDOW = re.compile(r"([0-9]+) (minute|hour|day)s?\Z")
_MINUTES = {"minute": 1, "hour": 60, "day": 1_440}
BAD = (
    "coalesce((SELECT l.fraud FROM antifraud_label l WHERE l.application = {past}.application"
    " AND l.known_at <= {mine}.applied_at ORDER BY l.known_at DESC, l.id DESC LIMIT 1), false)"
)
_LABELLED = (  # `BAD` of a whole hub at once: one walk over the index of labels, where a look a row took most of the statement
    "latest AS MATERIALIZED (SELECT DISTINCT ON (l.application) l.application, l.fraud FROM antifraud_label l"
    " WHERE l.application = ANY(ARRAY(SELECT n.application FROM newest n)) AND l.known_at <= mine.applied_at"
    " ORDER BY l.application, l.known_at DESC, l.id DESC), past AS (SELECT n.*, n.application IN"
    " (SELECT latest.application FROM latest WHERE latest.fraud) AS bad FROM newest n)"
)


@dataclass(frozen=True, slots=True)
class Feature:
    """`sql` is an expression of aggregates over `past` (and `mine`); `{in_window}` stands behind each that is windowed."""

    name: str
    by: str
    window: str
    sql: str
    kind: str

    @property
    def minutes(self) -> int:
        found = _WINDOW.match(self.window)
        if found is None:
            raise ValueError(f"velocity.csv, {self.name}: a window looks like '30 days', not {self.window!r}")
        return int(found[1]) * _MINUTES[found[2]]

    def expression(self) -> str:
        """With its window spelt out."""
        inside = f"FILTER (WHERE past.applied_at > mine.applied_at - interval '{self.window}')"
        return self.sql.replace(IN_WINDOW, inside)


def read_features(text: str) -> dict[str, Feature]:
    """Parse the table; an entity kind that is not known is a KeyError with its name."""
    rows = csv.DictReader(text.splitlines())
    found = {row["name"]: Feature(*(row[name] for name in ("name", "by", "window", "sql", "kind"))) for row in rows}
    for feature in found.values():
        assert feature.by in KINDS, "a kind that is declared"
        assert feature.minutes, "a window that reads"
    return found


FEATURES: dict[str, Feature] = read_features(shipped.text("puhui.antifraud", "policy/velocity.csv"))
NAMES: tuple[str, ...] = tuple(FEATURES)


@lru_cache(maxsize=1)
def statement() -> str:
    """The query: positions (bigint[]) in, one row a position out: position and every feature, in the table's order."""
    return statement_of(FEATURES.values())


def statement_of(features: Iterable[Feature]) -> str:
    """The same for other features."""
    by: dict[str, list[Feature]] = defaultdict(list)
    names = []
    for feature in features:
        by[feature.by].append(feature)
        names.append(
            f"CASE WHEN mine.{feature.by} IS NOT NULL THEN by_{feature.by}.{feature.name} END AS {feature.name}"
        )
    sides = "\n".join(_side(kind, listed) for kind, listed in by.items())
    columns = ",\n  ".join(["mine.position", *names])
    return (
        f"SELECT {columns}\nFROM antifraud_arrival AS mine\n{sides}\nWHERE mine.position = ANY(%s::bigint[]) ORDER BY 1"
    )


def _side(kind: str, features: list[Feature]) -> str:
    longest = max(features, key=lambda feature: feature.minutes).window
    told = ", ".join(f"{feature.expression()} AS {feature.name}" for feature in features)
    newest = (
        f"SELECT h.* FROM antifraud_arrival h"
        f" WHERE h.{kind} = mine.{kind} AND h.position <= mine.position AND h.applied_at <= mine.applied_at"
        f" AND h.applied_at > mine.applied_at - interval '{longest}'"
        f" ORDER BY h.applied_at DESC, h.position DESC LIMIT {KINDS[kind].hub}"
    )
    if any("past.bad" in feature.sql for feature in features):
        return f"CROSS JOIN LATERAL (WITH newest AS MATERIALIZED ({newest}), {_LABELLED} SELECT {told} FROM past) AS by_{kind}"
    return f"CROSS JOIN LATERAL (SELECT {told} FROM ({newest}) AS past) AS by_{kind}"
