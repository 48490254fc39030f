"""Rulebooks and their versions as read: which one is live for a kind at a time, and what each says, compiled once a process.

Rule kept: what a version says never changes once it left draft, so compiled policies are kept by the hash of their texts.

The live version is found by (kind, now) with one indexed question, and with it what else a decision asks of the versions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Q

from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import models
from puhui.policy.core import lifecycle
from puhui.policy.core.columns import Column
from puhui.policy.core.experiment import CHALLENGER
from puhui.policy.core.policy_text import Policy, read_policy
from puhui.store import prepared

_COMPILED: dict[str, Policy] = {}
_MOST_COMPILED = 64
_HEADS = models.Version.objects.defer("texts")  # a list of versions does not fetch the texts
_VIEW = (
    "SELECT id, rulebook_id, number, state, author, reviewer, note, content_hash, edition, created_at, published_from, retired_at,"
    " based_on_id FROM policy_version"
)  # in the order of VersionView
_LIVE = (
    f"{_VIEW} WHERE rulebook_id = %(kind)s AND state IN ('published', 'retired') AND published_from <= %(now)s"
    " ORDER BY published_from DESC LIMIT 1"
)
_BY_ID = f"{_VIEW} WHERE id = %s"
_DECLARING = "FROM policy_version WHERE rulebook_id = %(kind)s AND state NOT IN ('draft', 'discarded')"
_DECLARED = f"SELECT content_hash {_DECLARING} ORDER BY number"
RUNNING = (
    "rulebook_id = %(kind)s AND starts_at <= %(now)s AND (ends_at IS NULL OR ends_at > %(now)s) AND NOT EXISTS"
    " (SELECT FROM policy_experiment_stop AS stop WHERE stop.experiment_id = policy_experiment.id)"
)
_AT_WORK = (
    f"SELECT live.*, (SELECT array_agg(content_hash ORDER BY number) {_DECLARING}),"
    f" EXISTS (SELECT FROM policy_experiment WHERE {RUNNING} AND mode = '{CHALLENGER}') FROM ({_LIVE}) AS live"
)


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version as others may see it."""

    version_id: str
    kind: str
    number: int
    state: str
    author: str
    reviewer: str
    note: str
    content_hash: str
    edition: int
    created_at: datetime
    published_from: datetime | None
    retired_at: datetime | None
    based_on: str | None

    @property
    def name(self) -> str:
        """As people call it: application@3."""
        return f"{self.kind}@{self.number}"

    def is_live(self, now: datetime) -> bool:
        begun = self.published_from is not None and self.published_from <= now
        return lifecycle.live_from(self.state) and begun


@dataclass(frozen=True, slots=True)
class AtWork:
    """What decides a kind now: the live version, the columns that its versions have declared, and whether a challenger runs."""

    view: VersionView
    columns: dict[str, Column]
    challenged: bool


@dataclass(frozen=True, slots=True)
class MoveView:
    """A step in a version's life."""

    move: str
    state_after: str
    by: str
    note: str
    moved_at: datetime


def live(kind: str, now: datetime) -> VersionView:
    """The version that decides this kind now; a refusal where none is published."""
    found = live_if_any(kind, now)
    if found is None:
        told = f"没有已发布的 {kind} 策略 · no published policy decides this kind"
        raise Refused(Refusal("NO_LIVE_POLICY", told, where=kind))
    return found


def live_if_any(kind: str, now: datetime) -> VersionView | None:
    """The version that decides this kind now, or None where none is published."""
    found = prepared.first(_LIVE, {"kind": kind, "now": now})
    return _not_retired(VersionView(*found), now) if found else None


def at_work(kind: str, now: datetime) -> AtWork | None:
    """The same with all that a decision asks of versions, in one round trip."""
    found = prepared.first(_AT_WORK, {"kind": kind, "now": now})
    if found is None:
        return None
    *columns, declared, challenged = found
    view = _not_retired(VersionView(*columns), now)
    return AtWork(view, _merged(tuple(declared)), challenged) if view is not None else None


def _not_retired(view: VersionView, now: datetime) -> VersionView | None:
    return None if view.retired_at is not None and view.retired_at <= now else view


