"""Front door, reads: institutions, programmes, the use of quotas, matches, allotments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Sum, Value, When

from puhui.funding import models
from puhui.funding.core import allotment, matching
from puhui.policy import rule_table


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """One programme's quota; `used_minor` is reserved and not voided, of which `confirmed_minor` was lent."""

    programme_id: str
    code: str
    name: str
    institution_id: str
    quota_minor: int
    used_minor: int
    confirmed_minor: int

    @property
    def left_minor(self) -> int:
        return self.quota_minor - self.used_minor


@dataclass(frozen=True, slots=True)
class MatchShown:
    """A recorded match as plain data. Without a programme, `candidates` carry each one's refusal."""

    id: str
    application_id: str
    offer_id: str
    programme_id: str | None
    programme_code: str | None
    institution_id: str | None
    institution_name: str | None
    lender_type: str | None
    sample: bool
    amount_minor: int
    months: int
    annual_rate: Decimal | None
    as_of: date
    candidates: list[dict[str, Any]]
    method: str = "equal_installment"


def institutions() -> list[models.Institution]:
    """All that row-level security shows: one for an institution's user, every one for the platform."""
    return list(models.Institution.objects.order_by("code"))


def institution(institution_id: str) -> models.Institution | None:
    return models.Institution.objects.filter(id=institution_id).first()


def programmes(institution_id: str | None = None) -> list[models.Programme]:
    rows = models.Programme.objects.select_related("institution").order_by("code")
    return list(rows.filter(institution_id=institution_id) if institution_id else rows)


def quota_use(institution_id: str | None = None) -> list[QuotaUse]:
    """Every programme's quota and what is used of it, by code."""
    rows = programmes(institution_id)
    ids = [row.id for row in rows]
    used, confirmed = used_minor(ids), _sums(ids, confirm=1)
    return [
        QuotaUse(
            programme_id=row.id,
            code=row.code,
            name=row.name,
            institution_id=row.institution_id,
            quota_minor=row.quota_minor,
            used_minor=used.get(row.id, 0),
            confirmed_minor=confirmed.get(row.id, 0),
        )
        for row in rows
    ]


def used_minor(programme_ids: Sequence[str]) -> dict[str, int]:
    """Programme → quota in use, folded from its facts (core.allotment.used, as SQL)."""
    return _sums(programme_ids, reserve=1, void=-1)


def _sums(programme_ids: Sequence[str], **sign: int) -> dict[str, int]:
    whens = [When(verb=verb, then=F("amount_minor") * factor) for verb, factor in sign.items()]
    facts = models.Allotment.objects.filter(programme_id__in=programme_ids).values("programme_id")
    return {row["programme_id"]: row["sum"] for row in facts.annotate(sum=Sum(Case(*whens, default=Value(0))))}


def matches_of(application_id: str) -> list[MatchShown]:
    """Every match of an application, oldest first."""
    return [shown(row) for row in _matches().filter(application_id=application_id).order_by("id")]


def match(match_id: str) -> MatchShown | None:
    row = _matches().filter(id=match_id).first()
    return shown(row) if row else None


def allotment_of(offer_id: str) -> tuple[str, str] | None:
    """(allotment id, state) of the offer's latest reservation, or None."""
    reserved = models.Allotment.objects.filter(match__offer_id=offer_id, verb="reserve").order_by("-id").first()
    if reserved is None:
        return None
    facts = models.Allotment.objects.filter(allotment_id=reserved.allotment_id).order_by("id")
    return reserved.allotment_id, allotment.fold(facts.values_list("verb", flat=True))


def programmes_for_matching(rows: Sequence[models.Programme], *, on: date) -> dict[str, matching.Programme]:
    """Programmes as the core sees them, with the legal cap of their lender on that day."""
    used = used_minor([row.id for row in rows])
    return {row.code: as_core(row, used_minor=used.get(row.id, 0), on=on) for row in rows}


def as_core(row: models.Programme, *, used_minor: int, on: date) -> matching.Programme:
    return matching.Programme(
        code=row.code,
        rate_min=row.rate_min,
        rate_max=row.rate_max,
        limit_min_minor=row.limit_min_minor,
        limit_max_minor=row.limit_max_minor,
        ratings=tuple(row.ratings),
        months=tuple(row.months),
        quota_minor=row.quota_minor,
        used_minor=used_minor,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        whitelisted=row.whitelisted,
        legal_cap=legal_cap(row.institution.lender_type, on=on),
        rate_discount=row.rate_discount,
        methods=tuple(row.methods),
        regions=tuple(row.regions),
    )


def legal_cap(lender_type: str, *, on: date) -> Decimal | None:
    """The highest yearly cost this kind of lender may charge on that day; None where no rule is on record."""
    try:
        return rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type=lender_type, on=on).value
    except rule_table.RuleAbsent:
        return None


def shown(row: models.Match) -> MatchShown:
    return MatchShown(
        id=row.id,
        application_id=row.application_id,
        offer_id=row.offer_id,
        programme_id=row.programme_id,
        programme_code=row.programme.code if row.programme else None,
        institution_id=row.institution_id,
        institution_name=row.institution.name if row.institution else None,
        lender_type=row.institution.lender_type if row.institution else None,
        sample=row.institution.sample if row.institution else False,
        amount_minor=row.amount_minor,
        months=row.months,
        annual_rate=row.annual_rate,
        as_of=row.as_of,
        candidates=row.candidates,
        method=row.method,
    )


def _matches() -> Any:
    return models.Match.objects.select_related("programme", "institution")
