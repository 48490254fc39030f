"""Who leaves at which rate, as the console shows it: what was counted, the curve learned from it, the curve given, which one prices.

Rule kept: nothing is fitted by looking; what is shown as used is what `lending` would take for the next small owner.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min

from puhui.underwriting import lending, models
from puhui.underwriting import standing as standing_appraisal
from puhui.underwriting.acceptance_learning import outcomes
from puhui.underwriting.core import acceptance, appraising
from puhui.underwriting.core.lending_policy import LendingPolicy
from puhui.underwriting.core.offer_book import ChurnCurve

GIVEN, OWN, OWN_WANTING = (
    "given",
    "own",
    "own_wanting",
)  # which curve prices; the last: the policy asks for one not learned yet


@dataclass(frozen=True, slots=True)
class Learned:
    """One curve that was kept; `content` is that of `core.acceptance.fit`."""

    content: dict[str, Any]
    offers: int
    fitted_at: datetime


@dataclass(frozen=True, slots=True)
class AcceptanceShown:
    """`open_offers` say nothing yet; `first_made_at` is of the oldest offer of all; `learned` newest first, at most ten."""

    bands: list[acceptance.Band]
    taken: int
    left: int
    open_offers: int
    first_made_at: datetime | None
    needed: dict[str, int]
    given: ChurnCurve | None
    learned: list[Learned]
    used: str

    @property
    def enough(self) -> bool:
        """Whether the policy's counts for learning a curve are reached."""
        return acceptance.enough(self.taken, self.left, self.needed)

    @property
    def unknown_ratings(self) -> list[str]:
        """Ratings of the given curve that the newest learned one has no offer of; the given one stands for them."""
        known = self.learned[0].content["ratings"] if self.learned else []
        return [letter for letter in (self.given.churn if self.given else {}) if letter not in known]


def acceptance_shown() -> AcceptanceShown:
    """All of it, as of now; stores nothing."""
    seen, policy = outcomes(), LendingPolicy.in_force()
    left = sum(gone for _rating, _rate, gone in seen)
    kept = models.AcceptanceCurve.objects.order_by("-fitted_at", "-id")[:10]
    learned = [Learned(row.content, row.offers, row.fitted_at) for row in kept]
    stands = standing_appraisal.standing()
    own = OWN if learned else OWN_WANTING
    return AcceptanceShown(
        bands=acceptance.observed(seen), taken=len(seen) - left, left=left,
        open_offers=models.Offer.objects.filter(state="open").count(),
        first_made_at=models.Offer.objects.aggregate(first=Min("made_at"))["first"], needed=policy.acceptance,
        given=appraising.curve_from_json(stands.parameters["churn"]) if stands else None, learned=learned,
        used=own if policy.churn_source == lending.OWN_OFFERS else GIVEN,
    )  # fmt: skip
