"""The outcome column of a tape → 1 (bad), 0 (good), null (not known yet), whatever words it is written in.

Rules kept: the positive value is the one that means bad; where words do not say it, the rarer one, and the answer tells which
was taken. One class, more than two without `positive`, or a `positive` that never occurs: refused by name.

>>> from puhui.underwriting.core.modelling import terms
>>> label(pl.Series("status", ["P I F", "CHGOFF", "P I F", None]), terms=terms.in_force()).bad.to_list()
[0, 1, 0, None]
"""

import difflib
from dataclasses import dataclass

import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling import columns, parsing
from puhui.underwriting.core.modelling.terms import Terms

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Label:
    """`bad`: 1, 0 or null a row; `positive`: the value that means bad; `how`: given, by_word or the_rarer; `good`: the most
    frequent of the others, with their rows."""

    bad: pl.Series
    positive: str
    how: str
    good: tuple[tuple[str, int], ...] = ()


def label(raw: pl.Series, *, terms: Terms, positive: str | None = None) -> Label:
    """Read the outcome column. Raises Refused TARGET_ONE_CLASS, TARGET_NOT_TWO_CLASS or POSITIVE_NEVER_SEEN."""
    words = words_of(raw, terms)
    counts = words.drop_nulls().value_counts(sort=True)
    values = counts[words.name].to_list() if counts.height else []
    if positive is not None:
        return _given(words, counts, positive, terms)
    if len(values) < 2:
        raise _one_class("、".join(values) or "全部为空", ", ".join(values) or "all missing", raw.name)
    if len(values) > 2:
        shown = ", ".join(values[:SHOWN]) + ("…" if len(values) > SHOWN else "")
        raise Refused(Refusal("TARGET_NOT_TWO_CLASS", f"目标列有{len(values)}种取值（{shown}），请用 --positive 指明哪一种是坏 · the target "
                              f"has {len(values)} values ({shown}); say which is bad with --positive", raw.name))  # fmt: skip
    taken, how = _meant(values, counts["count"].to_list(), terms)
    return Label((words == taken).cast(pl.Int8).alias("bad"), taken, how)


def words_of(raw: pl.Series, terms: Terms) -> pl.Series:
    """Outcomes as words: 1, 1.0 and "1" are the same."""
    text = parsing.plain(columns.read(raw, columns.Column(raw.name, "category")), terms.reading["missing_words"])
    return text.str.replace(r"^(-?\d+)\.0+$", "$1")


def known_column(frame: pl.DataFrame, name: str, *, code: str = "COLUMN_ABSENT", what: str = "") -> str:
    """The column of that name, or a refusal that suggests the nearest names."""
    if name in frame.columns:
        return name
    folded = {column.strip().lower(): column for column in frame.columns}
    if name.strip().lower() in folded:
        return folded[name.strip().lower()]
    near = [folded[match] for match in difflib.get_close_matches(name.strip().lower(), folded, n=3, cutoff=0.4)]
    nearest = ", ".join(near or frame.columns[:SHOWN])
    raise Refused(
        Refusal(
            code, f"数据中没有列“{name}”；相近的有：{nearest} · no column {name!r}; nearest: {nearest}", what or name
        )
    )


def _given(words: pl.Series, counts: pl.DataFrame, positive: str, terms: Terms) -> Label:
    values = counts[words.name].to_list()
    if not values:
        raise _one_class("全部为空", "all missing", words.name)
    folded = {value.lower(): value for value in values}
    wanted = words_of(pl.Series(words.name, [positive]), terms)[0]  # "1.0" asks for 1, as the column says it
    taken = folded.get((wanted or positive.strip()).lower())
    if len(values) < 2:
        raise _one_class(values[0], values[0], words.name)
    if taken is None:
        shown = ", ".join(values[:SHOWN])
        raise Refused(Refusal("POSITIVE_NEVER_SEEN", f"目标列中没有取值“{positive}”；有：{shown} · the target never has the value "
                              f"{positive!r}; it has: {shown}", words.name))  # fmt: skip
    good = tuple((value, rows) for value, rows in counts.rows() if value != taken)[:SHOWN]
    return Label((words == taken).cast(pl.Int8).alias("bad"), taken, "given", good)


def _one_class(zh: str, en: str, name: str) -> Refused:
    told = f"目标列只有一类（{zh}），无法区分好坏 · the target has one class ({en}); nothing can be told apart"
    return Refused(Refusal("TARGET_ONE_CLASS", told, name))


def _meant(values: list[str], rows: list[int], terms: Terms) -> tuple[str, str]:
    """Of two values the bad one: by a word that means bad, by the other one meaning good, else the rarer (of 1 and 2, the 2)."""
    if {value.lower() for value in values} == {"1", "2"}:
        return "2", "by_word"
    if set(values) == {"1", "-1"}:  # 1 is bad in some tapes and good in others
        return values[rows.index(min(rows))], "the_rarer"
    bad = [value for value in values if value.lower() in terms.label["bad_words"]]
    good = [value for value in values if value.lower() in terms.label["good_words"]]
    if len(bad) == 1:
        return bad[0], "by_word"
    if len(good) == 1:
        return next(value for value in values if value != good[0]), "by_word"
    return values[rows.index(min(rows))], "the_rarer"
