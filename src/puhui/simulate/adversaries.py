"""Made-up adversaries (虚构) with known truth: fifteen ways to cheat a lender, as applications in the columns of `fraud_world`.

Each scheme shares what such people share in the trade's own accounts (domain facts 2.9) and hides the rest; the adaptive one knows the
published thresholds and stays below each, so that only the graph can see it. Nothing here helps to do it: it is what rules are for.

Rule kept: invented and labelled so; a seed gives the same gang. Numbers of entities begin at `BASE`, which no honest one has.

>>> gang = plant("device_gang", 40, seed=1, begins=datetime(2026, 3, 1, tzinfo=UTC), first=0)
>>> gang.height, gang["device"].n_unique(), gang["person"].n_unique()
(40, 4, 40)
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta  # noqa: F401 - UTC is for the example
from typing import Any

import numpy as np
import polars as pl

from puhui.antifraud.core.entity_kind import KINDS
from puhui.simulate import ordinary_signals

BASE = 2_000_000_000
Draw = np.random.Generator
Told = dict[str, Any]


def plant(scheme: str, count: int, *, seed: int, begins: datetime, first: int) -> pl.DataFrame:
    """The applications of one gang in the order of time; their `n` begins at `first`."""
    dice = np.random.default_rng(seed)
    own = BASE + seed * 10_000 + np.arange(count)
    base: Told = dict.fromkeys(KINDS, own) | {
        "channel": dice.integers(0, 12, count), "ip_block": dice.integers(0, 2_000, count), "agent": None, "days": 7.0,
        "amount_minor": dice.integers(20, 50, count) * 1_000_000, "fill_seconds": np.exp(dice.normal(5.0, 0.5, count)),
        "pasted_identity": dice.random(count) < 0.1, "ip_kind": "mobile", "pos_round_share": dice.beta(1.2, 12, count),
        "inflow_spike_ratio": np.exp(dice.normal(0.1, 0.4, count)), "flow_circular_share": dice.beta(0.6, 30, count),
        "self_dealing_share": dice.beta(0.5, 20, count), "queries_1m": dice.poisson(1.5, count),
        "registered_months": dice.integers(7, 60, count), "real_borrower_differs": False,
    }  # fmt: skip
    told = base | SCHEMES[scheme](own, dice)
    seconds = np.sort(dice.uniform(0, told.pop("days") * 86_400, count)).astype(np.int64)
    at = [begins + timedelta(seconds=int(each)) for each in seconds]
    columns = {name: _column(value, count) for name, value in told.items()}
    frame = pl.DataFrame(
        {"n": first + np.arange(count), "applied_at": pl.Series(at, dtype=pl.Datetime("us", "UTC"))} | columns
    )
    made = frame.with_columns(pl.col(kind).cast(pl.Int64) for kind in KINDS).with_columns(
        pl.col("queries_1m", "registered_months", "amount_minor").cast(pl.Int64),
        scheme=pl.lit(scheme),
        gang=pl.lit(seed),
    )
    return ordinary_signals.told_by(scheme, made, seed=seed)


def _few(own: Any, dice: Draw, groups: int) -> Any:
    """So many shared among all, whoever comes taking any of them."""
    return own[0] + dice.integers(0, min(groups, len(own)), len(own))


def _device_gang(own: Any, dice: Draw) -> Told:
    return {
        "device": _few(own, dice, 4),
        "wifi": own[0],
        "place": _few(own, dice, 3),
        "fill_seconds": dice.uniform(15, 90, len(own)),
    }


def _mule_cards(own: Any, dice: Draw) -> Told:
    return {"card": _few(own, dice, 3), "days": 20.0}


def _packaging_agent(own: Any, dice: Draw) -> Told:
    return {
        "agent": own[0], "device": _few(own, dice, max(2, len(own) // 6)), "shop_phone": own[0], "days": 10.0,
        "fill_seconds": dice.uniform(20, 80, len(own)), "pasted_identity": dice.random(len(own)) < 0.7,
    }  # fmt: skip


def _circular_invoices(own: Any, dice: Draw) -> Told:
    return {
        "operator": _few(own, dice, 3),
        "address": own[0],
        "self_dealing_share": dice.uniform(0.25, 0.7, len(own)),
        "days": 60.0,
    }


def _fake_flows(own: Any, dice: Draw) -> Told:
    return {
        "pos_round_share": dice.uniform(0.25, 0.8, len(own)), "inflow_spike_ratio": dice.uniform(2, 8, len(own)),
        "flow_circular_share": dice.uniform(0.1, 0.5, len(own)), "shop_phone": _few(own, dice, 5), "days": 30.0,
    }  # fmt: skip


def _account_sharing(own: Any, dice: Draw) -> Told:
    return {"licence": _few(own, dice, 4), "phone": _few(own, dice, 8), "days": 14.0}


def _ab_loans(own: Any, dice: Draw) -> Told:
    return {
        "card": _few(own, dice, max(1, len(own) // 4)),
        "real_borrower_differs": dice.random(len(own)) < 0.3,
        "days": 30.0,
    }


def _sleepers(own: Any, dice: Draw) -> Told:
    return {
        "device": own[0] + np.arange(len(own)) // 2,
        "phone": own[0] + (np.arange(len(own)) + 1) // 2,
        "days": 180.0,
    }


def _adaptive(own: Any, dice: Draw) -> Told:
    """No more than two people on anything; pairs of devices and pairs of telephones interlock to one chain."""
    at = np.arange(len(own))
    return {
        "device": own[0] + at // 2,
        "phone": own[0] + (at + 1) // 2,
        "fill_seconds": dice.uniform(100, 300, len(own)),
        "days": 7.0,
    }


def _stolen_identities(own: Any, dice: Draw) -> Told:
    """Everybody's own papers and telephones, none of them theirs; few cards take the money."""
    return {
        "card": _few(own, dice, 8),
        "ip_kind": np.where(dice.random(len(own)) < 0.4, "proxy", "mobile"),
        "days": 20.0,
    }


