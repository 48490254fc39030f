"""Tales: one loan each, as an accountant would check it. `puhui loan story` must tell every figure of tales/*.txt.

A tale names its terms and policy, then lists events, the instalments as of a day (asked / paid / open) and what each
event did. Amounts are in units with two decimals; a column that is left out is not checked.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from puhui.servicing.core.story import tell

TALES = sorted((Path(__file__).parent / "tales").glob("*.txt"))


@pytest.mark.parametrize("tale", TALES, ids=lambda path: path.stem)
def test_tale(tale: Path) -> None:
    checked = 0
    request: dict[str, Any] = {}
    told: dict[str, Any] = {}
    columns: list[str] = []
    for line in tale.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words or words[0] == "#":
            continue
        if words[0] == "loan":
            request = {"terms": _terms(line), "policy": {}, "events": []}
        elif words[0] == "policy":
            request["policy"] = _policy(line)
        elif words[0] == "event":
            request["events"].append(_event(words[1:]))
        elif words[0] == "on":
            told = tell(request | {"as_of": words[1]})
            assert told["trial_balance_minor"] == 0
        elif words[0] in ("n", "did"):
            columns = words[1:]
        else:
            checked += _check(told, words, columns)
    assert checked


def _check(told: dict[str, Any], words: list[str], columns: list[str]) -> int:
    if words[0] == "total":
        found = {name: told[f"{name}_minor"] for name in words[1::2]}
        assert {name: _plain(minor) for name, minor in found.items()} == dict(
            zip(words[1::2], words[2::2], strict=True)
        )
    elif words[0] == "late":
        assert told["days_past_due"] == int(words[1])
    elif re.fullmatch(r"\d+", words[0]):
        row = next(row for row in told["installments"] if row["n"] == int(words[0]))
        assert [_cell(row, name) for name in columns] == words[1:], f"instalment {words[0]}"
    else:
        row = told["transactions"][int(words[0].removeprefix("#"))]
        assert [_cell(row, name) for name in columns] == words[1:], f"transaction {words[0]}"
    return 1


def _cell(row: dict[str, Any], name: str) -> str:
    name = {"open": "outstanding", "capital": "principal"}.get(name, name)
    name = name.replace("paid.", "paid_")
    return str(row[name]) if name in ("due_on", "on", "kind", "days") else _plain(row.get(f"{name}_minor", 0))


def _plain(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _minor(text: str) -> int:
    whole, _, cents = text.replace(",", "").partition(".")
    return int(whole) * 100 + int((cents + "00")[:2])


_LOAN = re.compile(r"loan ([\d.,]+) at ([\d.]+)% over (\d+) (month|week|day)s?(?: each (\d+))? from (\S+)(.*)")


def _terms(line: str) -> dict[str, Any]:
    principal, percent, periods, unit, every, start, rest = _LOAN.match(line).groups()  # type: ignore[union-attr]
    terms: dict[str, Any] = {
        "principal_minor": _minor(principal),
        "annual_rate": str(Decimal(percent) / 100),
        "periods": int(periods),
        "period_unit": unit,
        "period_every": int(every or 1),
        "disbursed_on": start,
    }
    for word in rest.split():
        name, _, value = word.partition("=")
        terms[name] = int(value) if value.isdigit() else value
    return terms


def _policy(line: str) -> dict[str, Any]:
    policy: dict[str, Any] = {}
    for word in line.split()[1:]:
        name, _, value = word.partition("=")
        if name in ("waterfall", "waterfall_in_advance"):
            policy[name] = value.split(",")
        elif name == "interest":
            policy["interest_recalculation"] = value == "runs"
        else:
            policy[name] = value
    return policy


def _event(words: list[str]) -> dict[str, Any]:
    event: dict[str, Any] = {"on": words[0], "kind": words[1]}
    for word in words[2:]:
        name, equals, value = word.partition("=")
        event |= {name: value} if equals else {"amount_minor": _minor(word)}
    return event
