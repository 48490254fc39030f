"""Front door, writes: load programmes, match an offer, reserve, confirm and void quota.

Rule kept: two matches that want the last money of a programme queue behind its row, so the quota is never exceeded;
what was used is folded from facts under that lock.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from puhui.funding import models, queries
from puhui.funding.core import allotment, matching, programme_file
from puhui.kernel import shipped
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused


@dataclass(frozen=True, slots=True)
class LoadedProgrammes:
    """What loading added; both are zero when the same file was loaded before."""

    institutions: int
    programmes: int


@dataclass(frozen=True, slots=True)
class MatchRequest:
    """An offer that looks for money; `annual_rate` is what underwriting offered. `place` is where the business is, as far as known."""

    application_id: str
    offer_id: str
    amount_minor: int
    annual_rate: Decimal
    months: int
    rating: str
    method: str = "equal_installment"
    place: str = ""

    def as_core(self) -> matching.Request:
        return matching.Request(self.amount_minor, self.annual_rate, self.months, self.rating, self.method, self.place)


def load_sample_programmes(*, now: datetime) -> LoadedProgrammes:
    """The three invented institutions (示例) that come with the house."""
    text = shipped.text("puhui.funding", "sample_programmes.toml")
    return load_programmes(text, now=now)


@transaction.atomic
def load_programmes(text: str, *, now: datetime) -> LoadedProgrammes:
    """Load a file of institutions and programmes (TOML). Idempotent; all or nothing.

    Refused: the first thing wrong with the file, or PROGRAMME_CHANGED when a known code comes with other rules.
    """
    drafts, refusals = programme_file.read(
        text, lender_types=frozenset(models.LENDER_TYPES), methods=frozenset(models.METHODS)
    )
    if refusals:
        more = f" (+{len(refusals) - 1})" if len(refusals) > 1 else ""
        raise Refused(Refusal(refusals[0].code, refusals[0].message + more, refusals[0].where))
    added = [_load_institution(draft, now=now) for draft in drafts]
    return LoadedProgrammes(sum(is_new for is_new, _ in added), sum(count for _, count in added))


def _load_institution(draft: programme_file.InstitutionDraft, *, now: datetime) -> tuple[bool, int]:
    told = {"name": draft.name, "name_en": draft.name_en, "lender_type": draft.lender_type, "sample": draft.sample}
    institution, is_new = models.Institution.objects.get_or_create(
        code=draft.code, defaults=told | {"id": new_id("inst", now=now), "recorded_at": now}
    )
    if any(getattr(institution, key) != value for key, value in told.items()):
        raise Refused(_changed(draft.code))
    known = {row.code: row for row in models.Programme.objects.filter(code__in=[p.code for p in draft.programmes])}
    fresh = [each for each in draft.programmes if each.code not in known]
    for each in draft.programmes:
        row = known.get(each.code)
        if row is not None and (row.terms_hash, row.institution_id) != (each.terms_hash, institution.id):
            raise Refused(_changed(each.code))
    models.Programme.objects.bulk_create(
        models.Programme(
            id=new_id("prog", now=now),
            institution=institution,
            terms_hash=each.terms_hash,
            recorded_at=now,
            **each.as_columns(),
        )
        for each in fresh
    )
    return is_new, len(fresh)


def _changed(code: str) -> Refusal:
    text = "规则已变更，请使用新代码 · its rules differ from those loaded before; give the change a new code"
    return Refusal("PROGRAMME_CHANGED", text, where=code)


@transaction.atomic
def match(request: MatchRequest, *, as_of: date, now: datetime) -> queries.MatchShown:
    """Ask every programme and record the answers; nothing is reserved yet.

    An offer whose last match still holds keeps it, so that showing an offer twice names the same institution.
    """
    rows = {row.code: row for row in queries.programmes()}
    programmes = queries.programmes_for_matching(list(rows.values()), on=as_of)
    choice = matching.match(
        matching.Requests.of([request.as_core()]), matching.ProgrammeColumns.of(list(programmes.values())), on=as_of
    )[0]
    standing = _standing(request, choice, as_of=as_of)
    if standing is not None:
        return queries.shown(standing)
    winner = rows[choice.chosen] if choice.chosen else None
    record = models.Match.objects.create(
        id=new_id("match", now=now),
        application_id=request.application_id,
        offer_id=request.offer_id,
        programme=winner,
        institution=winner.institution if winner else None,
        amount_minor=request.amount_minor,
        months=request.months,
        rating=request.rating,
        method=request.method,
        place=request.place,
        offered_rate=request.annual_rate,
        annual_rate=choice.annual_rate,
        as_of=as_of,
        candidates=[_explained(each, rows[each.code]) for each in choice.candidates],
        recorded_at=now,
    )
    return queries.shown(record)


def would_fund(request: MatchRequest, *, as_of: date) -> bool:
    """Whether some programme takes it on that day; nothing is recorded."""
    programmes = queries.programmes_for_matching(queries.programmes(), on=as_of)
    asked = matching.Requests.of([request.as_core()])
    return (
        matching.match(asked, matching.ProgrammeColumns.of(list(programmes.values())), on=as_of)[0].chosen is not None
    )


def _standing(request: MatchRequest, choice: matching.Choice, *, as_of: date) -> models.Match | None:
    """The offer's last match, when it was reserved, or when it would still be answered the same way."""
    found = models.Match.objects.filter(offer_id=request.offer_id).select_related("programme", "institution")
    reserved = found.filter(allotments__isnull=False).order_by("-id").first()
    if reserved is not None:
        return reserved
    last = found.filter(method=request.method).order_by("-id").first()
    if last is None:
        return None
    asked = (request.amount_minor, request.months, request.annual_rate, request.rating, request.place, as_of)
    if asked != (last.amount_minor, last.months, last.offered_rate, last.rating, last.place, last.as_of):
        return None
    if last.programme is None:
        return last if choice.refusals == {each["programme"]: each["refusal"] for each in last.candidates} else None
    takes = {each.code: each.annual_rate for each in choice.candidates if not each.refusal}
    return last if takes.get(last.programme.code) == last.annual_rate else None


