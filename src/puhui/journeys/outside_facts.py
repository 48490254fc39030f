"""What keepers of records outside say of an applicant, asked before the application is taken: credit bureau, business registry.

Rules kept: the bureau is asked only under the applicant's own consent to exactly that (征信业管理条例 18; PIPL 23), given with this
application, on record before the question; the registry publishes what it says and is asked by the shop's unified credit code.
Nothing is asked where no keeper is configured, of who has been answered already, twice in a window, or of a keeper that rests; all
are asked side by side; no transaction is open while a keeper thinks; whatever fails is a note in the record and holds nothing back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings

from puhui.journeys import asked_once
from puhui.kernel import china_ids
from puhui.kernel.masked import Secret
from puhui.parties import operations as parties
from puhui.parties.operations import ConsentDraft, PersonDraft, ShopDraft
from puhui.store.undivided import undivided
from puhui.underwriting.outside import asking
from puhui.underwriting.outside.asking import Asked, Wanted
from puhui.underwriting.outside.door import Door

BUREAU_PURPOSE, BUREAU_TEXT = "credit_report", "bureau-1"
BUREAU_HEARS = ("identity", "credit_report")


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies for what shop, with the consents given now; `needed` is the purpose nobody is assessed without."""

    person: PersonDraft
    shop: ShopDraft
    consents: tuple[ConsentDraft, ...]
    needed: str


@dataclass(frozen=True, slots=True)
class Before:
    """What comes before anybody is asked: whether this journey has been answered under this key, and whether it can be taken at all."""

    journey: str
    key: str
    check: Callable[[], object]


def bureau_consent(channel: str) -> ConsentDraft:
    """The consent to ask the credit bureau; call it only where the applicant gave it. Nobody needs it to be assessed."""
    return ConsentDraft(BUREAU_PURPOSE, BUREAU_HEARS, BUREAU_TEXT, channel)


def is_open(keeper: str) -> bool:
    """Whether a keeper is configured here, so that a page asks for no consent that nothing would come of."""
    return keeper in _doors()


def ask(applicant: Applicant, before: Before, *, now: datetime) -> tuple[Asked, ...]:
    """Ask whoever is configured and may be asked. Raises Refused, with nobody asked, where the request cannot be taken."""
    doors = _doors()
    if not doors or asked_once.is_known(before.journey, before.key):
        return ()
    before.check()
    given = {consent.purpose for consent in applicant.consents if not consent.institution_id}
    if applicant.needed not in given:
        return ()
    wanted = _wanted(applicant, given & {applicant.needed, BUREAU_PURPOSE}, doors, now=now)
    return asking.ask_keepers(doors, wanted, now=now)


def standing(person_id: str, *, now: datetime) -> tuple[Asked, ...]:
    """What was asked of this person and still stands, for a decision made later than the application."""
    return tuple(asking.asked_of(person_id, now=now)) if _doors() else ()


@undivided
def _wanted(applicant: Applicant, purposes: Iterable[str], doors: dict[str, Door], *, now: datetime) -> list[Wanted]:
    """The questions, once person and consents are on record."""
    code = china_ids.check_uscc(applicant.shop.credit_code) if applicant.shop.credit_code.strip() else None
    person_id = parties.register_person(applicant.person, now=now)
    consents = {
        consent.purpose: parties.give_consent(person_id, consent, now=now)
        for consent in applicant.consents
        if consent.purpose in purposes
    }
    wanted = []
    if "bureau" in doors and BUREAU_PURPOSE in consents:
        number = applicant.person.identity.normalised
        fields = {"name": applicant.person.name.strip(), "id_number": number}
        wanted.append(Wanted("bureau", person_id, person_id, consents[BUREAU_PURPOSE], fields))
    if "registry" in doors and code is not None and code.ok:
        fields = {"credit_code": code.normalised}
        wanted.append(Wanted("registry", code.normalised, person_id, consents[applicant.needed], fields))
    return wanted


def _doors() -> dict[str, Door]:
    return _built(tuple((keeper, way["url"], way["key"]) for keeper, way in settings.KEEPERS.items()))


@lru_cache(maxsize=8)
def _built(ways: tuple[tuple[str, str, str], ...]) -> dict[str, Door]:
    return {keeper: Door(url, Secret(key)) for keeper, url, key in ways if url}
