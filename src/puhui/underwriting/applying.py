"""Applications one by one: submitted, decided by the same function as the batch, offered, accepted or declined.

Rule kept: a row is a batch of one. The applicant is judged by the standing appraisal's scorecard, policy and curve, and
money has that appraisal's dual price. Every write is idempotent: by key, or by the state it leads to. Each move is a row.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.plain import as_plain
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.operations import Drafted, drafted, record_drafted
from puhui.policy.record import BatchDraft, DecisionDraft
from puhui.store import asked_once, prepared
from puhui.store.undivided import unit
from puhui.underwriting import credit_rules, evidence, lending, loading, models, owner_evidence
from puhui.underwriting.appraisal import POLICY_NAME, day_after_last_invoice
from puhui.underwriting.core import deciding, intake, lifecycle, rule_inputs
from puhui.underwriting.core.intake import InvoicesSent
from puhui.underwriting.core.lending_policy import check_segment
from puhui.underwriting.core.policy_table import AppraisalPolicy
from puhui.underwriting.core.scorecard import Scorecard
from puhui.underwriting.loading import LoadSummary
from puhui.underwriting.owner_evidence import Brought
from puhui.underwriting.standing import appraisal_of, standing

KIND = "underwriting.application"
ENTRANCES = ("phone", "partner", "file")
MONTHS_MOST = 36
_TOLD_LATER = ("segment", "purpose", "id_expires_on", "place")  # left out of a draft's hash where not told


@dataclass(frozen=True, slots=True)
class ApplicationDraft:
    """A request for a loan. Without `load_id` and `firm_code` there are no invoices on file yet."""

    entrance: str
    person_id: str
    shop_id: str
    requested_minor: int
    months: int
    load_id: str | None = None
    firm_code: str | None = None
    partner_ref: str = ""
    segment: str = ""
    purpose: str = ""
    id_expires_on: date | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer to one application; `reasons` are {code, text_zh, text_en}.

    `held`: the credit rules want a person to look; nothing is decided, and `decision_id` is that of the rules' answer.
    """

    application_id: str
    decision_id: str
    approved: bool
    limit_minor: int
    annual_rate: Decimal | None
    reasons: tuple[dict[str, str], ...]
    held: bool = False


def submit_application(draft: ApplicationDraft, *, key: str, now: datetime) -> str:
    """Put an application on file; returns its id. The same key with the same content gives the same id."""
    with unit():
        told = {
            name: value for name, value in as_plain(draft).items() if name not in _TOLD_LATER or value
        }  # as before there were any
        wanted = digest(told)
        asked = asked_once.Key(models.Application, {"key": key}, wanted, code="KEY_REUSED")
        _check(draft)
        application = models.Application(
            id=new_id("app", now=now), key=key, input_hash=wanted, entrance=draft.entrance, person_id=draft.person_id,
            shop_id=draft.shop_id, partner_ref=draft.partner_ref, firm=_firm_of(draft),
            requested_minor=draft.requested_minor, months=draft.months, state="submitted", submitted_at=now,
            segment=draft.segment, purpose=draft.purpose, id_expires_on=draft.id_expires_on,
            place=draft.place,
        )  # fmt: skip
        return str(asked_once.store_once(asked, application).id)


def ingest_invoices(sent: InvoicesSent, *, now: datetime, application_id: str | None = None) -> LoadSummary:
    """Store an applicant's own invoices as a small load of one firm; attach it to a submitted application if named."""
    began = time.perf_counter()
    content = intake.read_sent(sent)
    with unit():
        summary = loading.store(content, kind="application", now=now, began=began, progress=loading.unwatched)
        if application_id is not None:
            application = lock_application(application_id)
            if application.state != "submitted" or application.shop_id != sent.shop_id:
                raise Refused(Refusal("NOT_WAITING", "该申请不在等待发票，或不属于该店铺 · this application does not wait "
                                      "for invoices, or is another shop's", application_id))  # fmt: skip
            application.firm = models.Firm.objects.get(load_id=summary.load_id)
            prepared.change(application, ["firm"])
        return summary


