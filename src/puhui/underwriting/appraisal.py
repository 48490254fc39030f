"""Appraising a load: evidence, scorecard, chances, caps, and the exact optimum for a budget; recorded firm by firm.

Rule kept: one appraisal, one transaction. The same load, terms, policy and (named) scorecard give the appraisal that is
already there. What decides is `core.appraising`, the same function that replays the record.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from django.db import connection, transaction

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.operations import record_decisions
from puhui.policy.record import BatchDraft, DecisionDraft
from puhui.underwriting import evidence, loading, models
from puhui.underwriting.core import appraising, features, offer_book, policy_table, scorecard
from puhui.underwriting.core.appraising import Answer, Judged
from puhui.underwriting.core.offer_book import Solution
from puhui.underwriting.core.policy_table import AppraisalPolicy
from puhui.underwriting.core.scorecard import Scorecard
from puhui.underwriting.loading import Progress

KIND = "underwriting.appraisal"
POLICY_NAME = "appraisal"
CURVE_POINTS = 30
FEATURES, MODEL, OPTIMISE = "计算证据 evidence", "训练模型 models", "求解额度 offer book"


@dataclass(frozen=True, slots=True)
class AppraisalTerms:
    """The lender's terms. `as_of` None: the day after the load's last invoice. `scorecard_id` uses a stored model."""

    budget_minor: int = 10_000_000_000
    lgd: Decimal = Decimal(1)
    cost_of_funds: Decimal = Decimal(0)
    as_of: date | None = None
    seed: int = 1
    scorecard_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "budget_minor": self.budget_minor, "lgd": _decimal_text(self.lgd), "seed": self.seed,
            "cost_of_funds": _decimal_text(self.cost_of_funds), "scorecard_id": self.scorecard_id,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """What one appraisal works on."""

    load: models.Load
    firms: list[models.Firm]
    terms: AppraisalTerms
    as_of: date
    policy: AppraisalPolicy


def appraise(load_id: str, *, terms: AppraisalTerms, now: datetime, progress: Progress | None = None,
             force: bool = False) -> str:  # fmt: skip
    """Appraise every firm of a load; returns the appraisal's id. Refuses unknown loads and too few labels."""
    report = progress or loading.unwatched
    with transaction.atomic():
        case = _open_case(load_id, terms)
        key = digest([case.load.content_hash, case.as_of, terms.as_json(), case.policy.as_json(),
                      features.FEATURE_VERSION, evidence.query("evidence")])  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7306))", [key])
        known = models.Appraisal.objects.filter(key=key).order_by("-appraised_at").first()
        if known and not force:
            return known.id
        return _solve_and_store(case, key=key, now=now, report=report)


def _open_case(load_id: str, terms: AppraisalTerms) -> Case:
    load = models.Load.objects.filter(id=load_id).first()
    if load is None:
        raise Refused(Refusal("LOAD_UNKNOWN", "没有这批数据 · no such load; load its folder first", load_id))
    if terms.budget_minor < 0:
        raise Refused(
            Refusal("BUDGET_NEGATIVE", "预算不能为负 · the budget cannot be negative", str(terms.budget_minor))
        )
    firms = list(models.Firm.objects.filter(load=load).order_by("id"))
    return Case(load, firms, terms, terms.as_of or day_after_last_invoice(firms), policy_table.in_force())


