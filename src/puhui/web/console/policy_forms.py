"""What staff type on a policy's pages: the rules as rows of a table, the other texts as they are, a time, a share.

Rule kept: a form carries texts and nothing else; whether they are a policy is the floor's to say, and its refusal names the rule.

>>> read_rules(rules_text([{"code": "A", "condition": "x > 1", "outcome": "refuse"}]))[0]["condition"]
'x > 1'
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from puhui.kernel.refusal import Refusal, Refused

FIELDS = ("code", "condition", "outcome", "severity", "on_missing", "reason_code", "shows", "text_zh", "text_en", "effective_from",
          "effective_to", "source", "action")  # fmt: skip
MOST_RULES = 500
ZONE = ZoneInfo("Asia/Shanghai")


def read_rules(text: str) -> list[dict[str, str]]:
    """The rows of a rules.csv, every field there."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    return [{name: (row.get(name) or "") for name in FIELDS} for row in rows]


def rules_text(rows: Sequence[Mapping[str, str]]) -> str:
    """As rules.csv."""
    written = io.StringIO()
    writer = csv.DictWriter(written, FIELDS, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def posted_texts(posted: Mapping[str, str]) -> dict[str, str]:
    """The texts of a policy from the editor's form. Rows whose code and condition are empty are left out."""
    try:
        count = min(int(posted.get("rules", "0")), MOST_RULES)
    except ValueError:
        raise Refused(
            Refusal("FORM_UNREADABLE", "表单不完整，请刷新 · the form is not whole; load the page again")
        ) from None
    rows = [{name: posted.get(f"rule-{n}-{name}", "").strip() for name in FIELDS} for n in range(count)]
    kept = [row for n, row in enumerate(rows) if (row["code"] or row["condition"]) and not posted.get(f"rule-{n}-drop")]
    texts = {
        name[5:]: text.replace("\r\n", "\n")
        for name, text in posted.items()
        if name.startswith("text:") and text.strip()
    }
    return {**texts, "rules.csv": rules_text(kept)}


def read_time(text: str, *, now: datetime) -> datetime:
    """A moment typed in Beijing time; nothing typed is now."""
    if not text.strip():
        return now
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZONE)
    except ValueError:
        raise Refused(
            Refusal("TIME_UNREADABLE", "时间写成 2026-12-01T00:00 的样子 · write it like 2026-12-01T00:00", where=text)
        ) from None


def read_share(text: str) -> int:
    """A percentage → buckets."""
    try:
        return round(float(text.removesuffix("%")) * 100)
    except (ValueError, OverflowError):
        raise Refused(
            Refusal("EXPERIMENT_SHARE_UNREADABLE", "份额写百分数 · a share is a percentage", where=text)
        ) from None