@dataclass(frozen=True, slots=True)
class Heard:
    """What a decision is told from outside: columns of the credit rules that other rooms know; whether a person released it.

    `outside`: which keepers were asked and what came of it, as JSON; it goes into the record with the decision.
    `limit_percent`: of the limit, where anti-fraud asked for a lower one; None leaves it whole.
    `brought`: the shop's evidence, where the same operation has read it already.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    released: bool = False
    limit_percent: int | None = None
    outside: tuple[Mapping[str, Any], ...] = ()
    brought: Brought | None = None


def decide_application(
    application_id: str, *, now: datetime, as_of: date | None = None, heard: Heard = Heard()
) -> Decided:
    """Decide once; asked again it returns the same answer.

    Where credit rules are published they are asked with what is known, the chance of default and the rate included: what they
    refuse is refused, and what they want a person to look at is held (nothing is decided) until a person has released it. What credit
    itself refuses is refused at once: nobody's look could turn it into an approval.

    `as_of` is the business date. None: for firms of the standing appraisal its own day, else the day after the
    applicant's last invoice, never before the standing appraisal's day. What else the owner brought is seen as of today (or
    of `as_of`): nothing recorded or observed later counts.
    """
    began = time.perf_counter()
    with unit():
        application = lock_application(application_id)
        if application.answer is not None:
            return decided(application)
        standing = standing_appraisal()
        seen_on = as_of or _seen_on(application, standing)
        today = now.astimezone(owner_evidence.ZONE).date()
        brought_on = as_of or today
        row = _row(application, standing, as_of=seen_on) | _brought(
            application, as_of=brought_on, now=now, before=heard.brought
        )
        if heard.outside:
            row["outside"] = [dict(each) for each in heard.outside]
        parameters = lending.parameters(standing.id, partial(_parameters, standing), as_of=brought_on, on=today)
        answer = deciding.decide([row], parameters)[0]
        columns = partial(_columns, row, answer.output, parameters, heard)
        record = list[Drafted]()  # put down at the end: until the commit others wait for the chain
        said = credit_rules.ask(application.id, columns, on=today, now=now, later=record)
        doubted = said is not None and said.outcome in credit_rules.HOLDS and not heard.released
        if said is not None and doubted and answer.output["approved"]:
            if record:
                record_drafted(record, now=now)
            return Decided(application.id, said.decision_id, False, 0, None, tuple(said.reasons), held=True)
        if said is not None:
            row = row | {"rules": said.as_json()}
            priced = said.rate_bps is not None and answer.output["approved"]  # other instalments: reckoned again
            ruled = deciding.decide([row], parameters)[0] if priced else None
            answer = ruled or deciding.ruled(answer, row["rules"], parameters)
        if heard.limit_percent is not None:
            row = row | {"limit_percent": heard.limit_percent}
            answer = deciding.lowered(answer, heard.limit_percent, parameters)
        reasons = [reason.as_json() for reason in answer.reasons]
        elapsed = int((time.perf_counter() - began) * 1_000_000)
        batch = BatchDraft(KIND, POLICY_NAME, parameters["policy"]["version"], parameters, seen_on, elapsed)
        drafts = [DecisionDraft(credit_rules.subject_of(application.id), row, answer.output, reasons)]
        record.append(drafted(batch, drafts, now=now))
        application.decision_id = record[-1].ids[0]
        application.answer = answer.output | {"reasons": reasons, "appraisal_id": standing.id}
        move = "approve" if answer.output["approved"] else "refuse"
        _move(application, move, also=("decision_id", "answer"), now=now)
        record_drafted(record, now=now)
        return decided(application)


def refuse_application(
    application_id: str, *, decision_id: str, reasons: Sequence[dict[str, str]], now: datetime
) -> Decided:
    """Refuse what was decided elsewhere on other grounds than credit. Idempotent; refused when otherwise decided."""
    with unit():
        application, told = lock_application(application_id), [dict(reason) for reason in reasons]
        if application.answer is not None:
            if (application.decision_id, application.answer["reasons"]) == (decision_id, told):
                return decided(application)
            raise Refused(
                Refusal("DECIDED_ALREADY", "该申请已有决定 · this application has been decided", application_id)
            )
        application.decision_id = decision_id
        application.answer = {"approved": False, "limit_minor": 0, "rate": None, "rating": None, "reasons": told}
        _move(application, "refuse", also=("decision_id", "answer"), now=now)
        return decided(application)


def make_offer(application_id: str, *, now: datetime) -> str:
    """Offer an approved applicant what was decided; returns the offer's id. Asked again it returns the same offer."""
    with unit():
        application = lock_application(application_id)
        made = prepared.first("SELECT id FROM underwriting_offer WHERE application_id = %s", [application_id])
        if made:
            return str(made[0])
        if application.state != "approved":
            raise Refused(Refusal("NOT_APPROVED", f"申请状态为 {application.state}，不能出具报价 · only an approved "
                                  "application gets an offer", application_id))  # fmt: skip
        answer = application.answer or {}
        policy = AppraisalPolicy(appraisal_of(answer["appraisal_id"]).parameters["policy"])
        offer = models.Offer(
            id=new_id("offer", now=now), application=application, decision_id=application.decision_id,
            limit_minor=answer["limit_minor"], annual_rate=Decimal(repr(answer["rate"])), months=application.months,
            state="open", made_at=now, valid_until=now + timedelta(days=policy.offer_valid_days),
        )  # fmt: skip
        prepared.add(offer)
        _move(application, "offer", now=now)
        return offer.id


