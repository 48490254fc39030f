"""What a keeper of records (credit bureau 征信机构, business registry 登记公示) answers, field by field, and what is kept of it.

Rule kept: every field is checked by name before anything is believed, and an answer with one wrong or strange field is none at
all; only what evidence has a place for is kept. An answer says itself whether a SANDBOX invented it, and is graded so.

>>> told = {"query_id": "ask_1", "sandbox": True, "found": True, "as_of": "2026-03-01", "summary": {
...     "licence_state": "in_business", "registered_on": "2020-05-06", "on_abnormal_list": False}}
>>> read("registry", told, query_id="ask_1", on=date(2026, 3, 2)).source
'sandbox'
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from puhui.kernel.refusal import Refused
from puhui.underwriting.core import evidence_item
from puhui.underwriting.core.evidence_item import Observed

KIND = {"bureau": "owner_credit", "registry": "registry"}
PURPOSE = {"bureau": "loan_approval", "registry": "loan_approval"}
_FIELDS = {"query_id", "sandbox", "found", "as_of", "summary"}
_OLDEST_DAYS = 45  # a keeper brings its file up to date at least monthly; an older one is no answer of today
_NEEDED = {  # a keeper that leaves one of these out has not answered the question
    "bureau": ("instalments_monthly_minor", "overdue_now_minor", "worst_overdue_days_24m", "overdue_months_24m", "inquiries_1m",
               "inquiries_3m", "new_loans_1m", "balance_minor", "five_class_worst"),
    "registry": ("licence_state", "registered_on", "on_abnormal_list"),
}  # fmt: skip


class Malformed(ValueError):
    """The answer is not in the agreed form; the message names the field."""


@dataclass(frozen=True, slots=True)
class NotOnFile:
    """The keeper knows nobody of this number."""


def read(keeper: str, told: Any, *, query_id: str, on: date) -> Observed | NotOnFile:
    """The answer as evidence, observed on the day the keeper's file stands as of. Raises Malformed."""
    if not isinstance(told, Mapping) or set(told) != _FIELDS:
        raise Malformed(f"the fields must be exactly {', '.join(sorted(_FIELDS))}")
    if told["query_id"] != query_id:
        raise Malformed("query_id: another question's answer")
    for name in ("sandbox", "found"):
        if not isinstance(told[name], bool):
            raise Malformed(f"{name}: true or false")
    day = _day(told["as_of"], on)
    if not told["found"]:
        if told["summary"] is not None:
            raise Malformed("summary: must be null of somebody who is not on file")
        return NotOnFile()
    if not isinstance(told["summary"], Mapping):
        raise Malformed("summary: an object")
    missing = [name for name in _NEEDED[keeper] if name not in told["summary"]]
    if missing:
        raise Malformed(f"summary.{missing[0]}: missing")
    source = "sandbox" if told["sandbox"] else keeper
    seen = Observed(KIND[keeper], source, day, day + timedelta(days=1), dict(told["summary"]))
    try:
        evidence_item.check(seen, now=on)
    except Refused as no:
        raise Malformed(f"{no.refusal.where}: {no.refusal.message}") from None
    return seen


def _day(text: Any, on: date) -> date:
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise Malformed("as_of: a day such as 2026-05-31") from None
    if not on - timedelta(days=_OLDEST_DAYS) <= day <= on:
        raise Malformed(f"as_of: {day} is later than today or older than {_OLDEST_DAYS} days")
    return day
