"""What keepers of records were asked and what came of it, as the console shows it: the newest first, a page at a time.

Rule kept: the platform's own rows (row-level security shows an institution none), and never what a keeper said of a person; that
stands with the application it became evidence of.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.aggregates import Avg, Max

from puhui.underwriting import models
from puhui.underwriting.core.breaker import State
from puhui.underwriting.outside import asking
from puhui.underwriting.outside.terms import terms

WAITING, LEFT = "waiting", "left"  # under way; or its asker died and nobody waits any more
OUTCOMES = ("answered", "unknown", "no_consent", "refused", "down", "malformed", WAITING, LEFT)
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions; empty: all."""

    keeper: str = ""
    outcome: str = ""
    person_id: str = ""


@dataclass(frozen=True, slots=True)
class QuestionShown:
    """`kept` is how many fields of the answer became evidence; `stands` whether it still spares the next question."""

    question_id: str
    keeper: str
    person_id: str
    subject: str
    consent_id: str
    purpose: str
    asked_at: datetime
    outcome: str
    said: str
    source: str
    observed_on: date | None
    age_days: int | None
    kept: int
    content_hash: str
    attempts: int | None
    took_ms: int | None
    stands: bool


@dataclass(frozen=True, slots=True)
class KeeperShown:
    """One keeper: whether it is asked now, and its last day. `mean_ms` and `longest_ms` of what came."""

    keeper: str
    state: State
    rests_until: datetime | None
    asked: int
    answered: int
    in_vain: int
    mean_ms: int | None
    longest_ms: int | None


def questions(wanted: Wanted, *, page: int, now: datetime) -> tuple[list[QuestionShown], int]:
    """One page and how many there are in all."""
    found = _found(wanted, now=now)
    first = (page - 1) * PAGE_ROWS
    rows = found.select_related("answer").order_by("-asked_at", "-id")[first : first + PAGE_ROWS]
    return [_shown(row, now=now) for row in rows], found.count()


def keepers(*, now: datetime) -> list[KeeperShown]:
    """Every keeper, asked or not."""
    asked = models.KeeperQuestion.objects.filter(asked_at__gt=now - timedelta(days=1), asked_at__lte=now)
    good = Q(answer__outcome__in=["answered", "unknown"])
    told: Any = asked.values("keeper").annotate(
        asked=Count("id"), answered=Count("id", filter=good), in_vain=Count("id", filter=~good & Q(answer__isnull=False)),
        mean=Avg("answer__took_ms"), longest=Max("answer__took_ms"),
    )  # fmt: skip
    by_keeper = {row["keeper"]: row for row in told}
    return [_keeper(keeper, by_keeper.get(keeper, {}), now=now) for keeper in asking.KEEPERS]


def _keeper(keeper: str, told: dict[str, Any], *, now: datetime) -> KeeperShown:
    state, until = asking.state_of(keeper, now=now)
    mean = told.get("mean")
    return KeeperShown(
        keeper, state, until, told.get("asked", 0), told.get("answered", 0), told.get("in_vain", 0),
        None if mean is None else round(mean), told.get("longest"),
    )  # fmt: skip


def _found(wanted: Wanted, *, now: datetime) -> QuerySet[models.KeeperQuestion]:
    found = models.KeeperQuestion.objects.all()
    for name in ("keeper", "person_id"):
        if getattr(wanted, name):
            found = found.filter(**{name: getattr(wanted, name)})
    if wanted.outcome in (WAITING, LEFT):
        under_way = [
            Q(keeper=each, asked_at__gt=now - terms(each, on=_day(now)).patience, answer__isnull=True)
            for each in asking.KEEPERS
        ]
        any_under_way = under_way[0] | under_way[1]
        return found.filter(any_under_way if wanted.outcome == WAITING else ~any_under_way, answer__isnull=True)
    return found.filter(answer__outcome=wanted.outcome) if wanted.outcome else found


def _shown(row: models.KeeperQuestion, *, now: datetime) -> QuestionShown:
    on_terms = terms(row.keeper, on=_day(now))
    answer: models.KeeperAnswer | None = getattr(row, "answer", None)
    fresh = row.asked_at > now - timedelta(days=on_terms.window_days)
    if answer is None:
        outcome = WAITING if row.asked_at + on_terms.patience > now else LEFT
        return QuestionShown(row.id, row.keeper, row.person_id, row.subject, row.consent_id, row.purpose, row.asked_at,
                             outcome, "", "", None, None, 0, "", None, None, stands=False)  # fmt: skip
    age = None if answer.observed_on is None else (_day(now) - answer.observed_on).days
    return QuestionShown(
        row.id, row.keeper, row.person_id, row.subject, row.consent_id, row.purpose, row.asked_at, answer.outcome, answer.said,
        answer.source, answer.observed_on, age, len(answer.values or {}), answer.content_hash, answer.attempts, answer.took_ms,
        stands=fresh and answer.outcome in asking.GOOD,
    )  # fmt: skip


def _day(now: datetime) -> date:
    return now.astimezone(asking.ZONE).date()
