"""One function decides an application: alone, in a batch, and again from the record.

    invoices → appraising (the fitted models and the dual price of the standing appraisal)
    no invoices, other evidence → small_owner (the owner's credit first, then flows, things and fields)

Rules kept: rows do not look at each other, so their order and number change no bit; a record from before there was a
lending policy has no `lending` among its parameters and replays as it was decided. Whoever brings the owner's own credit
beside invoices is bound by it too: a closed gate refuses, and instalments must be bearable.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from puhui.kernel.money import format_yuan
from puhui.underwriting.core import appraising, line, owner_facts, owner_words, pricing, small_owner
from puhui.underwriting.core.appraising import Answer, refused
from puhui.underwriting.core.lending_policy import PriceTerms, micro
from puhui.underwriting.core.line import ABSENT
from puhui.underwriting.core.policy_table import AppraisalPolicy
from puhui.underwriting.core.pricing import Prices
from puhui.underwriting.core.reasons import Reason, policy_rate_reason

_WHOLE = 100


def replay(inputs: list[dict[str, Any]], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Decide again from a record."""
    return [answer.output for answer in decide(inputs, parameters)]


def decide(inputs: list[dict[str, Any]], parameters: dict[str, Any]) -> list[Answer]:
    """One answer an application, in the order of the inputs."""
    small = [i for i, row in enumerate(inputs) if "lending" in parameters and judged_by_owner(row)]
    rest = [i for i in range(len(inputs)) if i not in set(small)]
    found: dict[int, Answer] = {}
    if small:
        found |= dict(zip(small, small_owner.decide([inputs[i] for i in small], parameters), strict=True))
    if rest:
        found |= dict(zip(rest, _by_invoices([inputs[i] for i in rest], parameters), strict=True))
    return [
        lowered(ruled(found[i], row.get("rules"), parameters), row.get("limit_percent"), parameters)
        for i, row in enumerate(inputs)
    ]


def ruled(answer: Answer, said: dict[str, Any] | None, parameters: dict[str, Any]) -> Answer:
    """The answer after the credit rules: a refusal by rule refuses; the limit of a policy that passes and has one is one more bound.

    What a person released stays as it is: a policy that did not pass tells no limit.
    """
    if said is None:
        return answer
    if said["outcome"] == "refuse":
        return refused(answer, [Reason(each["code"], each["text_zh"], each["text_en"]) for each in said["reasons"]])
    room = said.get("limit_minor")
    if room is None or not answer.output["approved"]:
        return answer
    if room >= answer.output["limit_minor"]:
        return replace(answer, output=answer.output | {"bounds": answer.output.get("bounds", {}) | {"POLICY": room}})
    return _lowered(answer, "POLICY", room, _smallest(answer, parameters))


def lowered(answer: Answer, percent: int | None, parameters: dict[str, Any]) -> Answer:
    """The answer at so many percent of its limit, where anti-fraud asked for a lower one (its strategy `lower_limit`)."""
    if percent is None or percent >= _WHOLE or not answer.output["approved"]:
        return answer
    room = answer.output["limit_minor"] * percent // _WHOLE
    return _lowered(answer, "FRAUD_RULES", room, _smallest(answer, parameters))


def _smallest(answer: Answer, parameters: dict[str, Any]) -> "_Smallest":
    """Step and floor of the product that answered: a small owner's segment, or loans by invoices."""
    if "segment" in answer.output:
        policy = small_owner.Terms.of(parameters).policy
        return _Smallest(policy.limit["step_minor"], policy.segment(answer.output["segment"]).floor_minor)
    policy_of_firms = AppraisalPolicy(parameters["policy"])
    return _Smallest(policy_of_firms.step_minor, policy_of_firms.floor_minor)


def judged_by_owner(row: dict[str, Any]) -> bool:
    """No sales invoice to judge by, but something else was brought."""
    items = row.get("items") or []
    brought = any(item["kind"] != "registry" for item in items)  # that a shop is registered shows no business
    return brought and not row["evidence"].get("sales_valid") and row.get("defaulted") != 1


def _by_invoices(rows: list[dict[str, Any]], parameters: dict[str, Any]) -> list[Answer]:
    judged = appraising.judge(rows, parameters)
    answers = appraising.answers(judged, appraising.share_out(judged, rows, parameters), parameters)
    if "lending" not in parameters:
        return answers
    terms = small_owner.Terms.of(parameters)
    prices = _prices(rows, judged, parameters, terms)
    answers = [_priced(answer, prices, i) for i, answer in enumerate(answers)]
    answers = [replace(answer, output=answer.output | _why(answer, prices, i)) for i, answer in enumerate(answers)]
    with_owner = [i for i, row in enumerate(rows) if row.get("items")]
    if with_owner:
        tempered = _bound_by_owner([rows[i] for i in with_owner], [answers[i] for i in with_owner], parameters, terms)
        for i, answer in zip(with_owner, tempered, strict=True):
            answers[i] = answer
    return answers


def _priced(answer: Answer, prices: Prices, row: int) -> Answer:
    """The answer at the policy's own price, where it has one."""
    if not prices.policy_bps or prices.policy_bps[row] is None or not answer.output["approved"]:
        return answer
    rate, value, churn = float(prices.rate[row]), float(prices.value[row]), float(prices.churn[row])
    profit = int(np.rint(value * answer.output["limit_minor"]))
    told = policy_rate_reason(rate, churn=churn, value=value)
    reasons = [told if each.code == "RATE_BEST" else each for each in answer.reasons]
    priced = {"rate": rate, "value_per_yuan": round(value, 9) + 0.0, "expected_profit_minor": profit}
    return replace(answer, output=answer.output | priced, reasons=reasons)