def accept_offer(offer_id: str, *, disclosure_hash: str, now: datetime) -> None:
    """The borrower accepts what the cost form of this hash showed. Idempotent for the same hash."""
    with unit():
        offer = lock_offer(offer_id)
        if offer.state == "accepted" and offer.disclosure_hash == disclosure_hash:
            return
        if not disclosure_hash:
            raise Refused(
                Refusal("NOT_DISCLOSED", "须先出示综合融资成本明示表 · the cost form must be shown first", offer_id)
            )
        if offer.state == "open" and now >= offer.valid_until:
            raise Refused(
                Refusal("OFFER_EXPIRED", "报价已过期，请重新申请 · the offer has expired; apply again", offer_id)
            )
        offer.disclosure_hash = disclosure_hash
        _move_offer(offer, "accept", also=("disclosure_hash",), now=now)


def decline_offer(offer_id: str, *, now: datetime) -> None:
    """The borrower does not want it. Idempotent."""
    with unit():
        offer = lock_offer(offer_id)
        if offer.state != "declined":
            _move_offer(offer, "decline", now=now)


def expire_offers(*, now: datetime) -> list[str]:
    """Close the open offers whose time has passed; returns their ids."""
    with unit():
        late = models.Offer.objects.select_for_update(of=("self",)).select_related("application")
        ids = []
        for offer in late.filter(state="open", valid_until__lte=now).order_by("id"):
            _move_offer(offer, "expire", now=now)
            ids.append(offer.id)
        return ids


def mark_funded(application_id: str, *, loan_id: str, now: datetime) -> None:
    """The loan of an accepted offer has been paid out. Idempotent for the same loan."""
    with unit():
        application = lock_application(application_id)
        if application.state == "funded" and application.loan_id == loan_id:
            return
        application.loan_id = loan_id
        _move(application, "fund", also=("loan_id",), now=now)


def mark_unfunded(application_id: str, *, now: datetime) -> None:
    """The loan of an accepted offer was never paid out. Idempotent."""
    with unit():
        application = lock_application(application_id)
        if application.state != "unfunded":
            _move(application, "fail_funding", now=now)


def withdraw_application(application_id: str, *, now: datetime) -> None:
    """The applicant takes the request back before an offer is made. Idempotent."""
    with unit():
        application = lock_application(application_id)
        if application.state != "withdrawn":
            _move(application, "withdraw", now=now)


def standing_appraisal() -> models.Appraisal:
    """The appraisal that applicants are judged by."""
    found = standing()
    if found is None:
        text = "还没有授信评审，先运行 puhui appraise · no appraisal stands yet; run puhui appraise first"
        raise Refused(Refusal("NO_STANDING_APPRAISAL", text))
    return found


def lock_application(application_id: str) -> models.Application:
    found = prepared.one(models.Application, "id = %s FOR UPDATE", [application_id])
    if found is None:
        raise Refused(Refusal("APPLICATION_UNKNOWN", "没有这笔申请 · no such application", application_id))
    return found


def lock_offer(offer_id: str) -> models.Offer:
    """The application's row is locked first, as everywhere, so that two writers cannot wait for each other."""
    found = prepared.first("SELECT application_id FROM underwriting_offer WHERE id = %s", [offer_id])
    if found is None:
        raise Refused(Refusal("OFFER_UNKNOWN", "没有这份报价 · no such offer", offer_id))
    application = lock_application(str(found[0]))
    offer = prepared.one(models.Offer, "id = %s FOR UPDATE", [offer_id])
    assert offer is not None, "offers are never deleted"
    offer.application = application
    return offer


def decided(application: models.Application) -> Decided:
    """The recorded answer of a decided application."""
    answer = application.answer or {}
    rate = Decimal(repr(answer["rate"])) if answer["rate"] is not None else None
    return Decided(application.id, application.decision_id, answer["approved"], answer["limit_minor"], rate,
                   tuple(answer["reasons"]))  # fmt: skip


def _check(draft: ApplicationDraft) -> None:
    check_segment(draft.segment)
    if draft.entrance not in ENTRANCES:
        raise Refused(Refusal("ENTRANCE_UNKNOWN", f"entrance is one of {', '.join(ENTRANCES)}", draft.entrance))
    if draft.requested_minor <= 0:
        raise Refused(Refusal("AMOUNT_NOT_POSITIVE", "申请金额须为正 · the amount asked for must be positive",
                              "requested_minor"))  # fmt: skip
    if not 1 <= draft.months <= MONTHS_MOST:
        raise Refused(Refusal("MONTHS_OUT_OF_RANGE", f"期限须为1–{MONTHS_MOST}个月 · the term is 1 to {MONTHS_MOST} months",
                              "months"))  # fmt: skip


