"""The funnel (漏斗) from touch to application, by channel and campaign, with what one application cost.

Rules kept: money stays in whole fen, the quotient is rounded half up where it is born; no application means
"not known" (None), never zero or infinity. Later stages (approved, funded …) are ids handed in by journeys.

>>> touches = pl.DataFrame({"channel": ["wx", "wx"], "campaign": ["a", "a"], "application_id": ["app_1", None]})
>>> costs = pl.DataFrame({"channel": ["wx"], "campaign": ["a"], "amount_minor": [1001]})
>>> funnel(touches, costs, stages={"funded": {"app_1"}})[0]
FunnelRow(channel='wx', campaign='a', touches=2, applications=1, stages={'funded': 1}, cost_minor=1001, cost_per_application_minor=1001)
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from puhui.kernel.rounding import half_up

_KEYS = ["channel", "campaign"]


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """Counts and cost of one campaign. `applications` are distinct applications linked to its touches."""

    channel: str
    campaign: str
    touches: int
    applications: int
    stages: dict[str, int]
    cost_minor: int
    cost_per_application_minor: int | None


def funnel(
    touches: pl.DataFrame, costs: pl.DataFrame, *, stages: Mapping[str, Collection[str]] | None = None
) -> list[FunnelRow]:
    """One row per channel and campaign that has a touch or a cost, sorted by both.

    `touches`: channel, campaign, application_id (null where no application followed). `costs`: channel, campaign,
    amount_minor (a media's refund is negative). `stages`: stage name → ids of applications that reached it.
    """
    stages = stages or {}
    counted = touches.group_by(_KEYS).agg(
        pl.len().alias("touches"),
        pl.col("application_id").drop_nulls().n_unique().alias("applications"),
        *(
            pl.col("application_id").filter(pl.col("application_id").is_in(list(ids))).n_unique().alias(f"at {name}")
            for name, ids in stages.items()
        ),
    )
    spent = costs.group_by(_KEYS).agg(pl.col("amount_minor").sum().alias("cost_minor"))
    table = counted.join(spent, on=_KEYS, how="full", coalesce=True).fill_null(0).sort(_KEYS)
    return [
        FunnelRow(
            channel=row["channel"],
            campaign=row["campaign"],
            touches=row["touches"],
            applications=row["applications"],
            stages={name: row[f"at {name}"] for name in stages},
            cost_minor=row["cost_minor"],
            cost_per_application_minor=per_application(row["cost_minor"], row["applications"]),
        )
        for row in table.iter_rows(named=True)
    ]


def per_application(cost_minor: int, applications: int) -> int | None:
    """Fen per application, half up.

    >>> per_application(1001, 2), per_application(1001, 0)
    (501, None)
    """
    return half_up(Decimal(cost_minor) / applications) if applications else None
