"""Audiences from what the rooms know of the people whom advertisements brought: who has a loan, who was refused, who should not be sought.

Whoever switched personalised advertising off is sought only by strategies that use nothing about the person. Rule kept: a device is in an audience for a reason that can be read back (`acquisition.audiences.history_of`), and leaves
it when the reason is gone. Whoever is late on a loan counts as vulnerable: an advertisement must not offer them another.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from puhui.acquisition import audiences
from puhui.acquisition import queries as acquisition
from puhui.acquisition.audiences import Moved
from puhui.acquisition.rta import publication, tables
from puhui.acquisition.rta.audience_file import AudienceInfo
from puhui.antifraud import queries as antifraud
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting

BACK = timedelta(days=730)
_CLOSED = ("closed", "cancelled", "transferred")
WHY = "known to the rooms"
AUDIENCES = ("blacklisted", "declined", "existing_customer", "good_borrower", "vulnerable")
OPTED_OUT = "opted_out"
NO_PERSONAL_ADS = "no_personal_ads"  # the purpose under which an owner's switch is kept


def build(*, now: datetime) -> dict[str, Moved]:
    """Bring every audience up to date; answers what changed in each."""
    brought = [each.application_id for each in acquisition.brought_since(now - BACK)]
    devices = acquisition.devices_of(brought)
    members: dict[str, set[int]] = defaultdict(set)
    for application_id, keys in devices.items():
        for audience in _audiences_of(application_id):
            members[audience] |= keys
    members["good_borrower"] -= members["vulnerable"]
    moved = {name: audiences.replace(name, members[name], why=WHY, now=now) for name in AUDIENCES}
    return moved | {OPTED_OUT: opt_out(now=now)}


def opt_out(*, now: datetime) -> Moved:
    """Bring those who switched personalised advertising off up to date, at once and alone."""
    devices = acquisition.devices_of(
        [each for person_id in parties.people_with_consent(NO_PERSONAL_ADS) for each in applications_of(person_id)]
    )
    return audiences.replace(OPTED_OUT, set().union(*devices.values()), why=WHY, now=now)


def applications_of(person_id: str) -> list[str]:
    """The person's own applications, of all their shops."""
    found = [each for shop in parties.shops_of(person_id) for each in underwriting.applications_of_shop(shop.id)]
    return [each.application_id for each in found if each.person_id == person_id]


def hand_over(folder: Path, *, by: str, now: datetime) -> AudienceInfo:
    """Bring all audiences up to date and hand them to the servers under the strategies they have, or the sample. Refused where nobody is in any."""
    build(now=now)
    return publish(folder, by=by, now=now)


def publish(folder: Path, *, by: str, now: datetime) -> AudienceInfo:
    """Hand over what stands."""
    held = publication.current(folder)
    text = held.strategies if held else tables.SHIPPED_STRATEGIES.read_text(encoding="utf-8")
    return audiences.publish(folder, text, by=by, now=now)


def _audiences_of(application_id: str) -> set[str]:
    application = underwriting.application(application_id)
    said = antifraud.assessment_of(application_id)
    found = {"blacklisted"} if said is not None and said.outcome == "refuse" else set()
    if application.state == "refused":
        found.add("declined")
    if application.loan_id:
        loan = servicing.loan(application.loan_id)
        if loan.state not in _CLOSED:
            found.add("existing_customer")
        if loan.days_past_due > 0 or loan.state in ("written_off", "compensated"):
            found.add("vulnerable")
        elif loan.received_minor > 0:
            found.add("good_borrower")
    return found
