"""Experiments (对照实验) on live delivery: made, put in force by the servers, looked at on any day, stopped with an arm kept.

Delivery parts devices into its own ten buckets (core/rta.bucket_of); an arm is some of them under a strategy, or under none (a hold-out). Starting
publishes the strategies limited to their arms' buckets, so that the servers obey within a fifth of a second. Compared are all devices that stood in one
audience at the start, shown an advertisement or not (intention to treat), so what is seen is the effect of seeking, not of being found.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import scipy
from django.db import connection, transaction
from numpy.typing import NDArray

from puhui.acquisition import audiences, models, steps
from puhui.acquisition.core import experiments, rta, table_design
from puhui.acquisition.core.experiments import Look
from puhui.acquisition.evaluation_terms import terms
from puhui.acquisition.rta import publication, tables
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused

_CHINA = ZoneInfo("Asia/Shanghai")
RUNNING, STOPPED = "running", "stopped"


@dataclass(frozen=True, slots=True)
class Arm:
    """`strategy` empty: the devices of these buckets are not sought by the others' strategies."""

    name: str
    strategy: str
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """The first arm is the control. `kind`: the step that counts; `planned`: heads at which the interval should be narrowest."""

    name: str
    media: str
    arms: tuple[Arm, ...]
    audience: str
    kind: str
    planned: int


@dataclass(frozen=True, slots=True)
class Shown:
    """An experiment as it stands."""

    id: str
    draft: Draft
    state: str
    kept: str
    starts_at: datetime
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class ArmSeen:
    """Devices, those with a person who took the step since the start, and the difference to the control: plain and CUPED (None for the control)."""

    name: str
    heads: int
    took: int
    plain: Look | None
    adjusted: Look | None

    @property
    def looks(self) -> tuple[Look | None, Look | None]:
        """Plain, CUPED."""
        return self.plain, self.adjusted


@dataclass(frozen=True, slots=True)
class Seen:
    """`days`: per arm but the control, (day, look with CUPED) at the end of each day. `says`: WAIT, FEW, UNEQUAL, or the arm that differs."""

    arms: list[ArmSeen]
    days: dict[str, list[tuple[date, Look]]]
    says: str


def two_arms(name: str, strategy: str, other: str, *, buckets: int) -> tuple[Arm, Arm]:
    """A control of so many of the ten buckets and the rest: a hold-out where `other` is empty, else the other strategy as control.

    Which buckets follows from the name, so that one experiment after another does not always keep the same people out.

    >>> [len(arm.buckets) for arm in two_arms("秋季", "new_owner", "", buckets=2)]
    [2, 8]
    """
    first = experiments.bucket_of("buckets", name, buckets=rta.BUCKETS)
    order = [(first + number) % rta.BUCKETS for number in range(rta.BUCKETS)]
    control, treated = tuple(sorted(order[:buckets])), tuple(sorted(order[buckets:]))
    return Arm(other or "hold-out", other, control), Arm(strategy, strategy, treated)


def strategies_now(folder: Path, *, on: date) -> list[tuple[str, str]]:
    """(media, strategy) of the strategies in use on the day."""
    return [(each.media, each.name) for each in tables.strategies(_strategies(folder), on) if each.live]


