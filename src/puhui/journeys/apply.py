"""From a request to an answer: person, shop, consent, touch, anti-fraud, application, decision, offer; at any hour.

Rules kept: one transaction and one key (same key, same input, same answer); nobody is assessed without consent to it
(PIPL 13–15); where anti-fraud has a doubt, nothing is decided by machine and a person looks (PIPL 24); what its rulebook
refuses outright is refused; every answer has reasons. The same journey serves the phone page, the partner's call and the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from puhui.acquisition import operations as acquisition
from puhui.acquisition.operations import TouchDraft
from puhui.antifraud import application_json
from puhui.antifraud import operations as antifraud
from puhui.antifraud import queries as antifraud_queries
from puhui.antifraud.core.assessment import Assessment
from puhui.antifraud.operations import ApplicationFacts, Counterparty, EntitySeen
from puhui.funding import partners
from puhui.journeys import asked_once, fraud_evidence, outside_facts, refuse, rule_columns, shop_evidence
from puhui.journeys.asked_once import Asked, answer_once
from puhui.journeys.outside_facts import Before
from puhui.journeys.rule_columns import Known
from puhui.kernel import china_ids
from puhui.kernel.money import format_yuan
from puhui.kernel.plain import as_plain
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties import operations as parties
from puhui.parties import queries as parties_queries
from puhui.parties.operations import ConsentDraft, PersonDraft, ShopDraft
from puhui.store.sealed import blind_index
from puhui.store.undivided import undivided
from puhui.underwriting import operations as underwriting
from puhui.underwriting import queries as underwriting_queries
from puhui.underwriting.core import questionnaire
from puhui.underwriting.core.evidence_item import Observed
from puhui.underwriting.core.intake import InvoicesSent, Sent
from puhui.underwriting.outside import asking
from puhui.underwriting.owner_evidence import Brought
from puhui.underwriting.views import ApplicationView

JOURNEY = "apply"
ZONE = ZoneInfo("Asia/Shanghai")
ASSESSMENT_PURPOSE = "credit_assessment"
ASSESSMENT_TEXT = "assessment-1"
ASSESSED = ("identity", "contact", "business", "invoices")
FILLING_PURPOSE, FILLING_TEXT = "fraud_signals", "filling-1"
FILLING_SEEN = ("filling_in", "network_address")
OWNER_TEXT = "assessment-2"
OWNER_ASSESSED = (*ASSESSED, "flows", "assets", "owner_credit")


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """One VAT invoice as an applicant gives it, amounts in fen."""

    direction: str  # sale | purchase
    number: str
    issued_on: date
    counterparty: str
    net_minor: int
    tax_minor: int
    valid: bool = True

    def as_row(self) -> dict[str, Any]:
        """In the columns of the invoice files."""
        return {
            "number": self.number,
            "issued_on": self.issued_on.isoformat(),
            "counterparty": self.counterparty,
            "net_yuan": format_yuan(self.net_minor),
            "tax_yuan": format_yuan(self.tax_minor),
            "gross_yuan": format_yuan(self.net_minor + self.tax_minor),
            "status": "有效发票" if self.valid else "作废发票",
        }


@dataclass(frozen=True, slots=True)
class OwnInvoices:
    """The applicant's own invoices: rows, or the bytes of csv files as uploaded."""

    sales: Sent = ()
    purchases: Sent = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """Something a small owner shows, checked by underwriting; `document_hash` is SHA-256 of the paper or photo, if any."""

    seen: Observed
    document_hash: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    """One request as it came in. `touch` was told with it, `touch_id` was recorded at the landing; both may be empty.

    `shop.evidence_code` names a firm of the standing load; without it, without invoices and without other proof the answer
    is a refusal that says what to bring. `segment` is shop, company, farmer, or empty where nobody asked;
    `answers` are those of the small owners' questions by name, `photos` the hash of a picture for an answer.
    `signals` are what the page or the partner saw of the filling in and the device, by anti-fraud's names.
    """

    entrance: str  # phone | partner | file
    person: PersonDraft
    shop: ShopDraft
    requested_minor: int
    months: int
    consents: tuple[ConsentDraft, ...]
    invoices: OwnInvoices | None = None
    touch: TouchDraft | None = None
    touch_id: str = ""
    device_hash: str | None = None
    partner_id: str = ""
    partner_ref: str = ""
    segment: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    photos: Mapping[str, str] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    signals: Mapping[str, Any] = field(default_factory=dict)
    agent: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """The answer, as it is remembered. `held`: anti-fraud has a doubt, a person looks, nothing is decided yet.

    Rates are decimal text, times ISO text.
    """

    application_id: str
    person_id: str
    shop_id: str
    state: str = "submitted"
    held: bool = True
    approved: bool = False
    decision_id: str | None = None
    offer_id: str | None = None
    limit_minor: int = 0
    annual_rate: str | None = None
    months: int = 0
    valid_until: str | None = None
    touch_id: str | None = None
    reasons: list[dict[str, str]] = field(default_factory=list)


