"""Learning from our own offers how many customers leave at which rate; the curve is kept and may then price small owners.

Rule kept: an offer counts once it has an outcome (accepted stays, declined or expired leaves); what was fitted, from how many
offers, is appended; the price uses it only where the lending policy says `churn_source = "own_offers"`.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.underwriting import models
from puhui.underwriting.core import acceptance
from puhui.underwriting.core.lending_policy import LendingPolicy

_LEFT = ("declined", "expired")


@transaction.atomic
def learn_acceptance(*, now: datetime) -> dict[str, Any]:
    """Fit and keep the curve; returns it. Refused TOO_FEW_OFFERS below the policy's counts."""
    seen = outcomes()
    content = acceptance.fit(seen, LendingPolicy.in_force().acceptance)
    models.AcceptanceCurve.objects.create(id=new_id("curve", now=now), content=content, offers=len(seen), fitted_at=now)
    return content


def outcomes() -> list[acceptance.Outcome]:
    """Every offer that has an outcome, oldest first: rating, yearly rate, whether the customer left."""
    rows = models.Offer.objects.filter(state__in=("accepted", *_LEFT)).order_by("made_at", "id")
    return [
        (str((answer or {}).get("rating")), float(rate), state in _LEFT)
        for answer, rate, state in rows.values_list("application__answer", "annual_rate", "state")
        if (answer or {}).get("rating")
    ]
