"""The answer to owners without invoices: the owner's own credit first, then what the shop or the farm can show.

    facts (owner_facts) → chance of default (owner_card) → bounds → price → limit → yes or no, with reasons

Rules kept: one function for one owner, a batch and a replay; everything it reads stands in `inputs` and `parameters` as
plain JSON; no summary of the owner's credit is no approval; the limit's binding bound, every component of the price and
every estimate with source, age, grade and interval are part of the recorded output.

    inputs:     {firm, items[…], segment, months, wanted_minor, …}
    parameters: {churn, lending: {policy, card, coefficients, cap, as_of}}
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel.money import format_yuan
from puhui.underwriting.core import farm, line, owner_facts, owner_words, pricing
from puhui.underwriting.core.appraising import Answer, curve_from_json
from puhui.underwriting.core.coefficients import Coefficients
from puhui.underwriting.core.lending_policy import LendingPolicy, SegmentTerms
from puhui.underwriting.core.line import ABSENT, Line
from puhui.underwriting.core.owner_card import OwnerCard
from puhui.underwriting.core.owner_facts import OwnerFacts
from puhui.underwriting.core.pricing import LegalCap, Prices
from puhui.underwriting.core.reasons import Reason

Columns = npt.NDArray[np.float64]
Fen = npt.NDArray[np.int64]
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a batch has in common, read from its parameters."""

    policy: LendingPolicy
    card: OwnerCard
    table: Coefficients
    cap: LegalCap
    as_of: date

    @staticmethod
    def of(parameters: dict[str, Any]) -> "Terms":
        lending = parameters["lending"]
        return Terms(LendingPolicy(lending["policy"]), OwnerCard(lending["card"]), Coefficients(lending["coefficients"]),
                     LegalCap.from_json(lending["cap"]), date.fromisoformat(lending["as_of"]))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    facts: OwnerFacts
    segments: list[SegmentTerms]
    pd: Columns
    shares: Columns
    rating: list[str]
    prices: Prices
    line: Line
    wanted_minor: Fen


def decide(inputs: list[dict[str, Any]], parameters: dict[str, Any]) -> list[Answer]:
    """One answer an owner, in the order of the inputs."""
    terms = Terms.of(parameters)
    judged = judge(inputs, parameters, terms)
    return [_answer(judged, row, terms) for row in range(len(inputs))]


def judge(inputs: list[dict[str, Any]], parameters: dict[str, Any], terms: Terms) -> Judged:
    """Chances, prices and limits in columns."""
    items = [row["items"] for row in inputs]
    facts = owner_facts.gather(items, terms.table, as_of=terms.as_of, keeper_first=terms.policy.keeper_first)
    segments = [terms.policy.segment(row.get("segment", "")) for row in inputs]
    pd, shares = terms.card.score(facts.columns)
    rating = [terms.card.letter(float(chance)) for chance in pd]
    months = np.array([row.get("months") or 12 for row in inputs], dtype=np.int64)
    first = _bounds(facts, segments, rating, pd, terms)
    wanted = np.array([row.get("wanted_minor") or ABSENT for row in inputs], dtype=np.int64)
    step = int(terms.policy.limit["step_minor"])
    # What will about be lent, which acquisition cost is spread over: affordability is taken at the dearest lawful rate first.
    dearest = _cash_bounds(facts, segments, np.full(len(inputs), float(terms.cap.rate)), months, terms)
    balance = np.minimum(line.least(first | dearest, step_minor=step).limit_minor, wanted)
    curve = curve_from_json(parameters["lending"].get("churn") or parameters["churn"])
    prices = pricing.price(pd, rating, curve, balance, terms=terms.policy.terms, cap=terms.cap)
    prices = pricing.by_policy(prices, [policy_rate(row) for row in inputs], pd, rating, curve)
    rate = np.where(np.isnan(prices.rate), float(terms.cap.rate), prices.rate)
    bounds = first | _cash_bounds(facts, segments, rate, months, terms)
    return Judged(facts, segments, pd, shares, rating, prices, line.least(bounds, step_minor=step), wanted)


def policy_rate(row: dict[str, Any]) -> int | None:
    """The price of the credit rules' live version for whom it let pass, in basis points; None where it has none."""
    told = (row.get("rules") or {}).get("rate_bps")
    return None if told is None else int(told)