def day_after_last_invoice(firms: list[models.Firm]) -> date:
    """The first day on which every invoice of these firms is past."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(issued_on) FROM underwriting_invoice WHERE firm_id = ANY(%s)", [[f.id for f in firms]]
        )
        last = (cursor.fetchone() or (None,))[0]
    if last is None:
        raise Refused(Refusal("NO_INVOICES", "这批企业没有任何发票 · none of these firms has an invoice; bring sales and "
                              "purchase invoices", "sales, purchases"))  # fmt: skip
    return last + timedelta(days=1)


def _solve_and_store(case: Case, *, key: str, now: datetime, report: Progress) -> str:
    seconds: dict[str, float] = {"load": case.load.seconds}
    report(FEATURES, 0, 1)
    began = time.perf_counter()
    seen = evidence.gather([f.id for f in case.firms], as_of=case.as_of, loop_floor_minor=case.policy.loop_floor_minor)
    seconds["features"] = _since(began)
    report(FEATURES, 1, 1)
    report(MODEL, 0, 1)
    began = time.perf_counter()
    card = _scorecard(case, seen, now=now)
    inputs, parameters = _inputs(case, seen, card), _parameters(case, card)
    judged = appraising.judge(inputs, parameters)
    seconds["model"] = _since(began)
    report(MODEL, 1, 1)
    report(OPTIMISE, 0, 1)
    began = time.perf_counter()
    money = appraising.share_out(judged, inputs, parameters)
    seconds["optimise"] = _since(began)
    curve = _curve(case, judged)
    answers = appraising.answers(judged, money, parameters)
    appraisal_id = new_id("run", now=now)
    decisions = _record(case, appraisal_id, inputs, parameters, answers, now=now)
    appraisal = models.Appraisal.objects.create(
        id=appraisal_id, load=case.load, scorecard=card, key=key, as_of=case.as_of, budget_minor=case.terms.budget_minor,
        lgd=case.terms.lgd, cost_of_funds=case.terms.cost_of_funds, seed=case.terms.seed,
        policy_version=case.policy.version, dual_price=money.dual_price, parameters=parameters,
        totals=_totals(case, money, card), curve=curve, seconds=seconds, appraised_at=now,
    )  # fmt: skip
    _store_verdicts(appraisal, case, inputs, answers, decisions)
    report(OPTIMISE, 1, 1)
    return appraisal_id


def _scorecard(case: Case, seen: list[dict[str, Any]], *, now: datetime) -> models.Scorecard:
    """The named scorecard, or one fitted on the labels of this load."""
    if case.terms.scorecard_id:
        stored = models.Scorecard.objects.filter(id=case.terms.scorecard_id).first()
        if stored is None:
            raise Refused(
                Refusal("SCORECARD_UNKNOWN", "没有这个模型 · no such stored scorecard", case.terms.scorecard_id)
            )
        return stored
    firms = pl.DataFrame(
        [(f.code, f.rating, f.defaulted) for f in case.firms],
        schema={"code": pl.String, "rating": pl.String, "defaulted": pl.Int64}, orient="row",
    )  # fmt: skip
    fitted = scorecard.fit(firms, appraising.evidence_frame(seen), policy=case.policy, seed=case.terms.seed)
    found, _ = models.Scorecard.objects.get_or_create(
        digest=digest([fitted.digest, case.load.id, case.as_of]),
        defaults={"id": new_id("card", now=now), "load": case.load, "as_of": case.as_of, "content": fitted.content,
                  "fitted_at": now},
    )  # fmt: skip
    return found


def _inputs(case: Case, seen: list[dict[str, Any]], card: models.Scorecard) -> list[dict[str, Any]]:
    chances = Scorecard(card.content).cross_fitted if card.load_id == case.load.id else {}
    return [
        {"firm": firm.code, "evidence": row, "rating": firm.rating, "defaulted": firm.defaulted,
         "cross_fitted_pd": chances.get(firm.code)}
        for firm, row in zip(case.firms, seen, strict=True)
    ]  # fmt: skip


def _parameters(case: Case, card: models.Scorecard) -> dict[str, Any]:
    terms = case.terms.as_json()
    return {
        "policy": case.policy.as_json(), "scorecard": Scorecard(card.content).models, "scorecard_id": card.id,
        "churn": appraising.curve_as_json(loading.churn_of(case.load.id)),
        "lgd": terms["lgd"], "cost_of_funds": terms["cost_of_funds"], "budget_minor": case.terms.budget_minor,
    }  # fmt: skip


def _curve(case: Case, judged: Judged) -> list[dict[str, float | int]]:
    floor = case.policy.floor_minor
    budgets = offer_book.budgets_for_curve(
        judged.candidates, budget_minor=case.terms.budget_minor, floor_minor=floor, points=CURVE_POINTS
    )
    return offer_book.profit_curve(judged.candidates, budgets, floor_minor=floor)


def _record(case: Case, appraisal_id: str, inputs: list[dict[str, Any]], parameters: dict[str, Any],
            answers: list[Answer], *, now: datetime) -> list[str]:  # fmt: skip
    drafts = [
        DecisionDraft(f"firm:{row['firm']}", row, answer.output, [reason.as_json() for reason in answer.reasons])
        for row, answer in zip(inputs, answers, strict=True)
    ]
    batch = BatchDraft(KIND, POLICY_NAME, case.policy.version, parameters, case.as_of)
    return record_decisions(batch, drafts, now=now, batch_id=appraisal_id)[1]


def _store_verdicts(appraisal: models.Appraisal, case: Case, inputs: list[dict[str, Any]], answers: list[Answer],
                    decisions: list[str]) -> None:  # fmt: skip
    rows = zip(case.firms, inputs, answers, decisions, strict=True)
    models.Verdict.objects.bulk_create([
        models.Verdict(
            appraisal=appraisal, firm=firm, decision_id=decision, pd=answer.output["pd"], rating=answer.output["rating"],
            rating_on_file=firm.rating is not None, approved=answer.output["approved"],
            limit_cap_minor=answer.output["limit_cap_minor"], limit_minor=answer.output["limit_minor"],
            annual_rate=answer.output["rate"], expected_profit_minor=answer.output["expected_profit_minor"],
            value_per_yuan=answer.output["value_per_yuan"], evidence=row["evidence"], features=answer.features,
            shown=answer.shown, reasons=[reason.as_json() for reason in answer.reasons],
        )
        for firm, row, answer, decision in rows
    ], batch_size=500)  # fmt: skip


def _totals(case: Case, money: Solution, card: models.Scorecard) -> dict[str, Any]:
    return {
        "budget_minor": case.terms.budget_minor, "expected_profit_minor": money.total_minor,
        "lent_minor": money.lent_minor, "dual_price": money.dual_price,
        "dual_price_set_held": money.dual_price_set_held, "firms": len(case.firms),
        "approved": int((money.limit_minor > 0).sum()), "checks": Scorecard(card.content).checks,
        "caution": card.content["caution"],
    }  # fmt: skip


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 3)


def _decimal_text(value: Decimal) -> str:
    """1, 1.0 and 1.00 are the same terms.

    >>> _decimal_text(Decimal("1.00")), _decimal_text(Decimal("0.050"))
    ('1', '0.05')
    """
    return f"{value.normalize():f}"
