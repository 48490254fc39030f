"""What the books prove, kind by kind, with source, age and coverage. Nothing is told that the owner's consent does not cover.

The caller (a journey) asks only for kinds that are consented; no single payment and no counterparty's name is in any of them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from puhui.kernel.periods import Period, add_months
from puhui.merchant import book_queries, models, tool_facts

_MONTHS, _TAKES = 12, 60


@dataclass(frozen=True, slots=True)
class BookEvidence:
    """One kind as a lender may see it. `coverage_percent`: days with an entry of the days in the period."""

    kind: str
    since: date
    until: date
    sources: tuple[str, ...]
    age_days: int
    coverage_percent: int
    values: dict[str, Any]


def tell(shop_id: str, kind: str, *, as_of: date) -> BookEvidence | None:
    """One kind over the last twelve months to a day; None where the books hold nothing, or are closed away."""
    if not book_queries.are_open(shop_id):
        return None
    period = Period(add_months(as_of.replace(day=1), -_MONTHS), as_of + timedelta(days=1))
    booked, first, last = book_queries.coverage(shop_id, period)
    if first is None or last is None:
        return None
    days = (as_of - first).days + 1
    return BookEvidence(
        kind=kind, since=first, until=last, sources=_sources(shop_id), age_days=(as_of - last).days,
        coverage_percent=100 * booked // days, values=_values(shop_id, kind, first, as_of, booked),
    )  # fmt: skip


def _values(shop_id: str, kind: str, first: date, as_of: date, booked: int) -> dict[str, Any]:
    if kind == "holdings":
        held = book_queries.balance(shop_id, as_of=as_of)
        return {"money_minor": sum(line.amount_minor for line in held.money), "owned_minor": held.owned_minor,
                "owed_minor": held.owed_minor}  # fmt: skip
    if kind == "habits":
        return {"booked_days": booked, "files": models.BillImport.objects.filter(shop_id=shop_id, undone_at=None).count(),
                "corrections": models.Correction.objects.filter(shop_id=shop_id).count()}  # fmt: skip
    if kind == "stock":
        return _stock(tool_facts.Facts(shop_id, as_of))
    count = (as_of.year - first.year) * 12 + as_of.month - first.month + 1
    rows = book_queries.months(shop_id, until=as_of, count=count)
    told = {f"{month:%Y-%m}": income if kind == "sales" else costs for month, income, costs in rows}
    return {f"{kind}_minor_by_month": {month: max(minor, 0) for month, minor in told.items()}}


def _stock(facts: tool_facts.Facts) -> dict[str, Any]:
    """What lies on the shelves at cost, and the newest stock-takes by day, with the fingerprints of their photos; no item by name."""
    takes: dict[str, dict[str, Any]] = {}
    for each in facts.stock_takes(_TAKES):
        day = takes.setdefault(each.record.on.isoformat(), {"items": 0, "missing_minor": 0, "photos": []})
        day["items"], day["missing_minor"] = day["items"] + 1, day["missing_minor"] + each.missing_minor
        day["photos"] += [{"sha256": photo.sha256, "added_at": photo.added_at.isoformat() if photo.added_at else "", "unchanged": photo.unchanged} for photo in each.photos]  # fmt: skip
    return {"stock_minor": sum(shelf.worth_minor for shelf in facts.shelves.values()), "stock_takes": takes}


def _sources(shop_id: str) -> tuple[str, ...]:
    """Where the entries come from: codes of bills, and `typed` for what the owner typed."""
    rows = models.Entry.objects.filter(shop_id=shop_id, counted=True).values_list("source", flat=True).distinct()
    return tuple(sorted({source or "typed" for source in rows}))
