"""An application as JSON, as partners and the command line send it, turned into facts; what cannot be used is said, not lost.

    {"application_id": "a1", "applied_at": "2026-11-01T10:00:00+08:00", "id_number": "…", "phone": "…", "device": "…",
     "card": "…", "ip": "…", "wifi": "…", "gps": {"lat": 30.1, "lon": 120.2}, "address": "…", "licence": "…", "operator": "…",
     "shop_phone": "…", "agent": "…", "channel": "…", "amount_yuan": "50000", "signals": {"fill_seconds": 25},
     "shop_name": "…", "counterparties": [{"name": "…", "side": "buyer", "share": 0.3, "last_on": "2026-10-20"}]}

Only who applies and under which number is needed. Signals may also stand at the top. A value that no check can use (a signal of
another kind, an IP that is none) becomes unknown and a note; an impossible one that a rule judges (a telephone of 15 digits, a
clock ahead of ours) goes to the rules. Rule kept: entities leave here as keyed blind indexes and masked texts only.
"""

import ipaddress
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

from puhui.antifraud import trade_json
from puhui.antifraud.core import signals
from puhui.antifraud.core.entity_kind import masked
from puhui.antifraud.core.facts import ApplicationFacts, EntitySeen
from puhui.kernel import china_ids
from puhui.kernel.refusal import Refusal, Refused
from puhui.store.sealed import blind_index

ALIASES: dict[str, tuple[str, ...]] = {
    "application_id": ("application_key", "application", "id"),
    "applied_at": ("at", "time", "timestamp", "apply_time"),
    "id_number": ("id_card", "identity", "idcard", "person"),
    "phone": ("mobile", "phone_number"),
    "device": ("device_id", "device_hash", "deviceid"),
    "card": ("bank_card", "card_number"),
    "ip": ("ip_address",),
    "wifi": ("bssid", "wifi_bssid"),
    "gps": ("location", "geo"),
    "address": ("business_address", "shop_address"),
    "licence": ("license", "credit_code", "uscc"),
    "operator": ("operator_id_number", "legal_person", "legal_representative"),
    "shop_phone": ("company_phone",),
    "agent": ("agent_code", "referrer"),
    "channel": ("source_channel",),
    "entrance": (),
    "amount_minor": (),
    "amount_yuan": ("amount", "requested_yuan"),
    "signals": ("evidence",),
    "shop_name": ("shop", "company"),
    "counterparties": ("trades",),
}
_NAMES = {name: known for known, others in ALIASES.items() for name in (known, *others)}
_LONGEST = 500
_MOST_MINOR = 10**15
_INSIDE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_CELLS = 1_000  # place cells of 0.001 degrees


@dataclass(frozen=True, slots=True)
class ReadApplication:
    """`notes`: what was sent and could not be used, with the reason."""

    facts: ApplicationFacts
    notes: tuple[str, ...]


def read(sent: Any, *, now: datetime) -> ReadApplication:
    """Facts and notes. Refused where it is no object or names nobody; without a number it gets one from its content."""
    if not isinstance(sent, dict):
        raise Refused(Refusal("APPLICATION_UNREADABLE", "应为一个 JSON 对象 · expected one JSON object a line"))
    notes: list[str] = []
    told, loose = _by_name(sent, notes)
    key, number = _text(told, "application_id", notes), _text(told, "id_number", notes)
    if not number:
        raise Refused(
            Refusal("IDENTITY_MISSING", "缺少身份证号 id_number，无法评估 · nobody is named", where="id_number")
        )
    if not key:  # the same line again is the same application
        key = f"unnumbered_{sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()[:32]}"
        notes.append(f"application_id：未给，按内容编为 {key} · none was given; numbered by its content")
    phone, card, licence = (_text(told, name, notes) for name in ("phone", "card", "licence"))
    phone_check = china_ids.check_phone(phone) if phone else None
    card_check = china_ids.check_bank_card(card) if card else None
    code_check = china_ids.check_uscc(licence) if licence else None
    facts = ApplicationFacts(
        application_key=key,
        id_number=china_ids.check_id_card(number),
        phone_index=blind_index(phone_check.normalised, purpose="phone") if phone_check else b"",
        entrance=(_text(told, "entrance", notes) or "partner")[:20],
        applied_at=_time(told.get("applied_at"), now, notes),
        device_hash=_device(_text(told, "device", notes)),
        credit_code=code_check,
        evidence=_signals(loose, notes),
        entities=_entities(told, notes, card=card_check, licence=code_check),
        phone=phone_check,
        card=card_check,
        amount_minor=_amount(told, notes),
        counterparties=trade_json.read(told.get("counterparties"), (_text(told, "shop_name", notes), licence), notes),
    )
    return ReadApplication(facts, tuple(notes))


