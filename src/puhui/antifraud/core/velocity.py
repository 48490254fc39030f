"""Counts over half-open windows, as-of safe: what an application may know of the applications before it.

Rule kept: application i sees application j when j arrived before i (`position`) and j's time lies in the window
(t_i − window, t_i]; and it sees itself. So a back-dated or a later arrival changes no earlier answer, and replaying a
million in one batch gives what each saw alone.

>>> from datetime import UTC
>>> at = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3)]
>>> rows = pl.DataFrame({"position": [1, 2, 3], "applied_at": at, "person": ["a", "b", "c"], "phone": ["p"] * 3,
...                      "device": [None, "d", "d"]})
>>> counts(rows).select("people_on_phone_30d", "people_on_device_30d").rows()
[(1, None), (2, 1), (3, 2)]
"""

from dataclasses import dataclass
from datetime import datetime, timedelta  # noqa: F401 - datetime is for the example

import polars as pl


@dataclass(frozen=True, slots=True)
class Window:
    """Count distinct `counted` among applications of the same `by` in the last `days`."""

    name: str
    by: str
    counted: str
    days: int


WINDOWS = (
    Window("people_on_phone_30d", "phone", "person", 30),
    Window("people_on_device_30d", "device", "person", 30),
    Window("devices_of_person_1d", "person", "device", 1),
    Window("applications_of_person_30d", "person", "position", 30),
)
LONGEST_DAYS = max(window.days for window in WINDOWS)


def counts(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows`: position (order of arrival, unique), applied_at, person, phone, device (keys; null = unknown).

    Returns position and one column a window, in the order given. An unknown key counts as null, not as zero.
    """
    lazy = rows.lazy()
    table = lazy.select("position")
    for window in WINDOWS:
        table = table.join(_count(lazy, window), on="position", how="left", maintain_order="left")
    return table.collect()


def _count(rows: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    mine = rows.filter(pl.col(window.by).is_not_null()).select("position", "applied_at", key=pl.col(window.by))
    past = rows.filter(pl.col(window.by).is_not_null()).select(
        key=pl.col(window.by), counted=pl.col(window.counted), then=pl.col("applied_at"), before=pl.col("position")
    )
    inside = (
        (pl.col("before") <= pl.col("position"))
        & (pl.col("then") <= pl.col("applied_at"))
        & (pl.col("then") > pl.col("applied_at") - timedelta(days=window.days))
    )
    seen = mine.join(past, on="key").filter(inside & pl.col("counted").is_not_null())
    return seen.group_by("position").agg(pl.col("counted").n_unique().cast(pl.Int64).alias(window.name))
