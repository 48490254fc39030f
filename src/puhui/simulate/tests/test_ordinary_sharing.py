"""The made-up honest share as the table says, and nobody's own things get lost."""

from datetime import UTC, datetime, timedelta

import polars as pl

from puhui.simulate import fraud_world, ordinary_sharing

START = datetime(2026, 1, 1, tzinfo=UTC)


def made(seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    plain = fraud_world.honest(10_000, seed=seed, start=START, days=100)
    return plain, ordinary_sharing.shared(plain, seed=seed, start=START, days=100)


class TestOrdinarySharing:
    def test_so_many_people_are_in_each_way_as_the_table_says(self) -> None:
        _, world = made()
        people = dict(world.group_by("way").agg(pl.col("person").n_unique()).iter_rows())
        assert {way.name: people[way.name] for way in ordinary_sharing.ways()} == {
            way.name: round(way.share * 8_000) for way in ordinary_sharing.ways()
        }
        assert world.select("person", "way").unique().height == 8_000  # each person is in one way

    def test_a_second_hand_telephone_set_is_used_by_two_and_by_nobody_else(self) -> None:
        _, world = made()
        used = world.filter(way="second_hand").group_by("device").agg(pl.col("person").n_unique())
        assert used["person"].to_list() == [2] * 16
        assert used["device"].is_in(world.filter(pl.col("way") != "second_hand")["device"].implode()).sum() == 0

    def test_stalls_of_one_day_ask_within_two_days_those_who_ask_once(self) -> None:
        _, world = made()
        agents = world.filter((pl.col("way") == "stall_day") & (pl.len().over("person") == 1))
        agents = agents.filter(pl.col("agent") >= ordinary_sharing.BASE).group_by("agent").agg(pl.col("applied_at").max() - pl.col("applied_at").min())  # fmt: skip
        assert agents.height == 13
        assert (agents["applied_at"] <= timedelta(days=2)).all()

    def test_who_shares_nothing_is_as_before_and_nobody_is_lost(self) -> None:
        plain, world = made()
        assert world["n"].to_list() == list(range(10_000))
        assert world["applied_at"].is_sorted()
        assert sorted(world["person"]) == sorted(plain["person"])
        columns = ["applied_at", "person", "device", "phone", "card", "wifi", "address", "fill_seconds"]
        alone = world.filter(way="").select(columns)
        assert alone.equals(plain.filter(pl.col("person").is_in(alone["person"].implode())).select(columns))
