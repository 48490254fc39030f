"""What the rulebook refuses outright (a minor, a broken ID) is refused: an answer with reasons, on record, at once.

Rule kept: no application waits for ever. The decision is anti-fraud's and replays from what it saw; the applicant is told
which rules refused, and how to have a person look (PIPL 24).
"""

from datetime import datetime

from puhui.antifraud import operations as antifraud
from puhui.antifraud.core.assessment import Assessment
from puhui.underwriting import operations as underwriting

_ASK_A_PERSON = {
    "code": "ASK_FOR_A_PERSON",
    "text_zh": "资料有误可更正后重新申请；对此结果有异议，可凭申请编号要求人工复核",
    "text_en": "if something was mistyped, correct it and apply again; or ask for a person to look, naming the application's number",
}


def refuse(assessment: Assessment, *, now: datetime) -> tuple[str, list[dict[str, str]]]:
    """The decision's id and its reasons. Call inside the journey's transaction."""
    told = [
        {"code": hit.code, "text_zh": hit.text_zh, "text_en": hit.text_en}
        for hit in assessment.hits
        if hit.outcome == "refuse"
    ] + [dict(_ASK_A_PERSON)]
    decision_id = antifraud.record_refusal(assessment, reasons=told, now=now)
    underwriting.refuse_application(assessment.application_key, decision_id=decision_id, reasons=told, now=now)
    return decision_id, told
