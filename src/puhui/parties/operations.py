"""Front door, writes: register a person or a shop, give or withdraw consent, reveal a sealed value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from puhui.kernel import china_ids
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties import models
from puhui.store import prepared
from puhui.store.sealed import blind_index
from puhui.store.undivided import undivided

REVEALABLE = ("name", "id_number", "phone")


@dataclass(frozen=True)
class PersonDraft:
    """What an owner tells us, as typed; `identity` and `mobile` are what checking it found, once however often they are asked."""

    name: str
    id_number: str
    phone: str
    invented: bool = False

    @cached_property
    def identity(self) -> china_ids.Finding:
        return china_ids.check_id_card(self.id_number)

    @cached_property
    def mobile(self) -> china_ids.Finding:
        return china_ids.check_phone(self.phone)


@dataclass(frozen=True, slots=True)
class ShopDraft:
    """A shop as told; `credit_code` may be empty for a stall without a licence yet."""

    name: str
    credit_code: str = ""
    evidence_code: str = ""
    invented: bool = False


@dataclass(frozen=True, slots=True)
class ConsentDraft:
    """`institution_id` empty: consent to the platform itself."""

    purpose: str
    data_kinds: tuple[str, ...]
    text_version: str
    channel: str
    institution_id: str = ""


@undivided
def register_person(draft: PersonDraft, *, now: datetime) -> str:
    """The person's id; the same ID number is the same person, whose phone may have changed.

    Refused with the field's name when a value cannot be right.
    """
    id_number, phone, name = _checked(draft)
    index = blind_index(id_number, purpose="id_number")
    known = prepared.one(models.Person, "id_number_index = %s FOR UPDATE", [index])
    phone_index = blind_index(phone, purpose="phone")
    if known is not None:
        if bytes(known.phone_index) != phone_index:
            known.phone, known.phone_index = phone, phone_index
            prepared.change(known, ["phone", "phone_index"])
        return known.id
    person = models.Person(
        id=new_id("person", now=now),
        name=name,
        id_number=id_number,
        phone=phone,
        id_number_index=index,
        phone_index=phone_index,
        name_index=blind_index(name, purpose="name"),
        invented=draft.invented,
        recorded_at=now,
    )
    prepared.add(person)
    return person.id


@undivided
def register_shop(owner_id: str, draft: ShopDraft, *, now: datetime) -> str:
    """The shop's id; the same credit code (or evidence code) under the same owner is the same shop."""
    code = draft.credit_code.strip()
    if code:
        finding = china_ids.check_uscc(code)
        if not finding.ok:
            raise Refused(Refusal("CREDIT_CODE_UNREADABLE", finding.message, where="credit_code"))
        code = finding.normalised
    if not draft.name.strip():
        raise Refused(Refusal("SHOP_NAME_MISSING", "请填写店铺名称 · the shop needs a name", where="shop_name"))
    _refuse_if_claimed(owner_id, draft.evidence_code)
    for column, told in (("credit_code", code), ("evidence_code", draft.evidence_code)):
        if not told:
            continue
        found = prepared.one(models.Shop, f"owner_id = %s AND {column} = %s ORDER BY id LIMIT 1", [owner_id, told])
        if found is not None:
            return found.id
    shop = models.Shop(
        id=new_id("shop", now=now),
        owner_id=owner_id,
        name=draft.name.strip(),
        credit_code=code,
        evidence_code=draft.evidence_code,
        invented=draft.invented,
        recorded_at=now,
    )
    prepared.add(shop)
    return shop.id


@undivided
def give_consent(person_id: str, draft: ConsentDraft, *, now: datetime) -> str:
    """Record a consent; one that stands for the same purpose, receiver and text is returned as it is."""
    standing = prepared.one(
        models.Consent,
        "person_id = %s AND institution_id = %s AND purpose = %s AND text_version = %s AND NOT EXISTS"
        " (SELECT FROM parties_consent_withdrawal AS taken_back WHERE taken_back.consent_id = id) ORDER BY id LIMIT 1",
        [person_id, draft.institution_id, draft.purpose, draft.text_version],
    )
    if standing is not None and set(draft.data_kinds) <= set(standing.data_kinds):
        return standing.id
    consent = models.Consent(
        id=new_id("cons", now=now),
        person_id=person_id,
        institution_id=draft.institution_id,
        purpose=draft.purpose,
        data_kinds=list(draft.data_kinds),
        text_version=draft.text_version,
        given_at=now,
        channel=draft.channel,
    )
    prepared.add(consent)
    return consent.id


@undivided
def withdraw_consent(consent_id: str, *, now: datetime) -> None:
    """Idempotent; what was done under the consent before stays lawful (PIPL Art. 15)."""
    models.ConsentWithdrawal.objects.get_or_create(consent_id=consent_id, defaults={"withdrawn_at": now})


@undivided
def reveal(person_id: str, fields: Sequence[str], *, reason: str, by: str, now: datetime) -> dict[str, str]:
    """The plain values, after the look has been logged. Refused without a reason a reviewer could check."""
    if len(reason.strip()) < 4:
        raise Refused(
            Refusal(
                "REASON_MISSING", "请写明查看原因（至少 4 个字）· say why, in at least 4 characters", where="reason"
            )
        )
    unknown = [field for field in fields if field not in REVEALABLE]
    if unknown:
        raise Refused(Refusal("FIELD_UNKNOWN", f"{unknown[0]} is not a sealed field", where="field"))
    person = models.Person.objects.get(id=person_id)
    models.Reveal.objects.bulk_create(
        models.Reveal(person=person, field=field, reason=reason.strip(), seen_by=by, seen_at=now) for field in fields
    )
    return {field: getattr(person, field).reveal() for field in fields}


def _refuse_if_claimed(owner_id: str, evidence_code: str) -> None:
    """Evidence speaks for one owner: whoever claims a firm's invoices after another has done so needs a person's help."""
    if not evidence_code:
        return
    if models.Shop.objects.filter(evidence_code=evidence_code).exclude(owner_id=owner_id).exists():
        text = "该企业的发票已由另一位店主使用，请联系人工核实 · another owner already stands for this firm's invoices; ask staff"
        raise Refused(Refusal("EVIDENCE_CLAIMED", text, where="evidence_code"))


def _checked(draft: PersonDraft) -> tuple[str, str, str]:
    name = draft.name.strip()
    if not name:
        raise Refused(Refusal("NAME_MISSING", "请填写姓名 · the name is missing", where="name"))
    identity, phone = draft.identity, draft.mobile
    if not identity.ok:
        raise Refused(Refusal("ID_NUMBER_UNREADABLE", identity.message, where="id_number"))
    if not phone.ok:
        raise Refused(Refusal("PHONE_UNREADABLE", phone.message, where="phone"))
    return identity.normalised, phone.normalised, name
