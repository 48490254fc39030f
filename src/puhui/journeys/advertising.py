"""What an owner allows advertising to know: told to media or not, personal or not; each given and taken back with one tap, and seen.

Rule kept: that a media hears of a credit outcome needs a consent of its own, withdrawn at once also for what waits to be sent; an overdue loan is never told.
That advertising is personal is on until switched off (PIPL article 24); the switch is kept as a row of the person's, and takes the devices we know of them
out of every strategy that uses anything about the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from puhui.acquisition import conversions
from puhui.acquisition import queries as acquisition
from puhui.journeys import audience_feed, tasks
from puhui.journeys.audience_feed import NO_PERSONAL_ADS
from puhui.journeys.funnel_feed import TELL_MEDIA
from puhui.parties import operations as parties_operations
from puhui.parties import queries as parties
from puhui.parties.operations import ConsentDraft

_TEXT_VERSIONS = {TELL_MEDIA: "tell-media-1", NO_PERSONAL_ADS: "no-personal-ads-1"}
_KINDS = {TELL_MEDIA: ("credit_outcome",), NO_PERSONAL_ADS: ("advertising",)}


@dataclass(frozen=True, slots=True)
class ToldOnce:
    """One thing a media was told, or was to be told."""

    media: str
    kind: str
    state: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Choices:
    """`tell_media_since`, `personal_off_since`: None where the owner never said so or took it back. `devices`: how many we know."""

    tell_media_since: datetime | None
    personal_off_since: datetime | None
    told: Sequence[ToldOnce]
    devices: int


def choices(person_id: str) -> Choices:
    """As they stand."""
    applications = audience_feed.applications_of(person_id)
    told = [ToldOnce(row.media, row.kind, row.state, row.happened_at) for row in conversions.told_of(applications)]
    devices = acquisition.devices_of(applications)
    return Choices(_since(person_id, TELL_MEDIA), _since(person_id, NO_PERSONAL_ADS), told, len(set().union(*devices.values())))  # fmt: skip


@transaction.atomic
def tell_media(person_id: str, *, allowed: bool, now: datetime) -> None:
    """Give the consent, or take it back; taken back, nothing that waits leaves any more."""
    changed = _set(person_id, TELL_MEDIA, wanted=allowed, now=now)
    applications = audience_feed.applications_of(person_id)
    if changed and applications:
        (conversions.allow if allowed else conversions.withdraw)(applications, now=now)


@transaction.atomic
def personalise(person_id: str, *, allowed: bool, now: datetime) -> None:
    """Switch personal advertising on or off; a job hands the changed audience to the servers once this is committed."""
    if _set(person_id, NO_PERSONAL_ADS, wanted=not allowed, now=now):
        audience_feed.opt_out(now=now)
        tasks.publish_audiences.defer(by="owner's switch")


def take_back(person_id: str, purpose: str, *, now: datetime) -> bool:
    """Withdraw one of the two from a list of consents, with everything that follows from it; False where it is another purpose."""
    if purpose == TELL_MEDIA:
        tell_media(person_id, allowed=False, now=now)
    elif purpose == NO_PERSONAL_ADS:
        personalise(person_id, allowed=True, now=now)
    else:
        return False
    return True


def _since(person_id: str, purpose: str) -> datetime | None:
    given = [row.given_at for row in parties.consents(person_id) if row.purpose == purpose and not hasattr(row, "withdrawal")]  # fmt: skip
    return max(given, default=None)


def _set(person_id: str, purpose: str, *, wanted: bool, now: datetime) -> bool:
    """Whether anything changed."""
    standing = [row.id for row in parties.consents(person_id) if row.purpose == purpose and not hasattr(row, "withdrawal")]  # fmt: skip
    if bool(standing) == wanted:
        return False
    if wanted:
        draft = ConsentDraft(purpose, _KINDS[purpose], _TEXT_VERSIONS[purpose], "phone")
        parties_operations.give_consent(person_id, draft, now=now)
    for consent_id in [] if wanted else standing:
        parties_operations.withdraw_consent(consent_id, now=now)
    return True