def _firm_of(draft: ApplicationDraft) -> models.Firm | None:
    if draft.load_id is None or draft.firm_code is None:
        return None
    firm = models.Firm.objects.filter(load_id=draft.load_id, code=draft.firm_code).first()
    if firm is None:
        raise Refused(Refusal("FIRM_UNKNOWN", "该批数据中没有这家企业 · no such firm in this load",
                              f"{draft.load_id}/{draft.firm_code}"))  # fmt: skip
    return firm


def _seen_on(application: models.Application, standing: models.Appraisal) -> date:
    if application.firm is None or application.firm.load_id == standing.load_id:
        return standing.as_of
    if not models.Invoice.objects.filter(firm_id=application.firm.id).exists():
        return standing.as_of
    return max(day_after_last_invoice([application.firm]), standing.as_of)


def _row(application: models.Application, standing: models.Appraisal, *, as_of: date) -> dict[str, Any]:
    """What is seen of the applicant, in the shape of a row of the batch."""
    firm = application.firm
    seen = _evidence_of(firm, standing, as_of=as_of) if firm else {}
    card = standing.scorecard
    chances = Scorecard(card.content).cross_fitted if firm and firm.load_id == card.load_id else {}
    return {
        "firm": firm.code if firm else application.shop_id, "evidence": seen, "rating": firm.rating if firm else None,
        "defaulted": firm.defaulted if firm else None, "cross_fitted_pd": chances.get(firm.code) if firm else None,
        "wanted_minor": application.requested_minor,
    }  # fmt: skip


def _brought(application: models.Application, *, as_of: date, now: datetime, before: Brought | None) -> dict[str, Any]:
    """What the owner brought besides invoices, who they say they are, and for how long they want the money."""
    known_at = min(now, owner_evidence.end_of(as_of))
    items = owner_evidence.brought(application.shop_id, as_of=as_of, known_at=known_at, before=before).items
    brought: dict[str, Any] = {"items": items, "segment": application.segment, "months": application.months}
    if application.purpose:
        brought["purpose"] = application.purpose
    if application.id_expires_on is not None:
        brought["id_expires_on"] = application.id_expires_on.isoformat()
    return brought


def _columns(row: dict[str, Any], output: dict[str, Any], parameters: dict[str, Any], heard: Heard) -> dict[str, Any]:
    """What the credit rules are told: of the application, and by other rooms."""
    return rule_inputs.of(row, output, parameters) | dict(heard.columns)


def _evidence_of(firm: models.Firm, standing: models.Appraisal, *, as_of: date) -> dict[str, Any]:
    """A load never changes, so what the standing appraisal saw of its own firms on its own day is read, not counted again."""
    if firm.load_id == standing.load_id and as_of == standing.as_of:
        kept = models.Verdict.objects.filter(appraisal=standing, firm=firm).values_list("evidence", flat=True).first()
        if kept is not None:
            return dict(kept)
    floor = AppraisalPolicy(standing.parameters["policy"]).loop_floor_minor
    return evidence.gather([firm.id], as_of=as_of, loop_floor_minor=floor)[0]


def _parameters(standing: models.Appraisal) -> dict[str, Any]:
    kept = {name: value for name, value in standing.parameters.items() if name != "budget_minor"}
    return kept | {"reserve_price": standing.dual_price, "appraisal_id": standing.id}


def _move(application: models.Application, move: str, *, now: datetime, also: Sequence[str] = ()) -> None:
    """Store the step, the state it leads to and whatever fields were changed with it (`also`)."""
    before = application.state
    application.state = _after(lifecycle.APPLICATION, before, move, where=application.id)
    prepared.change(application, ["state", *also])
    prepared.add(
        models.ApplicationMove(
            application=application, move=move, state_before=before, state_after=application.state, moved_at=now
        )
    )


def _move_offer(offer: models.Offer, move: str, *, now: datetime, also: Sequence[str] = ()) -> None:
    before = offer.state
    offer.state = _after(lifecycle.OFFER, before, move, where=offer.id)
    prepared.change(offer, ["state", *also])
    prepared.add(models.OfferMove(offer=offer, move=move, state_before=before, state_after=offer.state, moved_at=now))
    _move(offer.application, move, now=now)


def _after(moves: lifecycle.Moves, state: str, move: str, *, where: str) -> str:
    try:
        return lifecycle.after(moves, state, move)
    except lifecycle.MoveImpossible as impossible:
        raise Refused(Refusal("MOVE_IMPOSSIBLE", f"当前状态不允许此操作 · {impossible}", where)) from None
