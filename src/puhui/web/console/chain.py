"""One identity through the house: touch → application → decision → offer → match → loan, as links.

Steps that were not taken, or that the reader may not see, are left out; nothing is made up to fill the chain.
"""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from puhui.acquisition import queries as acquisition
from puhui.funding import queries as funding
from puhui.servicing.views import LoanView
from puhui.underwriting import queries as underwriting


@dataclass(frozen=True, slots=True)
class Link:
    """One step; `address` empty where the step has no page."""

    title: str
    id: str
    address: str = ""


def of_loan(loan: LoanView, *, platform: bool) -> list[Link]:
    """All steps that led to a loan. An institution sees its loan and the ids it was given, not the platform's pages."""
    links: list[Link] = []
    if platform:
        links += _touches(loan.application_id)
    links.append(Link(_("申请"), loan.application_id))
    if platform:
        links += _decisions(loan.application_id)
    links.append(Link(_("报价"), loan.offer_id))
    if platform:
        links += [Link(_("匹配"), match.id) for match in funding.matches_of(loan.application_id) if match.programme_id]
    links.append(Link(_("贷款"), loan.loan_id, reverse("console:loan", args=[loan.loan_id])))
    return links


def _decisions(application_id: str) -> list[Link]:
    try:
        application: Any = underwriting.application(application_id)
    except LookupError:  # a loan that was taken over has no application here
        return []
    if not application.decision_id:
        return []
    return [Link(_("决策"), application.decision_id, reverse("console:decision", args=[application.decision_id]))]


def _touches(application_id: str) -> list[Link]:
    origin = acquisition.origin_of(application_id)
    return [Link(_("触达"), origin.touch_id)] if origin else []
