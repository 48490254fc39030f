"""What the product for small owners stands on when an application is decided: policy, card, coefficients, the law of the day.

Rule kept: everything is gathered into plain JSON before anything is decided, and goes into the record with the decision.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from puhui.kernel.canonical import Settled
from puhui.policy import rule_table
from puhui.underwriting import models
from puhui.underwriting.core import acceptance, appraising, coefficients, pricing
from puhui.underwriting.core.coefficients import Coefficients
from puhui.underwriting.core.lending_policy import LendingPolicy
from puhui.underwriting.core.offer_book import ChurnCurve
from puhui.underwriting.core.owner_card import OwnerCard
from puhui.underwriting.core.pricing import LegalCap

OWN_OFFERS = "own_offers"  # `churn_source` of a policy that prices by the curve learned from our own offers


@dataclass(frozen=True, slots=True)
class _Stands:
    """What the parameters are made from beside the appraisal."""

    policy: LendingPolicy
    card: OwnerCard
    table: Coefficients
    cap: LegalCap


_MOST_GATHERED = 16
_GATHERED: dict[tuple[str, date, date], tuple[_Stands, Settled]] = {}


def parameters(appraisal_id: str, kept: Callable[[], dict[str, Any]], *, as_of: date, on: date) -> Settled:
    """The standing appraisal's parameters (`kept`) with `lending` added and the churn curve cut to what the law allows.

    `as_of` is the day evidence is seen as of, `on` the day of the decision, whose law counts. The same appraisal on the same days by the
    same tables has the same parameters: they are gathered, and written down for the record, once a process.
    """
    stands = _Stands(LendingPolicy.in_force(), OwnerCard.in_force(), coefficients.in_force(as_of), legal_cap(on))
    if stands.policy.churn_source == OWN_OFFERS and (own := own_curve()) is not None:
        return _gathered(kept(), stands, own, as_of=as_of)
    before = _GATHERED.get((appraisal_id, as_of, on))
    if before is None or before[0] != stands:
        if len(_GATHERED) >= _MOST_GATHERED:
            _GATHERED.clear()
        before = _GATHERED[appraisal_id, as_of, on] = stands, _gathered(kept(), stands, None, as_of=as_of)
    return before[1]


def _gathered(kept: dict[str, Any], stands: _Stands, own: ChurnCurve | None, *, as_of: date) -> Settled:
    curve = pricing.lawful(appraising.curve_from_json(kept["churn"]), cap=stands.cap, terms=stands.policy.terms)
    lending = {
        "policy": stands.policy.as_json(), "card": stands.card.as_json(), "as_of": as_of.isoformat(),
        "coefficients": stands.table.as_json(), "cap": stands.cap.as_json(),
    }  # fmt: skip
    if own is not None:
        lending["churn"] = appraising.curve_as_json(acceptance.filled(own, curve))
    return Settled(kept | {"churn": appraising.curve_as_json(curve), "lending": lending})


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
