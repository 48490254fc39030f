"""What stock comes to in the books: the account of stock is always what lies on the shelves, at average cost.

Rules kept (decision 0260): goods in move from goods bought (or from the pocket that paid, where it is named) into stock; goods out
and what a stock-take finds missing move back into cost. The shelf is folded anew by each record, so one that is back-dated or taken
back posts the difference, on the day of the record or of the taking back; nothing posted before is edited. Called inside `tool_records`.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q

from puhui.kernel.rounding import half_up
from puhui.merchant import models, tool_facts
from puhui.merchant.core.tool_records import Record
from puhui.merchant.operations.books import EntryDraft, record_entries, strike_entry

KINDS = ("stock_in", "stock_out", "stock_count")
_AGAINST = {"stock_count": "other_cost"}  # what the difference of a kind is; of all others goods
_WORTH, _BACK = "/worth", "/back"
_PARTS = ("", _WORTH, _BACK)


def post(shop_id: str, fresh: Record, moves: Sequence[Record], *, today: date, now: datetime) -> None:
    """Post a record that was kept; `moves` are all records of its item that stand, this one among them."""
    name, drafts = fresh.text("name"), []
    if fresh.kind == "stock_in":
        cost = half_up(fresh.number("quantity") * fresh.minor("unit_cost"))
        if cost:
            paid_from = fresh.text("pocket") or "goods"
            drafts = [EntryDraft(fresh.id, fresh.on, cost, "stock", paid_from, f"进货入库 {name}", name, "tool")]
    record_entries(shop_id, drafts, today=today, now=now)
    _level(shop_id, fresh, moves, _WORTH, today=today, now=now)


def take_back(shop_id: str, gone: Record, moves: Sequence[Record], *, by: str, today: date, now: datetime) -> None:
    """Take out what a record posted, and post what the shelf without it differs by; `moves` are those that still stand."""
    keys = [f"tool/{gone.id}{part}" for part in _PARTS]
    for entry in models.Entry.objects.filter(shop_id=shop_id, key__in=keys, live=True).order_by("id"):
        strike_entry(shop_id, entry.id, by=by, now=now)
    _level(shop_id, gone, moves, _BACK, today=today, now=now)


def _level(shop_id: str, cause: Record, moves: Sequence[Record], part: str, *, today: date, now: datetime) -> None:
    name = cause.text("name")
    gap = tool_facts.shelf(moves, name).worth_minor - _posted(shop_id, name)
    if gap:
        against = _AGAINST.get(cause.kind, "goods")
        debit, credit = ("stock", against) if gap > 0 else (against, "stock")
        note = {"stock_out": "出库", "stock_count": "盘点"}.get(cause.kind, "进货入库")
        on = today if part == _BACK else cause.on
        draft = EntryDraft(f"{cause.id}{part}", on, abs(gap), debit, credit, f"{note} {name}", name, "tool")
        record_entries(shop_id, [draft], today=today, now=now)


def _posted(shop_id: str, name: str) -> int:
    """What stands in the account of stock of one item, fen."""
    ids = models.ToolRecord.objects.filter(shop_id=shop_id, kind__in=KINDS, body__name=name).values_list(
        "id", flat=True
    )
    keys = [f"tool/{record_id}{part}" for record_id in ids for part in _PARTS]
    rows = models.Entry.objects.filter(Q(debit="stock") | Q(credit="stock"), shop_id=shop_id, key__in=keys, live=True)
    return sum(minor if debit == "stock" else -minor for debit, minor in rows.values_list("debit", "amount_minor"))
