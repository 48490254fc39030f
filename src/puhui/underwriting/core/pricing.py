"""The price of a loan (定价): what it costs, the rate that earns most among those the law and the customer allow, and why.

    floor = cost of funds + PD·LGD + operating + acquisition / (average balance · life) + capital      [domain.md 2.7]
    v(r)  = (1 − churn(rating, r)) · ((1 − PD)·r − PD·LGD − the other costs)           r* = argmax over the curve's rates
    r + fees ≤ the legal cap of every lender type the product is funded by, on the day

Rules kept: costs and the cap are whole millionths; no rate outside the curve is guessed; the explanation holds every
component, the cap with the rule it comes from, and what the customer's leaving did. Groups of people are no input.

>>> terms = PriceTerms(40_000, 600_000, 25_000, 15_000, 0, 90_000, 1_000_000, 1_000_000, 0.0)
>>> int(floor_micro(np.array([0.06]), np.array([5_000_000]), terms)[0]), max_pd_micro(120_000, 18_000, terms)
(134000, 36666)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.underwriting.core.lending_policy import PriceTerms
from puhui.underwriting.core.offer_book import ChurnCurve

Columns = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class LegalCap:
    """The strictest cap of the product's lender types on the day, with the rules read."""

    rate: Decimal
    rules: tuple[dict[str, str], ...]

    @property
    def micro(self) -> int:
        return int(self.rate * _MICRO)

    def as_json(self) -> dict[str, Any]:
        return {"rate": str(self.rate), "rules": list(self.rules)}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> "LegalCap":
        return LegalCap(Decimal(stored["rate"]), tuple(stored["rules"]))


@dataclass(frozen=True, slots=True)
class Prices:
    """One row an applicant. `rate` NaN and `value` −inf: no lawful rate of the curve; `floor_micro` is the cost of it all."""

    rate: Columns
    value: Columns
    churn: Columns
    floor_micro: Whole
    acquisition_micro: Whole
    pd_micro: Whole
    terms: PriceTerms
    cap: LegalCap
    top_rate: float = 0.0  # the highest rate that was open: lawful, and on the curve
    policy_bps: Sequence[int | None] = ()  # where the live policy's own price stands instead of the best one

    def explanation(self, row: int) -> dict[str, Any]:
        """Every component, in millionths a year; what the rate is made of and bounded by."""
        rate = float(self.rate[row])
        some = not np.isnan(rate)
        policy = self.policy_bps[row] if self.policy_bps else None
        by_policy = {} if policy is None else {"policy_rate_bps": policy}
        return by_policy | {
            "cost_of_funds_micro": self.terms.cost_of_funds_micro, "pd_micro": int(self.pd_micro[row]),
            "lgd_micro": self.terms.lgd_micro, "expected_loss_micro": int(self.pd_micro[row]) * self.terms.lgd_micro // _MICRO,
            "operating_micro": self.terms.operating_micro, "acquisition_micro": int(self.acquisition_micro[row]),
            "capital_micro": self.terms.capital_micro, "floor_micro": int(self.floor_micro[row]),
            "fees_micro": self.terms.fees_micro, "cap": self.cap.as_json(),
            "max_pd_micro": max_pd_micro(self.cap.micro - self.terms.fees_micro, int(self.acquisition_micro[row]), self.terms),
            "rate_micro": round(rate * _MICRO) if some else None, "churn": round(float(self.churn[row]), 6) if some else None,
            "value_per_yuan": round(float(self.value[row]), 9) + 0.0 if some else None,
        }  # fmt: skip


