"""Whom an application's invoices name, as partners and the command line send it, turned into counterparties of the graph.

    "counterparties": [{"name": "…", "side": "buyer", "share": 0.3, "last_on": "2026-10-20"}]

`share` is of the amount of that side over the last year; without it the counterparty counts as the whole side. Rule kept: names leave here as
keyed blind indexes and masked texts only; a row that cannot be used is a note, the others count.
"""

import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Any

from puhui.antifraud.core import trades
from puhui.antifraud.core.entity_kind import masked
from puhui.antifraud.core.trades import Counterparty
from puhui.store.sealed import blind_index

_MOST, _LONGEST = 1_000, 200
_NEEDED = "需要 name、side（buyer 或 supplier）、share（0–1）、last_on（日期） · needs name, side (buyer or supplier), share (0 to 1), last_on (a date); not used"  # fmt: skip


def counterparty(side: str, text: str, *, share: float = 1.0, last_on: date | None = None) -> Counterparty:
    """A firm that an invoice names, or the applicant's own name; one key whatever the brackets, spaces and case."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    material = blind_index(plain, purpose="entity.counterparty")
    return Counterparty(side, material, masked(trades.KIND, plain), min(max(share, 0.0), 1.0), last_on)


def own(texts: Iterable[str]) -> list[Counterparty]:
    """The applicant's own names, by which others' invoices may name them."""
    return [counterparty(trades.SELF, text) for text in texts if text.strip()]


def read(listed: Any, names: Iterable[str], notes: list[str]) -> list[Counterparty]:
    """Own `names` and those listed; what cannot be used is added to `notes`."""
    found = own(names)
    if listed is None:
        return found
    if not isinstance(listed, list):
        notes.append("counterparties：应为数组，视为未知 · expected a list; taken as unknown")
        return found
    if len(listed) > _MOST:
        notes.append(f"counterparties：只看前 {_MOST} 个 · only the first {_MOST} are looked at")
    for number, row in enumerate(listed[:_MOST], 1):
        try:
            found.append(_listed(row))
        except (TypeError, ValueError, AttributeError, KeyError):
            notes.append(f"counterparties[{number}]：{_NEEDED}")
    return found


def _listed(row: Any) -> Counterparty:
    side, name, share, last_on = row["side"], row["name"], row.get("share", 1.0), row.get("last_on")
    if side not in (trades.BUYER, trades.SUPPLIER) or not isinstance(name, str) or not name.strip():
        raise ValueError
    if isinstance(share, bool) or len(name) > _LONGEST or not 0 <= float(share) <= 1:
        raise ValueError
    return counterparty(side, name, share=float(share), last_on=date.fromisoformat(last_on) if last_on else None)
