"""A made-up day of advertising (虚构): impressions and clicks of four media, and the steps of the people who came by them.

Every fact says that it is simulated, in `raw` and in its campaign's name. Clicks carry a click id, a device, or both, as
media do; one in a hundred facts is sent twice, as media do too.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

_MEDIA = ("ocean_engine", "tencent", "kuaishou", "baidu")
_STEPS = (("register", 1.0), ("complete", 0.55), ("credit", 0.4), ("draw", 0.7), ("first_payment", 0.8))


def ad_day(events: int, *, seed: int, ends_at: datetime) -> pl.DataFrame:
    """About `events` facts of the twenty-four hours before `ends_at`, in the columns of acquisition.core.signals.SCHEMA."""
    dice = np.random.default_rng(seed)
    clicks = max(events * 55 // 100, 1)
    parts = [_impressions(dice, events * 30 // 100, seed, ends_at)]
    clicked = _clicks(dice, clicks, seed, ends_at)
    parts += [clicked, *_steps(dice, clicked, seed, ends_at)]
    facts = pl.concat(parts, how="diagonal")
    again = facts.sample(fraction=0.01, seed=seed)
    return pl.concat([facts, again]).with_columns(raw=pl.lit('{"simulated": true}')).drop("named")


def _clicks(dice: np.random.Generator, count: int, seed: int, ends_at: datetime) -> pl.DataFrame:
    number = np.arange(count)
    media = np.array(_MEDIA)[dice.integers(0, len(_MEDIA), count)]
    campaign = np.char.add("simulated ", np.char.mod("%02d", dice.integers(0, 12, count)))
    named = dice.random(count) < 0.7
    return pl.DataFrame(
        {
            "kind": "click", "media": media, "campaign": campaign,
            "click_id": [f"sim-{seed}-{place}" for place in number], "named": named,
            "device": dice.integers(-(2**62), 2**62, count),
            "happened_at": _times(dice, count, ends_at, 20 * 3600),
        }
    )  # fmt: skip


def _impressions(dice: np.random.Generator, count: int, seed: int, ends_at: datetime) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "kind": "impression", "media": np.array(_MEDIA)[dice.integers(0, len(_MEDIA), count)],
            "campaign": np.char.add("simulated ", np.char.mod("%02d", dice.integers(0, 12, count))),
            "name": [f"sim-{seed}-i{place}" for place in range(count)], "happened_at": _times(dice, count, ends_at, 20 * 3600),
        }
    )  # fmt: skip


def _steps(dice: np.random.Generator, clicked: pl.DataFrame, seed: int, ends_at: datetime) -> list[pl.DataFrame]:
    """People register minutes after a click, and go on or not; seven in ten hand the click id on, the rest their device."""
    people = clicked.filter(pl.Series(dice.random(clicked.height) < 0.12)).with_row_index("person")
    frame = people.select(
        pl.format("sim-{}-p{}", pl.lit(seed), "person").alias("subject"),
        pl.when("named").then("click_id").otherwise(pl.lit("")).alias("click_id"),
        pl.when("named").then(None).otherwise("device").alias("device"),
        "happened_at",
    )
    found = []
    for kind, share in _STEPS:
        frame = frame.filter(pl.Series(dice.random(frame.height) < share))
        later = pl.Series((dice.exponential(600, frame.height) * 1e6).astype(np.int64)).cast(pl.Duration("us"))
        frame = frame.with_columns(happened_at=pl.min_horizontal(pl.col("happened_at") + later, pl.lit(ends_at)))
        money = pl.Series(dice.integers(50, 500, frame.height) * 10_000)
        step = frame.with_columns(kind=pl.lit(kind), consent=pl.Series(dice.random(frame.height) < 0.5))
        found.append(step.with_columns(value_minor=money) if kind in ("credit", "draw") else step)
    return found


def _times(dice: np.random.Generator, count: int, ends_at: datetime, spread_s: int) -> list[Any]:
    begins = ends_at - timedelta(hours=24)
    return [begins + timedelta(seconds=each) for each in np.sort(dice.random(count) * spread_s).tolist()]