def by_id(version_id: str) -> VersionView:
    """A version that is known to be there."""
    ((*columns,),) = prepared.rows(_BY_ID, [version_id])
    return VersionView(*columns)


def version(name: str) -> VersionView:
    """By id (rbv_…) or by name (application@3)."""
    kind, _, number = name.partition("@")
    wanted = Q(rulebook_id=kind, number=int(number)) if number.isdecimal() and len(number) < 9 else Q(id=name)
    found = _HEADS.filter(wanted).first()
    if found is None:
        raise Refused(Refusal("VERSION_UNKNOWN", "没有这个版本 · there is no such version", where=name))
    return view_of(found)


def versions(kind: str | None = None) -> list[VersionView]:
    """All versions, newest first."""
    rows = _HEADS.order_by("rulebook_id", "-number")
    return [view_of(row) for row in (rows.filter(rulebook_id=kind) if kind else rows)]


def rulebooks() -> list[models.Rulebook]:
    """All rulebooks by kind."""
    return list(models.Rulebook.objects.order_by("kind"))


def texts_of(version_id: str) -> dict[str, str]:
    """The texts of a version."""
    return dict(models.Version.objects.values_list("texts", flat=True).get(id=version_id))


def moves_of(version_id: str) -> list[MoveView]:
    """Its life so far, oldest first."""
    rows = models.VersionMove.objects.filter(version_id=version_id).order_by("id")
    return [MoveView(row.move, row.state_after, row.by, row.note, row.moved_at) for row in rows]


def policy_of(content_hash: str) -> Policy:
    """The compiled policy of these texts; read once a process, and refused where the texts are not those of the hash."""
    if content_hash not in _COMPILED:
        row = models.Version.objects.filter(content_hash=content_hash).values_list("texts", flat=True).first()
        if row is None or digest(row) != content_hash:
            told = "版本内容与其哈希不符 · the version's texts are not what was hashed"
            raise Refused(Refusal("VERSION_ALTERED", told, where=content_hash[:12]))
        while len(_COMPILED) >= _MOST_COMPILED:
            _COMPILED.pop(next(iter(_COMPILED)))
        _COMPILED[content_hash] = read_policy(row)
    return _COMPILED[content_hash]


def columns_of(kind: str) -> dict[str, Column]:
    """Every column that a version of this kind which left draft has declared: the schema of what is stored."""
    return _merged(tuple(content_hash for (content_hash,) in prepared.rows(_DECLARED, {"kind": kind})))


@lru_cache(maxsize=64)
def _merged(hashes: tuple[str, ...]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for content_hash in hashes:
        for name, column in policy_of(content_hash).columns.items():
            found.setdefault(name, column)
    return found


def check_columns_agree(kind: str, policy: Policy) -> None:
    """A column keeps its kind and scale for ever: what was stored under its name must stay readable."""
    known = columns_of(kind)
    for name, column in policy.columns.items():
        before = known.get(name)
        if before is not None and (before.kind, before.scale) != (column.kind, column.scale):
            told = (
                f"字段 {name} 一直是 {before.kind}，请换个名字 · {name} has always been {before.kind}; take a new name"
            )
            raise Refused(Refusal("COLUMN_KIND_CHANGED", told, where=name))


def view_of(row: models.Version) -> VersionView:
    """A version's row as others may see it."""
    return VersionView(row.id, row.rulebook_id, row.number, row.state, row.author, row.reviewer, row.note, row.content_hash,
                       row.edition, row.created_at, row.published_from, row.retired_at, row.based_on_id)  # fmt: skip


def as_json(view: VersionView, moves: Sequence[MoveView] = ()) -> dict[str, Any]:
    """For the command line."""
    plain = {
        name: getattr(view, name)
        for name in ("version_id", "name", "state", "author", "reviewer", "note", "content_hash")
    }
    dates = {name: str(getattr(view, name) or "") for name in ("created_at", "published_from", "retired_at")}
    told = [{"move": each.move, "by": each.by, "note": each.note, "at": str(each.moved_at)} for each in moves]
    return plain | dates | {"moves": told}
