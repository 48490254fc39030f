"""Front door, writes: assess applications (one is a batch of one, stored with what was seen); put a refusal on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from django.db import connection, transaction
from django.db.models import Q

from puhui.antifraud import models
from puhui.antifraud.core import refusal, rulebook, signals, velocity
from puhui.antifraud.core.assessment import Assessment
from puhui.antifraud.core.rulebook import Verdict
from puhui.kernel.canonical import digest
from puhui.kernel.china_ids import Finding
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import operations as policy
from puhui.policy import queries as policy_queries
from puhui.policy.record import BatchDraft, DecisionDraft
from puhui.store.sealed import blind_index

ZONE = "Asia/Shanghai"
_ARRIVAL_LOCK = 7_305_050  # one writer at a time, so that an application sees every earlier arrival


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """An application as it came in. `evidence` has the names of `core.signals.EVIDENCE`; a missing name is unknown.

    `device_hash` None means the device is unknown, which is never "ok". `credit_code` None: none was given.
    """

    application_key: str
    id_number: Finding
    phone_index: bytes
    entrance: str
    applied_at: datetime
    device_hash: str | None = None
    credit_code: Finding | None = None
    evidence: Mapping[str, float | None] = field(default_factory=dict)
    evidence_on: date | None = None


def assess(facts: ApplicationFacts, *, now: datetime) -> Assessment:
    """The assessment of one application; the same facts again give the stored answer, changed facts a new one."""
    return assess_many([facts], now=now)[0]


@transaction.atomic
def assess_many(batch: Sequence[ApplicationFacts], *, now: datetime) -> list[Assessment]:
    """Assess in the order given: each sees those before it in the batch as if they had come alone."""
    for facts in batch:
        _check(facts)
    hashes = [_input_hash(facts) for facts in batch]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ARRIVAL_LOCK])
    known = {
        (row.application_key, row.input_hash): row
        for row in models.Assessment.objects.filter(
            application_key__in=[facts.application_key for facts in batch]
        ).prefetch_related("hits")
    }
    fresh = {(facts.application_key, hashed): facts for facts, hashed in zip(batch, hashes, strict=True)}
    fresh = {key: facts for key, facts in fresh.items() if key not in known}
    known |= _assess_fresh(fresh, now=now)
    return [known[facts.application_key, hashed].as_value() for facts, hashed in zip(batch, hashes, strict=True)]


@transaction.atomic
def carry_over(former_key: str, application_key: str, *, now: datetime) -> Assessment | None:
    """Let the latest assessment of an application stand for the one that follows it; None where there is none.

    For an applicant who comes again on the same facts: the doubt, if any, comes along, and the arrival is counted.
    """
    former = models.Assessment.objects.filter(application_key=former_key).order_by("-id").first()
    if former is None:
        return None
    known = models.Assessment.objects.filter(application_key=application_key, input_hash=former.input_hash).first()
    if known is not None:
        return known.as_value()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ARRIVAL_LOCK])
    hits = list(former.hits.order_by("id"))
    for row in (former, *hits):
        row.pk = None
        row._state.adding = True
    former.application_key, former.applied_at, former.recorded_at = application_key, now, now
    former.save(force_insert=True)
    for hit in hits:
        hit.assessment = former
    models.Hit.objects.bulk_create(hits)
    return models.Assessment.objects.get(pk=former.pk).as_value()


@transaction.atomic
def record_refusal(assessment: Assessment, *, reasons: list[dict[str, str]], now: datetime) -> str:
    """Put an assessment whose outcome is `refuse` on record as a decision; returns the decision's id. Idempotent."""
    subject, book = f"application:{assessment.application_key}", rulebook.default_rulebook()
    known = policy_queries.latest().filter(subject=subject, batch__kind=refusal.KIND).first()
    if known is not None:
        return str(known.id)
    if assessment.outcome != "refuse":
        text = f"结论为 {assessment.outcome}，不是拒绝 · the outcome is {assessment.outcome}, no refusal"
        raise Refused(Refusal("NOT_REFUSED", text, where=assessment.application_key))
    if assessment.rulebook != book.version:
        text = "规则集已更新，请重新评估 · the rulebook has changed since; assess again"
        raise Refused(Refusal("RULEBOOK_CHANGED", text, where=assessment.rulebook))
    on = assessment.applied_at.astimezone(ZoneInfo(ZONE)).date()
    batch = BatchDraft(refusal.KIND, "antifraud", book.version, refusal.parameters_of(book), on)
    inputs = refusal.inputs_of(assessment, applied_on=on)
    draft = DecisionDraft(subject, inputs, refusal.output_of(assessment), list(reasons))
    return policy.record_decisions(batch, [draft], now=now)[1][0]


def _assess_fresh(
    fresh: Mapping[tuple[str, str], ApplicationFacts], *, now: datetime
) -> dict[tuple[str, str], models.Assessment]:
    if not fresh:
        return {}
    batch = list(fresh.values())
    people = [blind_index(facts.id_number.normalised, purpose="id_number") for facts in batch]
    seen = _signals(batch, people, now=now)
    book = rulebook.default_rulebook()
    days = [facts.applied_at.astimezone(ZoneInfo(ZONE)).date() for facts in batch]
    verdicts = rulebook.evaluate(book, seen, on=days)
    rows = [
        models.Assessment(
            application_key=facts.application_key,
            input_hash=input_hash,
            person_index=person,
            phone_index=facts.phone_index,
            device_hash=facts.device_hash or None,
            applied_at=facts.applied_at,
            signals=shown,
            outcome=verdict.outcome,
            unknown=list(verdict.unknown),
            rulebook=book.version,
            recorded_at=now,
        )
        for ((_, input_hash), facts), person, shown, verdict in zip(
            fresh.items(), people, seen.drop("application_key").iter_rows(named=True), verdicts, strict=True
        )
    ]
    models.Assessment.objects.bulk_create(rows, batch_size=1000)
    _store_hits(rows, verdicts)
    stored = models.Assessment.objects.filter(id__in=[row.id for row in rows]).prefetch_related("hits")
    return {(row.application_key, row.input_hash): row for row in stored}


