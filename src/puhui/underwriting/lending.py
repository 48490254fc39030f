"""What the product for small owners stands on when an application is decided: policy, card, coefficients, the law of the day.

Rule kept: everything is gathered into plain JSON before anything is decided, and goes into the record with the decision.
"""

from datetime import date
from typing import Any

from puhui.policy import rule_table
from puhui.underwriting import models
from puhui.underwriting.core import acceptance, appraising, coefficients, pricing
from puhui.underwriting.core.lending_policy import LendingPolicy
from puhui.underwriting.core.offer_book import ChurnCurve
from puhui.underwriting.core.owner_card import OwnerCard
from puhui.underwriting.core.pricing import LegalCap

OWN_OFFERS = "own_offers"  # `churn_source` of a policy that prices by the curve learned from our own offers


def parameters(kept: dict[str, Any], *, as_of: date, on: date) -> dict[str, Any]:
    """The standing appraisal's parameters with `lending` added and the churn curve cut to what the law allows.

    `as_of` is the day evidence is seen as of, `on` the day of the decision, whose law counts.
    """
    policy, cap = LendingPolicy.in_force(), legal_cap(on)
    curve = pricing.lawful(appraising.curve_from_json(kept["churn"]), cap=cap, terms=policy.terms)
    own = own_curve() if policy.churn_source == OWN_OFFERS else None
    lending = {
        "policy": policy.as_json(), "card": OwnerCard.in_force().as_json(), "as_of": as_of.isoformat(),
        "coefficients": coefficients.in_force(as_of).as_json(), "cap": cap.as_json(),
    }  # fmt: skip
    if own is not None:
        lending["churn"] = appraising.curve_as_json(own)
    return kept | {"churn": appraising.curve_as_json(curve), "lending": lending}


def legal_cap(on: date) -> LegalCap:
    """The strictest cap of the lender types the product is funded by, with the rows it was read from."""
    rules = [
        rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type=kind, on=on)
        for kind in LendingPolicy.in_force().lender_types
    ]
    told = tuple(
        {
            "lender_type": rule.lender_type,
            "rate": str(rule.value),
            "from": rule.effective_from.isoformat(),
            "source": rule.source,
        }
        for rule in rules
    )
    return LegalCap(min(rule.value for rule in rules), told)


def own_curve() -> ChurnCurve | None:
    """The newest curve fitted on our own offers, if there is one."""
    row = models.AcceptanceCurve.objects.order_by("-fitted_at", "-id").first()
    return acceptance.curve_of(row.content) if row else None
