"""The owner's books as evidence: consent kind by kind and lender by lender, what the lender then sees, and the snapshot for underwriting.

Rule kept: a kind is told only while a consent of this person to this lender for this kind stands (PIPL Art. 13, 23); without it
the question is not even asked of the books. Withdrawing is as easy as giving and works at once: no later decision reads what was
handed over under a consent that was taken back (decision 0261).
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import book_evidence
from puhui.merchant.book_evidence import BookEvidence
from puhui.merchant.book_tables import evidence_kinds
from puhui.parties import operations as party_operations
from puhui.parties import queries as parties
from puhui.parties.operations import ConsentDraft
from puhui.underwriting import operations as underwriting
from puhui.underwriting.core.evidence_item import Observed

PURPOSE, TEXT = "books_evidence", "books-2026-11"
ASSESSOR = ""  # the receiver that is no lender: the platform, which assesses applications before any lender is known (decision 0171)
_ASSESSED = "sales"  # the one kind that underwriting reads


@dataclass(frozen=True, slots=True)
class Grant:
    """One kind of evidence and whether this lender may see it; `consent_id` of the consent that stands."""

    kind: str
    zh: str
    en: str
    shows_zh: str
    shows_en: str
    consent_id: str

    @property
    def names(self) -> tuple[str, str]:
        """(Chinese, English)."""
        return self.zh, self.en

    @property
    def shows(self) -> tuple[str, str]:
        """What is shown, (Chinese, English)."""
        return self.shows_zh, self.shows_en


def grants(person_id: str, shop_id: str, institution_id: str) -> list[Grant]:
    """Every kind, granted or not, to one lender; to the assessor the one kind it reads."""
    standing = _standing(person_id, shop_id, institution_id)
    return [
        Grant(row["code"], row["zh"], row["en"], row["shows_zh"], row["shows_en"], standing.get(row["code"], ""))
        for row in evidence_kinds()
        if institution_id != ASSESSOR or row["code"] == _ASSESSED
    ]


def grant(person_id: str, shop_id: str, institution_id: str, kind: str, *, now: datetime) -> str:
    """Let a lender, or the assessor, see one kind; idempotent. Raises Refused CONSENT_KIND_UNKNOWN."""
    if kind not in {each.kind for each in grants(person_id, shop_id, institution_id)}:
        raise Refused(Refusal("CONSENT_KIND_UNKNOWN", "没有这种资料 · there is no such kind", kind))
    standing = _standing(person_id, shop_id, institution_id).get(kind)
    if standing:
        return standing
    draft = ConsentDraft(PURPOSE, (kind, shop_id), TEXT, "phone", institution_id)
    return party_operations.give_consent(person_id, draft, now=now)


def withdraw(person_id: str, shop_id: str, institution_id: str, kind: str, *, now: datetime) -> None:
    """Take it back; idempotent, and the lender sees nothing of it from now on."""
    standing = _standing(person_id, shop_id, institution_id).get(kind)
    if standing:
        party_operations.withdraw_consent(standing, now=now)


def seen_by(person_id: str, shop_id: str, institution_id: str, *, as_of: date) -> list[BookEvidence]:
    """Exactly what this lender sees of the books on a day."""
    kinds = _standing(person_id, shop_id, institution_id)
    told = (book_evidence.tell(shop_id, kind, as_of=as_of) for kind in kinds)
    return [each for each in told if each is not None]


def snapshot(person_id: str, shop_id: str, institution_id: str, *, as_of: date) -> dict[str, Any]:
    """The same as plain JSON, as it is kept with a decision."""
    return {"as_of": as_of.isoformat(), "shop_id": shop_id, "receiver": institution_id,
            "items": [_plain(each) for each in seen_by(person_id, shop_id, institution_id, as_of=as_of)]}  # fmt: skip


def hand_over(person_id: str, shop_id: str, *, application_id: str, as_of: date, now: datetime) -> list[str]:
    """Give underwriting the monthly sales of the owner's books with an application, where a consent to its assessing them stands; ids of the items.

    Books of the shop itself, or those the owner keeps under the same shop's name (a shop without a licence is registered anew by
    each application). Books made of imported bills alone are graded as an export of the wallet, books with typed entries as what the owner says.
    """
    consents = {of: consent for (of, kind), consent in _consents(person_id, ASSESSOR).items() if kind == _ASSESSED}
    for books_id in _books_of(person_id, shop_id) if consents else ():
        told = book_evidence.tell(books_id, _ASSESSED, as_of=as_of) if books_id in consents else None
        if told is not None:
            source = "statement" if "typed" in told.sources else "wallet"
            values = {"sales_by_month": told.values["sales_minor_by_month"]}
            seen = Observed("hand_books", source, told.since, as_of + timedelta(days=1), values)
            draft = underwriting.EvidenceDraft(person_id, shop_id, seen, application_id, consent_id=consents[books_id])
            return underwriting.record_evidence([draft], key=f"books/{application_id}", now=now)
    return []


def _books_of(person_id: str, shop_id: str) -> list[str]:
    """The shop, then the owner's other shops of the same name, the newest first."""
    shops = parties.shops_of(person_id)
    name = next((shop.name for shop in shops if shop.id == shop_id), "")
    return [shop_id, *(shop.id for shop in reversed(shops) if shop.name == name and shop.id != shop_id)]


def _standing(person_id: str, shop_id: str, institution_id: str) -> dict[str, str]:
    """kind → consent that stands, of one shop."""
    return {kind: consent for (of, kind), consent in _consents(person_id, institution_id).items() if of == shop_id}


def _consents(person_id: str, institution_id: str) -> dict[tuple[str, str], str]:
    """(shop, kind) → consent to one receiver that stands."""
    return {
        (row.data_kinds[1], row.data_kinds[0]): row.id
        for row in parties.standing_consents(person_id, purpose=PURPOSE, institution_id=institution_id)
    }


def _plain(each: BookEvidence) -> dict[str, Any]:
    return asdict(each) | {
        "since": each.since.isoformat(),
        "until": each.until.isoformat(),
        "sources": list(each.sources),
    }