def assessment_consent(channel: str) -> ConsentDraft:
    """The consent an applicant gives to be assessed; call it only where they gave it."""
    return ConsentDraft(ASSESSMENT_PURPOSE, ASSESSED, ASSESSMENT_TEXT, channel)


def filling_consent(channel: str) -> ConsentDraft:
    """The consent to look at how the form is filled in and from where; nobody needs it to be assessed."""
    return ConsentDraft(FILLING_PURPOSE, FILLING_SEEN, FILLING_TEXT, channel)


def owner_consent(channel: str) -> ConsentDraft:
    """The same, where flows, belongings and the owner's own credit are looked at too."""
    return ConsentDraft(ASSESSMENT_PURPOSE, OWNER_ASSESSED, OWNER_TEXT, channel)


def proofs_of(intake: "Intake", *, now: datetime) -> tuple[Proof, ...]:
    """The small owners' answers as of today's date, and what was sent as evidence."""
    told = questionnaire.evidence(intake.answers, on=now.astimezone(ZONE).date(), photos=intake.photos)
    return (*(Proof(seen, intake.photos.get(name, "")) for name, seen in told), *intake.proofs)


def invoices_of(drafts: Sequence[InvoiceDraft]) -> OwnInvoices:
    """Drafts in the shape of the invoice files."""
    rows = {way: tuple(each.as_row() for each in drafts if each.direction == way) for way in ("sale", "purchase")}
    return OwnInvoices(sales=rows["sale"], purchases=rows["purchase"])


def apply(intake: Intake, *, key: str, now: datetime) -> Applied:
    """Take a request and answer it. Refused, with nothing stored, when it cannot be taken at all.

    Keepers outside are asked first, in transactions of their own: what they were asked stays on record, whatever follows.
    """
    applicant = outside_facts.Applicant(intake.person, intake.shop, intake.consents, ASSESSMENT_PURPOSE)
    heard = outside_facts.ask(applicant, Before(JOURNEY, key, lambda: proofs_of(intake, now=now)), now=now)
    return _answered(intake, heard, key=key, now=now)


@undivided
def _answered(intake: Intake, heard: tuple[asking.Asked, ...], *, key: str, now: datetime) -> Applied:
    return Applied(**answer_once(Asked(JOURNEY, key, _as_record(intake), now), lambda: _apply(intake, heard, key, now)))


@undivided
def apply_again(application_id: str, invoices: OwnInvoices, *, key: str, now: datetime) -> Applied:
    """The applicant brings invoices: a new application of the same person and shop on the same terms."""
    former = underwriting_queries.application(application_id)
    _refuse_if_invoices_cannot_help(former)
    inputs = {"application_id": application_id, "invoices": _invoices_as_record(invoices)}
    return Applied(**answer_once(Asked("apply_again", key, inputs, now), lambda: _again(former, invoices, key, now)))


def _refuse_if_invoices_cannot_help(former: ApplicationView) -> None:
    if former.state not in ("submitted", "refused", "declined", "expired", "unfunded", "withdrawn"):
        text = f"该申请状态为 {former.state}，无需补充发票 · the application is {former.state}; no invoices are needed"
        raise Refused(Refusal("NOT_WAITING", text, where=former.application_id))
    said = antifraud_queries.assessment_of(former.application_id)
    if said is not None and said.outcome == "refuse":
        text = "拒绝与发票无关，请更正资料后重新申请或要求人工复核 · invoices cannot change this refusal; correct your data and apply afresh, or ask for a person"
        raise Refused(Refusal("REFUSED_BY_RULEBOOK", text, where=former.application_id))


def asked_before(key: str) -> bool:
    """Whether a request under this key has been answered."""
    return asked_once.is_known(JOURNEY, key)