def _device_farm(own: Any, dice: Draw) -> Told:
    """Many telephones, wiped and driven by one; what they share is a place and a network."""
    return {"wifi": own[0], "place": own[0], "ip_block": own[0], "ip_kind": "residential", "days": 3.0}


def _loan_stacking(own: Any, dice: Draw) -> Told:
    """Eight people who each ask five times within the hour, with a new telephone and number every time."""
    person = own[0] + np.arange(len(own)) // 5
    return {"person": person, "licence": person, "operator": person, "shop_phone": person, "days": 0.2}


def _shell_companies(own: Any, dice: Draw) -> Told:
    """Firms of one cluster address and telephone, with few operators and the same invoices round and round."""
    return {
        "operator": _few(own, dice, 6), "address": own[0], "shop_phone": own[0], "days": 60.0,
        "self_dealing_share": dice.uniform(0.1, 0.5, len(own)),
    }  # fmt: skip


def _store_crowd(own: Any, dice: Draw) -> Told:
    """One afternoon in one shop: an agent leads people in, one after another, on their own papers."""
    return {
        "agent": own[0], "place": own[0], "wifi": own[0], "ip_block": own[0], "ip_kind": "residential", "days": 0.06,
        "device": _few(own, dice, max(2, len(own) // 4)),
    }  # fmt: skip


def _agent_for_months(own: Any, dice: Draw) -> Told:
    """An agent who brings people two by two for months, and is caught by what becomes of the first ones."""
    return {"agent": own[0], "device": own[0] + np.arange(len(own)) // 2, "days": 150.0}


SCHEMES: dict[str, Callable[[Any, Draw], Told]] = {
    "device_gang": _device_gang,
    "mule_cards": _mule_cards,
    "packaging_agent": _packaging_agent,
    "circular_invoices": _circular_invoices,
    "fake_flows": _fake_flows,
    "account_sharing": _account_sharing,
    "ab_loans": _ab_loans,
    "sleepers": _sleepers,
    "adaptive": _adaptive,
    "stolen_identities": _stolen_identities,
    "device_farm": _device_farm,
    "loan_stacking": _loan_stacking,
    "shell_companies": _shell_companies,
    "store_crowd": _store_crowd,
    "agent_for_months": _agent_for_months,
}
NINE = tuple(SCHEMES)[:9]  # those that figures of earlier days are of


def _column(value: Any, count: int) -> Any:
    return value if isinstance(value, np.ndarray) else [value] * count
