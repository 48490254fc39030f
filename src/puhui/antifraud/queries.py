"""Front door, reads: the assessment of an application, the review queue, and what each rule caught."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from puhui.antifraud import live_scoring, models
from puhui.antifraud.core import rulebook, trades, velocity
from puhui.antifraud.core.assessment import Assessment
from puhui.antifraud.core.entity_kind import KINDS

_RING = (
    "ring_people",
    "ring_people_7d",
    "ring_people_30d",
    "ring_speed",
    "people_1hop",
    "people_2hop",
    "bad_2hop",
    "fraud_distance",
    "ring_amount_minor",
)


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule of the present rulebook hit."""

    code: str
    text_zh: str
    text_en: str
    outcome: str
    hits: int


def assessment_of(application_key: str) -> Assessment | None:
    """The latest assessment of the application, or None when it was never assessed."""
    row = _rows().filter(application_key=application_key).order_by("-id").first()
    return row.as_value() if row else None


def assessments_of(application_key: str) -> list[Assessment]:
    """All its assessments, oldest first (facts may have changed between them)."""
    return [row.as_value() for row in _rows().filter(application_key=application_key).order_by("id")]


def assessed(application_keys: Sequence[str]) -> set[str]:
    """Which of these applications were ever assessed."""
    rows = models.Assessment.objects.filter(application_key__in=application_keys)
    return set(rows.values_list("application_key", flat=True))


def trades_a_side() -> int:
    """How many buyers, and how many suppliers, of an application join the graph."""
    return int(trades.terms()["side_most"])


def led(source: str, application_keys: Sequence[str]) -> set[str]:
    """Which of these applications are a lead of this source already."""
    rows = models.Lead.objects.filter(source=source, application_key__in=application_keys)
    return set(rows.values_list("application_key", flat=True))


def waiting_for_review(*, limit: int = 200) -> list[Assessment]:
    """Assessments whose answer was review or step-up, newest first. There is no case-keeping yet (issue 5)."""
    rows = _rows().filter(outcome__in=["review", "step_up"]).order_by("-id")[:limit]
    return [row.as_value() for row in rows]


def hits_by_rule(since: datetime, until: datetime) -> list[RuleCount]:
    """Every rule of the present rulebook with its hits among applications of [since, until); silent rules show 0."""
    inside = Q(assessment__applied_at__gte=since, assessment__applied_at__lt=until)
    counted = dict(models.Hit.objects.filter(inside).values_list("code").annotate(Count("id")))
    return [
        RuleCount(rule.code, rule.text_zh, rule.text_en, rule.outcome, counted.get(rule.code, 0))
        for rule in rulebook.default_rulebook().rules
    ]


def answer_told(answer: Assessment) -> dict[str, Any]:
    """An assessment as partners and the command line are told it, with what stands around it in the graph."""
    reasons = [
        {"code": hit.code, "text_zh": hit.text_zh, "text_en": hit.text_en}
        for hit in answer.hits
        if hit.outcome != "pass" or hit.action not in ("", "observe")
    ]
    return {
        "application_id": answer.application_key,
        "outcome": answer.strategy or answer.outcome,
        "score": answer.score,
        "scored_by": answer.scored_by,
        "hits": [
            {
                "code": hit.code,
                "outcome": hit.outcome,
                "severity": hit.severity,
                "action": hit.action,
                "evidence": hit.evidence,
            }
            for hit in answer.hits
        ],
        "reasons": reasons + [{"code": "MODEL_SIGNAL"} | reason for reason in model_reasons(answer)],
        "conditions": answer.conditions,
        "entities": entities_of(answer),
        "ring": {name: answer.signals.get(name) for name in _RING},
        "unknown": list(answer.unknown),
        "rulebook": answer.rulebook,
    }


def model_reasons(answer: Assessment) -> list[dict[str, Any]]:
    """What raised the model's score most, where a model gave it."""
    if answer.scored_by in ("", rulebook.SCORED_BY_RULES):
        return []
    return live_scoring.scorer(answer.scored_by).reasons([answer.signals])[0]


def entities_of(answer: Assessment) -> list[dict[str, Any]]:
    """The entities that the application brought: kind, masked text, and how many people share it in its longest window."""
    arrival = models.Arrival.objects.filter(position=answer.position or answer.id).values(*KINDS).first() or {}
    keys = {key: kind for kind, key in arrival.items() if key is not None}
    shown = dict(models.Entity.objects.filter(key__in=list(keys)).values_list("key", "shown"))
    people = {feature.by: name for name, feature in velocity.FEATURES.items() if name.startswith("people_")}
    return [
        {"kind": kind, "shown": shown.get(key, "****"), "people": answer.signals.get(people.get(kind, "")),
         "strong": KINDS[kind].strong}
        for key, kind in keys.items()
    ]  # fmt: skip


def fraud_models() -> list[dict[str, Any]]:
    """Every model, newest first, without its trees."""
    names = ("id", "state", "measures", "trained_at", "trained_by", "approved_by")
    return [dict(row) for row in models.FraudModel.objects.order_by("-trained_at", "-id").values(*names)]


def model_days() -> dict[str, dict[str, Any]]:
    """{model's id: its latest day}: figures, details, version of the table."""
    rows = models.FraudModelDay.objects.order_by("model_id", "-day").distinct("model_id")
    names = ("day", "figures", "details", "policy_version")
    return {row.model_id: {name: getattr(row, name) for name in names} for row in rows}


def open_model_alerts() -> list[dict[str, Any]]:
    """Alerts of fraud models that nobody has seen yet, the gravest and newest first."""
    rows = models.FraudModelAlert.objects.filter(seen_by="").order_by("level", "-id")  # act stands before watch
    names = ("id", "level", "message", "raised_at", "model_day__day", "model_day__model_id")
    return [
        {"alert_id": row["id"], "level": row["level"], "message": row["message"], "raised_at": row["raised_at"],
         "day": row["model_day__day"], "model_id": row["model_day__model_id"]}
        for row in rows.values(*names)[:100]
    ]  # fmt: skip


def open_appeals() -> list[dict[str, Any]]:
    """Appeals that wait for an answer, the most urgent first."""
    return [dict(row) for row in models.Appeal.objects.filter(state="open").order_by("due_at").values()[:100]]


def appeal_of(application_key: str) -> dict[str, Any] | None:
    """The latest appeal about an application: state, answer, until when it is answered."""
    rows = models.Appeal.objects.filter(application_key=application_key).order_by("-id")
    found = rows.values("state", "answer", "due_at").first()
    return None if found is None else dict(found)


def may_tell(application_key: str) -> bool:
    """May the applicant be told why? Not while a case of theirs is under the tipping-off lock."""
    locked = Q(case__tipping_off=True) | Q(case__merged_into__tipping_off=True)
    return not models.Lead.objects.filter(locked, application_key=application_key).exists()


def _rows() -> QuerySet[models.Assessment]:
    return models.Assessment.objects.prefetch_related("hits")
