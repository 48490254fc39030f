"""Which appraisal stands: the one whose model and price of money judge applicants between appraisals.

Rule kept: a what-if never changes live decisions. The first appraisal of a folder stands by itself; a later one stands
when a person says so (`puhui appraise --stand`). Who said it and when is appended, never edited.
"""

from datetime import datetime
from functools import lru_cache

from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.store import prepared
from puhui.underwriting import models


def standing() -> models.Appraisal | None:
    """The appraisal that stands, or None before the first."""
    found = prepared.first("SELECT appraisal_id FROM underwriting_standing ORDER BY id DESC LIMIT 1")
    return appraisal_of(str(found[0])) if found else None


@transaction.atomic
def let_stand(appraisal_id: str, *, by: str, now: datetime) -> None:
    """From now on applicants are judged by this appraisal. Idempotent for the one that stands."""
    asked = models.Appraisal.objects.select_related("load").filter(id=appraisal_id).first()
    if asked is None:
        raise Refused(Refusal("APPRAISAL_UNKNOWN", "没有这次评审 · no such appraisal", where=appraisal_id))
    if asked.load.kind != "folder":
        text = "申请人自带发票的批次不能作为标准 · only an appraisal of a folder may judge applicants"
        raise Refused(Refusal("APPRAISAL_OF_ONE", text, where=appraisal_id))
    now_standing = standing()
    if now_standing is None or now_standing.id != appraisal_id:
        models.Standing.objects.create(appraisal=asked, said_by=by, since=now)


def stand_if_first(appraisal_id: str, *, now: datetime) -> None:
    """The first appraisal of a folder stands by itself, so that applicants can be judged at all."""
    if standing() is None and models.Appraisal.objects.filter(id=appraisal_id, load__kind="folder").exists():
        let_stand(appraisal_id, by="first appraisal", now=now)


@lru_cache(maxsize=4)
def appraisal_of(appraisal_id: str) -> models.Appraisal:
    """By its id. An appraisal never changes, so a process reads it (a few hundred kilobytes of JSON) once."""
    return models.Appraisal.objects.select_related("load", "scorecard").get(id=appraisal_id)
