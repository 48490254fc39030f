"""Ties by trade as the ring's page draws them: which applications stand near by invoices, and every edge with its reason.

Rule kept: staff look at the ring as it is now, later arrivals too; what makes a tie is what makes it in the request (`core.trades.tied`).
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from puhui.antifraud import models
from puhui.antifraud.core import trades
from puhui.antifraud.core.trades import Trade

_SIDES = {trades.SELF: ("本人商号", "its own name"), trades.BUYER: ("买方", "a buyer"), trades.SUPPLIER: ("供应商", "a supplier")}  # fmt: skip


def near(position: int) -> list[int]:
    """Positions of other applications that trade with this one, or have several counterparties in common with it, newest first."""
    mine = list(models.Trade.objects.filter(position=position))
    if not mine:
        return []
    subject, asked = mine[0], trades.terms()
    span = timedelta(days=asked["days"])
    held = models.Trade.objects.filter(
        key__in=[row.key for row in mine], applied_at__gt=subject.applied_at - span, applied_at__lt=subject.applied_at + span
    ).exclude(position=position)  # fmt: skip
    by_key: dict[int, list[Any]] = defaultdict(list)
    for row in held.order_by("-applied_at", "-position", "side")[: asked["crowd"] * len(mine) * 2]:
        by_key[row.key].append(row)
    edges = [
        Trade(position, row.key, row.side, row.share, other.position, other.application, other.person, other.side, 0.0, False)
        for row in mine
        for other in by_key[row.key][: asked["crowd"]]
    ]  # fmt: skip
    ties = trades.tied(edges, person=subject.person, application=subject.application)
    common: dict[int, set[int]] = defaultdict(set)
    for edge, how in ties:
        if how == "shared":
            common[edge.position].add(edge.key)
    trading = {edge.position for edge, how in ties if how == "trade"}
    return sorted(trading | {at for at, keys in common.items() if len(keys) >= asked["shared_least"]}, reverse=True)


def drawn(positions: Collection[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Nodes and edges, as `case_files.ring_of` has them, of the counterparties that more than one of these applications name."""
    by_key: dict[int, list[Any]] = defaultdict(list)
    for row in models.Trade.objects.filter(position__in=list(positions)).order_by("position", "side", "key"):
        by_key[row.key].append(row)
    shared = {key: rows for key, rows in by_key.items() if len({row.position for row in rows}) > 1}
    shown = dict(models.Entity.objects.filter(key__in=list(shared)).values_list("key", "shown"))
    nodes = [
        {"id": f"e{key}", "kind": trades.KIND, "shown": shown.get(key, "****"), "bad": None, "hop": 1, "at": ""} for key in shared
    ]  # fmt: skip
    return nodes, [_edge(row) for rows in shared.values() for row in rows]


def _edge(row: Any) -> dict[str, Any]:
    zh, en = _SIDES[row.side]
    if row.side != trades.SELF:
        zh, en = f"发票{zh}，占{row.share:.0%}", f"{en} on its invoices, {row.share:.0%} of that side"
    if row.last_on is not None:
        zh, en = f"{zh}，最近 {row.last_on}", f"{en}, last {row.last_on}"
    return {
        "source": f"a{row.position}", "target": f"e{row.key}", "kind": trades.KIND, "at": row.applied_at.isoformat(),
        "weight": round(row.share, 4) or 0.0001, "zh": zh, "en": en,
    }  # fmt: skip