def price(pd: Columns, rating: Sequence[str], curve: ChurnCurve, balance_minor: Whole, *, terms: PriceTerms,
          cap: LegalCap) -> Prices:  # fmt: skip
    """Price each applicant. `balance_minor` is the amount that would be lent, which acquisition cost is spread over."""
    acquisition = acquisition_micro(balance_minor, terms)
    floor = floor_micro(pd, balance_minor, terms)
    costs = (terms.cost_of_funds_micro + terms.operating_micro + terms.capital_micro + acquisition) / _MICRO
    allowed = lawful(curve, cap=cap, terms=terms)
    rates = np.array(allowed.rates)
    lgd, n = terms.lgd_micro / _MICRO, len(pd)
    best, value, left = np.full(n, np.nan), np.full(n, -np.inf), np.full(n, np.nan)
    for letter, churn in allowed.churn.items():
        rows = np.flatnonzero((np.asarray(rating) == letter) & ~np.isnan(pd))
        if len(rows) == 0 or len(rates) == 0:
            continue
        chance, leave = pd[rows, None], np.array(churn)
        earned = (1 - leave) * ((1 - chance) * rates - chance * lgd - costs[rows, None])
        column = np.argmax(earned, axis=1)
        value[rows], best[rows], left[rows] = earned[np.arange(len(rows)), column], rates[column], leave[column]
    return Prices(best, value, left, floor, acquisition, pd_micro(pd), terms, cap, float(rates.max(initial=0.0)))


def by_policy(
    prices: Prices, told_bps: Sequence[int | None], pd: Columns, rating: Sequence[str], curve: ChurnCurve
) -> Prices:
    """The prices with the policy's own rate in the place of the best one where it told one, never above the legal cap less fees.

    Who leaves at that rate is read off the curve between its rates; beyond its ends, the end's share stands.
    """
    places = [place for place, told in enumerate(told_bps) if told is not None]
    if not places:
        return prices
    terms, most = prices.terms, (prices.cap.micro - prices.terms.fees_micro) / _MICRO
    rate, value, churn = prices.rate.copy(), prices.value.copy(), prices.churn.copy()
    costs = (
        terms.cost_of_funds_micro + terms.operating_micro + terms.capital_micro + prices.acquisition_micro
    ) / _MICRO
    for place in places:
        rate[place] = round(min((told_bps[place] or 0) / 10_000, most), 6)
        leaving = curve.churn.get(str(rating[place]))
        churn[place] = float(np.interp(rate[place], curve.rates, leaving)) if leaving else 0.0
        lost = float(pd[place]) * terms.lgd_micro / _MICRO
        value[place] = (1 - churn[place]) * ((1 - float(pd[place])) * rate[place] - lost - costs[place])
    return replace(prices, rate=rate, value=value, churn=churn, policy_bps=list(told_bps))


def lawful(curve: ChurnCurve, *, cap: LegalCap, terms: PriceTerms) -> ChurnCurve:
    """The part of a curve whose rates the law leaves room for."""
    most = (cap.micro - terms.fees_micro) / _MICRO
    kept = [i for i, rate in enumerate(curve.rates) if rate <= most + 1e-12]
    return ChurnCurve(
        tuple(curve.rates[i] for i in kept), {letter: tuple(c[i] for i in kept) for letter, c in curve.churn.items()}
    )


def floor_micro(pd: Columns, balance_minor: Whole, terms: PriceTerms) -> Whole:
    """The cost of lending a yuan for a year, in millionths; the expected loss rounded down."""
    loss = pd_micro(pd) * terms.lgd_micro // _MICRO
    return (
        terms.cost_of_funds_micro
        + terms.operating_micro
        + terms.capital_micro
        + acquisition_micro(balance_minor, terms)
        + loss
    )


def acquisition_micro(balance_minor: Whole, terms: PriceTerms) -> Whole:
    """Acquisition cost a year for each yuan of the average balance; on no balance it is the whole of it."""
    average = np.maximum(balance_minor * terms.average_balance_micro // _MICRO, 1)
    found: Whole = np.minimum(terms.acquisition_minor * _MICRO // average * _MICRO // terms.life_micro, _MICRO)
    return found


def max_pd_micro(cap_micro: int, acquisition: int, terms: PriceTerms) -> int:
    """The highest PD at which the cost still fits under the cap; negative costs leave no room, which is zero."""
    room = cap_micro - terms.cost_of_funds_micro - terms.operating_micro - terms.capital_micro - acquisition
    return max(room, 0) * _MICRO // terms.lgd_micro


def pd_micro(pd: Columns) -> Whole:
    """Chances of default in whole millionths; a missing one is zero here and has no rate anyway."""
    return np.rint(np.where(np.isnan(pd), 0.0, pd) * _MICRO).astype(np.int64)