def start(draft: Draft, folder: Path, *, by: str, now: datetime) -> str:
    """Fix it, publish its strategies limited to their buckets; answers its id. Refused by name; then nothing is stored or published."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('acquisition_experiment', 9))")
        text = _strategies(folder)
        _check(draft, text, now)
        members = _members(cursor, draft.audience, now)
        least = terms()["experiment"]["heads_min"] * len(draft.arms)
        if len(members) < least:
            raise Refused(Refusal("AUDIENCE_TOO_SMALL", f"人群只有 {len(members)} 台设备，至少要 {least} · the audience has {len(members)} devices, {least} are needed", where="audience"))  # fmt: skip
        row = models.Experiment.objects.create(
            id=new_id("exp", now=now), name=draft.name.strip(), media=draft.media, arms=[[arm.name, arm.strategy, list(arm.buckets)] for arm in draft.arms],
            audience=draft.audience, kind=draft.kind, planned=draft.planned, created_by=by, starts_at=now,
        )  # fmt: skip
        models.ExperimentMove.objects.create(experiment=row, state=RUNNING, by=by, at=now)
        buckets = {arm.strategy: "|".join(map(str, sorted(arm.buckets))) for arm in draft.arms if arm.strategy}
        _publish(
            folder,
            _changed(text, draft.media, lambda name: {"buckets": buckets[name]} if name in buckets else {}),
            by=by,
            now=now,
        )
    return row.id


def stop(experiment_id: str, folder: Path, *, keep: str, by: str, now: datetime) -> None:
    """`keep`: the arm whose strategy goes on for everybody; the others' strategies are switched off. Empty: all go on as before."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('acquisition_experiment', 9))")
        found = one(experiment_id)
        if found.state == STOPPED:
            return
        names = {arm.strategy: arm.name for arm in found.draft.arms if arm.strategy}
        if keep and keep not in {arm.name for arm in found.draft.arms}:
            raise Refused(Refusal("ARM_UNKNOWN", f"没有这一组 {keep} · no such arm", where="keep"))
        models.ExperimentMove.objects.create(experiment_id=found.id, state=STOPPED, kept=keep, by=by, at=now)

        def ended(name: str) -> dict[str, str]:
            if name not in names:
                return {}
            return {"buckets": ""} | ({"live": "no"} if keep and names[name] != keep else {})

        _publish(folder, _changed(_strategies(folder), found.draft.media, ended), by=by, now=now)


def experiments_now() -> list[Shown]:
    """All, newest first."""
    rows = models.Experiment.objects.prefetch_related("moves").order_by("-starts_at", "-id")
    return [_shown(row) for row in rows]


def one(experiment_id: str) -> Shown:
    """Refused where there is none."""
    row = models.Experiment.objects.prefetch_related("moves").filter(id=experiment_id).first()
    if row is None:
        raise Refused(Refusal("EXPERIMENT_UNKNOWN", "没有这个实验 · no such experiment", where=experiment_id))
    return _shown(row)


def seen(experiment_id: str, *, now: datetime) -> Seen:
    """Today's look. An outcome counts from the start to the stop, or to now."""
    shown = one(experiment_id)
    until = min(shown.stopped_at or now, now)
    with connection.cursor() as cursor:
        members = _members(cursor, shown.draft.audience, shown.starts_at)
        took = _took(cursor, members, shown.draft.kind, shown.starts_at, until)
        before = _before(cursor, members, shown.starts_at)
    arm_of = _arms_of(members, shown.draft.arms)
    arms = [_arm(shown.draft, number, arm_of, took, before) for number in range(len(shown.draft.arms))]
    days: dict[str, list[tuple[date, Look]]] = {}
    for number, arm in enumerate(shown.draft.arms[1:], 1):
        days[arm.name] = _by_day(shown, number, until, (arm_of, took, before))
    return Seen(arms, days, _says(arms, shown.draft))


def _says(arms: Sequence[ArmSeen], draft: Draft) -> str:
    if min(arm.heads for arm in arms) < terms()["experiment"]["heads_min"]:
        return "FEW"
    widths = np.array([len(arm.buckets) for arm in draft.arms])
    heads = np.array([arm.heads for arm in arms])
    if (
        scipy.stats.chisquare(heads, heads.sum() * widths / widths.sum()).pvalue
        < table_design.tables()["balance"]["level"]
    ):
        return "UNEQUAL"
    sure = [arm for arm in arms if arm.adjusted and (arm.adjusted.low > 0 or arm.adjusted.high < 0)]
    return sure[0].name if sure else "WAIT"


def _arm(draft: Draft, number: int, arm_of: NDArray[np.int64], took: NDArray[np.float64], before: NDArray[np.float64]) -> ArmSeen:  # fmt: skip
    mine = arm_of == number
    outcome = (took >= 0).astype(np.float64)
    looks = [_look(draft, number, arm_of, values) for values in (outcome, experiments.adjusted(outcome, before) if len(outcome) else outcome)]  # fmt: skip
    return ArmSeen(draft.arms[number].name, int(mine.sum()), int(outcome[mine].sum()), *looks)


def _look(draft: Draft, number: int, arm_of: NDArray[np.int64], outcome: NDArray[np.float64]) -> Look | None:
    treated, control = outcome[arm_of == number], outcome[arm_of == 0]
    if not number or min(len(treated), len(control)) < 2:
        return None
    level = 1 - (1 - terms()["experiment"]["level"]) / (len(draft.arms) - 1)  # arms share the error (Bonferroni)
    return experiments.look(treated, control, level=level, planned=draft.planned)


