"""Assess applications: each joins the graph, is counted, looked up, scored and judged, and stored with what was seen.

Rule kept: one is a batch of one; the same facts again give the stored answer, changed facts a new one; an application sees those
before it, in the batch as in the world.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from puhui.antifraud import arrivals, first_look, list_entries, live_rules, models, stored_answers
from puhui.antifraud.core import neighbourhood, rulebook, signals, trades
from puhui.antifraud.core.assessment import Assessment
from puhui.antifraud.core.entity_kind import KINDS, key_of, masked
from puhui.antifraud.core.facts import ApplicationFacts
from puhui.antifraud.core.rulebook import Verdict
from puhui.antifraud.first_look import FirstLook
from puhui.antifraud.operations.leads import raise_from_assessments
from puhui.kernel.canonical import digest
from puhui.kernel.china_ids import Finding
from puhui.kernel.refusal import Refusal, Refused
from puhui.store.sealed import blind_index
from puhui.store.undivided import undivided

_LONGEST = {"application_key": 80, "device_hash": 128}


@dataclass(slots=True)
class _Case:
    """One application on its way: what it is stored under, its row of keys, its signals."""

    facts: ApplicationFacts
    input_hash: str
    person: bytes
    row: dict[str, Any]
    position: int = 0
    seen: dict[str, Any] | None = None
    trades: "Sequence[trades.Counterparty]" = ()


def assess(facts: ApplicationFacts, *, now: datetime) -> Assessment:
    """The assessment of one application; the same facts again give the stored answer, changed facts a new one."""
    return assess_many([facts], now=now)[0]


@undivided
def assess_many(batch: Sequence[ApplicationFacts], *, now: datetime) -> list[Assessment]:
    """Assess in the order given: each sees those before it in the batch as if they had come alone."""
    for facts in batch:
        _check(facts)
    cases = [_case(facts, now) for facts in batch]  # values of another kind than their signal's are refused here
    keys = arrivals.strong_keys(case.row for case in cases)
    arrivals.wait_in_line(keys, many=arrivals.is_many(len(cases)))
    fresh = {(case.facts.application_key, case.input_hash): case for case in cases}
    every = (case.row[kind] for case in cases for kind in KINDS if case.row.get(kind) is not None)
    first = first_look.look((facts.application_key for facts in batch), every, at=now)
    before = {key: first.given[key] for key in fresh if key in first.given}
    told = stored_answers.read(before.values()) if before else {}
    known = {key: told[answer] for key, answer in before.items()}
    fresh = {key: case for key, case in fresh.items() if key not in known}
    if fresh:
        known |= dict(zip(fresh, _assess_fresh(list(fresh.values()), first, now=now), strict=True))
    return [known[case.facts.application_key, case.input_hash] for case in cases]


@undivided
def carry_over(
    former_key: str, application_key: str, *, now: datetime, counterparties: Sequence[trades.Counterparty] = ()
) -> Assessment | None:
    """Let the latest assessment of an application stand for the one that follows it; None where there is none.

    For an applicant who comes again on the same facts: the doubt, if any, comes along, and the arrival is counted. `counterparties`
    of invoices that were brought since join the graph, for those who come later.
    """
    former = models.Assessment.objects.filter(application_key=former_key).order_by("-id").first()
    if former is None:
        return None
    known = models.Assessment.objects.filter(application_key=application_key, input_hash=former.input_hash).first()
    if known is not None:
        return known.as_value()
    joined = models.Arrival.objects.filter(position=former.position or former.id).values(*KINDS, "amount_minor").get()
    arrivals.wait_in_line(arrivals.strong_keys([joined]), many=False)
    hits = list(former.hits.order_by("id"))
    for row in (former, *hits):
        row.pk = None
        row._state.adding = True
    seen_at = former.position or former.id
    former.application_key, former.applied_at, former.recorded_at = application_key, now, now
    named = _named(application_key, now, now)
    former.position = arrivals.join([joined | named])[0]
    if counterparties:
        told = trades.joining(counterparties, on=now.astimezone(signals.ZONE).date())
        arrivals.join_trades([(former.position, joined | named, told)])
    else:
        arrivals.carry_trades(seen_at, former.position, named)
    former.save(force_insert=True)
    for hit in hits:
        hit.assessment = former
    models.Hit.objects.bulk_create(hits)
    return models.Assessment.objects.get(pk=former.pk).as_value()


def _assess_fresh(cases: Sequence[_Case], first: FirstLook, *, now: datetime) -> list[Assessment]:
    shown = {key: told for case in cases for key, told in _shown(case).items()}
    for case, position in zip(cases, arrivals.join([case.row for case in cases], shown), strict=True):
        case.position = position
    trading = [(case.position, case.row, case.trades) for case in cases if case.trades]
    if trading:
        arrivals.join_trades(trading)
    _look(cases, {key: kind for key, (kind, _) in shown.items()}, first.colours)
    scorer = first.scorer
    rows: list[dict[str, Any]] = [case.seen for case in cases if case.seen is not None]
    scorer.add_to(rows)
    rules = live_rules.current(now)
    days = [case.row["applied_at"].astimezone(signals.ZONE).date() for case in cases]
    verdicts = rules.judge(signals.frame(rows), on=days)
    stored = _store(cases, verdicts, version=rules.version, scored_by=scorer.name, now=now)
    raise_from_assessments(stored, {case.position: case.row for case in cases}, now=now)
    return stored


def _look(cases: Sequence[_Case], kinds: Mapping[int, str], colours: Mapping[int, set[str]]) -> None:
    """Fill the signals of windows, of the graph and of lists."""
    counted = arrivals.velocities([case.position for case in cases])
    around = arrivals.neighbourhoods({case.position: case.row["application"] for case in cases})
    traded = arrivals.trades_of(case.position for case in cases if case.trades)
    listed = list_entries.signals([case.row for case in cases], kinds, colours)
    for case, lists in zip(cases, listed, strict=True):
        row = case.row
        assert case.seen is not None
        case.seen |= counted[case.position] | lists
        case.seen |= neighbourhood.features(
            around[case.position],
            person=row["person"],
            application=row["application"],
            amount_minor=row["amount_minor"],
        )
        if case.position in traded:
            who = {"person": row["person"], "application": row["application"]}
            case.seen |= trades.features(traded[case.position], **who, brought=trades.brought(case.trades))


def _store(
    cases: Sequence[_Case], verdicts: Sequence[Verdict], *, version: str, scored_by: str, now: datetime
) -> list[Assessment]:
    rows = [
        models.Assessment(
            application_key=case.facts.application_key,
            input_hash=case.input_hash,
            person_index=case.person,
            phone_index=case.facts.phone_index,
            device_hash=case.facts.device_hash or None,
            applied_at=case.row["applied_at"],
            signals=case.seen,
            outcome=verdict.outcome,
            unknown=list(verdict.unknown),
            rulebook=version,
            recorded_at=now,
            position=case.position,
            strategy=verdict.strategy,
            conditions=verdict.conditions,
            score=_score(case, verdict),
            scored_by=scored_by or rulebook.SCORED_BY_RULES,
        )
        for case, verdict in zip(cases, verdicts, strict=True)
    ]
    stored_answers.store(rows, [verdict.hits for verdict in verdicts])
    return [
        Assessment(row.id, row.application_key, verdict.outcome, verdict.hits, verdict.unknown, row.signals, version,
                   row.applied_at, row.position, verdict.strategy, verdict.conditions, row.score, row.scored_by)
        for row, verdict in zip(rows, verdicts, strict=True)
    ]  # fmt: skip


def _score(case: _Case, verdict: Verdict) -> float:
    assert case.seen is not None
    chance = case.seen["fraud_chance"]
    return rulebook.score_of(verdict.hits) if chance is None else round(float(chance), 6)


def _case(facts: ApplicationFacts, now: datetime) -> _Case:
    person = blind_index(facts.id_number.normalised, purpose="id_number")
    row = _named(facts.application_key, min(facts.applied_at, now), now) | {
        "amount_minor": facts.amount_minor,
        "person": key_of("person", person),
        "phone": key_of("phone", bytes(facts.phone_index)) if facts.phone_index else None,
        "device": key_of("device", facts.device_hash.encode()) if facts.device_hash else None,
    }
    row |= {kind: key_of(kind, seen.material) for kind, seen in facts.entities.items()}
    seen = {
        "id_severity": facts.id_number.severity,
        "birth_date": _birth_date(facts.id_number),
        "phone_severity": facts.phone.severity if facts.phone else None,
        "card_severity": facts.card.severity if facts.card else None,
        "credit_code_severity": facts.credit_code.severity if facts.credit_code else None,
        "device_known": bool(facts.device_hash),
        "entrance": facts.entrance,
        "amount_minor": facts.amount_minor,
    }
    clock = signals.Clock(facts.applied_at, now, facts.evidence_on)
    return _Case(
        facts,
        _input_hash(facts, person),
        person,
        row,
        seen=signals.plain_row(seen, signals.read_told(facts.evidence), clock),
        trades=_trades(facts, row["applied_at"].astimezone(signals.ZONE).date()),
    )


def _trades(facts: ApplicationFacts, on: date) -> list[trades.Counterparty]:
    """Whom it trades with; of evidence newer than itself only its own names."""
    newer = facts.evidence_on is not None and facts.evidence_on > on
    told = [each for each in facts.counterparties if each.side == trades.SELF or not newer]
    return trades.joining(told, on=on)


def _named(application_key: str, applied_at: datetime, now: datetime) -> dict[str, Any]:
    """Nobody applies tomorrow: an arrival from a clock that runs ahead is dated by ours (and the signal says so)."""
    return {
        "application": key_of("application", application_key.encode()),
        "application_key": application_key,
        "applied_at": applied_at.astimezone(UTC),
        "recorded_at": now,
    }


def _shown(case: _Case) -> dict[int, tuple[str, str]]:
    told = {kind: seen.shown for kind, seen in case.facts.entities.items()}
    number = case.facts.id_number.normalised
    told |= {"person": f"{number[:3]}****{number[-2:]}" if case.facts.id_number.ok else "****"}
    told |= {"phone": masked("phone", facts_phone.normalised) if (facts_phone := case.facts.phone) else "****"}
    told |= {"device": f"****{(case.facts.device_hash or '')[-6:]}"}
    return {case.row[kind]: (kind, told.get(kind) or "****") for kind in KINDS if case.row.get(kind) is not None}


def _birth_date(id_number: Finding) -> date | None:
    if not id_number.ok:
        return None
    text = id_number.normalised
    return date(int(text[6:10]), int(text[10:12]), int(text[12:14]))


def _check(facts: ApplicationFacts) -> None:
    if not facts.application_key.strip():
        raise Refused(
            Refusal("APPLICATION_KEY_MISSING", "缺少申请编号 · the application has no key", where="application_key")
        )
    for name, longest in _LONGEST.items():
        text = getattr(facts, name)
        if text and (len(text) > longest or "\x00" in text):
            message = f"最多 {longest} 个可见字符 · at most {longest} visible characters"
            raise Refused(Refusal("TEXT_UNREADABLE", message, where=name))
    if facts.applied_at.tzinfo is None:
        raise Refused(
            Refusal("TIME_ZONE_MISSING", "申请时间须带时区 · applied_at needs a time zone", where="applied_at")
        )
    if strange := sorted(set(facts.evidence) - signals.TOLD):
        raise Refused(Refusal("SIGNAL_UNKNOWN", f"没有名为 {strange[0]} 的信号 · no such signal", where=strange[0]))
    if strange := sorted({each.side for each in facts.counterparties} - set(trades.SIDES)):
        raise Refused(
            Refusal("TRADE_SIDE_UNKNOWN", f"应为 {'、'.join(trades.SIDES)} 之一 · one of them", where=strange[0])
        )
    if any(not 0 <= each.share <= 1 for each in facts.counterparties):
        raise Refused(
            Refusal("TRADE_SHARE", "占比应在 0 与 1 之间 · a share lies between 0 and 1", where="counterparties")
        )
    if strange := sorted(set(facts.entities) - (set(KINDS) - {"person", "phone", "device"})):
        raise Refused(Refusal("ENTITY_UNKNOWN", f"没有名为 {strange[0]} 的实体 · no such entity", where=strange[0]))


def _input_hash(facts: ApplicationFacts, person: bytes) -> str:
    inputs: dict[str, Any] = {
        "person": person.hex(),
        "id_severity": facts.id_number.severity,
        "credit_code": [facts.credit_code.severity, facts.credit_code.normalised] if facts.credit_code else None,
        "phone": bytes(facts.phone_index).hex(),
        "device": facts.device_hash or None,
        "entrance": facts.entrance,
        "applied_at": facts.applied_at,
        "evidence": dict(facts.evidence),
        "evidence_on": facts.evidence_on,
    }
    if facts.entities:
        inputs["entities"] = {kind: seen.material.hex() for kind, seen in facts.entities.items()}
    if facts.amount_minor is not None:
        inputs["amount_minor"] = facts.amount_minor
    if facts.counterparties:
        told = ([each.side, each.material.hex(), each.share, each.last_on] for each in facts.counterparties)
        inputs["counterparties"] = sorted(told, key=str)
    return digest(inputs)
