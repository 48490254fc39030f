"""Counts over half-open windows, and that nothing later changes an earlier answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.antifraud.core import velocity

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA: dict[str, Any] = {
    "position": pl.Int64,
    "applied_at": pl.Datetime("us", "UTC"),
    "person": pl.String,
    "phone": pl.String,
    "device": pl.String,
}
NAMES = [window.name for window in velocity.WINDOWS]


def table(rows: list[tuple[float, str, str | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(i + 1, START + timedelta(days=day), *keys) for i, (day, *keys) in enumerate(rows)],
        schema=SCHEMA,
        orient="row",
    )


class TestAWindow:
    def test_counts_people_not_applications(self) -> None:
        rows = table([(0, "a", "p", None), (1, "a", "p", None), (2, "b", "p", None)])
        assert velocity.counts(rows)["people_on_phone_30d"].to_list() == [1, 1, 2]
        assert velocity.counts(rows)["applications_of_person_30d"].to_list() == [1, 2, 1]

    def test_is_open_at_its_far_end(self) -> None:
        rows = table([(0, "a", "p", None), (30, "b", "p", None), (29.9, "c", "p", None)])
        assert velocity.counts(rows)["people_on_phone_30d"].to_list() == [1, 1, 2]

    def test_counts_the_devices_of_a_person_within_a_day(self) -> None:
        rows = table([(0, "a", "p", "d1"), (0.5, "a", "p", "d2"), (1.2, "a", "p", "d3"), (9, "a", "p", None)])
        assert velocity.counts(rows)["devices_of_person_1d"].to_list() == [1, 2, 2, None]

    def test_does_not_know_an_unknown_device(self) -> None:
        assert velocity.counts(table([(0, "a", "p", None)]))["people_on_device_30d"].to_list() == [None]


_row = st.tuples(
    st.integers(0, 60),
    st.sampled_from("abc"),
    st.sampled_from(["p", "q"]),
    st.one_of(st.none(), st.sampled_from(["d", "e"])),
)


class TestTheBatch:
    @settings(deadline=None, max_examples=40)
    @given(st.lists(_row, min_size=1, max_size=8))
    def test_gives_each_what_it_saw_alone(self, rows: list[tuple[int, str, str, str | None]]) -> None:
        whole = table([(float(row[0]), *row[1:]) for row in rows])
        together = velocity.counts(whole).select(NAMES).rows()
        alone = [velocity.counts(whole.head(n)).select(NAMES).row(n - 1) for n in range(1, len(rows) + 1)]
        assert together == alone

    @settings(deadline=None, max_examples=40)
    @given(st.lists(_row, min_size=2, max_size=8), st.integers(0, 60))
    def test_never_sees_the_future(self, rows: list[tuple[int, str, str, str | None]], as_of: int) -> None:
        whole = table([(float(row[0]), *row[1:]) for row in rows])
        moved = whole.with_columns(
            person=pl.when(pl.col("applied_at") > START + timedelta(days=as_of)).then(pl.lit("z")).otherwise("person")
        )
        past = pl.col("applied_at") <= START + timedelta(days=as_of)
        before, after = (
            velocity.counts(t).join(t.filter(past).select("position"), on="position").sort("position")
            for t in (whole, moved)
        )
        assert before.equals(after)
