"""Edges as two arrays of node positions: ids of any type become 0…n−1, and what was odd about the rows is told.

Rules kept: nothing is lost silently. A row without both ends and a self-loop are counted and join no neighbours; ends that the node
table does not list become nodes of their own, without features or label, because two known nodes that share an unknown device are
still linked; parallel rows stay rows here and become a weight in the adjacency.

>>> found = link(pl.DataFrame({"src": ["b", "b", "c"], "dst": ["a", "b", None]}), ids=pl.Series([1, 2]).cast(pl.String))
>>> found.ids.to_list(), found.src.tolist(), found.dst.tolist()
(['1', '2', 'a', 'b'], [3], [2])
>>> found.told
{'rows': 3, 'without_end': 1, 'self_loops': 1, 'unknown_nodes': 2}
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.kernel.refusal import Refusal, Refused

Positions = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
_DENSE = 4  # a table over the whole range of integer ids is used while it has at most this many places a node


@dataclass(frozen=True, slots=True)
class Links:
    """`ids`: node ids by position, the first `listed` of them from the node table. `src`, `dst`: positions, one pair a kept row.
    `kind`: position in `kinds` a row; `at`: time a row in seconds (NaN: not given). `told`: counts of rows by what was odd."""

    ids: pl.Series
    listed: int
    src: Positions
    dst: Positions
    told: dict[str, int]
    kind: npt.NDArray[np.int16] | None = None
    kinds: tuple[str, ...] = ()
    at: Floats | None = None

    @property
    def nodes(self) -> int:
        return len(self.ids)


def link(edges: pl.DataFrame, *, ids: pl.Series | None = None) -> Links:
    """`edges`: src, dst, and where given kind (any type) and at (number, date, datetime or text in ISO form). `ids`: the node table's,
    different from one another. Raises Refused EDGE_TIME_UNREADABLE, NODE_ID_KIND or TOO_MANY_KINDS."""
    told = {"rows": edges.height}
    gaps = [pl.col(name).fill_nan(None) for name in ("src", "dst") if edges[name].dtype.is_float()]
    whole = edges.with_columns(gaps).drop_nulls(["src", "dst"])
    told["without_end"] = edges.height - whole.height
    whole, ids = _one_type(whole, ids)
    loops = whole.filter(pl.col("src") == pl.col("dst"))
    told["self_loops"] = loops.height
    kept = whole.filter(pl.col("src") != pl.col("dst")) if loops.height else whole
    known = ids if ids is not None else pl.Series("id", [], dtype=whole["src"].dtype)
    ends = [known, whole["src"], whole["dst"]]
    every, src, dst = _positions(ends, kept["src"], kept["dst"])
    told["unknown_nodes"] = len(every) - len(known) if ids is not None else 0
    kind, kinds = _kinds(kept)
    return Links(every, len(known), src, dst, told, kind, kinds, _times(kept))


def _one_type(edges: pl.DataFrame, ids: pl.Series | None) -> tuple[pl.DataFrame, pl.Series | None]:
    """Ids of one type: whole numbers of 64 bits as such, everything else as text (a number 7 and a text "7" are one node)."""
    types = [edges["src"].dtype, edges["dst"].dtype, *([] if ids is None else [ids.dtype])]
    columns = [edges["src"], edges["dst"], *([] if ids is None else [ids])]
    nested = next((column for column in columns if column.dtype.is_nested()), None)
    if nested is not None:
        text = f"节点编号应为数字或文本，见到 {nested.dtype} · ids are numbers or texts, not {nested.dtype}"
        raise Refused(Refusal("NODE_ID_KIND", text, nested.name))
    if all(kind.is_integer() for kind in types) and not any(_beyond(column) for column in columns):
        wanted: pl.DataType = pl.Int64()
    else:
        wanted = pl.String()
    cast = edges.with_columns(_as(pl.col("src"), types[0], wanted), _as(pl.col("dst"), types[1], wanted))
    return cast, None if ids is None else pl.select(_as(pl.lit(ids), types[-1], wanted).alias("id")).to_series()


def _beyond(column: pl.Series) -> bool:
    """A number that 64 signed bits do not hold (a hash, say): then ids go as text."""
    return column.dtype in (pl.UInt64, pl.Int128) and bool((column > 2**63 - 1).any())


def _as(column: pl.Expr, kind: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    if kind.is_float() and wanted == pl.String:
        whole = column.cast(pl.Int64, strict=False)  # a gap turns a column of whole numbers into 7.0
        return pl.when(column == whole).then(whole.cast(pl.String)).otherwise(column.cast(pl.String))
    return column.cast(wanted)


def _positions(ends: list[pl.Series], src: pl.Series, dst: pl.Series) -> tuple[pl.Series, Positions, Positions]:
    """All ids, the node table's first and the others in rising order; and the ends as positions in it."""
    known = ends[0]
    if known.dtype == pl.Int64:
        found = _by_table(ends, src, dst)
        if found is not None:
            return found
    others = pl.concat([ends[1].alias("id"), ends[2].alias("id")]).unique()
    if len(known):
        others = others.to_frame().join(known.alias("id").to_frame(), on="id", how="anti").to_series()
    every = pl.concat([known.alias("id"), others.sort()])
    places = pl.DataFrame({"id": every, "place": np.arange(len(every), dtype=np.int32)})

    def located(column: pl.Series) -> Positions:
        joined = column.alias("id").to_frame().join(places, on="id", how="left", maintain_order="left")
        return joined["place"].to_numpy()

    return every, located(src), located(dst)


