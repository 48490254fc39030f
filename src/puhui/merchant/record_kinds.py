"""Loads the kinds of tool records (`rules/record_kinds.csv`), in the order of the table. `needed` is 1, nothing, or `else:` and the field that stands for it."""

from functools import lru_cache

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import rule_files
from puhui.merchant.core.tool_records import Field, Kind


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """Every kind by its name."""
    fields: dict[str, list[Field]] = {}
    words: dict[str, tuple[str, str]] = {}
    for row in rule_files.every("record_kinds"):
        choices = tuple(_choice(part) for part in row["choices"].split("|") if part)
        words[row["kind"]] = row["kind_zh"], row["kind_en"]
        fields.setdefault(row["kind"], []).append(
            Field(
                row["field"],
                row["zh"],
                row["en"],
                row["type"],
                bool(row["needed"]),
                choices,
                row["needed"].partition(":")[2],
            )
        )
    return {name: Kind(name, *words[name], tuple(each)) for name, each in fields.items()}


def _choice(told: str) -> tuple[str, tuple[str, str]]:
    """`name=中文=English` as (name, words)."""
    name, zh, en = told.split("=")
    return name, (zh, en)


def kind(name: str) -> Kind:
    """One kind. Raises Refused RECORD_KIND_UNKNOWN."""
    if name not in kinds():
        told = f"没有这种记录 · no such record; known: {', '.join(kinds())}"
        raise Refused(Refusal("RECORD_KIND_UNKNOWN", told, where=name))
    return kinds()[name]