def _bounds(
    facts: OwnerFacts, segments: list[SegmentTerms], rating: list[str], pd: Columns, terms: Terms
) -> dict[str, Fen]:
    """The bounds that do not depend on the rate."""
    limit, farmer = terms.policy.limit, np.array([s.name == "farmer" for s in segments])
    grades = terms.policy.limit["farm_grade"]
    base = np.array([limit["farm_base_minor"][grades[letter]] for letter in rating], dtype=np.int64)
    formula = line.farm_formula(
        base, facts.household_assets_minor, facts.farm_income_minor, assets_bps=limit["farm_assets_bps"],
        income_bps=limit["farm_income_bps"], cap_minor=limit["farm_cap_minor"],
    )  # fmt: skip
    need = line.working_capital(
        np.where(facts.prudent_minor == ABSENT, ABSENT, np.minimum(facts.prudent_minor, ABSENT // 12) * 12),
        terms.table.values("NET_MARGIN", facts.trade), terms.table.values("GROWTH", facts.trade),
        terms.table.values("TURNOVER_DAYS", facts.trade), facts.own_funds_minor,
    )  # fmt: skip
    wants_capital = np.array([s.working_capital for s in segments])
    by_loss = line.by_loss_budget(pd, lgd_micro=terms.policy.terms.lgd_micro,
                                  budget_minor=np.array([s.loss_budget_minor for s in segments], dtype=np.int64))  # fmt: skip
    inflow = line.by_inflow(facts.prudent_minor, k_milli=limit["months_of_inflow_milli"])
    return {
        "INFLOW": np.where(farmer, ABSENT, inflow),
        "WORKING_CAPITAL": np.where(wants_capital, need, ABSENT),
        "FARM_FORMULA": np.where(farmer, formula, ABSENT),
        "LOSS_BUDGET": by_loss,
        "PRODUCT_CAP": np.array([s.product_cap_minor for s in segments], dtype=np.int64),
        "GRADE_CAP": np.array(
            [s.grade_cap_minor[g] for s, g in zip(segments, facts.grade, strict=True)], dtype=np.int64
        ),
    }


def _cash_bounds(
    facts: OwnerFacts, segments: list[SegmentTerms], rate: Columns, months: Fen, terms: Terms
) -> dict[str, Fen]:
    farmer = np.array([s.name == "farmer" for s in segments]) & (facts.farms.value_minor > 0)
    crop = farm.loan_minor(facts.farms, terms.table, household_minor=facts.household_minor, yearly_rate=rate)
    # A harvest is paid back at once, from the crop; where only fields speak, instalments a month are no measure of them.
    only_fields = farmer & (facts.prudent_minor == ABSENT)
    monthly = line.by_affordability(facts.disposable_minor, facts.instalments_minor, rate, months,
                                    dsr_bps=terms.policy.limit["debt_service_bps"])  # fmt: skip
    return {"AFFORDABILITY": np.where(only_fields, ABSENT, monthly), "CROP_LOAN": np.where(farmer, crop, ABSENT)}


def _answer(judged: Judged, row: int, terms: Terms) -> Answer:
    cap = int(judged.line.limit_minor[row])
    wanted = int(judged.wanted_minor[row])
    price = judged.prices.explanation(row)
    gravest = _obstacle(judged, row, terms)
    approved = gravest is None
    limit_minor = min(cap, wanted) if approved else 0
    binding = "WANTED" if approved and wanted < cap else judged.line.binding[row]
    value = float(judged.prices.value[row])
    output = {
        "rating": judged.rating[row], "pd": float(judged.pd[row]), "approved": approved, "limit_cap_minor": cap,
        "limit_minor": limit_minor, "rate": float(judged.prices.rate[row]) if approved else None,
        "expected_profit_minor": int(np.rint(value * limit_minor)) if approved else 0,
        "value_per_yuan": price["value_per_yuan"], "price": price, "binding": binding,
        "bounds": judged.line.as_json(row) | ({"WANTED": wanted} if wanted != ABSENT else {}), "grade": judged.facts.grade[row], "segment": judged.segments[row].name,
        "estimates": _estimates(judged.facts, row), "signals": signals(judged.facts, row, terms.table),
    }  # fmt: skip
    first = gravest or _approved(judged, row, limit_minor, binding)
    told = [first, *_explained(judged, row, price, terms, approved=approved)]
    plain = {
        name: round(float(column[row]), 6) + 0.0
        for name, column in judged.facts.columns.items()
        if not np.isnan(column[row])
    }
    return Answer(output, list({reason.code: reason for reason in told}.values()), plain, {})


def _obstacle(judged: Judged, row: int, terms: Terms) -> Reason | None:
    """The gravest thing in the way; None when there is none."""
    facts, floor = judged.facts, judged.segments[row].floor_minor
    credit, cap = facts.credit[row], int(judged.line.limit_minor[row])
    if credit is None:
        return owner_words.outcome_reason("OWNER_CREDIT_STALE" if facts.credit_stale[row] else "OWNER_CREDIT_MISSING")
    closed = terms.card.closed_gates(credit)
    if closed:
        return closed[0]
    if int(facts.columns["evidence_groups"][row]) == 0:
        return owner_words.outcome_reason("EVIDENCE_MISSING")
    if int(judged.wanted_minor[row]) < floor:
        return owner_words.outcome_reason("WANTED_BELOW_MINIMUM", wanted=format_yuan(int(judged.wanted_minor[row])),
                                          floor=format_yuan(floor))  # fmt: skip
    if cap < floor:
        zh, en = owner_words.bound_text(judged.line.binding[row], grade=facts.grade[row])
        return owner_words.outcome_reason("LIMIT_BELOW_MINIMUM", limit=format_yuan(cap), floor=format_yuan(floor),
                                          bound_zh=zh, bound_en=en)  # fmt: skip
    if judged.prices.policy_bps and judged.prices.policy_bps[row] is not None:
        return None  # the best rate covers the cost, or no rule would have been asked for a price; which one is charged, the policy says
    if judged.prices.value[row] <= 0 or judged.prices.value[row] < terms.policy.terms.least_margin:
        return owner_words.outcome_reason("COST_NOT_COVERED", pd=float(judged.pd[row]), top=judged.prices.top_rate, cap=float(terms.cap.rate), floor_rate=int(judged.prices.floor_micro[row]) / _MICRO)  # fmt: skip
    return None


def _approved(judged: Judged, row: int, limit_minor: int, binding: str) -> Reason:
    zh, en = owner_words.bound_text(binding, grade=judged.facts.grade[row])
    return owner_words.outcome_reason("APPROVED_SMALL_OWNER", limit=format_yuan(limit_minor), bound_zh=zh, bound_en=en)


def _explained(judged: Judged, row: int, price: dict[str, Any], terms: Terms, *, approved: bool) -> list[Reason]:
    """Revenue, limit, price and what raises the risk."""
    facts = judged.facts
    sold, told = facts.revenue.as_json(row), []
    if sold is not None:
        told.append(owner_words.revenue_reason(sold))
    if facts.credit[row] is None:
        return told
    told.append(owner_words.pd_reason(float(judged.pd[row]), terms.card.version))
    if int(facts.columns["evidence_groups"][row]) > 0:
        told.append(
            owner_words.limit_reason(judged.line.binding[row], judged.line.as_json(row), grade=facts.grade[row])
        )
    if approved:
        told.append(owner_words.price_reason(price))
    return [
        *told,
        *terms.card.closed_gates(facts.credit[row] or {}),
        *terms.card.reasons(facts.columns, judged.shares, row),
    ]


def _estimates(facts: OwnerFacts, row: int) -> dict[str, Any]:
    field = facts.farms.told[row]
    return {
        "revenue": facts.revenue.as_json(row), "assets": facts.assets.told[row],
        "assets_minor": int(facts.assets.total_minor[row]), "farm": field if field["plots"] else None,
        "disposable_minor": None if facts.disposable_minor[row] == ABSENT else int(facts.disposable_minor[row]),
        "instalments_minor": int(facts.instalments_minor[row]),
    }  # fmt: skip


def signals(facts: OwnerFacts, row: int, table: Coefficients) -> list[dict[str, Any]]:
    """Patterns that look like fraud: passed on with their figures, judged elsewhere."""
    found = []
    birge = round(float(facts.revenue.birge[row]), 6)
    if birge > table.value("DISAGREEMENT", "birge"):
        found.append({"code": "EVIDENCE_DISAGREES", "measure": "birge", "value": birge})
    if any(not plot["counted"] for plot in facts.farms.told[row]["plots"]):
        found.append({"code": "PLOT_NOT_COUNTED", "measure": "plots",
                      "value": sum(not plot["counted"] for plot in facts.farms.told[row]["plots"])})  # fmt: skip
    return found