def _by_table(ends: list[pl.Series], src: pl.Series, dst: pl.Series) -> tuple[pl.Series, Positions, Positions] | None:
    """The same by one look-up table where whole numbers lie close together; None where they do not."""
    filled = [one for one in ends if len(one)]
    if not filled:
        return None
    low = min(int(one.min()) for one in filled)  # type: ignore[arg-type]
    span = max(int(one.max()) for one in filled) - low + 1  # type: ignore[arg-type]
    if span > _DENSE * (sum(map(len, ends[:2]))) + 1_000_000:
        return None
    known = ends[0].to_numpy() - low
    table = np.full(span, -1, np.int32)
    table[known] = np.arange(len(known), dtype=np.int32)
    seen = np.zeros(span, np.bool_)
    for one in ends[1:]:
        seen[one.to_numpy() - low] = True
    others = np.flatnonzero(seen & (table < 0))
    table[others] = np.arange(len(known), len(known) + len(others), dtype=np.int32)
    every = pl.concat([ends[0].alias("id"), pl.Series("id", others + low, dtype=pl.Int64)])
    return every, table[src.to_numpy() - low], table[dst.to_numpy() - low]


def _kinds(edges: pl.DataFrame) -> tuple[npt.NDArray[np.int16] | None, tuple[str, ...]]:
    if "kind" not in edges.columns:
        return None, ()
    words = edges["kind"].cast(pl.String).fill_null("")
    names = words.unique().sort().to_list()
    if len(names) > np.iinfo(np.int16).max:
        raise Refused(
            Refusal(
                "TOO_MANY_KINDS",
                f"kind 有 {len(names)} 种取值，不像边的类型 · kind has {len(names)} different values; that is no kind of edge",
                "edges kind",
            )
        )
    if len(names) < 2:
        return None, ()
    codes = words.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int16)
    return codes, tuple(names)


def _times(edges: pl.DataFrame) -> Floats | None:
    return seconds_of(edges["at"], where="edges at") if "at" in edges.columns else None


def seconds_of(column: pl.Series, *, where: str) -> Floats:
    """Times as numbers: dates and datetimes in seconds since 1970, numbers as they are, text in ISO form or as a number."""
    if column.dtype == pl.String:
        column = _parsed(column, where)
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if isinstance(column.dtype, pl.Datetime):
        column = column.dt.epoch("us").cast(pl.Float64) / 1e6
    if not column.dtype.is_numeric() and column.dtype != pl.Null:
        raise Refused(
            Refusal(
                "EDGE_TIME_UNREADABLE",
                f"时间列类型不明：{column.dtype} · no time can be read from {column.dtype}",
                where,
            )
        )
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _parsed(column: pl.Series, where: str) -> pl.Series:
    numbers = column.cast(pl.Float64, strict=False)
    if numbers.null_count() == column.null_count():
        return numbers
    parsed = pl.select(pl.coalesce(
        pl.lit(column).str.to_datetime(time_unit="us", strict=False, format="%Y-%m-%d"),
        *(pl.lit(column).str.slice(0, 19).str.to_datetime(time_unit="us", strict=False, format=form)
          for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")),
    )).to_series()  # fmt: skip
    wrong = parsed.is_null() & column.is_not_null()
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise Refused(
            Refusal(
                "EDGE_TIME_UNREADABLE",
                f"第 {row + 1} 行时间无法读取：{column[row]!r} · the time of row {row + 1} cannot be read: {column[row]!r}; "
                "write 2026-03-01 or 2026-03-01 09:30:00 or a number",
                where,
            )
        )
    return parsed
