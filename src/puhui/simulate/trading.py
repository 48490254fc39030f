"""Who trades with whom in the made-up world (虚构): counterparties of invoices, of the honest and of gangs that invoice one another.

The honest who bring invoices buy from their market's wholesalers and from everybody's power company, sell to a few regular buyers, and now
and then to another applicant. Circular invoicers and shell companies name one another and the same few shells.

Rule kept: invented and labelled so; the same seed gives the same trades. Columns: n, side, number (of a counterparty; an applicant's own name is
their person's number), share.

>>> from datetime import UTC, datetime
>>> from puhui.simulate import fraud_world
>>> world = fraud_world.honest(1_000, seed=1, start=datetime(2026, 1, 1, tzinfo=UTC), days=100)
>>> trades = honest(world, seed=1)
>>> sorted(trades["side"].unique()), 0.2 < trades.filter(side="buyer")["n"].n_unique() / world.height < 0.5
(['buyer', 'self', 'supplier'], True)
"""

from typing import Any

import numpy as np
import polars as pl

_EVERYBODY, _MARKET, _REGULAR, _SHELL = (
    10**12,
    2 * 10**12,
    3 * 10**12,
    4 * 10**12,
)  # numbers of counterparties begin there
_BRING, _A_MARKET, _WHOLESALERS, _UTILITIES = 0.35, 250, 12, 8
_SIDE_MOST, _TO_AN_APPLICANT = 4, 0.01
_Rows = list[pl.DataFrame]


def honest(world: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Trades of the honest: a person keeps the same counterparties in all their applications."""
    dice = np.random.default_rng([seed, 4])
    person, n = world["person"].to_numpy(), world["n"].to_numpy()
    people = int(person.max()) + 1
    market, bring = np.arange(people) // _A_MARKET, dice.random(people) < _BRING
    parts: _Rows = [_rows(n, "self", person, np.ones(len(n)))]
    for place in range(_SIDE_MOST):
        has = bring & (dice.random(people) < 0.8)
        from_market = _MARKET + market * _WHOLESALERS + dice.integers(0, _WHOLESALERS, people)
        supplier = np.where(dice.random(people) < 0.3, _EVERYBODY + dice.integers(0, _UTILITIES, people), from_market)
        regular = _REGULAR + np.arange(people) * _SIDE_MOST + place
        buyer = np.where(dice.random(people) < _TO_AN_APPLICANT, dice.integers(0, people, people), regular)
        kept = has[person]
        for side, number in (("supplier", supplier), ("buyer", buyer)):
            parts.append(_rows(n[kept], side, number[person][kept], dice.uniform(0.05, 0.4, int(kept.sum()))))
    return pl.concat(parts)


def of_gang(gang: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Trades of a gang's members: their names alone, unless their scheme is about invoices."""
    dice = np.random.default_rng([seed, 5])
    n, person, scheme = gang["n"].to_numpy(), gang["person"].to_numpy(), gang["scheme"][0]
    parts: _Rows = [_rows(n, "self", person, np.ones(len(n)))]
    if scheme in ("circular_invoices", "shell_companies"):
        shells = _SHELL + seed * 1_000 + np.arange(6)
        for side in ("buyer", "supplier"):
            for _ in range(2):
                parts.append(_rows(n, side, dice.choice(person, len(n)), dice.uniform(0.1, 0.4, len(n))))
            for shell in dice.permutation(shells)[:3]:
                kept = dice.random(len(n)) < 0.7
                parts.append(
                    _rows(n[kept], side, np.full(int(kept.sum()), shell), dice.uniform(0.05, 0.3, int(kept.sum())))
                )
    return pl.concat(parts)


def _rows(n: Any, side: str, number: Any, share: Any) -> pl.DataFrame:
    return pl.DataFrame(
        {"n": n, "side": [side] * len(n), "number": np.asarray(number, np.int64), "share": np.round(share, 4)}
    )