@dataclass(frozen=True, slots=True)
class _Applicant:
    """Who applies, once registered, with what anti-fraud looks at."""

    person_id: str
    shop_id: str
    shop_name: str
    shop_invented: bool
    id_number: china_ids.Finding
    phone_index: bytes
    credit_code: china_ids.Finding | None
    on_file: tuple[str | None, str | None]  # load and the firm's code in it
    consent_id: str = ""


def _apply(intake: Intake, heard: tuple[asking.Asked, ...], key: str, now: datetime) -> dict[str, Any]:
    if not any(c.purpose == ASSESSMENT_PURPOSE and not c.institution_id for c in intake.consents):
        text = "须先同意信用评估 · consent to the credit assessment is needed first"
        raise Refused(Refusal("CONSENT_MISSING", text, where="consents"))
    applicant = _register(intake, now=now)
    application_id = _submit(intake, applicant, key=key, now=now)
    asked = [each.question_id for each in heard]
    asking.bring_answers(asked, person_id=applicant.person_id, shop_id=applicant.shop_id, now=now)
    if intake.partner_id:
        partners.claim_application(intake.partner_id, application_id, now=now)
    touch_id = _owed_to(intake, application_id, key=key, now=now)
    brought = underwriting_queries.evidence_brought(applicant.shop_id, now=now)
    assessment = antifraud.assess(_facts(intake, applicant, application_id, brought, now=now), now=now)
    waiting = Applied(application_id, applicant.person_id, applicant.shop_id, months=intake.months, touch_id=touch_id)
    return answer(waiting, assessment, now=now, known=Known(consented=True, asked=heard, brought=brought))


def _register(intake: Intake, *, now: datetime) -> _Applicant:
    person_id = parties.register_person(intake.person, now=now)
    shop_id = parties.register_shop(person_id, intake.shop, now=now)
    given = {consent.purpose: parties.give_consent(person_id, consent, now=now) for consent in intake.consents}
    return _Applicant(
        person_id=person_id,
        shop_id=shop_id,
        shop_name=intake.shop.name,
        shop_invented=intake.shop.invented,
        id_number=intake.person.identity,
        phone_index=blind_index(intake.person.mobile.normalised, purpose="phone"),
        credit_code=china_ids.check_uscc(intake.shop.credit_code) if intake.shop.credit_code else None,
        on_file=_on_file(intake.shop.evidence_code),
        consent_id=given.get(ASSESSMENT_PURPOSE, ""),
    )


def _submit(intake: Intake, applicant: _Applicant, *, key: str, now: datetime) -> str:
    load_id, code = applicant.on_file
    told = questionnaire.of_application(intake.answers)
    draft = underwriting.ApplicationDraft(
        entrance=intake.entrance,
        person_id=applicant.person_id,
        shop_id=applicant.shop_id,
        requested_minor=intake.requested_minor,
        months=intake.months,
        load_id=load_id,
        firm_code=code,
        partner_ref=intake.partner_ref,
        segment=intake.segment,
        purpose=told.purpose,
        id_expires_on=told.id_expires_on,
        place=told.place,
    )
    application_id = underwriting.submit_application(draft, key=key, now=now)
    if intake.invoices is not None:
        sent = _sent(applicant, intake.invoices)
        underwriting.ingest_invoices(sent, now=now, application_id=application_id)
    proofs = [
        underwriting.EvidenceDraft(
            person_id=applicant.person_id,
            shop_id=applicant.shop_id,
            seen=proof.seen,
            application_id=application_id,
            document_hash=proof.document_hash,
            consent_id=applicant.consent_id,
        )
        for proof in proofs_of(intake, now=now)
    ]
    underwriting.record_evidence(proofs, key=f"apply/{key}", now=now)
    today = now.astimezone(ZONE).date()
    shop_evidence.hand_over(applicant.person_id, applicant.shop_id, application_id=application_id, as_of=today, now=now)
    return application_id


def _on_file(evidence_code: str) -> tuple[str | None, str | None]:
    """The standing load and the firm's code in it; neither when the applicant brings no code."""
    if not evidence_code:
        return None, None
    standing = underwriting_queries.standing_appraisal()
    if standing is None:
        text = "还没有授信评审 · no appraisal stands yet; run puhui appraise first"
        raise Refused(Refusal("NO_STANDING_APPRAISAL", text, where="evidence_code"))
    return standing.load_id, evidence_code


