"""Keepers of records are asked, side by side: once an applicant and window, on record before a question leaves, with the consent it leaves by.

Rules kept: the question is stored before it goes out and its answer after it came, in transactions of their own, so that no row
stays locked while a keeper thinks and none is asked without a trace; whoever was asked within the window is not asked again;
a fault is an answer of its own kind and holds nothing back; a keeper that failed too often in a row rests, and what it would have
said is unknown. Of an answer the fields that evidence has are kept, and its SHA-256.
"""

import asyncio
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
from puhui.underwriting.core import breaker, keeper_answer
from puhui.underwriting.core.breaker import State, Try
from puhui.underwriting.core.evidence_item import Observed
from puhui.underwriting.core.keeper_answer import Malformed, NotOnFile
from puhui.underwriting.outside.door import Door, KeeperFault
from puhui.underwriting.outside.terms import Terms, terms
from puhui.underwriting.owner_evidence import EvidenceDraft, record_evidence

ZONE = ZoneInfo("Asia/Shanghai")
KEEPERS = tuple(keeper_answer.KIND)
GOOD = ("answered", "unknown")
_STANDING = """
SELECT question.id, question.consent_id, question.asked_at, answer.outcome, answer.said
FROM underwriting_keeper_question question LEFT JOIN underwriting_keeper_answer answer ON answer.question_id = question.id
WHERE question.keeper = %s AND question.subject = %s AND question.person_id = %s
  AND question.asked_at > %s AND question.asked_at <= %s
ORDER BY coalesce(answer.outcome IN ('answered', 'unknown'), false) DESC, question.asked_at DESC, question.id DESC LIMIT 1"""
_TRIES = """
SELECT question.asked_at, answer.outcome, answer.answered_at
FROM underwriting_keeper_question question LEFT JOIN underwriting_keeper_answer answer ON answer.question_id = question.id
WHERE question.keeper = %s AND question.asked_at <= %s AND (answer.outcome IS NOT NULL OR question.asked_at > %s)
ORDER BY question.asked_at DESC, question.id DESC LIMIT %s"""
_AT_A_TIME = 4  # so many rows of questions as break a keeper are read: the others may be under way


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
    """What came of it. `outcome`: answered, unknown, no_consent, refused, down, malformed, waiting while another asks the same, or
    resting, where the keeper is left alone and no question was put (`question_id` is empty)."""

    keeper: str
    question_id: str
    outcome: str
    said: str
    asked_at: datetime

    def as_json(self) -> dict[str, str]:
        """As it stands in the record of the decision that followed."""
        return {"keeper": self.keeper, "question": self.question_id, "outcome": self.outcome, "said": self.said,
                "asked_at": self.asked_at.isoformat()}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Put:
    """A question on record that leaves now."""

    door: Door
    wanted: Wanted
    terms: Terms
    question_id: str


def ask_keepers(doors: Mapping[str, Door], wanted: Sequence[Wanted], *, now: datetime) -> tuple[Asked, ...]:
    """Of each the answer that stands within the window, or a new one; all are asked at once. Never raises for a keeper's fault."""
    today = now.astimezone(ZONE).date()
    found, leaving = list[Asked](), list[_Put]()
    for each in wanted:
        on_terms = terms(each.keeper, on=today)
        asked, fresh = _claim(each, on_terms, now=now)
        found.append(asked)
        if fresh:
            leaving.append(_Put(doors[each.keeper], each, on_terms, asked.question_id))
    answers = asyncio.run(_put_all(leaving, today, now)) if leaving else []
    came = dict[str, Asked]()
    for put, (answer, took_ms) in zip(leaving, answers, strict=True):
        _settle(put.question_id, answer, took_ms=took_ms, now=now + timedelta(milliseconds=took_ms))
        came[put.question_id] = Asked(put.wanted.keeper, put.question_id, answer["outcome"], answer["said"], now)
    return tuple(came.get(asked.question_id, asked) for asked in found)


def state_of(keeper: str, *, now: datetime) -> tuple[State, datetime | None]:
    """Whether a keeper is asked now, and the end of its rest where it rests."""
    on_terms = terms(keeper, on=now.astimezone(ZONE).date())
    tries = _tries(keeper, on_terms, now=now)
    state = breaker.state(tries, on_terms.breaker, now=now)
    failed = [each.ended_at for each in breaker.in_vain(tries) if each.ended_at is not None]
    return state, max(failed) + on_terms.breaker.rest if failed and state is State.OPEN else None


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
        if outcome in GOOD:
            return Asked(wanted.keeper, question_id, outcome, said, asked_at), False
        if outcome is None and asked_at + on_terms.patience > now:
            return Asked(wanted.keeper, question_id, "waiting", "", asked_at), False
        if outcome is None and consent_id == wanted.consent_id:
            return Asked(wanted.keeper, question_id, "waiting", "", asked_at), True
    if _rests(wanted.keeper, on_terms, now=now):
        return Asked(wanted.keeper, "", "resting", f"in vain {on_terms.break_after} times in a row", now), False
    question = models.KeeperQuestion(
        id=new_id("ask", now=now), keeper=wanted.keeper, subject=wanted.subject, person_id=wanted.person_id,
        consent_id=wanted.consent_id, purpose=keeper_answer.PURPOSE[wanted.keeper], asked_at=now,
    )  # fmt: skip
    prepared.add(question)
    return Asked(wanted.keeper, question.id, "waiting", "", now), True


def _rests(keeper: str, on_terms: Terms, *, now: datetime) -> bool:
    """Whether the keeper is left alone. After its rest one question tries it: whoever takes the lock and still finds it untried."""
    state = breaker.state(_tries(keeper, on_terms, now=now), on_terms.breaker, now=now)
    if state is State.HALF_OPEN:
        prepared.rows("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"keeper/{keeper}"])
        state = breaker.state(_tries(keeper, on_terms, now=now), on_terms.breaker, now=now)
    return state is State.OPEN


def _tries(keeper: str, on_terms: Terms, *, now: datetime) -> list[Try]:
    """The newest first; one that is under way no longer than an asker waits."""
    most = _AT_A_TIME * on_terms.break_after
    return [Try(*row) for row in prepared.rows(_TRIES, [keeper, now, now - on_terms.patience, most])]


async def _put_all(leaving: Sequence[_Put], today: date, now: datetime) -> list[tuple[dict[str, Any], int]]:
    """The columns of each answer's row and the milliseconds it took; all side by side."""
    return list(await asyncio.gather(*(_timed(each, today, now) for each in leaving)))


async def _timed(put: _Put, today: date, now: datetime) -> tuple[dict[str, Any], int]:
    began = time.perf_counter()
    answer = await _answer(put, today, now)
    return answer, int((time.perf_counter() - began) * 1000)


async def _answer(put: _Put, today: date, now: datetime) -> dict[str, Any]:
    """The columns of the answer's row, whatever came."""
    keeper = put.wanted.keeper
    question = {"query_id": put.question_id, "purpose": keeper_answer.PURPOSE[keeper], **put.wanted.fields}
    if keeper == "bureau":
        question["consent_id"] = put.wanted.consent_id
    try:
        heard = await put.door.ask(question, terms=put.terms, now=now)
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