def entity(kind: str, text: str) -> EntitySeen:
    """An entity from its text; `text` must be written one way (the checks above see to numbers)."""
    return EntitySeen(blind_index(text, purpose=_PURPOSES.get(kind, f"entity.{kind}")), masked(kind, text))


def named(name: str, value: Any, *, now: datetime) -> tuple[str, EntitySeen]:
    """The kind and the entity that a field of an application names, written as an application writes it. Refused where it names none.

    >>> named("gps", "", now=datetime(2026, 1, 1, tzinfo=UTC))
    Traceback (most recent call last):
        ...
    puhui.kernel.refusal.Refused: ENTITY_UNREADABLE: 读不出所指的实体 · it names nothing that applications share (gps)
    """
    facts = read({"application_id": "named", "id_number": "-", name: value}, now=now).facts
    number, shown = facts.id_number.normalised, facts.id_number.ok
    found = dict(facts.entities)
    if name == "id_number":
        text = f"{number[:3]}****{number[-2:]}" if shown else "****"
        found["person"] = EntitySeen(blind_index(number, purpose="id_number"), text)
    if facts.phone is not None:
        found["phone"] = EntitySeen(facts.phone_index, masked("phone", facts.phone.normalised))
    if facts.device_hash:
        found["device"] = EntitySeen(facts.device_hash.encode(), f"****{facts.device_hash[-6:]}")
    if len(found) != 1:
        text = "读不出所指的实体 · it names nothing that applications share"
        raise Refused(Refusal("ENTITY_UNREADABLE", text, where=name))
    return next(iter(found.items()))


_PURPOSES = {"operator": "id_number"}


def _by_name(sent: Mapping[str, Any], notes: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields by their first name, and signals wherever they stand (at the top, in `signals`, in a device or network object)."""
    told: dict[str, Any] = {}
    loose: dict[str, Any] = {}
    for name, value in sent.items():
        known = _NAMES.get(str(name).lower())
        if known == "signals" or (isinstance(value, dict) and known != "gps"):
            if not isinstance(value, dict):
                notes.append("signals：应为对象 · expected an object")
                continue
            for inner, each in value.items():
                if inner in signals.TOLD:
                    loose[inner] = each
                elif known == "device" and inner in ("id", "device_id", "hash", "fingerprint"):
                    told["device"] = each
                else:
                    notes.append(f"{name}.{inner}：没有这个字段，未使用 · no such field; not used")
        elif known is not None:
            told.setdefault(known, value)
        elif name in signals.TOLD:
            loose[name] = value
        elif name not in ("name", "line"):
            notes.append(f"{str(name)[:60]}：没有这个字段，未使用 · no such field; not used")
    return told, loose


def _text(told: Mapping[str, Any], name: str, notes: list[str]) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        notes.append(f"{name}：应为文本，视为未知 · expected text; taken as unknown")
        return ""
    cleaned = " ".join(value.replace("\x00", " ").split())
    if len(cleaned) > _LONGEST or not cleaned.isprintable():
        notes.append(f"{name}：过长或含不可见字符，视为未知 · too long or unprintable; taken as unknown")
        return ""
    return cleaned


def _device(text: str) -> str | None:
    """A long identifier is kept by its index; "0000…", "unknown" and the like are no device."""
    plain = text.replace("-", "").replace(":", "").lower()
    if not plain or set(plain) <= {"0"} or plain in ("unknown", "null", "none", "na", "n/a"):
        return None
    return text if len(text) <= 128 else blind_index(text, purpose="entity.device").hex()


def _time(value: Any, now: datetime, notes: list[str]) -> datetime:
    """When it was applied for; nothing told is now. Without a zone it is Beijing's."""
    if value is None:
        return now
    try:
        if isinstance(value, bool):
            raise ValueError
        if isinstance(value, int | float):
            return _possible(datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC), notes)
        read = datetime.fromisoformat(str(value).strip())
        if read.tzinfo is None:
            notes.append("applied_at：没有时区，按北京时间 · no time zone; taken as Beijing's")
            read = read.replace(tzinfo=signals.ZONE)
        return _possible(read, notes)
    except (ValueError, OverflowError, OSError):
        notes.append("applied_at：读不出时间，按现在 · cannot be read; taken as now")
        return now


