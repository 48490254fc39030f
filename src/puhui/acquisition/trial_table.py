"""A table of a campaign or a log → the columns that count, checked: arms, outcome, features, chances. Refusals by name, nothing guessed silently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from puhui.acquisition.core.table_design import as_numbers, as_words, tables
from puhui.kernel.refusal import Refusal, Refused

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """`code[i]` is the place of row i's label in `labels`, −1 where it is missing."""

    code: NDArray[np.int64]
    labels: tuple[str, ...]


def column(frame: pl.DataFrame, name: str) -> pl.Series:
    """The column of that name, also when only case or blanks differ and one column alone fits."""
    if name in frame.columns:
        return frame[name]
    alike = [one for one in frame.columns if one.strip().lower() == name.strip().lower()]
    if len(alike) == 1:
        return frame[alike[0]]
    shown = ", ".join(frame.columns[:20])
    raise refused("COLUMN_ABSENT", f"没有列 {name}；现有 {shown} · no column {name}; there are {shown}", name)


def labelled(series: pl.Series, *, code: str = "TREATMENT_MANY_VALUES") -> Labelled:
    """Each distinct value as a label, in order of first letters; whole floats lose their ".0"."""
    text = series.cast(pl.Int8) if series.dtype == pl.Boolean else series
    if text.dtype.is_float() and bool((text.drop_nulls() == text.drop_nulls().round(0)).all()):
        text = text.fill_nan(None).cast(pl.Int64)
    words = text.cast(pl.String).str.strip_chars()
    words = words.set(words == "", None)
    if words.dtype == pl.String and bool(words.drop_nulls().str.contains(r"^-?\d+\.0+$").all()) and words.len() > words.null_count():  # fmt: skip
        words = words.str.replace(r"\.0+$", "")
    labels = sorted(words.drop_nulls().unique().to_list(), key=_natural)
    most = tables()["reading"]["arms_max"]
    if len(labels) > most:
        raise refused(code, f"{len(labels)} 个不同取值，最多 {most} 个 · {len(labels)} different values, at most {most}: group them first", series.name)  # fmt: skip
    place = {label: number for number, label in enumerate(labels)}
    return Labelled(np.array([place.get(word, -1) if word is not None else -1 for word in words.to_list()], np.int64), tuple(labels))  # fmt: skip


def outcome_of(series: pl.Series, *, positive: str | None) -> tuple[Floats, str | None]:
    """Numbers with NaN for gaps, and the word that counts as 1 where the column holds two words."""
    terms = tables()["reading"]
    values = as_numbers(series, terms)
    if values is not None and positive is None:
        return values, None
    words = as_words(series, terms | {"missing": [""]})
    distinct = sorted(words.drop_nulls().unique().to_list())
    if not distinct:
        raise refused("OUTCOME_UNREADABLE", "结果列全是空的 · the column of outcomes is empty", series.name)
    wanted = positive if positive is not None else _positive(distinct)
    if wanted is None or wanted not in distinct:
        shown = ", ".join(distinct[:8])
        raise refused("OUTCOME_UNREADABLE", f"结果列须为数值或两个词（{shown}）；用 --positive 指明 · the outcome is numbers or two words; say which one counts with --positive", series.name)  # fmt: skip
    found = (words == wanted).cast(pl.Float64).to_numpy().astype(np.float64)
    return np.where(words.is_null().to_numpy(), np.nan, found), wanted


def control_of(arms: Labelled, counts: Sequence[int], *, given: str | None, where: str) -> int:
    """The place of the control among the labels."""
    if given is not None:
        alike = [place for place, label in enumerate(arms.labels) if label.lower() == given.strip().lower()]
        if not alike:
            raise refused("CONTROL_UNKNOWN", f"没有对照组 {given}；取值有 {', '.join(arms.labels)} · no arm {given}; there are {', '.join(arms.labels)}", where)  # fmt: skip
        return alike[0]
    terms = tables()["reading"]
    exact = [place for place, label in enumerate(arms.labels) if label.lower() in terms["control"]]
    starts = [place for place, label in enumerate(arms.labels) if label.lower().startswith(tuple(terms["control_starts"]))]  # fmt: skip
    for found in (exact, starts):
        if len(found) == 1:
            return found[0]
    raise refused("CONTROL_UNKNOWN", f"哪一组是对照组？用 --control 指明：{', '.join(arms.labels)} · which arm is the control? say so with --control", where)  # fmt: skip


def costs_of(text: str | None, labels: Sequence[str], *, where: str = "--cost") -> Floats:
    """"0.5", or "mens=0.5,womens=0.2" → the cost of one contact by each label; none given: 0."""  # fmt: skip
    if text is None or not text.strip():
        return np.zeros(len(labels))
    if "=" not in text:
        return np.full(len(labels), _amount(text, where))
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, amount = part.rpartition("=")
        found[name.strip().lower()] = _amount(amount, where)
    known = {label.lower() for label in labels}
    stranger = [name for name in found if name not in known]
    if stranger:
        raise refused("ARM_UNKNOWN", f"没有这一组：{', '.join(stranger)}；有 {', '.join(labels)} · no such arm; there are {', '.join(labels)}", where)  # fmt: skip
    return np.array([found.get(label.lower(), 0.0) for label in labels])


def cost_column(frame: pl.DataFrame, text: str | None) -> pl.Series | None:
    """The column that `text` names, where it is no amount and no list of amounts."""
    if text is None or not text.strip() or "=" in text or _is_number(text):
        return None
    return column(frame, text)


def mean_costs(series: pl.Series, arm: NDArray[np.int64], *, labels: Sequence[str]) -> Floats:
    """The cost of one contact by arm from what each row cost: the arm's mean above the control's; rows without a cost are left out. `labels` with the control's first."""
    values = as_numbers(series, tables()["reading"])
    if values is None:
        raise refused(
            "COST_UNREADABLE", f"费用列 {series.name} 不是数值 · the column of costs holds no numbers", "--cost"
        )
    if np.nanmin(values, initial=0.0) < 0:
        raise refused(
            "COST_UNREADABLE",
            f"费用列 {series.name} 有负数 · a cost is a number from 0: the column has one below",
            "--cost",
        )
    found = []
    for place, label in enumerate(labels):
        own = values[(arm == place) & ~np.isnan(values)]
        if not len(own) and place:
            raise refused("COST_UNREADABLE", f"组 {label} 没有费用 · no row of arm {label} has a cost", series.name)
        found.append(float(own.mean()) if len(own) else 0.0)
    return np.maximum(np.array(found[1:]) - found[0], 0.0)


def refused(code: str, message: str, where: str) -> Refused:
    """A refusal to raise."""
    return Refused(Refusal(code, message, where))


def told(labels: Sequence[str], values: Sequence[Any]) -> Mapping[str, Any]:
    """label → value."""
    return dict(zip(labels, values, strict=True))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _amount(text: str, where: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise refused("COST_UNREADABLE", f"费用应为不小于零的数：{text} · a cost is a number from 0", where)
    return amount


def _positive(distinct: Sequence[str]) -> str | None:
    yes = [word for word in distinct if word.lower() in ("yes", "y", "true", "t", "1", "是", "有")]
    return yes[0] if len(distinct) <= 2 and len(yes) == 1 else None


def _natural(label: str) -> tuple[int, float, str]:
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label
