"""The decision itself: evidence of many firms (or of one) in, answers out. Live use and replay call this one function.

Rule kept: a row is a batch of one; everything the answer depends on stands in `inputs` and `parameters`, both plain
JSON, so a recorded decision replays to the same answer. Either money is a budget shared by the batch
(`budget_minor`), or it has a price (`reserve_price`, the dual price of the standing appraisal) and applicants are met
one by one.

    inputs:     {firm, evidence{…}, rating, defaulted, cross_fitted_pd, wanted_minor?}
    parameters: {policy, scorecard{default, rating}, churn{rates, churn}, lgd, cost_of_funds, budget_minor | reserve_price}
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.kernel.money import format_yuan
from puhui.underwriting.core import features, limit, offer_book, reasons, scoring
from puhui.underwriting.core.offer_book import Candidates, ChurnCurve, Solution
from puhui.underwriting.core.policy_table import AppraisalPolicy
from puhui.underwriting.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Judged:
    """Firms before money is shared out: chances, ratings, caps and best prices, in the order of the inputs."""

    seen: list[dict[str, Any]]
    columns: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]
    pd: npt.NDArray[np.float64]
    rating: list[str | None]
    rating_chance: list[float | None]
    caps: list[limit.Cap]
    candidates: Candidates
    curve: ChurnCurve


@dataclass(frozen=True, slots=True)
class Answer:
    """One firm's answer. `output` is what is recorded and compared on replay; `features` and `reasons` explain it."""

    output: dict[str, Any]
    reasons: list[Reason]
    features: dict[str, float]
    shown: dict[str, float | None]


def refused(answer: Answer, why: Sequence[Reason]) -> Answer:
    """The answer turned into a refusal: nothing is lent, and `why` stands where its first reason stood."""
    nothing = {"approved": False, "limit_minor": 0, "rate": None, "expected_profit_minor": 0}
    return replace(answer, output=answer.output | nothing, reasons=[*why, *answer.reasons[1:]])


def replay(inputs: list[dict[str, Any]], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Decide again from a record."""
    judged = judge(inputs, parameters)
    return [answer.output for answer in answers(judged, share_out(judged, inputs, parameters), parameters)]


def judge(inputs: list[dict[str, Any]], parameters: dict[str, Any]) -> Judged:
    """Everything about each firm that does not depend on the others."""
    policy = AppraisalPolicy(parameters["policy"])
    evidence = evidence_frame([row["evidence"] for row in inputs])
    columns = features.model_columns(evidence).to_numpy()
    scorable = features.has_invoices(evidence).to_numpy()
    pd = _chances(inputs, parameters, columns, scorable)
    rating, chance = _ratings(inputs, parameters, columns, scorable)
    shown = features.shown_columns(evidence).to_dicts()
    names = features.MODEL_NAMES
    seen = [
        row["evidence"] | dict(zip(names, map(float, columns[i]), strict=True)) | shown[i]
        | {"defaulted": row.get("defaulted"), "cross_fitted": row.get("cross_fitted_pd") is not None,
           "wanted_minor": row.get("wanted_minor")}
        for i, row in enumerate(inputs)
    ]  # fmt: skip
    caps = [limit.supported_limit(one, policy=policy) for one in seen]
    curve = curve_from_json(parameters["churn"])
    allowed = ["" if letter is None or letter in policy.ratings_refused else letter for letter in rating]
    value, rate = offer_book.price(
        pd, allowed, curve, lgd=Decimal(parameters["lgd"]), cost_of_funds=Decimal(parameters["cost_of_funds"])
    )
    model = scoring.LinearModel.from_json(parameters["scorecard"]["default"])
    candidates = Candidates(value, rate, np.array([cap.limit_cap_minor for cap in caps], dtype=np.int64))
    return Judged(seen, columns, scoring.contributions(model, columns), pd, rating, chance, caps, candidates, curve)


def share_out(judged: Judged, inputs: list[dict[str, Any]], parameters: dict[str, Any]) -> Solution:
    """Money to firms: by budget over the whole batch, or at a price, each on its own."""
    floor = AppraisalPolicy(parameters["policy"]).floor_minor
    if "budget_minor" in parameters:
        return offer_book.solve(judged.candidates, budget_minor=int(parameters["budget_minor"]), floor_minor=floor)
    caps = judged.candidates.cap_minor
    wanted = np.array([row.get("wanted_minor") or cap for row, cap in zip(inputs, caps, strict=True)], dtype=np.int64)
    return offer_book.solve_at_price(
        judged.candidates, wanted, reserve_price=float(parameters["reserve_price"]), floor_minor=floor
    )


def answers(judged: Judged, money: Solution, parameters: dict[str, Any]) -> list[Answer]:
    """One answer a firm, in the order of the inputs."""
    policy = AppraisalPolicy(parameters["policy"])
    return [_answer(judged, money, row, policy=policy) for row in range(len(judged.seen))]


def evidence_frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Evidence dictionaries → a frame with the columns the feature functions read."""
    wanted = [*features.EVIDENCE, "loop_gross_year", "both_sides_net_year", "sales_red_gross", "sales_black_gross",
              "purchases_red_gross", "purchases_black_gross"]  # fmt: skip
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in wanted}, schema=dict.fromkeys(wanted, pl.Float64),
                        strict=False)  # fmt: skip


def curve_as_json(curve: ChurnCurve) -> dict[str, Any]:
    return {"rates": list(curve.rates), "churn": {letter: list(shares) for letter, shares in curve.churn.items()}}


