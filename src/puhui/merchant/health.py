"""Front door, reads: the health of a shop from what its books show and what its owner tells, with the next three actions.

Rules kept: what the books show replaces what is told once they reach back far enough (`books_days`); an over-indebted shop is offered a
plan and no advertisement; the index is never an input of a credit decision (no other room may import it, and a test looks).

>>> found = assess({"cash_days": 20, "surplus_rate": "8%", "on_time_rate": "85%", "booked_days": 60, "on": "2026-11-01"})
>>> found["dimensions"]["daily"]["score"], found["dimensions"]["daily"]["points"], found["confidence"]
('61.5', '24.6', '0.35')
"""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import rule_files
from puhui.merchant.core import health_index as index
from puhui.merchant.core import written

Record = Mapping[str, Any]
_WORDS = {"healthy": ("健康", "healthy"), "coping": ("亚健康", "coping"), "fragile": ("脆弱", "fragile"), "": ("", "")}
_PLAN = (
    ("先停新借款；把各笔欠款按年化成本从高到低列出，先还最贵的", "borrow nothing new; pay the dearest debt first"),
    ("主动联系出借机构谈展期或分期，保留书面记录", "ask lenders for longer terms, in writing"),
    ("家用与店用分开，先保住货款、工资和房租", "keep household money apart; goods, wages and rent first"),
    ("{days} 天冷静期内不展示任何贷款推广", "no loan advertisement for a cooling-off of {days} days"),
)


def policy(on: date) -> index.HealthPolicy:
    """The scales and lines in force on a day. Raises Refused HEALTH_RULE_ABSENT."""
    try:
        rows = rule_files.in_force("health_index", on=on)
        values = {row["name"]: Decimal(row["value"]) for row in rule_files.in_force("health_policy", on=on)}
    except rule_files.RuleAbsent as absent:
        told = f"这一天没有体检标准 · no scales are in force: {absent}"
        raise Refused(Refusal("HEALTH_RULE_ABSENT", told, where="on")) from None
    levels = [(name.removeprefix("level_"), value) for name, value in values.items() if name.startswith("level_")]
    return index.HealthPolicy(
        scales=tuple(
            index.Scale(row["item"], row["dimension"], row["part"], Decimal(row["at_zero"]), Decimal(row["at_hundred"]))
            for row in rows
        ),
        weights={name.removeprefix("weight_"): value for name, value in values.items() if name.startswith("weight_")},
        levels=tuple(sorted(levels, key=lambda pair: -pair[1])),
        guard_index=values["guard_index"],
        guard_debt_service=values["guard_debt_service"],
        action_step=values["action_step"],
    )


def assess(request: Record) -> dict[str, Any]:
    """The index of one shop on a day. Parts stand beside `on` (told), or in `told` and `books` with `books_days`.

    Raises Refused for a part that is not known or cannot be read.
    """
    on = written.day(request.get("on") or "", "on")
    rules = policy(on)
    units = {row["part"]: row["unit"] for row in rule_files.in_force("health_index", on=on)}
    least = next(row for row in rule_files.in_force("health_policy", on=on) if row["name"] == "books_days")
    for name in ("told", "books"):
        if not isinstance(request.get(name) or {}, Mapping):
            raise Refused(Refusal("OBJECT_EXPECTED", f"{name} 须为对象 · an object is expected", where=name))
    told = dict(request.get("told") or {}) | {
        name: value for name, value in request.items() if name not in ("on", "told", "books", "books_days", "id")
    }
    days = written.whole(request.get("books_days") or 0, "books_days")
    books = dict(request.get("books") or {}) if days >= int(least["value"]) else {}
    values = {part: _read(part, value, units) for part, value in {**told, **books}.items() if value is not None}
    found = index.assess(values, rules)
    answer = ({"id": request["id"]} if "id" in request else {}) | _as_json(found, values, books, rules, on)
    if (request.get("books") or {}) and not books:
        answer["notes"].append(
            {"zh": f"账本只有 {days} 天，满 {least['value']} 天后以账本为准",
             "en": f"the books cover {days} days; from {least['value']} on they replace what is told"}
        )  # fmt: skip
    return answer


