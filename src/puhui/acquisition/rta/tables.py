"""The dated tables of delivery: what each media allows, which ids are nobody's, who is protected, and the strategies.

Read for a date; a row is in force from `effective_from` until a later row of the same name. The strategies are the
institution's own (`strategies.csv` ships as a sample); everything wrong with them is told at once, by row and column.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any

from puhui.acquisition import dated_tables
from puhui.acquisition.core import device_ids
from puhui.acquisition.core.rta import OPTED_OUT, Caches, Strategy
from puhui.kernel.refusal import Refusal, Refused

SHIPPED_STRATEGIES = dated_tables.FOLDER / "strategies.csv"
_NAME = re.compile(r"[^\s|,;:\x00-\x1f]+")
COLUMNS = (
    "media", "strategy", "live", "include", "exclude", "coefficient", "grades", "cpa_fen", "cpc_fen", "cpm_fen", "pcvr",
    "personalised", "buckets", "arms", "cache_join_s", "cache_reject_s", "effective_from", "effective_to",
)  # fmt: skip
_WORDS = {"yes": True, "no": False, "是": True, "否": False, "true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class MediaRule:
    """What one media allows, in its own units: seconds, fen, bytes."""

    media: str
    coefficients: tuple[float, float]
    decimals: int
    caches: Caches
    cache_max_s: int
    id_bytes: int
    id_integer: bool
    max_asked: int
    cpc_min_fen: int
    body_max_bytes: int


def media_rules(as_of: date) -> dict[str, MediaRule]:
    """By media, the rule in force on the day."""
    return {row["media"]: _media_rule(row) for row in dated_tables.in_force("media.csv", "media", as_of)}


def doubtful_keys(as_of: date) -> frozenset[int]:
    """Keys of ids that are nobody's."""
    return device_ids.doubtful_keys(row["value"] for row in dated_tables.in_force("doubtful_ids.csv", "value", as_of))


def protected_audiences(as_of: date) -> frozenset[str]:
    """Audiences that no strategy may seek."""
    return frozenset(row["audience"] for row in dated_tables.in_force("protected_audiences.csv", "audience", as_of))


def strategies(text: str, as_of: date, *, name: str = "strategies.csv") -> tuple[Strategy, ...]:
    """Rows in force on the day. Refuses the whole table, naming every fault, so that no half of it serves."""
    rules, protected = media_rules(as_of), protected_audiences(as_of) - {OPTED_OUT}
    reader = csv.DictReader(StringIO(text.lstrip("\ufeff")))
    head = [column.strip() for column in reader.fieldnames or ()]
    missing = {"media", "strategy"} - set(head)
    unknown = set(head) - set(COLUMNS)
    if missing or unknown:
        told = f"列名不符 · missing {sorted(missing)}, unknown {sorted(unknown)}; the columns are {', '.join(COLUMNS)}"
        raise Refused(Refusal("STRATEGY_COLUMNS", told, where=name))
    found, faults = {}, []
    for number, raw in enumerate(reader, 2):
        row = {(key or "").strip(): (value or "").strip() for key, value in raw.items() if isinstance(value, str)}
        try:
            if not _covers(row, as_of):
                continue
            strategy = _strategy(row, rules, protected)
            if (strategy.media, strategy.name) in found:
                raise ValueError("strategy: twice for this media on this day")
            found[(strategy.media, strategy.name)] = strategy
        except (ValueError, KeyError) as fault:
            faults.append(f"{number}: {fault.args[0]}")
    if faults:
        raise Refused(Refusal("STRATEGY_ROWS", "策略表有误 · " + "; ".join(faults[:20]), where=name))
    return tuple(found.values())


