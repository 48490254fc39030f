"""A keeper of records is asked: once an applicant and window, on record before the question leaves, with the consent it leaves by.

Rules kept: the question is stored before it goes out and its answer after it came, in transactions of their own, so that no row
stays locked while a keeper thinks and none is asked without a trace; whoever was asked within the window is not asked again;
a fault is an answer of its own kind and holds nothing back. Of an answer the fields that evidence has are kept, and its SHA-256.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from puhui.kernel.ids import new_id
from puhui.store import prepared
from puhui.store.undivided import undivided
from puhui.underwriting import models
from puhui.underwriting.core import keeper_answer
from puhui.underwriting.core.evidence_item import Observed
from puhui.underwriting.core.keeper_answer import Malformed, NotOnFile
from puhui.underwriting.outside.door import Door, KeeperFault
from puhui.underwriting.outside.terms import Terms, terms
from puhui.underwriting.owner_evidence import EvidenceDraft, record_evidence

ZONE = ZoneInfo("Asia/Shanghai")
KEEPERS = tuple(keeper_answer.KIND)
_GOOD = ("answered", "unknown")
_STANDING = """
SELECT question.id, question.consent_id, question.asked_at, answer.outcome, answer.said
FROM underwriting_keeper_question question LEFT JOIN underwriting_keeper_answer answer ON answer.question_id = question.id
WHERE question.keeper = %s AND question.subject = %s AND question.person_id = %s
  AND question.asked_at > %s AND question.asked_at <= %s
ORDER BY coalesce(answer.outcome IN ('answered', 'unknown'), false) DESC, question.asked_at DESC, question.id DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be asked. `subject`: the person's id, or the shop's unified credit code; `fields` are what the keeper needs to know
    who is meant, sent and not stored."""

    keeper: str
    subject: str
    person_id: str
    consent_id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it. `outcome`: answered, unknown, no_consent, refused, down, malformed, or waiting while another asks the same."""

    keeper: str
    question_id: str
    outcome: str
    said: str
    asked_at: datetime

    def as_json(self) -> dict[str, str]:
        """As it stands in the record of the decision that followed."""
        return {"keeper": self.keeper, "question": self.question_id, "outcome": self.outcome, "said": self.said,
                "asked_at": self.asked_at.isoformat()}  # fmt: skip


def ask_keeper(door: Door, wanted: Wanted, *, now: datetime) -> Asked:
    """The answer that stands within the window, or a new one. Never raises for a keeper's fault."""
    today = now.astimezone(ZONE).date()
    on_terms = terms(wanted.keeper, on=today)
    asked, fresh = _claim(wanted, on_terms, now=now)
    if not fresh:
        return asked
    question = {"query_id": asked.question_id, "purpose": keeper_answer.PURPOSE[wanted.keeper], **wanted.fields}
    if wanted.keeper == "bureau":
        question["consent_id"] = wanted.consent_id
    began = time.perf_counter()
    answer = _put(door, wanted.keeper, question, on_terms, today, now)
    took_ms = int((time.perf_counter() - began) * 1000)
    _settle(asked.question_id, answer, took_ms=took_ms, now=now + timedelta(milliseconds=took_ms))
    return Asked(wanted.keeper, asked.question_id, answer["outcome"], answer["said"], now)


@undivided
def bring_answers(question_ids: Sequence[str], *, person_id: str, shop_id: str, now: datetime) -> list[str]:
    """The answers to these questions become evidence of the shop; returns the items' ids. The same again adds nothing."""
    if not question_ids:
        return []
    found = models.KeeperAnswer.objects.select_related("question").filter(
        question_id__in=question_ids, question__person_id=person_id, outcome="answered"
    )
    brought = []
    for row in found.order_by("id"):
        assert row.observed_on is not None, "an answer has its day"
        assert row.values is not None, "an answer has its values"
        seen = Observed(keeper_answer.KIND[row.question.keeper], row.source, row.observed_on,
                        row.observed_on + timedelta(days=1), row.values)  # fmt: skip
        draft = EvidenceDraft(person_id, shop_id, seen, consent_id=row.question.consent_id)
        brought += record_evidence([draft], key=f"keeper/{row.question_id}/{shop_id}", now=now)
    return brought


