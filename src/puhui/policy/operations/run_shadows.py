"""Shadows look at what was decided since they last looked; an applicant never waits for one (decision 0092).

Rules kept: a shadow sees the recorded inputs and nothing newer, answers for its share, stands in the same chain with the time
of the decision that it watched, and is never acted on. One that fails raises an alert, once a look, and looks no further back.
"""

import time
from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby

from puhui.policy import models, versions
from puhui.policy.core.experiment import SHADOW
from puhui.policy.operations.deciding import (
    KIND_PREFIX,
    Application,
    Run,
    Side,
    evaluated,
    inside,
    raise_alert,
    written,
)
from puhui.store.undivided import undivided

_A_LOOK = 5_000  # decisions taken at once: one hand-over to the model for all of them


def run_shadows(*, now: datetime, kind: str | None = None) -> int:
    """Every shadow catches up; answers how many decisions were watched. Safe to run twice: a look is remembered."""
    watched = 0
    for experiment in _watching(kind):
        while found := _look(experiment.pk, now=now):
            watched += found
    return watched


def _watching(kind: str | None) -> list[models.Experiment]:
    """Shadows, and those that ended since they last looked."""
    rows = models.Experiment.objects.filter(mode=SHADOW, progress__done=False).order_by("starts_at")
    return list(rows.filter(rulebook_id=kind) if kind else rows)


@undivided
def _look(experiment_id: str, *, now: datetime) -> int:
    """The next decisions after the last look, in the order of the chain; how many they were."""
    progress = models.ShadowProgress.objects.select_for_update().get(experiment_id=experiment_id)
    experiment = models.Experiment.objects.select_related("version", "stop").get(id=experiment_id)
    until = min(filter(None, (now, experiment.ends_at, _stopped_at(experiment))))
    rows = list(
        models.Decision.objects.filter(
            sequence__gt=progress.upto_sequence, batch__kind=KIND_PREFIX + experiment.rulebook_id
        ).select_related("batch").order_by("sequence")[:_A_LOOK]
    )  # fmt: skip
    if rows:
        progress.upto_sequence = rows[-1].sequence
    progress.done = len(rows) < _A_LOOK and until < now
    progress.save()
    mine = [row for row in rows if row.batch.decided_at < until or until == now]
    for day, same in _by_day(mine):
        _watch(experiment, day, same, now=now)
    return len(rows)


def _watch(experiment: models.Experiment, day: date, rows: list[models.Decision], *, now: datetime) -> None:
    """All of a business day at once; recorded batch by batch, so that each stands beside the decision it watched."""
    asked = [Application(row.subject, row.inputs) for row in rows]
    chosen = [(row, one) for row, one, is_in in zip(rows, asked, inside(experiment, asked), strict=True) if is_in]
    if not chosen:
        return
    side, began = Side(versions.view_of(experiment.version), SHADOW, experiment.id), time.perf_counter()
    try:
        decided = evaluated(versions.policy_of(side.view.content_hash), [one.inputs for _, one in chosen], day)
    except Exception as fault:
        raise_alert(side, fault, now)
        return
    answers = list(zip(decided.outputs(), decided.reasons(), strict=True))
    each = int((time.perf_counter() - began) * 1_000_000) // len(chosen)
    place = 0
    for _, same in groupby(chosen, key=lambda pair: pair[0].batch_id):
        listed = list(same)
        told, place = answers[place : place + len(listed)], place + len(listed)
        run = Run(day, listed[0][0].batch.decided_at, frozenset())
        written(side, [one for _, one in listed], told, run, elapsed_microseconds=each * len(listed))


def _by_day(rows: list[models.Decision]) -> Iterator[tuple[date, list[models.Decision]]]:
    for day, same in groupby(rows, key=lambda row: row.batch.as_of):
        yield day, list(same)


def _stopped_at(experiment: models.Experiment) -> datetime | None:
    stop = getattr(experiment, "stop", None)
    return stop.stopped_at if stop is not None else None
