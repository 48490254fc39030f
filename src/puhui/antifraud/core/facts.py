"""An application as it came in (申请事实): what anti-fraud is told, before anything is counted.

Rule kept: a device that is not there is unknown, which is never "ok"; what was not told is left out.

>>> ApplicationFacts("app_1", Finding("ok", "", "x"), b"p", "phone", datetime(2026, 3, 1, tzinfo=UTC)).device_hash is None
True
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime  # noqa: F401 - UTC is for the example
from typing import Any

from puhui.antifraud.core.trades import Counterparty
from puhui.kernel.china_ids import Finding


@dataclass(frozen=True, slots=True)
class EntitySeen:
    """`material` is a keyed blind index (or a hash that came in), `shown` the masked text that staff may see."""

    material: bytes
    shown: str = ""


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """`evidence` has signals by name (those of `core.signals.TOLD`); a missing name is unknown.

    `entities` are further ones by kind (card, licence, address, wifi …). `credit_code` None: none was given.
    `phone` is the check of the number where the caller has it; `amount_minor` is what is asked for.
    `counterparties`: own names and those of the invoices (`core.trades`); none are unknown.
    """

    application_key: str
    id_number: Finding
    phone_index: bytes
    entrance: str
    applied_at: datetime
    device_hash: str | None = None
    credit_code: Finding | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    evidence_on: date | None = None
    entities: Mapping[str, EntitySeen] = field(default_factory=dict)
    phone: Finding | None = None
    card: Finding | None = None
    amount_minor: int | None = None
    counterparties: Sequence[Counterparty] = ()