def _sent(applicant: _Applicant, invoices: OwnInvoices) -> InvoicesSent:
    origin = "invented" if applicant.shop_invented else "real"
    return InvoicesSent(applicant.shop_id, applicant.shop_name, invoices.sales, invoices.purchases, origin)


def _owed_to(intake: Intake, application_id: str, *, key: str, now: datetime) -> str | None:
    """The touch this application is owed to, if any lies in the window."""
    touch_id = intake.touch_id
    if intake.touch is not None:
        touch_id = acquisition.record_touch(intake.touch, key=f"apply/{key}", now=now)
    return acquisition.link(touch_id, application_id, applied_at=now, now=now) if touch_id else None


def _facts(intake: Intake, applicant: _Applicant, key: str, brought: Brought, *, now: datetime) -> ApplicationFacts:
    load_id, code = applicant.on_file
    evidence, seen_on = fraud_evidence.of_firm(load_id, code) if load_id and code else ({}, None)
    signals, day = underwriting_queries.evidence_signals(brought)
    return ApplicationFacts(
        application_key=key,
        id_number=applicant.id_number,
        phone_index=applicant.phone_index,
        entrance=intake.entrance,
        applied_at=now,
        device_hash=intake.device_hash,
        credit_code=applicant.credit_code,
        evidence=evidence | signals | dict(intake.signals),
        evidence_on=seen_on or day,
        entities=_entities(intake, applicant),
        phone=intake.person.mobile,
        amount_minor=intake.requested_minor,
        counterparties=_trading(intake, applicant, key, now=now),
    )


def _trading(intake: Intake, applicant: _Applicant, application_id: str, *, now: datetime) -> list[Counterparty]:
    """Whom the invoices name, those just brought or those on file, and the applicant's own names."""
    view = underwriting_queries.application(application_id) if intake.invoices is not None else None
    load_id, code = (view.load_id, view.firm_code) if view is not None else applicant.on_file
    licence = applicant.credit_code.normalised if applicant.credit_code is not None else ""
    return fraud_evidence.trading((applicant.shop_name, licence), load_id, code, now=now)


def _entities(intake: Intake, applicant: _Applicant) -> dict[str, EntitySeen]:
    """What the applicant shares with others besides person, phone and device."""
    seen = {"channel": intake.partner_id or intake.entrance, "agent": intake.agent}
    if applicant.credit_code is not None:
        seen["licence"] = applicant.credit_code.normalised
    if intake.ip:
        seen["ip_block"] = application_json.ip_block(intake.ip)
    return {kind: application_json.entity(kind, text) for kind, text in seen.items() if text}


def answer(
    waiting: Applied,
    assessment: Assessment | None,
    *,
    now: datetime,
    released: bool = False,
    known: Known | None = None,
) -> dict[str, Any]:
    """Decide and offer, unless the rulebook refuses outright, or anti-fraud or the credit rules want a person to look first."""
    if assessment is not None and assessment.outcome == "refuse":
        decision_id, told = refuse.refuse(assessment, now=now)
        return as_plain(replace(waiting, state="refused", held=False, decision_id=decision_id, reasons=told))
    if assessment is not None and assessment.outcome != "pass":
        told = held_reasons(assessment) if antifraud_queries.may_tell(waiting.application_id) else [dict(NOT_TOLD)]
        return as_plain(replace(waiting, reasons=told))
    assessment = assessment or antifraud_queries.assessment_of(waiting.application_id)
    percent = assessment.conditions.get("limit_percent") if assessment is not None else None
    known = known or rule_columns.known_later(waiting.person_id, needed=ASSESSMENT_PURPOSE, now=now)
    columns = rule_columns.columns(assessment, waiting.person_id, known)
    heard = underwriting.Heard(columns, released, percent, tuple(each.as_json() for each in known.asked), known.brought)
    decided = underwriting.decide_application(waiting.application_id, now=now, heard=heard)
    if decided.held:
        return as_plain(replace(waiting, reasons=[dict(reason) for reason in decided.reasons]))
    offer_id = underwriting.make_offer(waiting.application_id, now=now) if decided.approved else None
    offer = underwriting_queries.offer(offer_id) if offer_id else None
    answered = replace(
        waiting,
        state="offered" if offer_id else "refused",
        held=False,
        approved=decided.approved,
        decision_id=decided.decision_id,
        offer_id=offer_id,
        limit_minor=decided.limit_minor,
        annual_rate=f"{offer.annual_rate:.6f}" if offer else None,
        valid_until=offer.valid_until.isoformat() if offer else None,
        reasons=[dict(reason) for reason in decided.reasons],
    )
    return as_plain(answered)


