"""Front door, reads: loads, appraisals, the offer book, one firm's evidence, what-if budgets, applications, offers.

Rule kept: queries store nothing and hand out values (views.py), never rows.
"""

import time
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Q

from puhui.store import prepared
from puhui.underwriting import credit_rules, models, owner_evidence, portfolio_plan, questionnaires
from puhui.underwriting.core import appraising, coefficients, evidence_item, features, offer_book, revenue
from puhui.underwriting.core.findings import Finding
from puhui.underwriting.core.policy_table import AppraisalPolicy
from puhui.underwriting.credit_rules import RulesSaid
from puhui.underwriting.evidence import query
from puhui.underwriting.owner_evidence import Brought
from puhui.underwriting.portfolio_plan import Plan, PlanAsked
from puhui.underwriting.questionnaires import SavedAnswers
from puhui.underwriting.standing import standing
from puhui.underwriting.views import (
    ApplicationView,
    AppraisalOutcome,
    AppraisalView,
    EvidenceLine,
    EvidenceShown,
    FairnessView,
    FirmPage,
    LoadView,
    OfferBookPage,
    OfferView,
    Resolved,
    VerdictView,
)

PAGE_SIZE = 50
_STAGES = ("load", "features", "model", "optimise")
_ORDERS = ("firm_id", "-expected_profit_minor", "-limit_minor", "pd", "-pd", "rating", "annual_rate")


class AppraisalUnknown(LookupError):
    """No appraisal with this id is stored."""


class FirmUnknown(LookupError):
    """This load has no firm with this code."""


class ApplicationUnknown(LookupError):
    """No application with this id is on file."""


class OfferUnknown(LookupError):
    """No offer with this id was made."""


def loads() -> list[LoadView]:
    """Folders loaded, latest first."""
    rows = models.Load.objects.filter(kind="folder").order_by("-loaded_at", "-id")
    return [LoadView(r.id, r.name, r.kind, r.origin, r.counts, r.loaded_at) for r in rows]


def load(load_id: str) -> LoadView | None:
    row = models.Load.objects.filter(id=load_id).first()
    return LoadView(row.id, row.name, row.kind, row.origin, row.counts, row.loaded_at) if row else None


def findings(load_id: str, *, severity: str | None = None) -> list[Finding]:
    """What a load left out (rejected, duplicate) or warned of, as listed."""
    rows = models.Rejection.objects.filter(load_id=load_id, **({"severity": severity} if severity else {})).order_by(
        "id"
    )
    return [Finding(r.file, r.row, r.column, r.value, r.reason, r.severity) for r in rows]


def standing_appraisal() -> AppraisalView | None:
    """The appraisal that applicants are judged by and the console shows first."""
    row = standing()
    return _appraisal_view(row) if row else None


def appraisal(appraisal_id: str) -> AppraisalView:
    return _appraisal_view(_appraisal(appraisal_id))


def appraisals() -> list[AppraisalView]:
    """All appraisals, latest first."""
    rows = models.Appraisal.objects.select_related("load").order_by("-appraised_at", "-id")
    return [_appraisal_view(row) for row in rows]


def outcome(appraisal_id: str) -> AppraisalOutcome:
    """An appraisal with every verdict, in the order of the load's firms."""
    row = _appraisal(appraisal_id)
    verdicts = models.Verdict.objects.filter(appraisal=row).select_related("firm").order_by("firm_id")
    return AppraisalOutcome(row.id, row.load_id, _appraisal_view(row), [_verdict_view(v) for v in verdicts])


