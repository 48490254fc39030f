"""A small made-up town, lived in through the house's own operations: appraised, lent to, one day closed.

Everything in it is invented, and every page says so.
"""

from dataclasses import dataclass
from pathlib import Path

from django_otp.oath import totp

from puhui.funding import queries as funding
from puhui.journeys import close_day
from puhui.simulate import lending_day
from puhui.simulate.town import build_town
from puhui.underwriting import operations as underwriting
from puhui.underwriting.operations import AppraisalTerms
from puhui.underwriting.views import AppraisalOutcome
from puhui.web import clock, people

SECRET, PASSWORD = "JBSWY3DPEHPK3PXP", "correct-horse-7"
STAFF = (("lin.analyst", "analyst"), ("he.operator", "operator"), ("sun.bank", "institution"), ("gao.admin", "admin"))


@dataclass(frozen=True, slots=True)
class Town:
    """What a test needs to know of it."""

    outcome: AppraisalOutcome
    institution_id: str
    unclaimed: str  # an approved firm whose owner has not come yet

    @property
    def approved(self) -> list[str]:
        return [row.firm for row in self.outcome.rows if row.approved]


def settle(folder: Path, *, firms: int = 160, budget_minor: int = 1_000_000_000) -> Town:
    """Load, appraise, lend, close the first day, hire staff."""
    now = clock.now()
    build_town(folder, firms=firms, seed=3)
    load = underwriting.load_folder(folder, now=now)
    outcome = underwriting.appraise(load.load_id, terms=AppraisalTerms(budget_minor=budget_minor), now=now)
    unclaimed = next(row.firm for row in outcome.rows if row.approved)
    lending_day.lend(outcome.appraisal_id, seed=1, now=now, leave_out=(unclaimed,))
    close_day.close_day(now=now)
    institution = funding.institutions()[0]
    for username, role in STAFF:
        people.create_staff(username, role, PASSWORD, institution.id if role == "institution" else "", SECRET)
    return Town(outcome, institution.id, unclaimed)


def one_time_password(*, drift: int = 0) -> str:
    """What the authenticator shows; `drift` steps later or earlier."""
    return f"{totp(bytes.fromhex(people.otp_key(SECRET)), drift=drift):06d}"