def curve_from_json(stored: dict[str, Any]) -> ChurnCurve:
    return ChurnCurve(tuple(stored["rates"]), {letter: tuple(shares) for letter, shares in stored["churn"].items()})


def _chances(inputs: list[dict[str, Any]], parameters: dict[str, Any], columns: npt.NDArray[np.float64],
             scorable: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:  # fmt: skip
    """Labelled firms: the prediction of models that never saw them. Others: the model of all. No invoices: none."""
    model = scoring.LinearModel.from_json(parameters["scorecard"]["default"])
    pd = scoring.default_probability(model, columns)
    for i, row in enumerate(inputs):
        if row.get("cross_fitted_pd") is not None:
            pd[i] = row["cross_fitted_pd"]
    return np.where(scorable, pd, np.nan)


def _ratings(inputs: list[dict[str, Any]], parameters: dict[str, Any], columns: npt.NDArray[np.float64],
             scorable: npt.NDArray[np.bool_]) -> tuple[list[str | None], list[float | None]]:  # fmt: skip
    model = scoring.LinearModel.from_json(parameters["scorecard"]["rating"])
    chances = scoring.rating_probabilities(model, columns)
    rating: list[str | None] = []
    sure: list[float | None] = []
    for i, row in enumerate(inputs):
        best = int(np.argmax(chances[i]))
        on_file = row.get("rating")
        rating.append(on_file or (scoring.RATINGS[best] if scorable[i] else None))
        sure.append(None if on_file or not scorable[i] else float(chances[i, best]))
    return rating, sure


def _answer(judged: Judged, money: Solution, row: int, *, policy: AppraisalPolicy) -> Answer:
    limit_minor = int(money.limit_minor[row])
    approved = limit_minor > 0
    value, pd = float(judged.candidates.value[row]), float(judged.pd[row])
    output = {
        "rating": judged.rating[row],
        "pd": None if np.isnan(pd) else pd,
        "approved": approved,
        "limit_cap_minor": judged.caps[row].limit_cap_minor,
        "limit_minor": limit_minor,
        "rate": float(judged.candidates.rate[row]) if approved else None,
        "expected_profit_minor": int(money.profit_minor[row]),
        "value_per_yuan": round(value, 9) + 0.0 if np.isfinite(value) else None,
    }
    seen = judged.seen[row]
    told = [_outcome(judged, money, row, policy=policy), *_explained(judged, row, approved=approved)]
    unique = list({reason.code: reason for reason in told}.values())
    names = features.MODEL_NAMES
    plain = {name: round(seen[name], 6) + 0.0 for name in names} if output["pd"] is not None else {}
    shown = {name: seen[name] for name in ("gross_margin", "loop_share", "both_sides_share", "red_sales_amount_share",
                                           "red_purchases_amount_share")}  # fmt: skip
    return Answer(output, unique, plain, shown)


def _outcome(judged: Judged, money: Solution, row: int, *, policy: AppraisalPolicy) -> Reason:
    """The first reason: the gravest obstacle, or why the firm is approved."""
    cap, limit_minor = judged.caps[row], int(money.limit_minor[row])
    value, dual = float(judged.candidates.value[row]), money.dual_price
    wanted_minor = judged.seen[row]["wanted_minor"]
    if limit_minor > 0:
        if limit_minor >= cap.limit_cap_minor:
            return reasons.answer_reason("APPROVED_FULL", value=value, dual=dual)
        if limit_minor == wanted_minor:
            return reasons.answer_reason("APPROVED_AS_ASKED", value=value, dual=dual)
        return reasons.answer_reason("APPROVED_MARGINAL")
    if cap.reasons[0].code in ("RECORDED_DEFAULT", "NO_INVOICES"):
        return cap.reasons[0]
    rating = judged.rating[row]
    if rating in policy.ratings_refused:
        return reasons.answer_reason("RATING_REFUSED", rating=str(rating))
    floor = format_yuan(policy.floor_minor)
    if cap.limit_cap_minor < policy.floor_minor:
        return reasons.answer_reason("CAP_BELOW_MINIMUM", cap=format_yuan(cap.limit_cap_minor), floor=floor)
    if value <= 0:
        return reasons.answer_reason("RISK_ABOVE_ANY_RATE", pd=float(judged.pd[row]), value=value)
    if wanted_minor is not None and wanted_minor < policy.floor_minor:
        return reasons.answer_reason("WANTED_BELOW_MINIMUM", wanted=format_yuan(wanted_minor), floor=floor)
    return reasons.answer_reason("BUDGET_BETTER_USED", value=value, dual=dual)


def _explained(judged: Judged, row: int, *, approved: bool) -> list[Reason]:
    """Chance, rating, rate, cap and the strongest contributions."""
    pd = float(judged.pd[row])
    if np.isnan(pd):
        return list(judged.caps[row].reasons)
    letter, seen = judged.rating[row], judged.seen[row]
    told = [
        reasons.pd_reason(pd, cross_fitted=bool(seen.get("cross_fitted"))),
        reasons.rating_reason(str(letter), on_file=judged.rating_chance[row] is None, chance=judged.rating_chance[row]),
    ]
    if approved:
        rate = float(judged.candidates.rate[row])
        churn = judged.curve.churn[str(letter)][judged.curve.rates.index(rate)]
        told.append(reasons.rate_reason(rate, churn=churn, value=float(judged.candidates.value[row])))
    return [*told, *judged.caps[row].reasons, *reasons.risk_reasons(judged.columns[row], judged.shares[row])]
