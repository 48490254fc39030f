"""Assessments on record with what became known of each by a time: what models are trained, judged and watched on.

Rule kept: signals are as they were stored when the application came; of the labels the latest known by `known_by` counts; an
application without a label counts as honest.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from puhui.antifraud import models


@dataclass(frozen=True, slots=True)
class Labelled:
    """In the order in which they came. `recorded` says when each was assessed."""

    rows: list[dict[str, Any]]
    fraud: list[bool]
    recorded: list[datetime]


def latest(most: int, *, known_by: datetime) -> Labelled:
    """The latest so many that were assessed by then."""
    return _read(models.Assessment.objects.filter(recorded_at__lte=known_by), most, known_by)


def between(since: datetime, until: datetime, *, known_by: datetime, most: int) -> Labelled:
    """Those that applied in [since, until), the latest so many."""
    return _read(models.Assessment.objects.filter(applied_at__gte=since, applied_at__lt=until), most, known_by)


def _read(rows: Any, most: int, known_by: datetime) -> Labelled:
    found = list(rows.order_by("-id").values_list("application_key", "signals", "recorded_at")[:most])[::-1]
    known: dict[str, bool] = {}
    labels = models.Label.objects.filter(known_at__lte=known_by).order_by("known_at", "id")
    for name, fraud in labels.values_list("application_key", "fraud"):
        known[name] = fraud
    names = [name for name, *_ in found]
    return Labelled(
        [seen for _, seen, _ in found], [known.get(name, False) for name in names], [at for *_, at in found]
    )
