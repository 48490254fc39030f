"""Front door, reads: people as they may be shown (masked), by id, phone or ID number; consents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from puhui.kernel import china_ids, masked
from puhui.parties import models
from puhui.store import prepared
from puhui.store.sealed import blind_index


@dataclass(frozen=True, slots=True)
class PersonShown:
    """A person fit for a screen: every personal value masked."""

    id: str
    name: str
    id_number: str
    phone: str
    invented: bool


def person(person_id: str) -> PersonShown | None:
    """None also when row-level security hides the person from who asks."""
    row = models.Person.objects.filter(id=person_id).first()
    return _shown(row) if row else None


def people(person_ids: Iterable[str]) -> dict[str, PersonShown]:
    return {row.id: _shown(row) for row in models.Person.objects.filter(id__in=list(person_ids))}


def find_person(text: str) -> PersonShown | None:
    """By full phone or ID number, through the blind index; a part of one finds nobody."""
    phone, identity = china_ids.check_phone(text), china_ids.check_id_card(text)
    rows = models.Person.objects.none()
    if identity.ok:
        rows = models.Person.objects.filter(id_number_index=blind_index(identity.normalised, purpose="id_number"))
    elif phone.ok:
        rows = models.Person.objects.filter(phone_index=blind_index(phone.normalised, purpose="phone"))
    row = rows.first()
    return _shown(row) if row else None


def any_invented() -> bool:
    """Whether made-up people are on file, so that every page can say so."""
    return models.Person.objects.filter(invented=True).exists()


def shop(shop_id: str) -> models.Shop | None:
    return models.Shop.objects.filter(id=shop_id).first()


def shops_of(person_id: str) -> list[models.Shop]:
    return list(models.Shop.objects.filter(owner_id=person_id).order_by("id"))


def shops(shop_ids: Iterable[str]) -> dict[str, models.Shop]:
    return {row.id: row for row in models.Shop.objects.filter(id__in=list(shop_ids))}


def consents(person_id: str) -> list[models.Consent]:
    return list(models.Consent.objects.filter(person_id=person_id).select_related("withdrawal").order_by("given_at"))


def consents_by_id(consent_ids: Iterable[str]) -> dict[str, models.Consent]:
    return {row.id: row for row in models.Consent.objects.filter(id__in=list(consent_ids)).select_related("withdrawal")}


def has_consent(person_id: str, *, purpose: str, institution_id: str = "") -> bool:
    return models.Consent.objects.filter(
        person_id=person_id, purpose=purpose, institution_id=institution_id, withdrawal__isnull=True
    ).exists()


def standing_consents(person_id: str, *, purpose: str, institution_id: str = "") -> list[models.Consent]:
    """Consents of a person to one receiver for one purpose that were not taken back, the oldest first."""
    where = (
        "person_id = %s AND purpose = %s AND institution_id = %s AND NOT EXISTS"
        " (SELECT FROM parties_consent_withdrawal AS taken_back WHERE taken_back.consent_id = id) ORDER BY given_at"
    )
    return prepared.instances(models.Consent, where, [person_id, purpose, institution_id])


def taken_back(consent_ids: Iterable[str], *, known_at: datetime) -> set[str]:
    """Those of some consents that were taken back by a moment."""
    asked = (
        "SELECT consent_id FROM parties_consent_withdrawal WHERE consent_id = ANY(%s::text[]) AND withdrawn_at <= %s"
    )
    return {consent_id for (consent_id,) in prepared.rows(asked, [list(consent_ids), known_at])}


def people_with_consent(purpose: str) -> list[str]:
    """Ids of everybody whose consent for this purpose stands, whoever the receiver."""
    standing = models.Consent.objects.filter(purpose=purpose, withdrawal__isnull=True)
    return list(standing.values_list("person_id", flat=True).distinct().order_by("person_id"))


def _shown(row: models.Person) -> PersonShown:
    return PersonShown(
        id=row.id,
        name=masked.mask_name(row.name.reveal()),
        id_number=masked.mask_id_number(row.id_number.reveal()),
        phone=masked.mask_phone(row.phone.reveal()),
        invented=row.invented,
    )
