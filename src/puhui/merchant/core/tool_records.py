"""What an owner tells a tool: records of a few dozen kinds, each with typed fields, read exactly or refused in the owner's words.

Rules kept: a record is a fact: never edited, only revoked; state (stock, debts, papers) is folded from facts in order of day, then of
arrival (idea 3). The day of a record is never in the future; days *told* in it (due, expires) may be. Kinds are data
(`rules/record_kinds.csv`).

>>> kind = Kind("credit_paid", "收回赊账", "Debt paid", (Field("who", "谁还的", "Who paid", "text", True), Field("amount", "金额", "Amount", "money", True)))
>>> read(kind, {"who": " 老王 ", "amount": "¥１２０"})
{'who': '老王', 'amount': 12000}
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.core import barcode, written

_LONGEST = 60
_THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Field:
    """`type`: text, money (fen), quantity (text of a decimal), share (text), whole, number (text, may be below nothing), day (ISO text), choice of (name, words),
    barcode (digits), photo (hashes of the photos kept with the record). `unless`: another field that stands for this one."""

    name: str
    zh: str
    en: str
    type: str
    needed: bool
    choices: tuple[tuple[str, tuple[str, str]], ...] = ()
    unless: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record with its fields in order."""

    name: str
    zh: str
    en: str
    fields: tuple[Field, ...]

    def choices_of(self, name: str) -> dict[str, tuple[str, str]]:
        """Choice → its words, of a field that is chosen."""
        return dict(next(field.choices for field in self.fields if field.name == name))


@dataclass(frozen=True, slots=True)
class Record:
    """A fact as told: `body` holds plain JSON values, as `read` made them."""

    id: str
    kind: str
    on: date
    body: Mapping[str, Any]

    def minor(self, name: str) -> int:
        return int(self.body.get(name) or 0)

    def number(self, name: str) -> Decimal:
        return Decimal(str(self.body.get(name) or 0))

    def text(self, name: str) -> str:
        return str(self.body.get(name) or "")

    def day(self, name: str) -> date | None:
        return date.fromisoformat(self.body[name]) if self.body.get(name) else None


def read(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a kind from what was typed; empty fields are left out. Raises Refused, naming the field."""
    known = {field.name for field in kind.fields}
    if strange := sorted(set(given) - known):
        raise Refused(Refusal("FIELD_UNKNOWN", f"没有这一栏 · no such field of {kind.name}", where=strange[0]))
    body = {}
    for field in kind.fields:
        value = given.get(field.name)
        if value is None or not str(value).strip():
            if field.needed and not str(given.get(field.unless) or "").strip():
                raise Refused(Refusal("FIELD_MISSING", f"请填“{field.zh}” · {field.en} is needed", where=field.name))
            continue
        body[field.name] = _value(field, value)
    return body


def _value(field: Field, value: Any) -> Any:
    if field.type in _READERS:
        return _READERS[field.type](value, field.name)
    if field.type == "choice" and str(value) not in dict(field.choices):
        names, english = "、".join(zh for _, (zh, _) in field.choices), ", ".join(en for _, (_, en) in field.choices)
        raise Refused(Refusal("CHOICE_UNKNOWN", f"请选：{names} · choose one of {english}", where=field.name))
    text = " ".join(str(value).split())
    if len(text) > _LONGEST or not text.isprintable():
        raise Refused(Refusal("TEXT_TOO_LONG", f"最多 {_LONGEST} 字 · at most {_LONGEST} signs", where=field.name))
    return text


def _quantity(value: Any, where: str) -> str:
    found = written.number(value, where)
    if found != found.quantize(_THOUSANDTH):
        told = f"最多三位小数 · three decimals at most: {value}"
        raise Refused(Refusal("QUANTITY_TOO_FINE", told, where=where))
    return str(found)


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "money": written.amount, "quantity": _quantity, "share": lambda value, where: str(written.share(value, where)), "whole": written.whole,
    "number": lambda value, where: str(written.number(value, where, least=None)), "day": lambda value, where: written.day(value, where).isoformat(),
    "barcode": barcode.read, "photo": lambda value, where: list(value),
}  # fmt: skip


def of_kind(records: Iterable[Record], *kinds: str) -> list[Record]:
    """Those of some kinds, in order of day, then as they came."""
    return [record for record in records if record.kind in kinds]


def newest(records: Iterable[Record], kind: str, key: str) -> dict[str, Record]:
    """The newest record of each name: an item, a plot, a licence is what was said of it last."""
    return {record.text(key): record for record in of_kind(records, kind)}
