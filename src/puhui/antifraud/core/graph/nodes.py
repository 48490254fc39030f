"""The node table as arrays: ids, one matrix of features, labels, split, and times where they are given.

Rules kept: a label is 0, 1 or empty; a label that became known after `as_of` is empty for this study; ids differ from one another.
Numbers stay as they are (a gap is NaN), true/false are 1/0, dates days, words columns of their own or how common they are, lists
as many columns as they are long. Columns that never vary are left out and told.

>>> table = pl.DataFrame({"id": [1, 2, 3, 4], "x": [0.5, None, 1.0, 2.0], "label": [1, 0, None, 0], "split": ["train", "train", None, "test"]})
>>> read = nodes_of(table, in_force(), seed=1)
>>> read.features.tolist()[:2], read.label.tolist(), read.split.tolist()
([[0.5], [nan]], [1, 0, -1, 0], [0, 0, -1, 2])
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.antifraud.core.graph.links import Floats, seconds_of
from puhui.antifraud.core.graph.terms import Terms, in_force  # noqa: F401 - in_force is for the example
from puhui.kernel.refusal import Refusal, Refused

Matrix = npt.NDArray[np.float32]
TRAIN, VAL, TEST = 0, 1, 2
_SPLITS = {"train": TRAIN, "training": TRAIN, "val": VAL, "valid": VAL, "validation": VAL, "dev": VAL, "test": TEST, "testing": TEST}  # fmt: skip
_KNOWN = ("id", "label", "split", "at", "label_at")
_MASKS = {"train_mask": TRAIN, "val_mask": VAL, "test_mask": TEST}  # as graph libraries write a split
_ROW_NUMBER = (
    "__index_level_0__",
    "Unnamed: 0",
    "",
)  # what a table of pandas carries along: the order of rows, no feature
_UNKNOWN_WORDS = ("", "nan", "none", "null", "unknown")


@dataclass(frozen=True, slots=True)
class Nodes:
    """`features`: rows by `names`, NaN where not given. `label`: 1, 0, −1 empty. `split`: TRAIN, VAL, TEST, −1 none. `at`: when a node
    is judged, `label_at`: when its label became known; seconds or the numbers given, None where the table has no such column."""

    ids: pl.Series
    features: Matrix
    names: tuple[str, ...]
    label: npt.NDArray[np.int8]
    split: npt.NDArray[np.int8]
    at: Floats | None
    label_at: Floats | None
    told: dict[str, int]
    notes: tuple[str, ...]


def nodes_of(table: pl.DataFrame, terms: Terms, *, seed: int, as_of: float | None = None) -> Nodes:
    """`table`: checked by check_ids. Raises Refused with the column and what to do: LABEL_NOT_BINARY, SPLIT_UNKNOWN, SPLIT_EMPTY,
    TOO_MANY_FEATURES."""
    notes: list[str] = []
    label, told = _labels(table)
    at = seconds_of(table["at"], where="nodes at") if "at" in table.columns else None
    label_at = seconds_of(table["label_at"], where="nodes label_at") if "label_at" in table.columns else None
    if as_of is not None and label_at is not None:
        late = (label >= 0) & (label_at > as_of)
        label[late] = -1
        told["labels_after_as_of"] = int(late.sum())
    table = _unmasked(table, notes)
    split = _splits(table, label, notes, seed)
    numbered = [name for name in _ROW_NUMBER if name in table.columns]
    if numbered:
        notes.append(f"a row's number is no feature, left out: {', '.join(map(repr, numbered))}")
    features, names = _features(
        table.drop([*(name for name in _KNOWN if name in table.columns), *numbered]), terms, notes
    )
    return Nodes(table["id"], features, names, label, split, at, label_at, told, tuple(notes))


def _unmasked(table: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """A split told by three columns of true and false is one column; where a row is in two, the first of train, val, test counts."""
    masks = [name for name in _MASKS if name in table.columns and table[name].dtype == pl.Boolean]
    if "train_mask" not in masks or "split" in table.columns:
        return table
    notes.append(f"the split is read from {', '.join(masks)}")
    words = [pl.when(pl.col(name)).then(pl.lit(name.removesuffix("_mask"))) for name in masks]
    return table.with_columns(split=pl.coalesce(words)).drop(masks)


def check_ids(table: pl.DataFrame) -> None:
    """Every node has an id of its own, and the table has a label. Raises Refused NODE_COLUMNS_MISSING, NODE_ID_EMPTY, NODE_ID_TWICE."""
    missing = [name for name in ("id", "label") if name not in table.columns]
    if missing:
        raise _no(
            "NODE_COLUMNS_MISSING",
            f"节点表缺少列 {', '.join(missing)} · the node table lacks {', '.join(missing)}",
            "nodes",
        )
    ids = table["id"]
    if ids.null_count():
        row = int(ids.is_null().arg_max() or 0) + 1
        raise _no("NODE_ID_EMPTY", f"{ids.null_count()} 个节点没有 id，首见于第 {row} 行 · {ids.null_count()} nodes have no id, first in row {row}", "nodes id")  # fmt: skip
    if ids.n_unique() < len(ids):
        twice = ids.filter(ids.is_duplicated())
        raise _no("NODE_ID_TWICE", f"id 重复 {twice.n_unique()} 个，例如 {twice[0]!r} · {twice.n_unique()} ids occur more than once, such as {twice[0]!r}; one row a node", "nodes id")  # fmt: skip


def _labels(table: pl.DataFrame) -> tuple[npt.NDArray[np.int8], dict[str, int]]:
    column = table["label"]
    if column.dtype == pl.Null:
        return np.full(table.height, -1, np.int8), {}
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        words = column.cast(pl.String).str.strip_chars().str.to_lowercase()
        words = words.replace(["true", "false"], ["1", "0"])
        words = words.set(words.is_in(_UNKNOWN_WORDS), None)
        numbers = words.cast(pl.Float64, strict=False)
        column = words if numbers.null_count() > words.null_count() else numbers
    if column.dtype == pl.String:
        wrong = column.filter(column.is_not_null() & column.cast(pl.Float64, strict=False).is_null()).unique().sort()
    else:
        column = column.cast(pl.Float64).fill_nan(None)
        wrong = column.filter(column.is_not_null() & ~column.is_in([0.0, 1.0, -1.0])).unique().sort()
    if len(wrong):
        seen = ", ".join(map(str, wrong.head(4).to_list()))
        raise _no(
            "LABEL_NOT_BINARY",
            f"label 只能是 0、1 或空，见到 {seen} · label is 0, 1 or empty; found {seen}",
            "nodes label",
        )
    label = column.fill_null(-1.0).cast(pl.Int8).to_numpy().copy()
    minus = int((column == -1.0).sum())
    return label, {"labels_minus_one_as_empty": minus} if minus else {}


def _splits(table: pl.DataFrame, label: npt.NDArray[np.int8], notes: list[str], seed: int) -> npt.NDArray[np.int8]:
    known = label >= 0
    if "split" not in table.columns:
        notes.append("no split column: labelled nodes are drawn 50/25/25 by the seed")
        return _drawn(label, np.array([0.5, 0.75]), seed)
    words = table["split"].cast(pl.String).str.strip_chars().str.to_lowercase()
    split = words.replace_strict(_SPLITS, default=-1, return_dtype=pl.Int8).fill_null(-1).to_numpy().copy()
    strange = words.filter(pl.Series((split < 0) & known) & words.is_not_null() & (words != "")).unique().sort()
    if len(strange):
        seen = ", ".join(strange.head(4).to_list())
        raise _no("SPLIT_UNKNOWN", f"有标签的节点 split 为 {seen}；只认 train/val/test 或空 · labelled nodes have split {seen}; it is train, val, test or empty", "nodes split")  # fmt: skip
    train, val = (split == TRAIN) & known, (split == VAL) & known
    if not _both(label, train):
        pool = train | val
        if not _both(label, pool):
            ones, zeros = int((label[pool] == 1).sum()), int((label[pool] == 0).sum())
            raise _no("SPLIT_EMPTY", f"训练与验证部分合起来也需要两类标签；有 {ones} 个 1、{zeros} 个 0 · "
                      f"training and validation together need both labels; there are {ones} of 1 and {zeros} of 0", "nodes split")  # fmt: skip
        notes.append("training lacks a label: it is put together with validation, and split anew")
        train, val = pool, np.zeros(len(label), np.bool_)
    if not _both(label, val):
        notes.append("no validation part with both labels: a fifth of training is drawn for it")
        drawn = _drawn(np.where(train, label, -1), np.array([0.8, 1.0]), seed)
        split[drawn == TRAIN], split[drawn == VAL] = TRAIN, VAL
    return split


def _both(label: npt.NDArray[np.int8], rows: npt.NDArray[np.bool_]) -> bool:
    return bool((label[rows] == 1).any() and (label[rows] == 0).any())


def _drawn(label: npt.NDArray[np.integer], bounds: Floats, seed: int) -> npt.NDArray[np.int8]:
    """A stratified draw: of each label, the first share is TRAIN, the next VAL, the rest TEST."""
    dice = np.random.default_rng(seed)
    split = np.full(len(label), -1, np.int8)
    for value in (0, 1):
        rows = dice.permutation(np.flatnonzero(label == value))
        split[rows] = np.searchsorted(bounds, (np.arange(len(rows)) + 0.5) / max(len(rows), 1), side="right")
    return split


def _features(table: pl.DataFrame, terms: Terms, notes: list[str]) -> tuple[Matrix, tuple[str, ...]]:
    columns: list[pl.Series] = []
    for column in table:
        columns += _opened(column, terms)
    if len(columns) > terms.reading["features_most"]:
        raise _no("TOO_MANY_FEATURES", f"特征列 {len(columns)} 个，上限 {terms.reading['features_most']} · {len(columns)} feature columns; at most {terms.reading['features_most']}", "nodes")  # fmt: skip
    matrix = np.empty((table.height, len(columns)), np.float32, order="F")
    keep: list[int] = []
    flat: list[int] = []
    for place, column in enumerate(columns):
        values = _single(column)
        values = np.where(np.isfinite(values), values, np.float32("nan"))
        matrix[:, place] = values
        present = values[np.isfinite(values)]
        varies = len(present) and (present.min() < present.max() or len(present) < len(values))
        (keep if varies else flat).append(place)
    if flat:
        notes.append(f"never varying, left out: {', '.join(columns[place].name for place in flat[:8])}")
        matrix = np.asfortranarray(np.take(matrix, keep, axis=1))
    return matrix, tuple(columns[place].name for place in keep)


def _single(column: pl.Series) -> npt.NDArray[np.float32]:
    """As single precision; a column of numbers beyond it is scaled by its greatest."""
    values = column.cast(pl.Float32, strict=False).fill_null(float("nan")).to_numpy()
    if not np.isinf(values).any():
        return values
    double = column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    most = np.abs(double[np.isfinite(double)]).max(initial=0.0)
    return (double / most).astype(np.float32) if most > np.finfo(np.float32).max else values


def _opened(column: pl.Series, terms: Terms) -> list[pl.Series]:
    kind = column.dtype
    if isinstance(kind, pl.List | pl.Array):
        listed = column if isinstance(kind, pl.List) else column.arr.to_list()
        longest = min(int(listed.list.len().fill_null(0).to_numpy().max(initial=0)), terms.reading["features_most"] + 1)
        return [listed.list.get(place, null_on_oob=True).alias(f"{column.name}_{place}") for place in range(longest)]
    if kind in (pl.String, pl.Categorical, pl.Enum):
        words = column.cast(pl.String)
        numbers = words.cast(pl.Float64, strict=False)
        if numbers.null_count() == words.null_count():
            return [numbers]
        return _told_by_words(words, terms)
    if kind in (pl.Date, pl.Time, pl.Duration) or isinstance(kind, pl.Datetime):
        return [column.to_physical().cast(pl.Float64)]
    if kind == pl.Null or not (kind.is_numeric() or kind == pl.Boolean):
        return []
    return [column]


def _told_by_words(words: pl.Series, terms: Terms) -> list[pl.Series]:
    levels = words.drop_nulls().unique().sort()
    counts = words.to_frame("word").select(pl.len().over("word").cast(pl.Float32)).to_series()
    common = counts.set(words.is_null(), None).alias(f"{words.name} (how common)")
    if len(levels) > terms.reading["levels_most"]:
        return [common]
    return [(words == level).cast(pl.Float32).alias(f"{words.name} = {level}") for level in levels.to_list()]


def _no(code: str, message: str, where: str) -> Refused:
    return Refused(Refusal(code, message, where))
