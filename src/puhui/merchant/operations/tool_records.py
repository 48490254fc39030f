"""Record what an owner tells a tool, and take it back; what moves money, debts or goods lands in the books too.

Rules kept: a record is read exactly or refused in the owner's words; its day is not in the future; stock never goes below nothing by it,
now or on any later day; the same client id records once, with other words it is refused; a debt of a customer or to a supplier, wages
paid and goods in and out (`stock_posting`) are posted to the ledger in the same transaction, and taking the record back takes the entry out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import models, record_kinds, tool_facts
from puhui.merchant.core.photo import kind_of
from puhui.merchant.core.tool_records import Record, read
from puhui.merchant.operations import record_rules, stock_posting
from puhui.merchant.operations.books import EntryDraft, Paper, attach, books_of, record_entries, strike_entry
from puhui.store.undivided import undivided

POSTED = {
    "credit_sale": ("receivable", "sales"),
    "credit_paid": ("cash", "receivable"),
    "bill": ("goods", "payable"),
    "bill_paid": ("payable", "cash"),
    "wage_paid": ("wages", "cash"),
    "topup": ("cash", "prepaid_by_members"),
    "topup_used": ("prepaid_by_members", "sales"),
}  # what each kind comes to in the books: (debit, credit); another pocket stands for cash where one is named


PAID_AHEAD = ("topup", "topup_used")
_MOST_PHOTOS = 6


@dataclass(frozen=True, slots=True)
class Told:
    """What was typed: a kind, a day and the fields of the kind. `client_id` is the sender's own; `photos` where the kind has a field for them."""

    kind: str
    on: date
    fields: Mapping[str, Any]
    client_id: str
    photos: tuple[Paper, ...] = ()


@undivided
def record(shop_id: str, told: Told, *, today: date, now: datetime) -> str:
    """Keep a record; returns its id, or that of the record this client id made.

    Raises Refused: RECORD_KIND_UNKNOWN, FIELD_…, what `record_rules` refuses, PHOTO_…, DATE_IN_FUTURE, STOCK_BELOW_ZERO, STORED_VALUE_BELOW_ZERO, CLIENT_ID_REUSED, BOOKS_CLOSED, MONTH_CLOSED.
    """
    lock(shop_id)
    body = record_rules.completed(shop_id, told.kind, read(record_kinds.kind(told.kind), _with_photos(told)))
    before = models.ToolRecord.objects.filter(shop_id=shop_id, client_id=told.client_id).first()
    if before:
        if (before.kind, before.on, before.body) == (told.kind, told.on, body):
            return before.id
        text = "这条已经记过，内容不同 · this client id told something else"
        raise Refused(Refusal("CLIENT_ID_REUSED", text, where=told.client_id))
    if told.on > today:
        text = "日期在将来，请改成今天或以前 · the day lies in the future"
        raise Refused(Refusal("DATE_IN_FUTURE", text, where=told.on.isoformat()))
    fresh = Record(new_id("rec", now=now), told.kind, told.on, body)
    record_rules.refuse(shop_id, fresh)
    _refuse_overdrawn(shop_id, [fresh], without="")
    moves = _moves_with(shop_id, fresh)
    models.ToolRecord.objects.create(
        id=fresh.id, shop_id=shop_id, kind=told.kind, on=told.on, body=body, client_id=told.client_id, recorded_at=now
    )
    for photo in {photo.content: photo for photo in told.photos}.values():
        attach(shop_id, replace(photo, media_type=kind_of(photo.content)), now=now)
    if told.kind in POSTED:
        pocket = str(body.get("pocket") or "cash")
        debit, credit = (pocket if account == "cash" else account for account in POSTED[told.kind])
        who = str(body["who"])
        note = f"{record_kinds.kind(told.kind).zh} {who}"
        draft = EntryDraft(fresh.id, told.on, int(body["amount"]), debit, credit, note, who, "tool")
        record_entries(shop_id, [draft], today=today, now=now)
    if moves:
        stock_posting.post(shop_id, fresh, moves, today=today, now=now)
    return fresh.id


