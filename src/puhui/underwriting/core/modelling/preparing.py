"""From a raw tape to rows that a model can be fitted on: labelled, dated, split, read and judged column by column.

Rule kept: how columns are read and which may be used is settled on training rows alone; the rows that judge come after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling import columns, drift, parsing, splitting, time_column
from puhui.underwriting.core.modelling.column_profile import ColumnProfile, Sight, profile
from puhui.underwriting.core.modelling.columns import Column
from puhui.underwriting.core.modelling.drift import Drift
from puhui.underwriting.core.modelling.label import Label, known_column, label
from puhui.underwriting.core.modelling.splitting import Split
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What the analyst asked for."""

    target: str
    positive: str | None = None
    time: str | None = None
    weight: str | None = None
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of a model: a column as read, or the days from a date column to the decision (`to_time`)."""

    name: str
    kind: str  # "number" or "category"
    specials: tuple[float, ...] = ()
    to_time: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """Labelled rows in tape order: `values` holds one column a feature; `told` what was left out and why."""

    values: pl.DataFrame
    bad: npt.NDArray[np.int8]
    weight: Floats
    split: Split
    features: tuple[Feature, ...]
    columns: tuple[Column, ...]
    time: Column | None
    profiles: tuple[ColumnProfile, ...]
    label: Label
    told: dict[str, Any] = field(default_factory=dict)


def prepare(tape: pl.DataFrame, asked: Asked, terms: Terms) -> Prepared:
    """Label, split, read and judge. Raises Refused for a tape on which nothing can be learnt."""
    asked = _resolved(tape, asked)
    _one_part_each(asked)
    outcome = label(tape[asked.target], terms=terms, positive=asked.positive)
    usable, days, time, told = _usable(tape, asked, outcome, terms)
    rows = tape if usable.all() else tape.filter(pl.Series(usable))
    bad = outcome.bad.filter(pl.Series(usable)).to_numpy().astype(np.int8)
    decided = None if days is None else days[usable]
    groups, group_name = _groups(rows, asked, terms) if decided is None else (None, None)
    shares = (terms.split["test_share"], terms.split["validation_share"])
    split = splitting.split(bad, days=decided, groups=groups, shares=shares, seed=asked.seed)
    _enough(bad, split, asked.target, terms)
    known = infer_columns(rows, terms, of=pl.Series(split.training))
    roles = _roles(known, asked, terms)
    read = pl.DataFrame([_read_or_text(rows[column.name], column) for column in known])
    training = pl.Series(split.training)
    sight = Sight(read.filter(training), bad[split.training], None if decided is None else decided[split.training])
    profiles = profile(known, sight, roles, keep=asked.keep, terms=terms)
    values, features, profiles = _that_differ(read, _features(known, profiles, time), profiles, decided, training)
    _some(features, profiles, asked)
    used = {feature.name for feature in features}
    return Prepared(
        values=values, bad=bad, weight=weights(rows, asked.weight), split=split, features=features,
        columns=tuple(column for column in known if column.name in used), time=time, profiles=tuple(profiles), label=outcome,
        told=told | {"taken_as_good": dict(outcome.good) if len(outcome.good) > 1 else {}, "group": group_name, "weight": asked.weight, "weight_recognised": _weight_named(known, asked, terms)},
    )  # fmt: skip


def look(
    tape: pl.DataFrame, *, target: str | None, time: str | None, positive: str | None, terms: Terms
) -> tuple[list[ColumnProfile], Drift | None]:
    """Profile of all rows of a tape; with a target, of its labelled rows and against it; with a time, how columns move."""
    asked = Asked(target=target or "", positive=positive, time=time)
    rows, bad = tape, None
    roles: dict[str, str] = {}
    if target is not None:
        asked = _resolved(tape, asked)
        outcome = label(tape[asked.target], terms=terms, positive=positive)
        rows = tape.filter(outcome.bad.is_not_null())
        bad, roles = outcome.bad.drop_nulls().to_numpy().astype(np.int8), {asked.target: "target"}
    decided, dated = None, False
    if time is not None:
        asked_time = known_column(tape, time, code="TIME_ABSENT", what="--time")
        column, days = time_column.read_time(rows[asked_time], terms)
        decided, dated = days.fill_null(np.nan).to_numpy(), column.kind == "date"
        if not np.isfinite(decided).any():
            told = "时间列没有能读成日期的值；请改写成 2019-03-05 的样子 · no value of the time column reads as a date; write them like 2019-03-05"
            raise Refused(Refusal("DATES_DO_NOT_PARSE", told, asked_time))
        roles[asked_time] = "time"
    known = infer_columns(rows, terms)
    read = pl.DataFrame([_read_or_text(rows[column.name], column) for column in known])
    found = profile(known, Sight(read, bad, decided), roles, keep=(), terms=terms)
    if decided is None:
        return found, None
    used = [one.name for one in found if one.role in ("feature", "leak", "calendar")]
    return found, drift.by_month(read.select(used), decided, bad, dated=dated, limits=terms.drift)


def infer_columns(rows: pl.DataFrame, terms: Terms, *, of: pl.Series | None = None) -> list[Column]:
    """Settle how each column is read (`of`: by these rows only)."""
    return [columns.infer(rows[name] if of is None else rows[name].filter(of), terms) for name in rows.columns]


def feature_values(read: pl.DataFrame, features: Sequence[Feature], decided: Floats | None) -> pl.DataFrame:
    """One column a feature, from columns as read; numbers as Float64, words as String."""
    made = []
    for feature in features:
        values = read[feature.name]
        if feature.to_time:
            values = pl.Series(feature.name, decided, nan_to_null=True) - values
        made.append(values.alias(feature.name))
    return pl.DataFrame(made)


def _read_or_text(raw: pl.Series, column: Column) -> pl.Series:
    """A column as read; one of lists or bytes as empty text, for it is only named."""
    if column.kind == "nested":
        return pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, len(raw)).alias(column.name)
    return columns.read(raw, column).alias(column.name)


def _resolved(tape: pl.DataFrame, asked: Asked) -> Asked:
    if tape.height and tape.width == 1:
        told = (
            f"数据只有一列（{tape.columns[0]}）：目标列以外还要有可用的列，也请看看分隔符是不是逗号、分号、制表符或竖线 · the tape has one column "
            f"({tape.columns[0]}): a model needs others beside the target; see too that fields are parted by comma, semicolon, tab or bar"
        )
        raise Refused(Refusal("TAPE_ONE_COLUMN", told, tape.columns[0]))
    if tape.height == 0 or tape.width < 2:
        raise Refused(
            Refusal(
                "TAPE_EMPTY",
                f"数据为空：{tape.height}行、{tape.width}列 · the tape is empty: {tape.height} rows, {tape.width} columns",
            )
        )
    return Asked(
        target=known_column(tape, asked.target, code="TARGET_ABSENT", what="--target"), positive=asked.positive,
        time=None if asked.time is None else known_column(tape, asked.time, code="TIME_ABSENT", what="--time"),
        weight=None if asked.weight is None else known_column(tape, asked.weight, code="WEIGHT_ABSENT", what="--weight"),
        drop=tuple(known_column(tape, name, code="DROP_ABSENT", what="--drop") for name in asked.drop),
        keep=tuple(known_column(tape, name, code="KEEP_ABSENT", what="--keep") for name in asked.keep), seed=asked.seed,
    )  # fmt: skip


def _one_part_each(asked: Asked) -> None:
    """A column named for two things at once is refused: one of the two would be passed over in silence."""
    parts = [("--target", asked.target), ("--time", asked.time), ("--weight", asked.weight)]
    parts += [("--drop", name) for name in asked.drop] + [("--keep", name) for name in asked.keep]
    first: dict[str, str] = {}
    for part, name in parts:
        if name is not None and first.setdefault(name, part) != part:
            told = (
                f"列“{name}”同时用于 {first[name]} 和 {part}，请只保留一处 · the column {name!r} is named for both {first[name]} and {part}: "
                "leave one out"
            )
            raise Refused(Refusal("COLUMN_NAMED_TWICE", told, name))


def _usable(tape: pl.DataFrame, asked: Asked, outcome: Label, terms: Terms,
            ) -> tuple[npt.NDArray[np.bool_], Floats | None, Column | None, dict[str, Any]]:  # fmt: skip
    labelled = outcome.bad.is_not_null().to_numpy()
    told: dict[str, Any] = {"rows_without_label": int((~labelled).sum())}
    if asked.time is None:
        return labelled, None, None, told
    column, read = time_column.read_time(tape[asked.time], terms)
    days = read.fill_null(np.nan).to_numpy().copy()
    raw = parsing.plain(columns.read(tape[asked.time], Column(asked.time, "category")), terms.reading["missing_words"])
    broken = (raw.is_not_null() & read.is_null()).to_numpy()
    examples = [str(value) for value in raw.filter(pl.Series(broken)).unique(maintain_order=True).head(EXAMPLES)]
    if broken.sum() > terms.split["max_unread_dates_share"] * max(raw.count(), 1) or not np.isfinite(days).any():
        shown = "、".join(examples)
        raise Refused(Refusal("DATES_DO_NOT_PARSE", f"时间列有{broken.sum()}个值不是日期，例如：{shown}；请改写成 2019-03-05 的样子，或不用 --time · {broken.sum()} values of the time "
                              f"column are no dates, such as: {', '.join(examples)}; write them like 2019-03-05, or leave --time out", asked.time))  # fmt: skip
    if len(np.unique(days[labelled & np.isfinite(days)])) < 2:
        raise Refused(Refusal("TIME_STANDS_STILL", "时间列只有一个日期，无法按时间划分 · the time column has one date; no split by time is "
                              "possible: leave --time out", asked.time))  # fmt: skip
    told |= {
        "rows_without_time": int((labelled & ~np.isfinite(days)).sum()),
        "unread_dates": int(broken.sum()),
        "unread_examples": examples,
    }
    other = time_column.day_and_month(raw, column)
    if other:
        told |= {"time_read_as": column.shapes[0], "time_also_reads_as": other}
    return labelled & np.isfinite(days), days, column, told


def _enough(bad: npt.NDArray[np.int8], split: Split, target: str, terms: Terms) -> None:
    parts = (
        (split.training, terms.label["min_bads"], "训练", "training"),
        (split.judging, terms.label["min_test_bads"], "验证", "test"),
    )
    for part, least, zh, en in parts:
        bads, goods = int(bad[part].sum()), int(part.sum() - bad[part].sum())
        if bads < least or goods < least:
            raise Refused(Refusal("TOO_FEW_LABELS", f"{zh}部分坏{bads}、好{goods}，各需至少{least}：请用更多行，或换一个坏户更多的目标 · the {en} part has {bads} bad and "
                                  f"{goods} good rows; each needs at least {least}: bring more rows, or an outcome that is less rare", target))  # fmt: skip


def _roles(known: list[Column], asked: Asked, terms: Terms) -> dict[str, str]:
    roles = {
        column.name: "weight"
        for column in known
        if column.name.lower() in terms.reading["weight_names"] and column.kind == "number"
    }
    roles |= dict.fromkeys(asked.drop, "dropped")
    if asked.time is not None:
        roles[asked.time] = "time"
    if asked.weight is not None:
        roles[asked.weight] = "weight"
    for name in asked.keep:
        if roles.get(name) == "weight" and name != asked.weight:
            del roles[name]
    return roles | {asked.target: "target"}


def _weight_named(known: list[Column], asked: Asked, terms: Terms) -> list[str]:
    return [name for name, role in _roles(known, asked, terms).items() if role == "weight" and name != asked.weight]


def _features(known: list[Column], profiles: list[ColumnProfile], time: Column | None) -> tuple[Feature, ...]:
    used = {column.name for column in profiles if column.role == "feature"}
    return tuple(
        Feature(column.name, "category" if column.kind == "category" else "number", column.specials,
                to_time=column.kind == "date" and time is not None and time.kind == "date")
        for column in known if column.name in used and column.kind in columns.MODELLED
    )  # fmt: skip


def _that_differ(
    read: pl.DataFrame,
    features: tuple[Feature, ...],
    profiles: list[ColumnProfile],
    decided: Floats | None,
    training: pl.Series,
) -> tuple[pl.DataFrame, tuple[Feature, ...], list[ColumnProfile]]:
    """Values of the features, less dates that lie equally far from the decision in every training row."""
    values = feature_values(read, features, decided)
    still = {f.name for f in features if f.to_time and values[f.name].filter(training).drop_nulls().n_unique() < 2}
    told = [replace(one, role="constant") if one.name in still else one for one in profiles]
    return values.drop(still), tuple(f for f in features if f.name not in still), told


def _some(features: tuple[Feature, ...], profiles: list[ColumnProfile], asked: Asked) -> None:
    if features:
        return
    left = ", ".join(f"{column.name} ({column.role})" for column in profiles if column.name != asked.target)
    raise Refused(
        Refusal(
            "NO_FEATURES",
            f"没有可用于建模的列：{left}；疑似泄露的列可用 --keep 保留 · no column is left to model with: {left}; a suspected leak stays with --keep",
        )
    )


def weights(rows: pl.DataFrame, name: str | None) -> Floats:
    """Sampling weights with mean one from their column, as numbers are written by people; one each without a column."""
    if name is None:
        return np.ones(rows.height)
    weight = columns.read(rows[name], Column(name, "number")).fill_null(np.nan).to_numpy()
    if not np.isfinite(weight).all() or (weight < 0).any() or weight.sum() <= 0:
        raise Refused(
            Refusal(
                "WEIGHT_INVALID",
                "权重列有缺失、负数或全为零 · the weight column has missing or negative values, or only zeros",
                name,
            )
        )
    return weight / weight.mean()


def _groups(rows: pl.DataFrame, asked: Asked, terms: Terms) -> tuple[npt.NDArray[np.int64] | None, str | None]:
    """Rows of one applicant, where a column named like an identifier repeats."""
    for name in rows.columns:
        if name in (asked.target, asked.weight) or not columns.named_like_an_id(name, terms):
            continue
        words = columns.read(rows[name], Column(name, "category"))
        distinct = words.n_unique()
        if distinct >= 50 and 0.2 * len(words) <= distinct <= 0.98 * len(words):
            return words.rank("dense").fill_null(0).cast(pl.Int64).to_numpy(), name
    return None, None