def _why(answer: Answer, prices: Prices, row: int) -> dict[str, Any]:
    """The price's components, and the one bound an invoice limit has."""
    cap, limit = answer.output["limit_cap_minor"], answer.output["limit_minor"]
    binding = "WANTED" if answer.output["approved"] and limit < cap else "INVOICES"
    bounds = {"INVOICES": cap} | ({"WANTED": limit} if binding == "WANTED" else {})
    return {"price": prices.explanation(row), "bounds": bounds, "binding": binding}


def _prices(rows: list[dict[str, Any]], judged: appraising.Judged, parameters: dict[str, Any],
            terms: small_owner.Terms) -> Prices:  # fmt: skip
    """The appraisal's best rate with the components of the lending policy; lgd and cost of funds are the appraisal's own."""
    costs: PriceTerms = replace(terms.policy.terms, lgd_micro=micro(parameters["lgd"]),
                                cost_of_funds_micro=micro(parameters["cost_of_funds"]))  # fmt: skip
    caps = np.array([row.get("wanted_minor") or 0 for row in rows], dtype=np.int64)
    balance = np.where(caps > 0, np.minimum(caps, judged.candidates.cap_minor), judged.candidates.cap_minor)
    rate = judged.candidates.rate
    churn = np.full(len(rows), np.nan)
    for i in np.flatnonzero(~np.isnan(rate)):
        churn[i] = judged.curve.churn[str(judged.rating[i])][judged.curve.rates.index(float(rate[i]))]
    best = Prices(rate, judged.candidates.value, churn, pricing.floor_micro(judged.pd, balance, costs),
                  pricing.acquisition_micro(balance, costs), pricing.pd_micro(judged.pd), costs, terms.cap)  # fmt: skip
    letters = [str(letter) for letter in judged.rating]
    return pricing.by_policy(best, [small_owner.policy_rate(row) for row in rows], judged.pd, letters, judged.curve)


def _bound_by_owner(rows: list[dict[str, Any]], answers: list[Answer], parameters: dict[str, Any],
                    terms: small_owner.Terms) -> list[Answer]:  # fmt: skip
    items = [[*row["items"], invoices_as_item(row["evidence"], as_of=terms.as_of)] for row in rows]
    facts = owner_facts.gather(items, terms.table, as_of=terms.as_of, keeper_first=terms.policy.keeper_first)
    rate = np.array([answer.output["rate"] or float(terms.cap.rate) for answer in answers], dtype=np.float64)
    months = np.array([row.get("months") or 12 for row in rows], dtype=np.int64)
    room = line.by_affordability(facts.disposable_minor, facts.instalments_minor, rate, months,
                                 dsr_bps=terms.policy.limit["debt_service_bps"])  # fmt: skip
    policy = AppraisalPolicy(parameters["policy"])
    return [
        _tempered(answer, facts.credit[i], int(room[i]), terms, policy) if facts.credit[i] is not None else answer
        for i, answer in enumerate(answers)
    ]


def invoices_as_item(evidence: dict[str, Any], *, as_of: date) -> dict[str, Any]:
    """A year of invoices as one more source of revenue."""
    values = {"sales_year_minor": max(int(evidence.get("sales_net_year") or 0), 0)}
    return {
        "kind": "invoices",
        "source": "tax_office",
        "grade": "A",
        "observed_to": as_of.isoformat(),
        "values": values,
    }


def _tempered(answer: Answer, credit: dict[str, Any] | None, room_minor: int, terms: small_owner.Terms,
              policy: AppraisalPolicy) -> Answer:  # fmt: skip
    closed = terms.card.closed_gates(credit or {})
    if closed:
        return refused(answer, closed)
    if room_minor == ABSENT or room_minor >= answer.output["limit_minor"]:
        return replace(
            answer, output=answer.output | {"bounds": answer.output["bounds"] | {"AFFORDABILITY": room_minor}}
        )
    return _lowered(answer, "AFFORDABILITY", room_minor, _Smallest(policy.step_minor, policy.floor_minor))


@dataclass(frozen=True, slots=True)
class _Smallest:
    """Limits come in whole steps and never below the floor, in fen."""

    step_minor: int
    floor_minor: int


def _lowered(answer: Answer, bound: str, room_minor: int, smallest: _Smallest) -> Answer:
    """The answer cut to one more bound, which is now the least; refused where that is less than the smallest loan."""
    room = max(room_minor, 0) // smallest.step_minor * smallest.step_minor
    bounds = answer.output.get("bounds", {}) | {bound: room}
    told = owner_words.limit_reason(bound, {bound: room}, grade="A")
    output = answer.output | {"bounds": bounds, "binding": bound}
    if room < smallest.floor_minor:
        zh, en = owner_words.bound_text(bound, grade="A")
        low = owner_words.outcome_reason("LIMIT_BELOW_MINIMUM", limit=format_yuan(room), bound_zh=zh, bound_en=en,
                                         floor=format_yuan(smallest.floor_minor))  # fmt: skip
        return refused(replace(answer, output=output), [low])
    profit = int(np.rint((answer.output["value_per_yuan"] or 0.0) * room))
    first, *others = answer.reasons
    lent = {"limit_minor": room, "expected_profit_minor": profit}
    return replace(answer, output=output | lent, reasons=[replace(first, code="APPROVED_BELOW_CAP"), told, *others])