def _store_hits(rows: Sequence[models.Assessment], verdicts: Sequence[Verdict]) -> None:
    models.Hit.objects.bulk_create(
        (
            models.Hit(
                assessment=row,
                code=hit.code,
                severity=hit.severity,
                outcome=hit.outcome,
                text_zh=hit.text_zh,
                text_en=hit.text_en,
                evidence=hit.evidence,
            )
            for row, verdict in zip(rows, verdicts, strict=True)
            for hit in verdict.hits
        ),
        batch_size=1000,
    )


def _signals(batch: Sequence[ApplicationFacts], people: Sequence[bytes], *, now: datetime) -> pl.DataFrame:
    history = _history(batch, people)
    first = max((row[0] for row in history), default=0) + 1
    arrivals = [
        (first + place, facts.applied_at, person, facts.phone_index, facts.device_hash or None)
        for place, (facts, person) in enumerate(zip(batch, people, strict=True))
    ]
    table = pl.DataFrame(
        [(row[0], row[1].astimezone(UTC), bytes(row[2]), bytes(row[3]), row[4]) for row in (*history, *arrivals)],
        schema={
            "position": pl.Int64,
            "applied_at": pl.Datetime("us", "UTC"),
            "person": pl.Binary,
            "phone": pl.Binary,
            "device": pl.String,
        },
        orient="row",
    )
    counted = velocity.counts(table).tail(len(batch)).drop("position")
    names = set(counted.columns)
    plain = signals.signal_columns([_seen(facts, now=now) for facts in batch], zone=ZONE)
    return pl.concat([plain.drop(names), counted], how="horizontal").select("application_key", *signals.NAMES)


def _history(batch: Sequence[ApplicationFacts], people: Sequence[bytes]) -> list[tuple[Any, ...]]:
    """Earlier arrivals that share a person, phone or device with the batch, within the longest window."""
    devices = [facts.device_hash for facts in batch if facts.device_hash]
    opens = min(facts.applied_at for facts in batch) - timedelta(days=velocity.LONGEST_DAYS)
    rows = models.Assessment.objects.filter(
        Q(person_index__in=list(people))
        | Q(phone_index__in=[facts.phone_index for facts in batch])
        | Q(device_hash__in=devices),
        applied_at__gt=opens,
        applied_at__lte=max(facts.applied_at for facts in batch),
    )
    return list(rows.order_by("id").values_list("id", "applied_at", "person_index", "phone_index", "device_hash"))


def _seen(facts: ApplicationFacts, *, now: datetime) -> signals.Seen:
    return signals.Seen(
        application_key=facts.application_key,
        applied_at=facts.applied_at,
        id_severity=facts.id_number.severity,
        birth_date=_birth_date(facts.id_number),
        credit_code_severity=facts.credit_code.severity if facts.credit_code else None,
        device_known=bool(facts.device_hash),
        entrance=facts.entrance,
        now=now,
        evidence=facts.evidence,
        evidence_on=facts.evidence_on,
    )


def _birth_date(id_number: Finding) -> date | None:
    if not id_number.ok:
        return None
    return datetime.strptime(id_number.normalised[6:14], "%Y%m%d").date()  # noqa: DTZ007 - a date, no time


def _check(facts: ApplicationFacts) -> None:
    if not facts.application_key.strip():
        raise Refused(
            Refusal("APPLICATION_KEY_MISSING", "缺少申请编号 · the application has no key", where="application_key")
        )
    for name, text, longest in (
        ("application_key", facts.application_key, 80),
        ("device_hash", facts.device_hash, 128),
    ):
        if text and (len(text) > longest or "\x00" in text):
            message = f"最多 {longest} 个可见字符 · at most {longest} visible characters"
            raise Refused(Refusal("TEXT_UNREADABLE", message, where=name))
    if facts.applied_at.tzinfo is None:
        raise Refused(
            Refusal("TIME_ZONE_MISSING", "申请时间须带时区 · applied_at needs a time zone", where="applied_at")
        )
    if strange := sorted(set(facts.evidence) - set(signals.EVIDENCE)):
        raise Refused(Refusal("SIGNAL_UNKNOWN", f"没有名为 {strange[0]} 的信号 · no such signal", where=strange[0]))


def _input_hash(facts: ApplicationFacts) -> str:
    return digest(
        {
            "person": blind_index(facts.id_number.normalised, purpose="id_number").hex(),
            "id_severity": facts.id_number.severity,
            "credit_code": [facts.credit_code.severity, facts.credit_code.normalised] if facts.credit_code else None,
            "phone": bytes(facts.phone_index).hex(),
            "device": facts.device_hash or None,
            "entrance": facts.entrance,
            "applied_at": facts.applied_at,
            "evidence": dict(facts.evidence),
            "evidence_on": facts.evidence_on,
        }
    )
