"""Open a rulebook, draft a version of it, revise the draft. What cannot be read as a policy is never stored.

Rule kept: every write names the edition that it saw, so that of two tabs the second is refused, not lost.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import models
from puhui.policy.core.policy_text import read_policy

MOST_BYTES = 2_000_000


@transaction.atomic
def open_rulebook(kind: str, *, name_zh: str, name_en: str, now: datetime) -> str:
    """A rulebook for a kind of decision. Idempotent."""
    if not kind.isidentifier() or len(kind) > 40:
        told = "种类用字母、数字、下划线 · a kind is letters, digits, underscores"
        raise Refused(Refusal("KIND_NAME", told, where=kind[:40]))
    models.Rulebook.objects.get_or_create(
        kind=kind, defaults={"name_zh": name_zh, "name_en": name_en, "created_at": now}
    )
    return kind


@transaction.atomic
def draft_version(kind: str, texts: Mapping[str, str], *, author: str, note: str = "", now: datetime,
                  based_on: str | None = None) -> str:  # fmt: skip
    """Store a new draft; returns its id."""
    book = lock_rulebook(kind)
    _check(texts, author)
    last = book.versions.aggregate(last=Max("number"))["last"] or 0
    row = models.Version.objects.create(
        id=new_id("rbv", now=now), rulebook=book, number=last + 1, based_on_id=based_on, texts=dict(texts),
        content_hash=digest(dict(texts)), note=note[:400], author=author, state="draft", created_at=now,
    )  # fmt: skip
    models.VersionMove.objects.create(version=row, move="draft", state_before="", state_after="draft", by=author, note=note[:400],
                                      content_hash=row.content_hash, moved_at=now)  # fmt: skip
    return row.id


@transaction.atomic
def revise_draft(version_id: str, texts: Mapping[str, str], *, by: str, edition: int, note: str | None = None) -> int:
    """Put other texts into a draft of one's own; returns the new edition. Refused where another tab was faster."""
    row = lock_version(version_id)
    if row.state != "draft" or row.author != by:
        told = "只能修改自己的草稿 · only a draft of one's own can be changed"
        raise Refused(Refusal("NOT_YOUR_DRAFT", told, where=version_id))
    if row.edition != edition:
        told = "草稿已在别处改过，请刷新后再改 · the draft was changed elsewhere; load it again"
        raise Refused(Refusal("DRAFT_CHANGED", told, where=version_id))
    _check(texts, by)
    row.texts, row.content_hash, row.edition = dict(texts), digest(dict(texts)), edition + 1
    if note is not None:
        row.note = note[:400]
    row.save(update_fields=["texts", "content_hash", "edition", "note"])
    return row.edition


def lock_rulebook(kind: str) -> models.Rulebook:
    """One writer a rulebook; its row is append-only, so the lock is one of its name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7307))", [kind])
    book = models.Rulebook.objects.filter(kind=kind).first()
    if book is None:
        raise Refused(Refusal("RULEBOOK_UNKNOWN", "没有这类策略 · there is no rulebook of this kind", where=kind))
    return book


def lock_version(version_id: str) -> models.Version:
    found = models.Version.objects.select_for_update().filter(id=version_id).first()
    if found is None:
        raise Refused(Refusal("VERSION_UNKNOWN", "没有这个版本 · there is no such version", where=version_id))
    return found


def _check(texts: Mapping[str, str], author: str) -> None:
    if not author.strip():
        raise Refused(Refusal("AUTHOR_MISSING", "须写明作者 · it needs an author", where="author"))
    if sum(len(text.encode()) for text in texts.values()) > MOST_BYTES or any(
        "\x00" in text for text in texts.values()
    ):
        raise Refused(Refusal("POLICY_TOO_LARGE", "策略文本过大或含非法字符 · the texts are too large or hold a NUL"))
    read_policy(texts)
