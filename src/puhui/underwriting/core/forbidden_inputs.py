"""What nobody may be judged or priced by: a dated list of words (`policy/forbidden_inputs.csv`), refused by name.

A column is forbidden when its name is a listed word or holds it as words of its own, in snake case, camel case or Chinese. Rule
kept: called wherever a model, a rule or a price asks for columns, before anything is fitted or decided. It reads names, not
meanings: a column that hides a group under another name is for the fairness report to find.

>>> forbidden(["applicant_gender", "monthlyInflow", "phoneBrand", "客户性别"], on=date(2026, 1, 1))
[('applicant_gender', '性别'), ('phoneBrand', '手机品牌'), ('客户性别', '性别')]
>>> forbidden(["trace", "sexagesimal", "embrace"], on=date(2026, 1, 1))
[]
"""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from puhui.kernel import shipped
from puhui.kernel.refusal import Refusal, Refused

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_APART = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")


def refuse_forbidden(columns: Iterable[str], *, on: date) -> None:
    """Raise Refused FORBIDDEN_INPUT naming every forbidden column and why."""
    found = forbidden(columns, on=on)
    if found:
        told = "、".join(f"{name}（{meaning}）" for name, meaning in found)
        text = f"公平清单禁止使用这些列 · the fairness list forbids these inputs: {told}"
        raise Refused(Refusal("FORBIDDEN_INPUT", text, where=found[0][0]))


def forbidden(columns: Iterable[str], *, on: date) -> list[tuple[str, str]]:
    """(column, what it stands for) of every forbidden one, in the order given."""
    words = _words(on)
    return [(name, words[hit]) for name in columns if (hit := _hit(name, words)) is not None]


def _hit(name: str, words: dict[str, str]) -> str | None:
    plain = "_" + "_".join(part for part in _APART.split(_CAMEL.sub("_", name.strip()).lower()) if part) + "_"
    for word in words:
        if (f"_{word}_" in plain) if word.isascii() else (word in plain):
            return word
    return None


@lru_cache(maxsize=32)
def _words(on: date) -> dict[str, str]:
    rows = shipped.rows("puhui.underwriting", "policy/forbidden_inputs.csv")
    return {row["word"]: row["zh"] for row in rows if shipped.holds(row, on)}
