"""The windows of `velocity` for Apache Spark: the same table of features as Spark SQL, for histories that no one machine holds.

PostgreSQL asks, arrival by arrival, for the newest so many of an entity; Spark has no such correlated LIMIT. Here arrivals of an entity are ranked
by time once and joined by buckets of as many ranks as the hub holds, so that a channel of millions costs two buckets a row. Only an
arrival that came with an earlier time than one before it (back-dated, `top > position`) is joined with all of its entity.

Rule kept: every expression is that of `policy/velocity.csv`, translated by sqlglot; nothing is written twice. Inputs are the views
`arrivals` (the columns of antifraud_arrival), `labels` (id, application, fraud, known_at) and `asked` (position).

>>> from puhui.antifraud.core.velocity import FEATURES
>>> translated(FEATURES["device_age_days"].expression())[:79]
'CAST(FLOOR((CAST(UNIX_MICROS(mine_applied_at) - UNIX_MICROS(MIN(past_applied_at'
>>> views()[0][0], [name for name, _ in views()][-1], "CASE WHEN mine.device IS NOT NULL" in answer()
('known_labels', 'by_channel', True)
"""

from collections import defaultdict
from collections.abc import Iterable

import sqlglot
from sqlglot import exp

from puhui.antifraud.core.entity_kind import KINDS
from puhui.antifraud.core.velocity import FEATURES, Feature

_LABELS = """
SELECT application, fraud, known_at,
  lead(known_at) OVER (PARTITION BY application ORDER BY known_at, id) AS until
FROM labels
"""
_RANKED = """
SELECT *, row_number() OVER (PARTITION BY {kind} ORDER BY applied_at, position) AS nth,
  max(position) OVER (PARTITION BY {kind} ORDER BY applied_at, position ROWS UNBOUNDED PRECEDING) AS top
FROM arrivals WHERE {kind} IS NOT NULL
"""
_MET = """
SELECT {columns}, row_number() OVER (PARTITION BY mine.position ORDER BY past.applied_at DESC, past.position DESC) AS newest
FROM {mine} AS mine JOIN {past} AS past ON past.{kind} = mine.{kind} AND {near}
 AND past.position <= mine.position AND past.applied_at <= mine.applied_at AND past.applied_at > mine.applied_at - INTERVAL {longest}
"""


def views() -> list[tuple[str, str]]:
    """(name, query) of temporary views, in the order in which they are made."""
    by: dict[str, list[Feature]] = defaultdict(list)
    for feature in FEATURES.values():
        by[feature.by].append(feature)
    made = [("known_labels", _LABELS)]
    for kind, features in by.items():
        made += _of_kind(kind, features)
    return made


def answer() -> str:
    """One row a position asked for: position and every feature, in the order of the table."""
    kinds = dict.fromkeys(feature.by for feature in FEATURES.values())
    told = [f"CASE WHEN mine.{one.by} IS NOT NULL THEN by_{one.by}.{one.name} END AS {one.name}" for one in FEATURES.values()]  # fmt: skip
    joins = "\n".join(f"LEFT JOIN by_{kind} ON by_{kind}.mine_position = mine.position" for kind in kinds)
    columns = ",\n  ".join(["mine.position", *told])
    return f"SELECT {columns}\nFROM arrivals AS mine LEFT SEMI JOIN asked ON asked.position = mine.position\n{joins}"


def translated(expression: str) -> str:
    """An expression of the table in Spark SQL: `mine.x` is the column mine_x, `past.x` past_x; epochs are microseconds of a difference."""
    tree = sqlglot.parse_one(expression, read="postgres").transform(_moved)
    return tree.sql("spark")


def _moved(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Column) and node.table in ("mine", "past"):
        return exp.column(f"{node.table}_{node.name}")
    if isinstance(node, exp.Extract) and node.name.upper() == "EPOCH":
        difference = node.expression
        assert isinstance(difference, exp.Sub), "an epoch of a difference"
        ends = [exp.func("unix_micros", side.transform(_moved)) for side in (difference.this, difference.expression)]
        micros = exp.cast(exp.Sub(this=ends[0], expression=ends[1]), "DECIMAL(28, 0)")
        return exp.paren(exp.Div(this=micros, expression=exp.Literal.number(1_000_000)))
    return node


def _of_kind(kind: str, features: list[Feature]) -> Iterable[tuple[str, str]]:
    hub = KINDS[kind].hub
    longest = sqlglot.parse_one(f"INTERVAL '{max(features, key=lambda one: one.minutes).window}'", read="postgres")
    ranked = f"ranked_{kind}"
    yield ranked, _RANKED.format(kind=kind)
    yield f"past_{kind}", f"SELECT *, nth DIV {hub} AS bucket FROM {ranked}"
    yield (
        f"mine_{kind}",
        (
            f"SELECT r.*, explode(array(r.nth DIV {hub}, r.nth DIV {hub} - 1)) AS bucket FROM {ranked} AS r"
            " LEFT SEMI JOIN asked ON asked.position = r.position WHERE r.top = r.position"
        ),
    )
    yield f"late_{kind}", f"SELECT r.* FROM {ranked} AS r LEFT SEMI JOIN asked ON asked.position = r.position WHERE r.top > r.position"  # fmt: skip
    used = _columns(features)
    columns = ", ".join(f"{side}.{name} AS {side}_{name}" for side, name in used)
    common = {"kind": kind, "columns": columns, "longest": longest.sql("spark").removeprefix("INTERVAL ")}
    near = f"past.bucket = mine.bucket AND mine.nth - past.nth < {hub}"
    met = _MET.format(mine=f"mine_{kind}", past=f"past_{kind}", near=near, **common)
    late = _MET.format(mine=f"late_{kind}", past=ranked, near="true", **common)
    yield f"met_{kind}", f"SELECT * FROM ({met}) UNION ALL SELECT * FROM ({late})"
    bad = "false AS past_bad"
    source = f"met_{kind} AS met"
    if any("past.bad" in feature.sql for feature in features):
        bad = "coalesce(known.fraud, false) AS past_bad"
        source += (
            " LEFT JOIN known_labels AS known ON known.application = met.past_application"
            " AND known.known_at <= met.mine_applied_at AND (known.until IS NULL OR met.mine_applied_at < known.until)"
        )
    keys = ", ".join(f"mine_{name}" for side, name in used if side == "mine")
    told = ",\n  ".join(f"{translated(feature.expression())} AS {feature.name}" for feature in features)
    yield (
        f"by_{kind}",
        f"SELECT {keys},\n  {told}\nFROM (SELECT met.*, {bad} FROM {source} WHERE met.newest <= {hub}) GROUP BY {keys}",
    )


def _columns(features: list[Feature]) -> list[tuple[str, str]]:
    """Columns that the expressions name, and those that every window needs."""
    used = {("mine", "position"), ("mine", "applied_at"), ("past", "applied_at"), ("past", "application")}
    for feature in features:
        for column in sqlglot.parse_one(feature.expression(), read="postgres").find_all(exp.Column):
            if column.name != "bad":
                used.add((column.table, column.name))
    return sorted(used)
