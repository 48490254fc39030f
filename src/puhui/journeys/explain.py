"""One identity through the house, as plain data: touch → application → decision → offer → match → loan → postings.

Rule kept: steps that were not taken are left out, nothing is made up to fill the chain; people appear masked.
"""

from dataclasses import asdict
from typing import Any

from puhui.acquisition import queries as acquisition
from puhui.antifraud import queries as antifraud
from puhui.funding import queries as funding
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties import queries as parties
from puhui.policy import queries as policy
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting
from puhui.underwriting.views import ApplicationView

Chain = dict[str, Any]


def chain_of(subject: str) -> Chain:
    """The chain of an `app_…`, `offer_…`, `loan_…` or `dec_…`. Refused when there is no such thing."""
    if subject.startswith("dec_"):
        return _of_decision(subject)
    try:
        if subject.startswith("loan_"):
            application_id = servicing.loan(subject).application_id
        elif subject.startswith("offer_"):
            application_id = underwriting.offer(subject).application_id
        else:
            application_id = subject
        return {"subject": subject} | _of_application(underwriting.application(application_id))
    except LookupError:
        text = "没有这个编号的申请、报价或贷款 · no application, offer or loan has this id"
        raise Refused(Refusal("SUBJECT_UNKNOWN", text, where=subject)) from None


def _of_decision(decision_id: str) -> Chain:
    """A decision of an application leads to its chain; one of a firm in an appraisal stands alone."""
    try:
        row = policy.decision(decision_id)
    except policy.DecisionUnknown:
        raise Refused(Refusal("DECISION_UNKNOWN", "没有这条决策 · no such decision", where=decision_id)) from None
    kind, _, name = row.subject.partition(":")
    if kind == "application":
        return {"subject": decision_id} | _of_application(underwriting.application(name))
    return {"subject": decision_id, "decision": policy.as_dict(row)}


def _of_application(application: ApplicationView) -> Chain:
    steps: Chain = {
        "touch": _touch(application.application_id),
        "application": asdict(application),
        "applicant": _applicant(application),
        "antifraud": _assessments(application.application_id),
        "decision": policy.as_dict(policy.decision(application.decision_id)) if application.decision_id else None,
        "offer": asdict(underwriting.offer(application.offer_id)) if application.offer_id else None,
        "matches": [asdict(match) for match in funding.matches_of(application.application_id)],
        "loan": _loan(application.offer_id),
    }
    return {name: step for name, step in steps.items() if step}


def _touch(application_id: str) -> Chain | None:
    origin = acquisition.origin_of(application_id)
    return asdict(origin) if origin else None


def _applicant(application: ApplicationView) -> Chain:
    person, shop = parties.person(application.person_id), parties.shop(application.shop_id)
    return {
        "person": asdict(person) if person else None,
        "shop": {"id": shop.id, "name": shop.name, "invented": shop.invented} if shop else None,
        "consents": [
            {
                "id": row.id,
                "purpose": row.purpose,
                "institution_id": row.institution_id,
                "text_version": row.text_version,
                "given_at": row.given_at,
                "channel": row.channel,
            }
            for row in parties.consents(application.person_id)
        ],
    }


def _assessments(application_id: str) -> list[Chain]:
    return [
        {
            "outcome": each.outcome,
            "rulebook": each.rulebook,
            "hits": [asdict(hit) for hit in each.hits],
            "unknown": list(each.unknown),
        }
        for each in antifraud.assessments_of(application_id)
    ]


def _loan(offer_id: str) -> Chain | None:
    loan_id = servicing.loans_of_offers([offer_id]).get(offer_id) if offer_id else None
    if loan_id is None:
        return None
    loan = servicing.loan(loan_id)
    return asdict(loan) | {
        "allotment": funding.allotment_of(offer_id),
        "disclosure": servicing.disclosure(loan.disclosure_id),
        "moves": [asdict(move) for move in servicing.moves(loan_id)],
        "postings": [asdict(line) for line in servicing.journal(loan_id)],
    }
