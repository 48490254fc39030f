"""A policy as data: chances of every action for every row, from rules in order.

    {"rules": [{"when": {"column": "age", "op": ">=", "value": 30}, "choose": "b"}], "otherwise": {"a": 0.5, "b": 0.5}}

`when` is one condition or a list of them that must all hold; op: = != < <= > >= in not_in is_missing. A condition on a missing value does
not hold. `choose` and `otherwise` are an action or chances that add up to 1.

>>> frame = pl.DataFrame({"age": [20, 40, None]})
>>> rule = {"when": {"column": "age", "op": ">=", "value": 30}, "choose": "b"}
>>> chances({"rules": [rule], "otherwise": "a"}, frame, ("a", "b")).tolist()
[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from puhui.kernel.refusal import Refusal, Refused

Floats = NDArray[np.float64]
_ORDERED = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def chances(policy: Any, frame: pl.DataFrame, actions: Sequence[str]) -> Floats:
    """Shape (rows, actions). Raises Refused POLICY_UNREADABLE, COLUMN_ABSENT or NO_SUPPORT (an action the log never took)."""
    if not isinstance(policy, dict) or "otherwise" not in policy or not isinstance(policy.get("rules", []), list):
        raise _unreadable('应为 {"rules": […], "otherwise": …} · expected rules and otherwise')
    open_rows = np.ones(frame.height, bool)
    found = np.zeros((frame.height, len(actions)))
    for rule in policy.get("rules", []):
        if not isinstance(rule, dict) or "when" not in rule or "choose" not in rule:
            raise _unreadable("规则须有 when 与 choose · a rule has when and choose")
        conditions = rule["when"] if isinstance(rule["when"], list) else [rule["when"]]
        holds = open_rows.copy()
        for condition in conditions:
            holds &= _holds(condition, frame)
        found[holds] = spread(rule["choose"], actions)
        open_rows &= ~holds
    found[open_rows] = spread(policy["otherwise"], actions)
    return found


def spread(choice: Any, actions: Sequence[str]) -> Floats:
    """One action or chances by action. Shape (actions,)."""
    given = choice if isinstance(choice, dict) else {choice: 1.0}
    found = np.zeros(len(actions))
    for name, chance in given.items():
        if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
            raise _unreadable(f"概率须在 0 与 1 之间：{chance} · a chance lies between 0 and 1")
        label = _label(name)
        if label not in actions:
            if chance > 0:
                raise no_support({label: float(chance)}, actions)
            continue
        found[actions.index(label)] = chance
    if abs(found.sum() - 1) > 1e-6:
        raise _unreadable(f"概率之和为 {found.sum():.6g}，应为 1 · chances add up to {found.sum():.6g}, not 1")
    return found / found.sum()


def no_support(missing: dict[str, float], actions: Sequence[str]) -> Refused:
    """The policy would do what the log never did: nothing can be said about it."""
    said = ", ".join(f"{name} ({share:.2%})" for name, share in missing.items())
    return Refused(Refusal("NO_SUPPORT", f"日志中从未有过的动作：{said}；日志有 {', '.join(actions)} · actions the log never took; it took {', '.join(actions)}", "--policy"))  # fmt: skip


def _holds(condition: Any, frame: pl.DataFrame) -> NDArray[np.bool_]:
    if not isinstance(condition, dict) or "column" not in condition:
        raise _unreadable("条件须有 column、op、value · a condition has column, op, value")
    name, op, value = str(condition["column"]), str(condition.get("op", "=")), condition.get("value")
    if name not in frame.columns:
        raise Refused(Refusal("COLUMN_ABSENT", f"没有列 {name} · no column {name}; there are {', '.join(frame.columns[:20])}", "--policy"))  # fmt: skip
    column = frame[name]
    if op == "is_missing":
        return column.is_null().to_numpy()
    if op in _ORDERED:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unreadable(f"{op} 的 value 须为数值 · the value of {op} is a number")
        numbers = column.cast(pl.Float64, strict=False)
        return getattr(numbers, _ORDERED[op])(value).fill_null(False).to_numpy()
    wanted = value if isinstance(value, list) else [value]
    if op not in ("=", "==", "in", "!=", "not_in"):
        raise _unreadable(f"不认识的 op {op} · unknown op; there are = != < <= > >= in not_in is_missing")
    inside = column.cast(pl.String).str.strip_chars().is_in([_label(one) for one in wanted])
    if column.dtype.is_numeric():
        values = [float(one) for one in wanted if isinstance(one, int | float)]
        inside = column.cast(pl.Float64).is_in(values)
    known = column.is_not_null().to_numpy()
    return (inside.fill_null(False).to_numpy() if op in ("=", "==", "in") else ~inside.fill_null(False).to_numpy()) & known  # fmt: skip


def _label(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value).strip()


def _unreadable(message: str) -> Refused:
    return Refused(Refusal("POLICY_UNREADABLE", f"策略无法读取：{message}", "--policy"))