def offer_book_rows(appraisal_id: str, *, page: int = 1, text: str = "", approved: bool | None = None,
                    rating: str = "", order: str = "firm_id") -> OfferBookPage:  # fmt: skip
    """Verdicts of an appraisal in pages of 50, searched by code or name. `order`: one of firm_id, -expected_profit_minor, …"""
    found = models.Verdict.objects.filter(appraisal_id=appraisal_id).select_related("firm")
    if text:
        found = found.filter(
            Q(firm__code__iexact=text) | Q(firm__code__istartswith=text) | Q(firm__name__icontains=text)
        )
    if approved is not None:
        found = found.filter(approved=approved)
    if rating:
        found = found.filter(rating=rating)
    total = found.count()
    pages = max(-(-total // PAGE_SIZE), 1)
    page = min(max(page, 1), pages)
    ordered = found.order_by(order if order in _ORDERS else "firm_id", "firm_id")[
        (page - 1) * PAGE_SIZE : page * PAGE_SIZE
    ]
    return OfferBookPage([_verdict_view(v) for v in ordered], total, page, pages)


def firm_page(load_id: str, code: str, *, appraisal_id: str | None = None) -> FirmPage:
    """One firm with the verdict of the named (or the load's latest) appraisal. Raises FirmUnknown."""
    firm = _firm(load_id, code)
    found = models.Verdict.objects.filter(firm=firm).select_related("firm", "appraisal")
    if appraisal_id:
        found = found.filter(appraisal_id=appraisal_id)
    verdict = found.order_by("-appraisal__appraised_at", "-id").first()
    return FirmPage(
        load_id, firm.load.origin, firm.id, firm.code, firm.name, firm.rating, firm.defaulted,
        verdict.appraisal.as_of if verdict else None, _verdict_view(verdict) if verdict else None,
        verdict.evidence if verdict else {}, _worded(verdict.features) if verdict else [],
        verdict.shown if verdict else {},
    )  # fmt: skip


def firm_codes(load_id: str) -> list[tuple[str, str]]:
    """(code, name) of every firm of a load."""
    return list(models.Firm.objects.filter(load_id=load_id).order_by("id").values_list("code", "name"))


def monthly_flows(load_id: str, code: str, *, as_of: date | None = None) -> list[dict[str, Any]]:
    """One row a calendar month, empty months as zeros: month (first day), sales_minor, purchases_minor, red_sales_minor
    (≤ 0), sales_count, purchases_count, void_count, buyers, suppliers. Net of tax; valid invoices but for void_count."""
    return _rows(query("monthly_flows"), {"firm_id": _firm(load_id, code).id, "as_of": as_of})


def top_counterparties(load_id: str, code: str, *, direction: str, most: int = 10,
                       as_of: date | None = None) -> list[dict[str, Any]]:  # fmt: skip
    """The largest buyers (direction sale) or suppliers (purchase) of the last 12 anchored months: counterparty,
    net_minor, share, invoices, first_on, last_on."""
    asked = {"firm_id": _firm(load_id, code).id, "direction": direction, "most": most, "as_of": as_of}
    return _rows(query("top_counterparties"), asked)


def invoices(load_id: str, code: str, *, page: int = 1, size: int = 100) -> tuple[list[dict[str, Any]], int]:
    """A firm's invoices, latest first, and how many there are."""
    found = models.Invoice.objects.filter(firm_id=_firm(load_id, code).id)
    rows = found.order_by("-issued_on", "-line")[(page - 1) * size : page * size]
    names = ("direction", "number", "issued_on", "counterparty", "net_minor", "tax_minor", "gross_minor", "valid")
    return list(rows.values(*names)), found.count()


def profit_curve(appraisal_id: str) -> list[dict[str, Any]]:
    """Points {budget_minor, expected_profit_minor, lent_minor, approved, dual_price}, by budget."""
    return list(_appraisal(appraisal_id).curve)


def resolve(appraisal_id: str, budget_minor: int) -> Resolved:
    """Solve again at another budget from the stored chances and caps; stores nothing."""
    began = time.perf_counter()
    row = _appraisal(appraisal_id)
    names = ("firm__code", "pd", "rating", "limit_cap_minor")
    seen = list(models.Verdict.objects.filter(appraisal=row).order_by("firm_id").values_list(*names))
    policy, given = AppraisalPolicy(row.parameters["policy"]), row.parameters
    pd = np.array([np.nan if r[1] is None else r[1] for r in seen], dtype=np.float64)
    letters = ["" if r[2] is None or r[2] in policy.ratings_refused else r[2] for r in seen]
    curve = appraising.curve_from_json(given["churn"])
    value, rate = offer_book.price(
        pd, letters, curve, lgd=Decimal(given["lgd"]), cost_of_funds=Decimal(given["cost_of_funds"])
    )
    firms = offer_book.Candidates(value, rate, np.array([r[3] for r in seen], dtype=np.int64))
    found = offer_book.solve(firms, budget_minor=max(budget_minor, 0), floor_minor=policy.floor_minor)
    limits = {
        seen[i][0]: (int(found.limit_minor[i]), float(rate[i]), int(found.profit_minor[i]))
        for i in np.flatnonzero(found.limit_minor > 0)
    }
    return Resolved(row.id, budget_minor, found.total_minor, found.lent_minor, len(limits), found.dual_price, limits,
                    round(time.perf_counter() - began, 4))  # fmt: skip


def fairness_reports() -> list[FairnessView]:
    """Kept fairness reports, latest first."""
    rows = models.FairnessReport.objects.order_by("-computed_at", "-id")
    return [FairnessView(row.id, row.appraisal_id, row.content, row.asked_by, row.computed_at) for row in rows]


def plan(appraisal_id: str, asked: PlanAsked) -> Plan:
    """The book again under more than a budget, beside three baselines; stores nothing."""
    return portfolio_plan.plan(_appraisal(appraisal_id), asked)


def application(application_id: str) -> ApplicationView:
    """Raises ApplicationUnknown."""
    row = models.Application.objects.select_related("firm", "offer").filter(id=application_id).first()
    if row is None:
        raise ApplicationUnknown(application_id)
    return _application_view(row)


def evidence_of_shop(shop_id: str, *, as_of: date, known_at: datetime) -> list[dict[str, Any]]:
    """Items of small owners as visible then: {id, kind, source, grade, observed_from, observed_to, values}, oldest first."""
    return owner_evidence.gather([shop_id], as_of=as_of, known_at=known_at)[shop_id]


def evidence_shown(application_id: str) -> EvidenceShown:
    """An application's evidence for staff, newest first, with its answer. Raises ApplicationUnknown."""
    of = application(application_id)
    rows = (
        models.EvidenceItem.objects.filter(shop_id=of.shop_id).select_related("replaced_by").prefetch_related("signals")
    )
    answer = models.Application.objects.values_list("answer", flat=True).get(id=application_id) or {}
    return EvidenceShown(of, [_evidence_line(row) for row in rows.order_by("-recorded_at", "-id")], answer)


def evidence_brought(shop_id: str, *, now: datetime) -> Brought:
    """What the shop has brought by now, as a decision of today sees it."""
    return owner_evidence.brought(shop_id, as_of=now.astimezone(owner_evidence.ZONE).date(), known_at=now)


def evidence_signals(brought: Brought) -> tuple[dict[str, float], date | None]:
    """What anti-fraud should hear of a shop's evidence: `plot_overlap` (the worst IoU with another owner's field) and
    `evidence_disagreement` (the Birge ratio of its sources), and the day they are as of. Nothing where nothing was brought."""
    day, items = brought.as_of, brought.items
    if not items:
        return {}, None
    seen = {}
    if any("boundary" in item["values"] for item in items):
        overlaps = models.EvidenceSignal.objects.filter(item__shop_id=brought.shop_id, code=owner_evidence.PLOT_OVERLAP)
        seen["plot_overlap"] = max(overlaps.values_list("value", flat=True), default=0.0)
    sold = revenue.estimate([items], coefficients.in_force(day), as_of=day)
    if len(sold.sources) > 1:
        seen["evidence_disagreement"] = round(float(sold.birge[0]), 6)
    return seen, day


def saved_answers(owner_index: bytes, *, now: datetime) -> SavedAnswers | None:
    """What an owner saved on the way to an application, unless its days have passed."""
    return questionnaires.saved_answers(owner_index, now=now)


def document(content_hash: str) -> tuple[bytes, str] | None:
    """A kept photo or paper with its media type."""
    return questionnaires.document(content_hash)


def applications_of_shop(shop_id: str) -> list[ApplicationView]:
    """A shop's applications, latest first."""
    rows = models.Application.objects.select_related("firm", "offer").filter(shop_id=shop_id)
    return [_application_view(row) for row in rows.order_by("-submitted_at", "-id")]


def applications(
    *, state: str = "", entrance: str = "", page: int = 1, size: int = 50
) -> tuple[list[ApplicationView], int]:
    """Applications, latest first, and how many there are."""
    found = models.Application.objects.select_related("firm", "offer")
    found = found.filter(state=state) if state else found
    found = found.filter(entrance=entrance) if entrance else found
    rows = found.order_by("-submitted_at", "-id")[(page - 1) * size : page * size]
    return [_application_view(row) for row in rows], found.count()


def held_by_rules(*, most: int = 200) -> list[tuple[ApplicationView, RulesSaid]]:
    """Applications that wait because the credit rules want a person to look, newest first, with what the rules said."""
    waiting = models.Application.objects.select_related("firm", "offer").filter(state="submitted")
    rows = {row.id: row for row in waiting.order_by("-submitted_at", "-id")[:most]}
    said = credit_rules.held(list(rows))
    return [(_application_view(row), said[row.id]) for row in rows.values() if row.id in said]


def rules_holding(application_id: str) -> RulesSaid | None:
    """What the credit rules said of a submitted application, where it was that a person must look; else None."""
    return credit_rules.held([application_id]).get(application_id)


def offer(offer_id: str) -> OfferView:
    """Raises OfferUnknown."""
    row = prepared.one(models.Offer, "id = %s", [offer_id])
    of = prepared.one(models.Application, "id = %s", [row.application_id]) if row is not None else None
    if row is None or of is None:
        raise OfferUnknown(offer_id)
    row.application = of
    return _offer_view(row)


def offers_of_shop(shop_id: str) -> list[OfferView]:
    """A shop's offers, latest first."""
    rows = models.Offer.objects.select_related("application").filter(application__shop_id=shop_id)
    return [_offer_view(row) for row in rows.order_by("-made_at", "-id")]


def _appraisal(appraisal_id: str) -> models.Appraisal:
    row = models.Appraisal.objects.select_related("load").filter(id=appraisal_id).first()
    if row is None:
        raise AppraisalUnknown(appraisal_id)
    return row


def _firm(load_id: str, code: str) -> models.Firm:
    firm = models.Firm.objects.select_related("load").filter(load_id=load_id, code=code).first()
    if firm is None:
        raise FirmUnknown(f"{load_id}/{code}")
    return firm


def _appraisal_view(row: models.Appraisal) -> AppraisalView:
    totals = row.totals
    return AppraisalView(
        row.id, row.load_id, row.load.origin, row.as_of, row.budget_minor, row.lgd, row.cost_of_funds, row.policy_version,
        row.scorecard_id, totals["expected_profit_minor"], totals["lent_minor"], row.dual_price,
        totals["dual_price_set_held"], totals["firms"], totals["approved"], totals["checks"], totals["caution"]["zh"],
        totals["caution"]["en"], {name: row.seconds[name] for name in _STAGES}, row.appraised_at,
    )  # fmt: skip


def _verdict_view(row: models.Verdict) -> VerdictView:
    return VerdictView(
        row.firm.code, row.firm.name, row.rating, row.rating_on_file, row.firm.defaulted, row.pd, row.approved,
        row.limit_cap_minor, row.limit_minor, row.annual_rate, row.expected_profit_minor, row.value_per_yuan,
        row.reasons, row.decision_id, row.appraisal_id,
    )  # fmt: skip


def _application_view(row: models.Application) -> ApplicationView:
    answer = row.answer or {}
    made = getattr(row, "offer", None)
    names = ("move", "state_before", "state_after", "moved_at")
    return ApplicationView(
        row.id, row.entrance, row.person_id, row.shop_id, row.partner_ref, row.firm.load_id if row.firm else None,
        row.firm.code if row.firm else None, row.requested_minor, row.months, row.state, row.submitted_at,
        row.decision_id, answer.get("approved"), answer.get("limit_minor", 0), answer.get("rating"),
        answer.get("reasons", []), made.id if made else "", row.loan_id, list(row.moves.order_by("id").values(*names)),
        row.segment, row.purpose, row.id_expires_on, row.place,
    )  # fmt: skip


def _offer_view(row: models.Offer) -> OfferView:
    of = row.application
    return OfferView(
        row.id, of.id, row.decision_id, of.person_id, of.shop_id, (of.answer or {}).get("rating"), row.limit_minor,
        row.annual_rate, row.months, row.state, row.made_at, row.valid_until, row.disclosure_hash,
    )  # fmt: skip


def _evidence_line(row: models.EvidenceItem) -> EvidenceLine:
    kind, sources = evidence_item.KINDS[row.kind], coefficients.sources()
    replaced = hasattr(row, "replaced_by")
    return EvidenceLine(
        row.id, row.kind, (kind.zh, kind.en), (sources[row.source]["zh"], sources[row.source]["en"]), row.grade,
        row.observed_from, row.observed_to, row.values, row.document_hash, row.verified_by, row.recorded_at, replaced,
        not replaced and row.grade > sources["staff_visit"]["grade"], [(s.code, s.value) for s in row.signals.all()],
    )  # fmt: skip


def _worded(stored: dict[str, float]) -> list[dict[str, Any]]:
    """Model features with their words: {name, zh, en, value, shown}."""
    return [
        {
            "name": f.name,
            "zh": f.zh,
            "en": f.en,
            "value": stored[f.name],
            "shown": features.plain_value(f, stored[f.name]),
        }
        for f in features.MODEL_FEATURES
        if f.name in stored
    ]


def _rows(statement: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
