"""Decide applications of a kind by the version that is live, with its challenger; every answer is recorded.

Rules kept: one applicant is a batch of one. A challenger that fails leaves its subjects to the champion, a shadow that fails
leaves no trace but an alert; neither ever costs an applicant an answer. What a shadow says is recorded and never acted on.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import models, scorers, versions
from puhui.policy.core.experiment import CHALLENGER, CHAMPION, SHADOW, arms
from puhui.policy.core.policy_text import Decided, Policy
from puhui.policy.operations.record_decisions import Drafted, drafted, record_drafted
from puhui.policy.operations.start_experiment import check_guardrails, running
from puhui.policy.record import BatchDraft, DecisionDraft
from puhui.policy.versions import AtWork, VersionView
from puhui.store.undivided import undivided

KIND_PREFIX, SHADOW_PREFIX = "policy.", "shadow."
Told = tuple[dict[str, Any], list[dict[str, Any]]]  # output and reasons


@dataclass(frozen=True, slots=True)
class Application:
    """What is to be decided: whose, and the inputs by column name (JSON values; a name left out is missing)."""

    subject: str
    inputs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """`outcome` is pass, step_up, review or refuse; `output` and `reasons` are as recorded under `decision_id`."""

    decision_id: str
    outcome: str
    limit_minor: int
    rate_bps: int | None
    output: dict[str, Any]
    reasons: list[dict[str, Any]]
    version: str
    arm: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Side:
    """A version in one arm, with the experiment that put it there."""

    view: VersionView
    arm: str
    experiment_id: str


@dataclass(frozen=True, slots=True)
class Run:
    """What one call has in common; `decimals` are the columns that any version at hand holds as decimals.

    `later` takes what is to be recorded, for a caller that records it with what it decides on it; None: it is recorded at once.
    """

    on: date
    now: datetime
    decimals: frozenset[str]
    later: list[Drafted] | None = None


@undivided
def decide(
    kind: str,
    applications: Sequence[Application],
    *,
    on: date,
    now: datetime,
    live: AtWork | None = None,
    later: list[Drafted] | None = None,
) -> list[Answer]:
    """The answers in the order given. `on` is the business date by which rules are in force; `live` what is at work, where it is at hand.

    A caller that gives `later` finds in it what it must put on record (`record_drafted`) before its own operation ends: the chain is
    then held for one step, not while the caller goes on working. Beside a challenger all is recorded here, since its guard-rails count it.
    """
    champion = Side(live.view if live else versions.live(kind, now), CHAMPION, "")
    under_way = running(kind, now) if live is None or live.challenged else []
    challenger = next((each for each in under_way if each.mode == CHALLENGER), None)
    sides = [champion] * len(applications)
    if challenger is not None:
        champion = Side(champion.view, CHAMPION, challenger.id)
        other = Side(versions.by_id(challenger.version_id), CHALLENGER, challenger.id)
        sides = [other if inside else champion for inside in inside(challenger, applications)]
    decimals = _check_inputs(applications, [champion, *dict.fromkeys(sides)])
    run = Run(on, now, decimals, later if challenger is None else None)
    answers: dict[int, Answer] = {}
    for side in dict.fromkeys(sides):
        places = [place for place, each in enumerate(sides) if each == side]
        told = _by(side, champion, [applications[place] for place in places], run)
        answers |= dict(zip(places, told, strict=True))
    if challenger is not None:
        check_guardrails(now=now, kind=kind)
    return [answers[place] for place in range(len(applications))]


def replay_batch(inputs: list[dict[str, Any]], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Decide a recorded batch again, by the version that decided it."""
    policy = versions.policy_of(parameters["content_hash"])
    return evaluated(policy, inputs, date.fromisoformat(parameters["on"])).outputs()


def inside(experiment: models.Experiment, applications: Sequence[Application]) -> list[bool]:
    """Who falls into the experiment's share."""
    found = arms([each.subject for each in applications], salt=experiment.salt, share_buckets=experiment.share_buckets)
    return [arm == CHALLENGER for arm in found]