NOT_TOLD = {  # under the tipping-off lock of a case (反洗钱保密义务)
    "code": "LOOKED_AT_BY_PERSON",
    "text_zh": "本申请由工作人员人工核实，您可以要求人工复核",
    "text_en": "staff look at this application; you can ask for a person to look again",
}


def held_reasons(assessment: Assessment) -> list[dict[str, str]]:
    """Why a person has to look first: the rules that asked for it, not those that merely noted something."""
    return [
        {"code": hit.code, "text_zh": hit.text_zh, "text_en": hit.text_en}
        for hit in assessment.hits
        if hit.outcome != "pass"
    ]


def shown(application_id: str) -> dict[str, Any]:
    """An application as it stands now, with its offer or its reasons, as plain data."""
    row = underwriting_queries.application(application_id)
    offer = underwriting_queries.offer(row.offer_id) if row.offer_id else None
    reasons = row.reasons
    if row.state == "submitted":
        reasons = _why_it_waits(application_id)
    if reasons and not antifraud_queries.may_tell(application_id):
        reasons = [dict(NOT_TOLD)]
    return {
        "application_id": row.application_id,
        "state": row.state,
        "decision_id": row.decision_id or None,
        "offer_id": row.offer_id or None,
        "limit_minor": offer.limit_minor if offer else None,
        "annual_rate": f"{offer.annual_rate:.6f}" if offer else None,
        "months": row.months,
        "valid_until": offer.valid_until if offer else None,
        "loan_id": row.loan_id or None,
        "reasons": reasons,
    }


def _why_it_waits(application_id: str) -> list[dict[str, str]]:
    """The credit rules' reasons where they hold it, else anti-fraud's."""
    said = underwriting_queries.rules_holding(application_id)
    if said is not None:
        return said.reasons
    assessment = antifraud_queries.assessment_of(application_id)
    return held_reasons(assessment) if assessment is not None else []


def _again(former: ApplicationView, invoices: OwnInvoices, key: str, now: datetime) -> dict[str, Any]:
    """Person and shop are known; whether consent stands is a column of the rules; what anti-fraud said of the former application comes along."""
    shop = parties_queries.shop(former.shop_id)
    assert shop is not None, "an application keeps its shop"
    draft = underwriting.ApplicationDraft(
        entrance=former.entrance,
        person_id=former.person_id,
        shop_id=former.shop_id,
        requested_minor=former.requested_minor,
        months=former.months,
        partner_ref=former.partner_ref,
        segment=former.segment,
        purpose=former.purpose,
        id_expires_on=former.id_expires_on,
        place=former.place,
    )
    application_id = underwriting.submit_application(draft, key=f"again/{key}", now=now)
    origin = "invented" if shop.invented else "real"
    sent = InvoicesSent(shop.id, shop.name, invoices.sales, invoices.purchases, origin)
    underwriting.ingest_invoices(sent, now=now, application_id=application_id)
    partners.claim_like(former.application_id, application_id, now=now)
    waiting = Applied(application_id, former.person_id, former.shop_id, months=former.months)
    view = underwriting_queries.application(application_id)
    told = fraud_evidence.trading((shop.name, shop.credit_code), view.load_id, view.firm_code, now=now)
    assessment = antifraud.carry_over(former.application_id, application_id, now=now, counterparties=told)
    return answer(waiting, assessment, now=now)


def _as_record(intake: Intake) -> dict[str, Any]:
    """The request as plain values, for its keyed hash; nobody's clock is part of it, and files are their digests."""
    record = as_plain(replace(intake, invoices=None))
    for name in ("signals", "ip"):  # how it was filled in differs from tap to tap of one request
        del record[name]
    for name in ("segment", "answers", "photos", "proofs", "agent"):  # as it was recorded before there were any
        if not record[name]:
            del record[name]
    if intake.touch is not None:
        record["touch"].pop("landed_at")
    return record | {"invoices": _invoices_as_record(intake.invoices)}


def _invoices_as_record(invoices: OwnInvoices | None) -> dict[str, Any] | None:
    if invoices is None:
        return None
    sides = {"sales": invoices.sales, "purchases": invoices.purchases}
    return {name: sha256(rows).hexdigest() if isinstance(rows, bytes) else list(rows) for name, rows in sides.items()}