def _strategy(row: dict[str, str], rules: dict[str, MediaRule], protected: frozenset[str]) -> Strategy:
    media, name = row["media"], row["strategy"]
    if media not in rules:
        raise ValueError(f"media: {media!r} is none of {', '.join(rules)}")
    rule = rules[media]
    if not name or len(name.encode()) > rule.id_bytes or (rule.id_integer and not name.isdecimal()):
        kind = "a whole number" if rule.id_integer else "a name"
        raise ValueError(f"strategy: {kind} of at most {rule.id_bytes} bytes for {media}, not {name!r}")
    include = _names(row, "include")
    if protected & set(include):
        raise ValueError(f"include: {', '.join(sorted(protected & set(include)))} may not be sought by anybody")
    mean = _number(row, "coefficient", float, 1.0, rule.coefficients)
    cpc = _number(row, "cpc_fen", int, 0, (rule.cpc_min_fen, 10_000_000))
    buckets, arms = _whole(row, "buckets", 9), _whole(row, "arms", 2**32 - 1)
    return Strategy(
        media, name, include, _names(row, "exclude"), _grades(row, rule), mean,
        cpa_fen=_number(row, "cpa_fen", int, 0, (1, 100_000_000)), cpc_fen=cpc,
        cpm_fen=_number(row, "cpm_fen", int, 0, (1, 10_000_000)), pcvr=_number(row, "pcvr", float, 0.0, (0.0, 1.0)),
        personalised=_yes(row, "personalised", default=True), buckets=buckets, arms=arms,
        cache_join_s=_seconds(row, "cache_join_s", rule), cache_reject_s=_seconds(row, "cache_reject_s", rule),
        live=_yes(row, "live", default=True),
    )  # fmt: skip


def _media_rule(row: dict[str, str]) -> MediaRule:
    caches = Caches(int(row["cache_join_s"]), int(row["cache_reject_s"]), int(row["cache_error_s"]))
    return MediaRule(
        row["media"], (float(row["coefficient_min"]), float(row["coefficient_max"])), int(row["coefficient_decimals"]),
        caches, int(row["cache_max_s"]), int(row["strategy_id_bytes"]), row["strategy_id_integer"] == "yes",
        int(row["max_asked"]), int(row["cpc_min_fen"]), int(row["body_max_bytes"]),
    )  # fmt: skip


def _grades(row: dict[str, str], rule: MediaRule) -> tuple[tuple[str, float], ...]:
    found = []
    for part in filter(None, row.get("grades", "").split("|")):
        name, colon, factor = part.rpartition(":")
        low, high = rule.coefficients
        if not colon or not _NAME.fullmatch(name.strip()) or not low <= _float(factor, "grades") <= high:
            raise ValueError(f"grades: audience:factor between {low} and {high}, not {part!r}")
        found.append((name.strip(), float(factor)))
    return tuple(found)


def _names(row: dict[str, str], column: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in row.get(column, "").split("|") if part.strip())
    bad = [name for name in names if not _NAME.fullmatch(name)]
    if bad:
        raise ValueError(f"{column}: {bad[0]!r} is no audience's name")
    return names


def _whole(row: dict[str, str], column: str, most: int) -> frozenset[int]:
    parts = [part.strip() for part in row.get(column, "").split("|") if part.strip()]
    if any(not part.isdecimal() or int(part) > most for part in parts):
        raise ValueError(f"{column}: whole numbers from 0 to {most}, parted by |, not {row[column]!r}")
    return frozenset(map(int, parts))


def _seconds(row: dict[str, str], column: str, rule: MediaRule) -> int | None:
    text = row.get(column, "")
    return _number(row, column, int, 0, (1, rule.cache_max_s)) if text else None


def _number(
    row: dict[str, str], column: str, kind: Callable[[str], Any], empty: Any, bounds: tuple[float, float]
) -> Any:
    text = row.get(column, "")
    if not text:
        return empty
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"{column}: {text!r} is no number") from None
    if not bounds[0] <= value <= bounds[1]:
        raise ValueError(f"{column}: between {bounds[0]} and {bounds[1]}, not {text}")
    return value


def _float(text: str, column: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{column}: {text!r} is no number") from None


def _yes(row: dict[str, str], column: str, *, default: bool) -> bool:
    text = row.get(column, "").lower()
    if text and text not in _WORDS:
        raise ValueError(f"{column}: yes or no, not {text!r}")
    return _WORDS.get(text, default)


def _covers(row: dict[str, str], as_of: date) -> bool:
    try:
        since = date.fromisoformat(row.get("effective_from") or "0001-01-01")
        until = date.fromisoformat(row.get("effective_to") or "9999-12-31")
    except ValueError:
        raise ValueError("effective_from, effective_to: days like 2026-01-31") from None
    return since <= as_of < until