def _possible(read: datetime, notes: list[str]) -> datetime:
    """A time of this century; one further off is put at its edge, so that the rules still see a clock that is wrong."""
    for edge, beyond in ((_FIRST, read < _FIRST), (_LAST, read > _LAST)):
        if beyond:
            notes.append(f"applied_at：不可能的时间，按 {edge.year} 年 · an impossible time; taken as {edge.year}")
            return edge
    return read.astimezone(UTC)


def _signals(loose: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in loose.items():
        try:
            kept |= signals.read_told({name: value})
        except Refused as refused:
            notes.append(f"{name}：{refused.refusal.message}，视为未知 · taken as unknown")
    return kept


def _entities(told: Mapping[str, Any], notes: list[str], *, card: Any, licence: Any) -> dict[str, EntitySeen]:
    found = {"card": card.normalised if card else "", "licence": licence.normalised if licence else ""}
    operator = _text(told, "operator", notes)
    found["operator"] = operator.upper()
    shop_phone = _text(told, "shop_phone", notes)
    found["shop_phone"] = "".join(letter for letter in shop_phone if letter.isdigit()) or shop_phone
    found |= {name: _text(told, name, notes) for name in ("address", "agent", "channel")}
    found["address"] = found["address"].replace(" ", "")
    found["wifi"] = _text(told, "wifi", notes).replace("-", ":").lower()
    found["ip_block"] = _ip_block(_text(told, "ip", notes), notes)
    found["place"] = _place(told.get("gps"), notes)
    return {kind: entity(kind, text) for kind, text in found.items() if text}


def ip_block(text: str) -> str:
    """The block (/24 or /48) of a public address; "" of an inside one; ValueError where it is none.

    >>> ip_block("203.0.113.9"), ip_block("10.1.2.3")
    ('203.0.113.0/24', '')
    """
    address = ipaddress.ip_address(text)
    if address.is_loopback or address.is_unspecified or address.is_link_local or any(address in net for net in _INSIDE):
        return ""
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


def _ip_block(text: str, notes: list[str]) -> str:
    if not text:
        return ""
    try:
        block = ip_block(text)
    except ValueError:
        notes.append("ip：不是 IP 地址，视为未知 · no IP address; taken as unknown")
        return ""
    if not block:
        notes.append("ip：内网地址，视为未知 · a private address; taken as unknown")
    return block


def _place(value: Any, notes: list[str]) -> str:
    """The cell of 0.001 degrees (about 100 m) that the position lies in."""
    if value is None:
        return ""
    try:
        if isinstance(value, str):
            value = [float(part) for part in value.split(",")]
        if isinstance(value, Mapping):
            value = [
                value.get("lat", value.get("latitude")),
                value.get("lon", value.get("lng", value.get("longitude"))),
            ]
        latitude, longitude = (float(part) for part in value)
        if not (abs(latitude) <= 90 and abs(longitude) <= 180) or (latitude == 0 and longitude == 0):
            raise ValueError
    except (TypeError, ValueError):
        notes.append("gps：不是可能的位置，视为未知 · no possible position; taken as unknown")
        return ""
    return f"{math.floor(latitude * _CELLS)},{math.floor(longitude * _CELLS)}"


def _amount(told: Mapping[str, Any], notes: list[str]) -> int | None:
    name = "amount_minor" if told.get("amount_minor") is not None else "amount_yuan"
    value = told.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, bool):
            raise TypeError
        amount = Decimal(str(value).replace(",", "")) * (1 if name == "amount_minor" else 100)
        if not amount.is_finite() or amount != int(amount) or not 0 < amount < _MOST_MINOR:
            raise ValueError
        return int(amount)
    except (TypeError, ValueError, InvalidOperation):
        notes.append(f"{name}：不是可能的金额，视为未知 · no possible amount; taken as unknown")
        return None
