"""Audiences from what the rooms know of the people whom advertisements brought: who has a loan, who was refused, who should not be sought.

Rule kept: a device is in an audience for a reason that can be read back (`acquisition.audiences.history_of`), and leaves
it when the reason is gone. Whoever is late on a loan counts as vulnerable: an advertisement must not offer them another.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from puhui.acquisition import audiences
from puhui.acquisition import queries as acquisition
from puhui.acquisition.audiences import Moved
from puhui.antifraud import queries as antifraud
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting

BACK = timedelta(days=730)
_CLOSED = ("closed", "cancelled", "transferred")
WHY = "known to the rooms"
AUDIENCES = ("blacklisted", "declined", "existing_customer", "good_borrower", "vulnerable")


def build(*, now: datetime) -> dict[str, Moved]:
    """Bring every audience up to date; answers what changed in each."""
    brought = [each.application_id for each in acquisition.brought_since(now - BACK)]
    devices = acquisition.devices_of(brought)
    members: dict[str, set[int]] = defaultdict(set)
    for application_id, keys in devices.items():
        for audience in _audiences_of(application_id):
            members[audience] |= keys
    members["good_borrower"] -= members["vulnerable"]
    return {name: audiences.replace(name, members[name], why=WHY, now=now) for name in AUDIENCES}


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
