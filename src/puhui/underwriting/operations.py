"""Front door, writes: load a folder, appraise it, and take applications from submission to funding.

    load = load_folder(folder, now=now)
    outcome = appraise(load.load_id, terms=AppraisalTerms(), now=now)
    application_id = submit_application(ApplicationDraft(...), key=key, now=now)
    decide_application(application_id, now=now); offer_id = make_offer(application_id, now=now)

Each verb is one transaction; its file says how it keeps the law (loading, appraisal, applying).
"""

from datetime import datetime

from puhui.underwriting import appraisal as _appraisal
from puhui.underwriting import queries
from puhui.underwriting.acceptance_learning import learn_acceptance
from puhui.underwriting.applying import (
    ApplicationDraft,
    Decided,
    Heard,
    accept_offer,
    decide_application,
    decline_offer,
    expire_offers,
    ingest_invoices,
    make_offer,
    mark_funded,
    mark_unfunded,
    refuse_application,
    submit_application,
    withdraw_application,
)
from puhui.underwriting.appraisal import AppraisalTerms
from puhui.underwriting.core.intake import InvoicesSent
from puhui.underwriting.fairness_report import report_fairness
from puhui.underwriting.loading import LoadSummary, Progress, load_folder
from puhui.underwriting.owner_evidence import EvidenceDraft, record_evidence, verify_evidence
from puhui.underwriting.queries import AppraisalOutcome
from puhui.underwriting.questionnaires import forget_answers, keep_document, save_answers
from puhui.underwriting.standing import let_stand, stand_if_first

__all__ = [
    "ApplicationDraft", "AppraisalOutcome", "AppraisalTerms", "Decided", "EvidenceDraft", "Heard", "InvoicesSent", "LoadSummary", "accept_offer",
    "appraise", "decide_application", "decline_offer", "expire_offers", "forget_answers", "ingest_invoices", "keep_document", "learn_acceptance", "let_stand", "load_folder", "make_offer",
    "mark_funded", "mark_unfunded", "record_evidence", "refuse_application", "report_fairness", "save_answers", "submit_application", "verify_evidence", "withdraw_application",
]  # fmt: skip


def appraise(
    load_id: str, *, terms: AppraisalTerms, now: datetime, progress: Progress | None = None, force: bool = False
) -> AppraisalOutcome:
    """Judge every firm of a load and solve the lender's problem; the same question gives the stored appraisal."""
    appraisal_id = _appraisal.appraise(load_id, terms=terms, now=now, progress=progress, force=force)
    stand_if_first(appraisal_id, now=now)
    return queries.outcome(appraisal_id)
