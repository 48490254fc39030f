"""What an owner saved on the phone on the way to an application, and the photos that came with it.

Rules kept: nothing that names a person stands in a saved answer; a draft is replaced by the next step, gone once sent, and gone
after the policy's days; a file is what it says it is by its first bytes, small, sealed at rest, and known by its hash.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction

from puhui.kernel.media_type import media_type
from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting import models
from puhui.underwriting.core import questionnaire
from puhui.underwriting.core.lending_policy import LendingPolicy, check_segment

PHOTO_BYTES_MOST = 8 * 1024 * 1024
_MEDIA = ("image/jpeg", "image/png", "application/pdf")


@dataclass(frozen=True, slots=True)
class SavedAnswers:
    """A draft: answers by question, and the hash of a photo by question."""

    segment: str
    answers: dict[str, str]
    photos: dict[str, str]
    saved_at: datetime


@transaction.atomic
def save_answers(
    owner_index: bytes, segment: str, answers: dict[str, str], *, photos: dict[str, str], now: datetime
) -> None:
    """Keep the answers so far; another segment starts afresh. Unknown questions are refused."""
    check_segment(segment)
    strange = sorted((set(answers) | set(photos)) - set(questionnaire.NAMES))
    if strange:
        raise Refused(Refusal("QUESTION_UNKNOWN", "没有这个问题 · no such question", strange[0]))
    models.Questionnaire.objects.update_or_create(
        owner_index=owner_index,
        defaults={"segment": segment, "answers": {"told": answers, "photos": photos}, "saved_at": now},
    )


def saved_answers(owner_index: bytes, *, now: datetime) -> SavedAnswers | None:
    """The draft, unless its days have passed."""
    row = models.Questionnaire.objects.filter(owner_index=owner_index, saved_at__gt=now - _kept()).first()
    return (
        SavedAnswers(row.segment, dict(row.answers["told"]), dict(row.answers["photos"]), row.saved_at) if row else None
    )


@transaction.atomic
def forget_answers(owner_index: bytes, *, now: datetime) -> None:
    """The application was sent: its answers live there. Whatever others left lying too long goes with it."""
    models.Questionnaire.objects.filter(owner_index=owner_index).delete()
    models.Questionnaire.objects.filter(saved_at__lte=now - _kept()).delete()


@transaction.atomic
def keep_document(content: bytes, *, now: datetime) -> str:
    """Seal a photo or PDF; returns its hash. The same file is kept once."""
    if len(content) > PHOTO_BYTES_MOST:
        raise Refused(Refusal("FILE_TOO_LARGE", "照片超过 8 MB · the photo is larger than 8 MB", "photo"))
    media = media_type(content)
    if media not in _MEDIA:
        raise Refused(Refusal("FILE_UNREADABLE", "只收 JPEG、PNG 照片或 PDF · a JPEG or PNG photo, or a PDF", "photo"))
    found = sha256(content).hexdigest()
    models.Document.objects.get_or_create(
        content_hash=found,
        defaults={
            "media_type": media, "content": base64.b64encode(content).decode(), "bytes": len(content), "recorded_at": now,
        },
    )  # fmt: skip
    return found


def document(content_hash: str) -> tuple[bytes, str] | None:
    """A kept file and its media type."""
    row = models.Document.objects.filter(content_hash=content_hash).first()
    return (base64.b64decode(row.content.reveal()), row.media_type) if row else None


def _kept() -> timedelta:
    return timedelta(days=LendingPolicy.in_force().answers_kept_days)
