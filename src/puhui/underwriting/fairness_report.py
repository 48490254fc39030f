"""The fairness report: stored answers laid beside groups that somebody declares for this purpose; computed once, kept, never read
by anything that decides.

Subjects of an appraisal are its firms by code; of applications, an application's id, a shop's id or a partner's own reference.
Rule kept: the declared file itself is not stored, only its hash and the figures of groups large enough.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting import models
from puhui.underwriting.core import fairness
from puhui.underwriting.core.fairness import Answered, Declared
from puhui.underwriting.core.lending_policy import LendingPolicy


@transaction.atomic
def report_fairness(content: bytes, *, by: str, now: datetime, appraisal_id: str | None = None) -> str:
    """Compute and keep a report; returns its id. With an appraisal: over its firms; without: over decided applications."""
    groups = fairness.declared_groups(content)
    policy = LendingPolicy.in_force().fairness
    appraisal = None
    if appraisal_id is not None:
        appraisal = models.Appraisal.objects.filter(id=appraisal_id).first()
        if appraisal is None:
            raise Refused(Refusal("APPRAISAL_UNKNOWN", "没有这次评审 · no such appraisal", appraisal_id))
    rows, known = _of_appraisal(appraisal, groups) if appraisal else _of_applications(groups)
    if not rows:
        raise Refused(
            Refusal(
                "NO_SUBJECT_FOUND",
                "文件中的对象一个也没有找到 · none of the declared subjects has an answer",
                "subject",
            )
        )
    told = fairness.report(rows, min_group=int(policy["min_group"]))
    told |= {"declared": len(groups), "not_found": len(groups) - known, "four_fifths_line": policy["four_fifths"],
             "over": "appraisal" if appraisal else "applications"}  # fmt: skip
    return models.FairnessReport.objects.create(
        id=new_id("fair", now=now), appraisal=appraisal, declared_hash=sha256(content).hexdigest(), content=told,
        asked_by=by, computed_at=now,
    ).id  # fmt: skip


def _of_appraisal(appraisal: models.Appraisal, groups: dict[str, Declared]) -> tuple[list[Answered], int]:
    names = ("firm__code", "approved", "limit_minor", "annual_rate", "pd", "firm__defaulted")
    rows = []
    for code, approved, limit, rate, pd, defaulted in models.Verdict.objects.filter(appraisal=appraisal).values_list(
        *names
    ):
        said = groups.get(code)
        if said is not None:
            outcome = said.defaulted if said.defaulted is not None else None if defaulted is None else bool(defaulted)
            rows.append(Answered(said.group, approved, limit, rate if approved else None, pd, outcome))
    return rows, len(rows)


def _of_applications(groups: dict[str, Declared]) -> tuple[list[Answered], int]:
    """The latest answer of each subject."""
    latest: dict[str, Answered] = {}
    found = models.Application.objects.filter(answer__isnull=False).order_by("submitted_at", "id")
    for row_id, shop_id, reference, answer in found.values_list("id", "shop_id", "partner_ref", "answer"):
        subject = next((name for name in (row_id, shop_id, reference) if name in groups), None)
        if subject is not None:
            said: dict[str, Any] = answer or {}
            latest[subject] = Answered(groups[subject].group, said["approved"], said["limit_minor"], said["rate"],
                                       said.get("pd"), groups[subject].defaulted)  # fmt: skip
    return list(latest.values()), len(latest)
