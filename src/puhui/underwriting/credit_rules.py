"""The credit rules (准入规则) asked while an application is decided: the live version of the policy of kind `application`.

Rules kept: one place asks, the policy floor answers and records (with its challenger and shadows); a platform that has published
no such policy decides on credit alone. Only columns that some version has declared are told; what is not known is left out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from puhui.policy import operations as policy
from puhui.policy import queries as policy_queries
from puhui.policy import versions
from puhui.policy.core.policy_text import Policy
from puhui.policy.operations import Drafted
from puhui.underwriting.core import forbidden_inputs
from puhui.underwriting.shipped_policy import KIND

_RECORDED_AS = f"policy.{KIND}"
HOLDS = ("review", "step_up")  # a person looks, or the applicant brings more, before anything is decided


@dataclass(frozen=True, slots=True)
class RulesSaid:
    """What the live version answered. `reasons` are {code, text_zh, text_en}.

    `limit_minor`, `rate_bps`: the limit and the yearly rate that a version with such formulas gives to whom it lets pass; else None.
    """

    decision_id: str
    version: str
    outcome: str
    reasons: list[dict[str, str]]
    limit_minor: int | None = None
    rate_bps: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As it goes into the record of the decision that followed."""
        told = {"decision": self.decision_id, "version": self.version, "outcome": self.outcome, "reasons": self.reasons}
        terms = {"limit_minor": self.limit_minor, "rate_bps": self.rate_bps}
        return told | {name: value for name, value in terms.items() if value is not None}


def ask(
    application_id: str, gather: Callable[[], Mapping[str, Any]], *, on: date, now: datetime, later: list[Drafted]
) -> RulesSaid | None:
    """The rules on one application; None where no version is live, and then nothing is gathered.

    `gather` answers columns by name (core/rule_inputs, other rooms). `later` takes what the caller must put on record.
    """
    live = versions.at_work(KIND, now)
    if live is None:
        return None
    known = live.columns
    inputs = {name: value for name, value in gather().items() if name in known and value is not None}
    dated = {"applied_on": on.isoformat()} if "applied_on" in known else {}
    asked = policy.Application(subject_of(application_id), inputs | dated)
    said = policy.decide(KIND, [asked], on=on, now=now, live=live, later=later)[0]
    told = versions.policy_of(said.content_hash).answers if said.outcome == "pass" else {}
    limit_minor, rate_bps = (
        value if name in told else None
        for name, value in (("limit_minor", said.limit_minor), ("rate_bps", said.rate_bps))
    )
    return RulesSaid(said.decision_id, said.version, said.outcome, _plain(said.reasons), limit_minor, rate_bps)


def held(application_ids: list[str]) -> dict[str, RulesSaid]:
    """Of applications that still wait: what the rules said last, where it was that a person must look."""
    rows = policy_queries.latest().filter(
        subject__in=[subject_of(each) for each in application_ids], batch__kind=_RECORDED_AS
    )
    newest: dict[str, RulesSaid] = {}
    for row in rows:
        version = f"{row.batch.policy_name}@{row.batch.policy_version}"
        newest.setdefault(
            row.subject.partition(":")[2], RulesSaid(row.id, version, str(row.output["outcome"]), _plain(row.reasons))
        )
    return {application_id: said for application_id, said in newest.items() if said.outcome in HOLDS}


def refuse_forbidden_inputs(policy_text: Policy, on: date) -> None:
    """What the fairness list forbids is no column of a policy either: refused by name when a version is submitted."""
    forbidden_inputs.refuse_forbidden(policy_text.columns, on=on)


def subject_of(application_id: str) -> str:
    """As decisions name an application."""
    return f"application:{application_id}"


def _plain(reasons: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{name: str(each[name]) for name in ("code", "text_zh", "text_en")} for each in reasons]
