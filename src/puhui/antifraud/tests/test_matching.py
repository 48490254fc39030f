"""Same party: planted duplicates with slips are found, shared values alone join nobody, missing says nothing."""

import numpy as np
import polars as pl

from puhui.antifraud.core import matching

FAMILY = list("王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗")
GIVEN = list("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国志")


def people(count, seed):
    """Made-up people (simulated) and second records of a fifth of them, with a slip in some fields."""
    dice = np.random.default_rng(seed)
    names = ["".join([dice.choice(FAMILY), *dice.choice(GIVEN, 2)]) for _ in range(count)]
    table = pl.DataFrame({
        "name": names, "phone": [f"138{one:08d}" for one in dice.integers(0, 10**8, count)], "born_on": [f"19{one:02d}-0{two}-1{three}" for one, two, three in zip(dice.integers(60, 99, count), dice.integers(1, 10, count), dice.integers(0, 10, count))],
        "address": [f"幸福路{one}号{two}室" for one, two in dice.integers(1, 900, (count, 2))], "shop": [f"{dice.choice(FAMILY)}记{dice.choice(GIVEN)}{dice.choice(GIVEN)}小吃店" for _ in range(count)],
    }).with_row_index("truth")  # fmt: skip
    second = table.sample(count // 5, seed=seed)
    slips = [("phone", lambda text: text[:-1] + str((int(text[-1]) + 1) % 10)), ("address", lambda text: text.replace("号", "")), ("shop", lambda text: text[:-1])]  # fmt: skip
    for name, slip in slips:
        wrong = dice.random(second.height) < 0.3
        second = second.with_columns(
            pl.Series(name, [slip(text) if bad else text for text, bad in zip(second[name], wrong)])
        )
    gone = dice.random(second.height) < 0.2
    kept = [None if lost else text for text, lost in zip(second["address"], gone, strict=True)]
    return pl.concat([table, second.with_columns(pl.Series("address", kept, dtype=pl.String))])


def test_finds_planted_second_records():
    records = people(2_000, 3)
    found = matching.match(records.drop("truth"), matching.in_force(), seed=1)
    likely = found.pairs.filter(pl.col("chance") >= 0.95)
    truth = records["truth"].to_numpy()
    right = truth[likely["left"].to_numpy()] == truth[likely["right"].to_numpy()]
    assert right.mean() > 0.99  # precision
    assert right.sum() > 0.95 * 400  # recall
    party = matching.parties(records.height, likely)
    assert abs(len(np.unique(party)) - 2_000) < 25


def test_a_shared_phone_of_strangers_joins_nobody():
    records = people(1_000, 5).with_columns(
        phone=pl.when(pl.col("truth") < 30).then(pl.lit("02088888888")).otherwise("phone")
    )
    found = matching.match(records.drop("truth"), matching.in_force(), seed=1)
    truth = records["truth"].to_numpy()
    likely = found.pairs.filter(pl.col("chance") >= 0.95)
    left, right = truth[likely["left"].to_numpy()], truth[likely["right"].to_numpy()]
    assert not ((left != right) & (left < 30) & (right < 30)).any()


def test_parts_add_up_and_missing_adds_nothing():
    records = people(500, 2).with_columns(card=pl.lit(None, pl.String))
    found = matching.match(records.drop("truth"), matching.in_force(), seed=1)
    parts = found.pairs.select(found.compared)
    assert np.allclose(parts.to_numpy().sum(axis=1), found.pairs["weight"].to_numpy())
    assert (found.pairs["card"] == 0).all()


def test_a_block_that_is_too_large_is_told():
    records = pl.DataFrame({"phone": ["1"] * 300 + ["2", "2"], "name": [f"n{place}" for place in range(302)]})
    found = matching.match(records, matching.in_force(), seed=1)
    assert found.told == {"block phone too large": 1}
    assert found.pairs.height == 1