def _read(part: str, value: Any, units: Mapping[str, str]) -> Decimal:
    if part not in units:
        names = ", ".join(units)
        raise Refused(Refusal("HEALTH_PART_UNKNOWN", f"没有这一项；可用 · no such part; known: {names}", where=part))
    if units[part] == "share":
        found = written.share(value, part)
        if part != "surplus_rate" and found < 0:
            raise Refused(Refusal("SHARE_NEGATIVE", f"比例不能为负 · at least zero: {value}", where=part))
        if part not in ("surplus_rate", "debt_service_rate", "debt_apr") and found > 1:
            raise Refused(Refusal("SHARE_ABOVE_ONE", f"比例不能大于 100% · at most 100 %: {value}", where=part))
        return found
    return written.number(value, part)


def _as_json(
    found: index.Health, values: Mapping[str, Decimal], books: Record, rules: index.HealthPolicy, on: date
) -> dict[str, Any]:
    rows = {row["part"]: row for row in rule_files.in_force("health_index", on=on)}
    words = {row["name"]: row for row in rule_files.in_force("health_policy", on=on)}
    items: dict[str, Any] = {}
    for scale in rules.scales:
        item = items.setdefault(
            scale.item, {"dimension": scale.dimension, "score": _one(found.items.get(scale.item)), "parts": {}}
        )
        row = rows[scale.part]
        item["parts"][scale.part] = {
            "value": str(values[scale.part]) if scale.part in values else None, "score": _one(found.parts.get(scale.part)),
            "source": "books" if scale.part in books else "told" if scale.part in values else "missing",
            "zh": row["zh"], "en": row["en"],
        }  # fmt: skip
    dimensions = {
        name: {
            "score": _one(found.dimensions.get(name)), "weight": str(weight), "zh": words[f"weight_{name}"]["zh"],
            "points": _one(found.dimensions[name] * weight) if name in found.dimensions else None,
            "en": words[f"weight_{name}"]["en"],
        }
        for name, weight in rules.weights.items()
    }  # fmt: skip
    zh, en = _WORDS[found.level]
    from_books = len([part for part in books if part in values])
    return {
        "tool": "health", "on": on.isoformat(), "index": _one(found.index), "level": found.level,
        "level_zh": zh, "level_en": en, "confidence": str(_places(found.confidence, "0.01")),
        "from_books": str(_places(Decimal(from_books) / len(rows), "0.01")),
        "dimensions": dimensions, "items": items,
        "next_actions": [_action(step, rows[step.scale.part]) for step in found.steps],
        "guard": {"over_indebted": found.guarded, "loan_advertisement": not found.guarded,
                  "plan": _plan(words["cooling_off_days"]["value"]) if found.guarded else []},
        "credit_decision_input": False, "notes": _notes(found),
    }  # fmt: skip


def _plan(days: str) -> list[dict[str, str]]:
    return [{"zh": zh.format(days=days), "en": en.format(days=days)} for zh, en in _PLAN]


def _action(step: index.Step, row: Mapping[str, str]) -> dict[str, Any]:
    words = next(each for each in rule_files.every("health_actions") if each["item"] == step.scale.item)
    now, then = (_shown(value, row["unit"]) for value in (step.now, step.then))
    gain = _one(step.gain)
    zh = words["zh"].format(zh_part=row["zh"], now=now, then=then)
    en = words["en"].format(en_part=row["en"], now=now, then=then)
    return {
        "item": step.scale.item, "part": step.scale.part, "now": now, "then": then, "gain": gain, "page": words["page"],
        "zh": f"{zh}，指数约 +{gain}", "en": f"{en}; the index rises by about {gain}",
    }  # fmt: skip


def _notes(found: index.Health) -> list[dict[str, str]]:
    if found.index is None:
        return [{"zh": "还没有任何数据，先记几天账", "en": "nothing is known yet; book a few days first"}]
    if found.confidence < Decimal("0.5"):
        return [{"zh": "数据不足一半，结果仅供参考", "en": "less than half is known; take it as a first look"}]
    return []


def _shown(value: Decimal, unit: str) -> str:
    if unit == "share":
        return f"{_places(value * 100, '0.1').normalize():f}%"
    return (
        f"{_places(value, '0.1').normalize():f}"
        if unit in ("days", "months", "number")
        else f"{_places(value, '0.01').normalize():f}"
    )


def _one(value: Decimal | None) -> str | None:
    return None if value is None else str(_places(value, "0.1"))


def _places(value: Decimal, places: str) -> Decimal:
    return value.quantize(Decimal(places), rounding=ROUND_HALF_UP)
