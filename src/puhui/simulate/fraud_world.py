"""A made-up world of applications (虚构) with known truth: honest owners and their ordinary sharing, and adversaries among them.

Families share telephones and devices, market stalls share an address and a place, mobile networks share IP blocks, agents bring
people: what is shared is not yet fraud. Adversaries come from `adversaries`; the column `scheme` is the truth, "" for the honest.

Rule kept: invented and labelled so; a seed gives the same world. Columns: n, applied_at, amount_minor, one number a kind of entity
(null: unknown), signals that a caller would tell, scheme, gang.

>>> world = honest(1_000, seed=1, start=datetime(2026, 1, 1, tzinfo=UTC), days=100)
>>> world.height, world["scheme"].unique().to_list(), world["applied_at"].is_sorted()
(1000, [''], True)
"""

from datetime import UTC, datetime  # noqa: F401 - UTC is for the example
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from puhui.antifraud.core.entity_kind import KINDS, key_of

SIGNALS = (
    "fill_seconds",
    "pasted_identity",
    "ip_kind",
    "pos_round_share",
    "inflow_spike_ratio",
    "flow_circular_share",
    "self_dealing_share",
    "queries_1m",
    "registered_months",
    "real_borrower_differs",
)
_KNOWN = 50_000  # entities of each kind below this number have keys that a bench can name again (`material`)


def honest(count: int, *, seed: int, start: datetime, days: int) -> pl.DataFrame:
    """Applications of the honest, in the order of time."""
    dice = np.random.default_rng(seed)
    people = max(1, int(count * 0.8))
    person = np.concatenate([np.arange(people), dice.integers(0, people, count - people)])
    dice.shuffle(person)
    seconds = np.sort(dice.integers(0, days * 86_400, count))
    in_market, market = dice.random(people) < 0.15, dice.integers(0, max(1, people // 250), people)
    own = np.arange(people)
    address = np.where(in_market, market, own + people)
    mobile = dice.random(count) < 0.6
    through_agent = dice.random(people) < 0.25
    told = {
        "person": person,
        "phone": _shared(own, dice, 0.01)[person],
        "device": _shared(own, dice, 0.03)[person],
        "card": own[person],
        "licence": own[person],
        "operator": own[person],
        "shop_phone": _shared(own, dice, 0.02)[person],
        "address": address[person],
        "place": address[person],
        "wifi": np.where(dice.random(count) < 0.05, dice.integers(0, 500, count) + 2 * people, own[person]),
        "ip_block": np.where(
            mobile, dice.integers(0, 2_000, count), dice.integers(0, max(1, people // 2), count) + 2_000
        ),
        "agent": dice.integers(0, 400, people)[person],
        "channel": dice.integers(0, 12, count),
    }
    unknown = {"wifi": dice.random(count) < 0.25, "agent": ~through_agent[person], "device": dice.random(count) < 0.02}
    return pl.DataFrame({"n": np.arange(count), "applied_at": _times(start, seconds)}).with_columns(
        pl.Series("amount_minor", dice.integers(3, 50, count) * 1_000_000),
        *[_number(kind, told[kind], unknown.get(kind)) for kind in KINDS],
        *_ordinary(count, mobile, dice),
        scheme=pl.lit(""),
        gang=pl.lit(-1),
    )


def _ordinary(count: int, mobile: Any, dice: np.random.Generator) -> list[pl.Series]:
    """Signals as honest people leave them, odd ones among them."""
    return [
        pl.Series("fill_seconds", np.round(np.exp(dice.normal(5.3, 0.55, count)), 1)),
        pl.Series("pasted_identity", dice.random(count) < 0.03),
        pl.Series("ip_kind", np.where(mobile, "mobile", np.where(dice.random(count) < 0.01, "vpn", "residential"))),
        pl.Series("pos_round_share", np.round(dice.beta(1.2, 12, count), 3)),
        pl.Series("inflow_spike_ratio", np.round(np.exp(dice.normal(0.05, 0.35, count)), 3)),
        pl.Series("flow_circular_share", np.round(dice.beta(0.6, 30, count), 3)),
        pl.Series("self_dealing_share", np.round(dice.beta(0.5, 20, count), 3)),
        pl.Series("queries_1m", dice.poisson(1.1, count)),
        pl.Series("registered_months", dice.exponential(40, count).astype(np.int64) + 1),
        pl.Series("real_borrower_differs", np.zeros(count, dtype=bool)),
    ]


def arrivals(world: pl.DataFrame, *, prefix: str = "inv") -> pl.DataFrame:
    """The rows of `antifraud_arrival` (without a position: the order gives it)."""
    names = [f"{prefix}_{n}" for n in world["n"].to_list()]
    return pl.DataFrame(
        {
            "application": [key_of("application", name.encode()) for name in names],
            "application_key": names,
            "applied_at": world["applied_at"],
            "recorded_at": world["applied_at"],
            "amount_minor": world["amount_minor"],
        }
    ).with_columns(keys(kind, world[kind]) for kind in KINDS)


def keys(kind: str, numbers: pl.Series) -> pl.Series:
    """Keys of numbered entities: the low numbers as the room makes them from `material`, the rest by mixing bits."""
    known = _known_keys(kind)
    values = numbers.fill_null(0).to_numpy().astype(np.int64)
    mixed = (values.astype(np.uint64) + np.uint64(len(kind) * 7 + sum(kind.encode()))) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    low = (values >= 0) & (values < _KNOWN)
    found = np.where(low, known[np.where(low, values, 0)], mixed.view(np.int64))
    return pl.Series(kind, found).zip_with(numbers.is_not_null(), pl.Series([None], dtype=pl.Int64))


@cache
def _known_keys(kind: str) -> Any:
    return np.array([key_of(kind, material(kind, n)) for n in range(_KNOWN)], dtype=np.int64)


def material(kind: str, number: int) -> bytes:
    """What stands for an entity's blind index in the made-up world."""
    return f"{kind}-{number}".encode()


def _shared(own: Any, dice: np.random.Generator, share: float) -> Any:
    """Everybody their own, but so many use their neighbour's (families come two by two)."""
    return np.where(dice.random(len(own)) < share, own ^ 1, own)


def _number(kind: str, numbers: Any, unknown: Any) -> pl.Series:
    series = pl.Series(kind, numbers, dtype=pl.Int64)
    return series if unknown is None else series.zip_with(pl.Series(~unknown), pl.Series([None], dtype=pl.Int64))


def _times(start: datetime, seconds: Any) -> pl.Series:
    stamps = np.datetime64(start.replace(tzinfo=None), "us") + seconds.astype("timedelta64[s]")
    return pl.Series("applied_at", stamps).dt.replace_time_zone("UTC")