def _by(side: Side, champion: Side, batch: list[Application], run: Run) -> list[Answer]:
    if side.arm == CHAMPION:
        return _recorded(side, batch, run)
    try:
        decided = evaluated(versions.policy_of(side.view.content_hash), [each.inputs for each in batch], run.on)
    except Exception as fault:
        raise_alert(side, fault, run.now)
        return _recorded(champion, batch, run)
    return _recorded(side, batch, run, decided)


def _recorded(side: Side, batch: list[Application], run: Run, decided: Decided | None = None) -> list[Answer]:
    began = time.perf_counter()
    decided = decided or evaluated(versions.policy_of(side.view.content_hash), [each.inputs for each in batch], run.on)
    told = list(zip(decided.outputs(), decided.reasons(), strict=True))
    elapsed = int((time.perf_counter() - began) * 1_000_000)
    return written(side, batch, told, run, elapsed_microseconds=elapsed)


def evaluated(policy: Policy, inputs: list[dict[str, Any]], on: date) -> Decided:
    return policy.decide(policy.columns.frame(inputs), on=on, scorer=scorers.find(policy.scorer))


def written(
    side: Side, batch: list[Application], told: list[Told], run: Run, *, elapsed_microseconds: int
) -> list[Answer]:
    """Put answers (output and reasons each) on record."""
    view = side.view
    prefix = SHADOW_PREFIX if side.arm == SHADOW else KIND_PREFIX
    parameters = {"version_id": view.version_id, "content_hash": view.content_hash, "arm": side.arm,
                  "experiment_id": side.experiment_id or None, "on": run.on.isoformat(), "scorer": versions.policy_of(view.content_hash).scorer}  # fmt: skip
    draft = BatchDraft(prefix + view.kind, view.kind, str(view.number), parameters, run.on, elapsed_microseconds)
    rows = [
        DecisionDraft(each.subject, _as_recorded(each.inputs, run.decimals), output, reason)
        for each, (output, reason) in zip(batch, told, strict=True)
    ]
    made = drafted(draft, rows, now=run.now)
    if run.later is None:
        record_drafted([made], now=run.now)
    else:
        run.later.append(made)
    return [
        Answer(
            decision_id,
            output["outcome"],
            output["limit_minor"],
            output["rate_bps"],
            output,
            reason,
            view.name,
            side.arm,
            view.content_hash,
        )
        for decision_id, (output, reason) in zip(made.ids, told, strict=True)
    ]


def _check_inputs(applications: Sequence[Application], sides: Sequence[Side]) -> frozenset[str]:
    """The names held as decimals. A name that no version knows is a mistake of the caller."""
    columns = [column for side in sides for column in versions.policy_of(side.view.content_hash).columns.values()]
    known = {column.name for column in columns}
    strange = sorted({name for application in applications for name in application.inputs} - known)
    if strange:  # a column of an earlier version may still be told, and is recorded
        strange = [name for name in strange if name not in versions.columns_of(sides[0].view.kind)]
    if strange:
        told = "没有版本用到这个字段 · no version knows this column"
        raise Refused(Refusal("INPUT_UNKNOWN", told, where=strange[0]))
    return frozenset(column.name for column in columns if column.kind == "decimal")


def raise_alert(side: Side, fault: Exception, now: datetime) -> None:
    told = f"{side.view.name} ({side.arm}): {type(fault).__name__}: {fault}"
    models.Alert.objects.create(
        experiment_id=side.experiment_id, kind="fault", metric="fault_count", n=1, told=told[:400], raised_at=now
    )


def _as_recorded(inputs: dict[str, Any], decimals: frozenset[str]) -> dict[str, Any]:
    """Decimals and dates as text, so that no reader makes a binary fraction of them; no negative zero, which JSON in PostgreSQL loses."""
    return {name: _as_json(value, is_decimal=name in decimals) for name, value in inputs.items()}


def _as_json(value: Any, *, is_decimal: bool) -> Any:
    if isinstance(value, Decimal | date) or (is_decimal and value is not None):
        return str(value)
    return value + 0.0 if isinstance(value, float) else value
