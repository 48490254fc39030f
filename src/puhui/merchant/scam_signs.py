"""Front door, reads: the signs of a lending scam in a text, by the dated table.

>>> judged("放款前先交保证金", date(2026, 11, 1))["colour"]
'red'
"""

from datetime import date
from typing import Any

from puhui.merchant import rule_files
from puhui.merchant.core import scam


def signs(on: date) -> list[scam.Sign]:
    """The signs in force on a day. Raises RuleAbsent."""
    return [
        scam.Sign(row["code"], row["colour"], tuple(row["words"].split("|")), row["zh"], row["en"])
        for row in rule_files.in_force("scam_signs", on=on)
    ]


def judged(text: str, on: date) -> dict[str, Any]:
    """Colour, signs with what to do, and whom to call. Nothing found is no proof of honesty."""
    found = scam.look(text, signs(on))
    return {
        "tool": "scam", "on": on.isoformat(), "colour": scam.colour(found),
        "signs": [{"code": each.code, "colour": each.colour, "zh": each.zh, "en": each.en} for each in found],
        "call": {"complaints": "12378", "police": "110", "anti_fraud": "96110"}, "proof_of_honesty": False,
    }  # fmt: skip