def _explained(candidate: matching.Candidate, row: models.Programme) -> dict[str, Any]:
    return {
        "programme": candidate.code,
        "institution": row.institution.name,
        "institution_id": row.institution_id,
        "sample": row.institution.sample,
        "annual_rate": f"{candidate.annual_rate:.6f}",
        "quota_left_minor": candidate.quota_left_minor,
        "urgency_millionths": candidate.urgency_millionths,
        "rank": candidate.rank,
        "refusal": candidate.refusal,
        "text": matching.TEXTS.get(candidate.refusal, ""),
    }


@transaction.atomic
def reserve(match_id: str, *, as_of: date, now: datetime) -> str:
    """Take the matched amount out of its programme's quota; returns the allotment's id. Idempotent per match.

    All filters are asked again under the lock. Refused with the filter's code when the programme takes it no more.
    """
    record = models.Match.objects.filter(id=match_id).first()
    if record is None or record.programme_id is None:
        raise Refused(Refusal("MATCH_UNKNOWN", "没有可用的资金匹配 · no such match with a programme", where=match_id))
    programme = models.lock_programme(record.programme_id)
    assert programme is not None, "a match keeps its programme by foreign key"
    held = models.Allotment.objects.filter(match_id=match_id, verb="reserve").first()
    if held is not None:
        return held.allotment_id
    asked = matching.Request(
        record.amount_minor, record.offered_rate, record.months, record.rating, record.method, record.place
    )
    columns = matching.ProgrammeColumns.of([queries.as_core(programme, used_minor=_used(programme.id), on=as_of)])
    refusal = matching.match(matching.Requests.of([asked]), columns, on=as_of)[0].candidates[0].refusal
    if refusal:
        raise Refused(Refusal(refusal, matching.TEXTS[refusal], where=programme.code))
    fact = _fact(record, new_id("allot", now=now), "reserve", now=now)
    fact.save(force_insert=True)
    return fact.allotment_id


def confirm(allotment_id: str, *, now: datetime) -> None:
    """The money was lent. Idempotent; refused once voided."""
    _end(allotment_id, "confirm", reason="", now=now)


def void(allotment_id: str, *, reason: str, now: datetime) -> None:
    """The money will not be lent: its quota is free again. Idempotent; refused once confirmed."""
    _end(allotment_id, "void", reason=reason, now=now)


@transaction.atomic
def _end(allotment_id: str, verb: str, *, reason: str, now: datetime) -> None:
    reserved = (
        models.Allotment.objects.select_related("match").filter(allotment_id=allotment_id, verb="reserve").first()
    )
    if reserved is None:
        raise Refused(Refusal("ALLOTMENT_UNKNOWN", "没有这笔额度占用 · no such allotment", where=allotment_id))
    models.lock_programme(reserved.programme_id)
    verbs = list(
        models.Allotment.objects.filter(allotment_id=allotment_id).order_by("id").values_list("verb", flat=True)
    )
    if verb in verbs:
        return
    reached = allotment.after(allotment.fold(verbs), verb)
    if isinstance(reached, Refusal):
        raise Refused(Refusal(reached.code, reached.message, where=allotment_id))
    fact = _fact(reserved.match, allotment_id, verb, now=now)
    fact.reason = reason
    fact.save(force_insert=True)


def _fact(record: models.Match, allotment_id: str, verb: str, *, now: datetime) -> models.Allotment:
    assert record.programme_id, "only a match with a programme is reserved"
    assert record.institution_id, "a programme has its institution"
    return models.Allotment(
        allotment_id=allotment_id,
        verb=verb,
        programme_id=record.programme_id,
        institution_id=record.institution_id,
        match=record,
        application_id=record.application_id,
        amount_minor=record.amount_minor,
        recorded_at=now,
    )


def _used(programme_id: str) -> int:
    return queries.used_minor([programme_id]).get(programme_id, 0)
