"""Signals (链路事件) of the data link: impressions and clicks from media, steps of our own funnel, checked over columns.

Law: a fact is known by its key, made of what names it, so that a fact that comes twice counts once; what is refused is
refused by name and row, and the rest of the batch stands.

>>> from datetime import UTC, timedelta
>>> now = datetime(2026, 11, 29, tzinfo=UTC)
>>> rows = [{"kind": "click", "media": "tencent", "click_id": "c1", "happened_at": now},
...         {"kind": "click", "media": "tencent", "click_id": "c1", "happened_at": now},
...         {"kind": "register", "media": "", "subject": "app_1", "happened_at": now + timedelta(days=1)}]
>>> good, refused = checked(frame_of(rows), now=now, kinds=("click", "register"), media=("tencent",))
>>> good.height, refused
(1, [Row(row=2, code='SIGNAL_IN_FUTURE')])
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl

FROM_MEDIA = ("impression", "click")
_SKEW, _OLDEST = timedelta(minutes=5), timedelta(days=400)
_WIDTHS = {"kind": 24, "media": 24, "campaign": 80, "creative": 80, "click_id": 255, "subject": 64, "name": 255}
_TEXTS = tuple(_WIDTHS)
SCHEMA: Mapping[str, Any] = {
    **dict.fromkeys(_TEXTS, pl.String), "device": pl.Int64, "happened_at": pl.Datetime("us", "UTC"),
    "value_minor": pl.Int64, "quality": pl.Int16, "consent": pl.Boolean, "raw": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was refused, by its place in the batch."""

    row: int
    code: str


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows with any of the columns of SCHEMA, the others empty. `name` names a fact that has neither click id nor subject."""
    return frame_of_columns(pl.DataFrame(list(rows), schema_overrides=SCHEMA, infer_schema_length=None))


def frame_of_columns(found: pl.DataFrame) -> pl.DataFrame:
    """The same of a frame that has some of the columns."""
    absent = [pl.lit(None, kind).alias(column) for column, kind in SCHEMA.items() if column not in found.columns]
    return found.with_columns(absent).select(pl.col(column).cast(kind) for column, kind in SCHEMA.items())


def signed(key: int | None) -> int | None:
    """A 64-bit device key as PostgreSQL's signed number.

    >>> signed(2**64 - 1), signed(5), signed(None)
    (-1, 5, None)
    """
    return None if key is None else key - (1 << 64) if key >> 63 else key


def checked(
    frame: pl.DataFrame, *, now: datetime, kinds: Sequence[str], media: Sequence[str]
) -> tuple[pl.DataFrame, list[Row]]:
    """(good rows with `key` and `content`, each key once; refused rows). A repeat with other content is told as a row too."""
    frame = frame.with_row_index("row").with_columns(
        pl.col(column).fill_null("").str.strip_chars() for column in _TEXTS
    )
    frame = frame.with_columns(consent=pl.col("consent").fill_null(False), raw=pl.col("raw").fill_null("{}"))
    frame = frame.with_columns(code=_refusal(now, kinds, media))
    refused = [Row(row, code) for row, code in frame.filter(pl.col("code").is_not_null()).select("row", "code").rows()]
    good = _keyed(frame.filter(pl.col("code").is_null()).drop("code"))
    first = good.unique("key", keep="first", maintain_order=True)
    if first.height < good.height:
        other = good.join(first.select("key", kept="content"), on="key").filter(pl.col("content") != pl.col("kept"))
        refused += [Row(row, "SIGNAL_KEY_REUSED") for row in other["row"]]
    return first.drop("row", "name"), sorted(refused, key=lambda each: each.row)


def _refusal(now: datetime, kinds: Sequence[str], media: Sequence[str]) -> pl.Expr:
    from_media = pl.col("kind").is_in(FROM_MEDIA)
    too_long = pl.any_horizontal(pl.col(column).str.len_chars() > width for column, width in _WIDTHS.items())
    rules = {
        "SIGNAL_KIND_UNKNOWN": ~pl.col("kind").is_in(list(kinds)),
        "MEDIA_UNKNOWN": from_media & ~pl.col("media").is_in(list(media)),
        "SIGNAL_UNNAMED": pl.when(from_media).then((pl.col("click_id") == "") & (pl.col("name") == "")).otherwise(pl.col("subject") == ""),
        "SIGNAL_TIME_MISSING": pl.col("happened_at").is_null(),
        "SIGNAL_IN_FUTURE": pl.col("happened_at") > now + _SKEW,
        "SIGNAL_TOO_OLD": pl.col("happened_at") < now - _OLDEST,
        "SIGNAL_TEXT_TOO_LONG": too_long,
        "SIGNAL_TEXT_UNREADABLE": pl.any_horizontal(pl.col(column).str.contains("\x00", literal=True) for column in _TEXTS),
        "SIGNAL_QUALITY": ~pl.col("quality").is_between(1, 3),
        "SIGNAL_VALUE": pl.col("value_minor") < 0,
    }  # fmt: skip
    return pl.coalesce(pl.when(wrong.fill_null(False)).then(pl.lit(code)) for code, wrong in rules.items())


def _keyed(frame: pl.DataFrame) -> pl.DataFrame:
    """`key`: of a media's fact its media and click id (or name); of a funnel step its subject, one of each kind."""
    named = pl.when(pl.col("click_id") != "").then(pl.col("click_id")).otherwise(pl.col("name"))
    from_media = pl.col("kind").is_in(FROM_MEDIA)
    parts = (
        pl.col("kind"),
        pl.when(from_media).then("media").otherwise(pl.lit("")),
        pl.when(from_media).then(named).otherwise(pl.concat_str("subject", pl.lit("/"), "name")),
    )
    told = (
        "campaign",
        "creative",
        "click_id",
        "device",
        pl.col("happened_at").dt.epoch("us"),
        "value_minor",
        "quality",
        "consent",
    )
    texts = frame.select(name=_joined(parts), told=_joined(told))
    keys = [blake2b(text.encode(), digest_size=16).hexdigest() for text in texts["name"].to_list()]
    marks = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in texts["told"].to_list())
    return frame.with_columns(
        key=pl.Series(keys, dtype=pl.String),
        content=pl.Series(np.frombuffer(marks, dtype=">i8").astype(np.int64), dtype=pl.Int64),
    )


def _joined(columns: Sequence[str | pl.Expr]) -> pl.Expr:
    """One text of a row's cells; NUL, which no text of a good row holds, stands for an absent one."""
    cells = [pl.col(each) if isinstance(each, str) else each for each in columns]
    return pl.concat_str([cell.cast(pl.String).fill_null("\x00") for cell in cells], separator="\x1f")