@undivided
def revoke(shop_id: str, record_id: str, *, by: str, today: date, now: datetime) -> None:
    """Take a record back, once. Raises Refused RECORD_UNKNOWN, STOCK_BELOW_ZERO where later moves need it."""
    lock(shop_id)
    row = models.ToolRecord.objects.filter(shop_id=shop_id, id=record_id).first()
    if row is None:
        raise Refused(Refusal("RECORD_UNKNOWN", "没有这条记录 · no such record", where=record_id))
    if models.ToolRevocation.objects.filter(record_id=record_id).exists():
        return
    if row.kind in PAID_AHEAD:
        _refuse_overdrawn(shop_id, [], without=record_id)
    models.ToolRevocation.objects.create(record_id=record_id, revoked_at=now)
    if row.kind in stock_posting.KINDS:
        gone = Record(row.id, row.kind, row.on, row.body)
        stock_posting.take_back(shop_id, gone, _moves_of(shop_id, gone.text("name")), by=by, today=today, now=now)
    if row.kind in POSTED:
        entry = models.Entry.objects.filter(shop_id=shop_id, key=f"tool/{record_id}").first()
        if entry is not None:
            strike_entry(shop_id, entry.id, by=by, now=now)


def _with_photos(told: Told) -> dict[str, Any]:
    """The fields with the hashes of the photos. Raises Refused FIELD_UNKNOWN, PHOTO_UNREADABLE, PHOTOS_TOO_MANY."""
    names = [field.name for field in record_kinds.kind(told.kind).fields if field.type == "photo"]
    if (told.photos and not names) or set(names) & set(told.fields):
        raise Refused(Refusal("FIELD_UNKNOWN", "这里不收照片 · photos are not taken here", where="photo"))
    if len(told.photos) > _MOST_PHOTOS:
        text = f"一次最多 {_MOST_PHOTOS} 张照片 · at most {_MOST_PHOTOS} photos at once"
        raise Refused(Refusal("PHOTOS_TOO_MANY", text, where=names[0]))
    for photo in told.photos:
        if not kind_of(photo.content):
            text = f"“{photo.name[:40]}”不是照片，请拍照或选相册里的图片（JPG、PNG、WebP、HEIC） · not a photo: JPG, PNG, WebP or HEIC"
            raise Refused(Refusal("PHOTO_UNREADABLE", text, where=names[0]))
    hashes = list(dict.fromkeys(sha256(photo.content).hexdigest() for photo in told.photos))
    return {**told.fields, **({names[0]: hashes} if hashes else {})}


def _refuse_overdrawn(shop_id: str, fresh: Sequence[Record], *, without: str) -> None:
    """What a member used of what was paid ahead is never more than that, on any day. Raises Refused STORED_VALUE_BELOW_ZERO."""
    if fresh and fresh[0].kind not in PAID_AHEAD:
        return
    kept = [each for each in tool_facts.records(shop_id, *PAID_AHEAD) if each.id != without]
    left: dict[str, int] = {}
    for each in sorted([*kept, *fresh], key=lambda record: (record.on, record.kind != "topup")):
        who = each.text("who")
        left[who] = left.get(who, 0) + each.minor("amount") * (1 if each.kind == "topup" else -1)
        if left[who] < 0:
            told = f"{who} 的储值不够，还差 {-left[who] / 100:.2f} 元 · paid ahead too little by {-left[who] / 100:.2f} yuan"
            raise Refused(Refusal("STORED_VALUE_BELOW_ZERO", told, where="amount"))


def lock(shop_id: str) -> None:
    """One writer a shop at a time. Raises Refused BOOKS_CLOSED."""
    books_of(shop_id, lock=True)


def _moves_with(shop_id: str, fresh: Record) -> list[Record]:
    """All records of the item with the fresh one in its place; none for other kinds. Raises Refused STOCK_BELOW_ZERO."""
    if fresh.kind not in stock_posting.KINDS:
        return []
    moves = _moves_of(shop_id, fresh.text("name"))
    place = len([each for each in moves if each.on <= fresh.on])
    moves = [*moves[:place], fresh, *moves[place:]]
    tool_facts.shelf(moves, fresh.text("name"))
    return moves


def _moves_of(shop_id: str, name: str) -> list[Record]:
    return [each for each in tool_facts.records(shop_id, *stock_posting.KINDS) if each.text("name") == name]