def asked_of(person_id: str, *, now: datetime) -> list[Asked]:
    """The newest question of each keeper about a person that still stands in its window."""
    today, found = now.astimezone(ZONE).date(), dict[str, Asked]()
    rows = models.KeeperQuestion.objects.filter(person_id=person_id, asked_at__lte=now).select_related("answer")
    for row in rows.order_by("asked_at", "id"):
        answer = getattr(row, "answer", None)
        if row.asked_at > now - timedelta(days=terms(row.keeper, on=today).window_days):
            outcome, said = (answer.outcome, answer.said) if answer else ("waiting", "")
            found[row.keeper] = Asked(row.keeper, row.id, outcome, said, row.asked_at)
    return [found[keeper] for keeper in KEEPERS if keeper in found]


@undivided
def _claim(wanted: Wanted, on_terms: Terms, *, now: datetime) -> tuple[Asked, bool]:
    """The question that stands (False), or one to put now (True): a new one, or again one whose asker died."""
    prepared.rows(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"keeper/{wanted.keeper}/{wanted.subject}"]
    )
    since = now - timedelta(days=on_terms.window_days)
    standing = prepared.first(_STANDING, [wanted.keeper, wanted.subject, wanted.person_id, since, now])
    if standing is not None:
        question_id, consent_id, asked_at, outcome, said = standing
        if outcome in _GOOD:
            return Asked(wanted.keeper, question_id, outcome, said, asked_at), False
        patience = timedelta(milliseconds=2 * on_terms.attempts * (on_terms.timeout_ms + on_terms.pause_ms))
        if outcome is None and asked_at + patience > now:
            return Asked(wanted.keeper, question_id, "waiting", "", asked_at), False
        if outcome is None and consent_id == wanted.consent_id:
            return Asked(wanted.keeper, question_id, "waiting", "", asked_at), True
    question = models.KeeperQuestion(
        id=new_id("ask", now=now), keeper=wanted.keeper, subject=wanted.subject, person_id=wanted.person_id,
        consent_id=wanted.consent_id, purpose=keeper_answer.PURPOSE[wanted.keeper], asked_at=now,
    )  # fmt: skip
    prepared.add(question)
    return Asked(wanted.keeper, question.id, "waiting", "", now), True


def _put(
    door: Door, keeper: str, question: Mapping[str, str], on_terms: Terms, today: date, now: datetime
) -> dict[str, Any]:
    """The columns of the answer's row, whatever came."""
    try:
        heard = door.ask(question, terms=on_terms, now=now)
    except KeeperFault as fault:
        return {"outcome": fault.outcome, "said": fault.said, "attempts": fault.attempts}
    known = {"attempts": heard.attempts, "content_hash": heard.content_hash}
    try:
        seen = keeper_answer.read(keeper, heard.told, query_id=question["query_id"], on=today)
    except Malformed as fault:
        return known | {"outcome": "malformed", "said": str(fault)[:200]}
    if isinstance(seen, NotOnFile):
        return known | {"outcome": "unknown", "said": ""}
    return known | {"outcome": "answered", "said": "", "source": seen.source, "observed_on": seen.observed_from,
                    "values": dict(seen.values)}  # fmt: skip


@undivided
def _settle(question_id: str, answer: dict[str, Any], *, took_ms: int, now: datetime) -> None:
    """Store the answer; of two that asked again after a death, the first one's counts."""
    models.KeeperAnswer.objects.get_or_create(
        question_id=question_id, defaults=answer | {"took_ms": took_ms, "answered_at": now}
    )
