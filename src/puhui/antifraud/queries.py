"""Front door, reads: the assessment of an application, the review queue, and what each rule caught."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from puhui.antifraud import models
from puhui.antifraud.core import rulebook
from puhui.antifraud.core.assessment import Assessment


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


def _rows() -> QuerySet[models.Assessment]:
    return models.Assessment.objects.prefetch_related("hits")