def _by_day(shown: Shown, number: int, until: datetime, columns: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]) -> list[tuple[date, Look]]:  # fmt: skip
    arm_of, took, before = columns
    found = []
    last = (until - shown.starts_at).days
    every = max(
        1, last // terms()["experiment"]["looks_max"]
    )  # a long one is drawn with fewer looks; the last is always there
    for day in range(last % every, last + 1, every):
        outcome = ((took >= 0) & (took < (day + 1) * 86_400)).astype(np.float64)
        told = _look(shown.draft, number, arm_of, experiments.adjusted(outcome, before)) if len(outcome) else None
        if told is not None:
            found.append(((shown.starts_at + timedelta(days=day)).astimezone(_CHINA).date(), told))
    return found


def _arms_of(members: NDArray[np.int64], arms: Sequence[Arm]) -> NDArray[np.int64]:
    """The number of each device's arm; −1 for buckets that are in none."""
    buckets = cast(Any, rta.bucket_of)(members.view(np.uint64)).astype(np.int64)
    place = np.full(rta.BUCKETS, -1)
    for number, arm in enumerate(arms):
        place[list(arm.buckets)] = number
    return place[buckets]


def _members(cursor: Any, audience: str, at: datetime) -> NDArray[np.int64]:
    """Devices that stood in the audience at that time, in order; those that may never be sought are left out."""
    protected = sorted(tables.protected_audiences(at.astimezone(_CHINA).date()))
    cursor.execute(
        """
        WITH stood AS (SELECT DISTINCT audience, device FROM (
            SELECT DISTINCT ON (audience, device, why) audience, device, inside FROM acquisition_audience_move
             WHERE (audience = %s OR audience = ANY (%s)) AND at <= %s ORDER BY audience, device, why, id DESC) AS newest WHERE inside)
        SELECT device FROM stood WHERE audience = %s AND device NOT IN (SELECT device FROM stood WHERE audience = ANY (%s)) ORDER BY device
        """,
        [audience, protected, at, audience, protected],
    )
    return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def _took(cursor: Any, members: NDArray[np.int64], kind: str, since: datetime, until: datetime) -> NDArray[np.float64]:
    """Seconds from the start until a person of the device first took the step; −1 where nobody did."""
    cursor.execute(
        """
        SELECT device, min(extract(epoch FROM happened_at - %s)) FROM (
            SELECT coalesce(s.device, k.device) AS device, s.happened_at FROM acquisition_signal s
              LEFT JOIN acquisition_owed o USING (subject) LEFT JOIN acquisition_signal k ON k.id = o.click_id
             WHERE s.kind = %s AND s.subject <> '' AND s.happened_at >= %s AND s.happened_at <= %s) AS taken
         WHERE device IS NOT NULL GROUP BY device
        """,
        [since, kind, since, until],
    )
    return _placed(members, cursor.fetchall(), absent=-1.0)


def _before(cursor: Any, members: NDArray[np.int64], since: datetime) -> NDArray[np.float64]:
    """Clicks of each device before the start."""
    opens = since - timedelta(days=terms()["experiment"]["before_days"])
    cursor.execute(
        "SELECT device, count(*) FROM acquisition_signal WHERE kind = 'click' AND device IS NOT NULL"
        " AND happened_at >= %s AND happened_at < %s GROUP BY device",
        [opens, since],
    )
    return _placed(members, cursor.fetchall(), absent=0.0)


def _placed(members: NDArray[np.int64], rows: Sequence[tuple[int, Any]], *, absent: float) -> NDArray[np.float64]:
    found = np.full(len(members), absent)
    if not rows or not len(members):
        return found
    devices = np.array([row[0] for row in rows], dtype=np.int64)
    place = np.minimum(np.searchsorted(members, devices), len(members) - 1)
    known = members[place] == devices
    found[place[known]] = np.array([float(row[1]) for row in rows])[known]
    return found


