"""Which members agreed to be kept by name and written to: given on a day and in a way, taken back on a day; what was said last of a member stands.

Rules kept: without a consent that stands a member is counted and never named in a list for messages or coupons (PIPL Art. 13 to 15; domain
facts 4, tool 10); taking back works at once, from the very day, and a consent told later for an earlier day does not bring it back.

>>> told = [Record("1", "member_consent", date(2026, 1, 1), {"who": "小李", "how": "said"}), Record("2", "member_withdrawn", date(2026, 1, 5), {"who": "小李"})]
>>> standing(told[:1]), standing(told)
({'小李': Consent(given_on=datetime.date(2026, 1, 1), how='said')}, {})
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from puhui.merchant.core.tool_records import Record

GIVEN, WITHDRAWN = "member_consent", "member_withdrawn"


@dataclass(frozen=True, slots=True)
class Consent:
    """When a member agreed, and how: said, signed or scanned."""

    given_on: date
    how: str


def standing(records: Iterable[Record]) -> dict[str, Consent]:
    """Member → the consent that stands, by records in order of day, then as they came."""
    found: dict[str, Consent] = {}
    for each in records:
        if each.kind == GIVEN:
            found[each.text("who")] = Consent(each.on, each.text("how"))
        elif each.kind == WITHDRAWN:
            found.pop(each.text("who"), None)
    return found