def _check(draft: Draft, text: str, now: datetime) -> None:
    """Everything that would make the comparison or its delivery wrong, by name."""
    today = now.astimezone(_CHINA).date()
    name = draft.name.strip()
    if not name or len(name) > 80 or "\x00" in name:
        raise _refused("EXPERIMENT_NAME", "名称须为 1 至 80 个字符 · a name of 1 to 80 characters", "name")
    if models.Experiment.objects.filter(name=name).exists():
        raise _refused("EXPERIMENT_KNOWN", "已有同名实验 · there is an experiment of that name", "name")
    if draft.media not in tables.media_rules(today):
        raise _refused("MEDIA_UNKNOWN", "没有这个媒体 · no such media", "media")
    if draft.kind not in {step.kind for step in steps.steps(today)}:
        raise _refused("SIGNAL_KIND_UNKNOWN", "没有这一步 · no such step", "kind")
    if not 2 <= draft.planned <= 10**9:
        raise _refused("PLANNED_HEADS", "计划台数至少为 2 · at least two heads are planned", "planned")
    wanted = {arm.strategy for arm in draft.arms if arm.strategy}
    for other in experiments_now():
        if other.state == RUNNING and other.draft.media == draft.media and {arm.strategy for arm in other.draft.arms} & wanted:  # fmt: skip
            raise _refused("EXPERIMENT_OVERLAPS", f"策略已在实验“{other.draft.name}”中 · a strategy is already in an experiment", "strategy")  # fmt: skip
    _check_arms(draft, text, today)


def _check_arms(draft: Draft, text: str, today: date) -> None:
    buckets = [bucket for arm in draft.arms for bucket in arm.buckets]
    fits = all(arm.buckets and all(0 <= bucket < rta.BUCKETS for bucket in arm.buckets) for arm in draft.arms)
    if len(draft.arms) < 2 or not fits or len(set(buckets)) < len(buckets):
        raise _refused("ARM_BUCKETS", "至少两组，每组至少一个 0–9 的桶，互不重叠 · two arms or more, each with buckets 0 to 9, none twice", "buckets")  # fmt: skip
    if len({arm.name for arm in draft.arms}) < len(draft.arms) or not all(arm.name.strip() for arm in draft.arms):
        raise _refused("ARM_NAME", "组名不能为空或重复 · every arm has a name of its own", "arms")
    wanted = [arm.strategy for arm in draft.arms if arm.strategy]
    known = {
        each.name
        for each in tables.strategies(text, today)
        if each.media == draft.media and each.live and not each.buckets
    }
    if not wanted or len(set(wanted)) < len(wanted) or set(wanted) - known:
        raise _refused("STRATEGY_UNKNOWN", f"策略须为 {draft.media} 正在使用的：{', '.join(sorted(known)) or '—'} · strategies in use at this media, each once", "strategy")  # fmt: skip


def _strategies(folder: Path) -> str:
    held = publication.current(folder)
    return held.strategies if held else tables.SHIPPED_STRATEGIES.read_text(encoding="utf-8")


def _publish(folder: Path, text: str, *, by: str, now: datetime) -> None:
    if publication.current(folder) is None:
        audiences.publish(folder, text, by=by, now=now)
    else:
        publication.publish_strategies(folder, text, now=now)


def _changed(text: str, media: str, change: Callable[[str], Mapping[str, str]]) -> str:
    """The table with some cells of a media's strategies changed, checked as a whole by whoever reads it next."""
    reader = csv.DictReader(StringIO(text.lstrip("\ufeff")))
    rows = list(reader)
    columns = [*(reader.fieldnames or ())]
    columns += [name for name in ("buckets", "live") if name not in columns]
    said = StringIO()
    writer = csv.DictWriter(said, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        mine = (row.get("media") or "").strip() == media
        writer.writerow(row | (dict(change((row.get("strategy") or "").strip())) if mine else {}))
    return said.getvalue()


def _shown(row: models.Experiment) -> Shown:
    moves = sorted(row.moves.all(), key=lambda each: each.id)
    last = moves[-1]
    arms = tuple(Arm(name, strategy, tuple(buckets)) for name, strategy, buckets in row.arms)
    draft = Draft(row.name, row.media, arms, row.audience, row.kind, row.planned)
    return Shown(row.id, draft, last.state, last.kept, row.starts_at, last.at if last.state == STOPPED else None)


def _refused(code: str, message: str, where: str) -> Refused:
    return Refused(Refusal(code, message, where=where))
