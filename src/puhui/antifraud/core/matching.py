"""Are these two records one party? Blocking, comparisons and match weights (Fellegi & Sunter 1969), fitted without labels.

Pairs that share a block are compared column by column: different, close, equal, or not known. u, how often different parties agree, comes from
random pairs; m, how often one party's records agree, from expectation and maximisation within each block over the columns that the block
does not fix (Winkler 2000; the practice of splink). A pair's weight is Σ log2(m/u), the reason is its parts. Missing says nothing.

>>> people = pl.DataFrame({"phone": ["138", "138", "139"], "name": ["王小明", "王小明", "李四"], "card": ["1", None, "2"]})
>>> found = match(people, in_force(), seed=1)
>>> found.pairs.select("left", "right").rows(), found.compared
([(0, 1)], ('phone', 'card', 'name'))
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.kernel import shipped
from puhui.kernel.refusal import Refusal, Refused

MISSING, DIFFERENT, CLOSE, EQUAL = -1, 0, 1, 2
Levels = npt.NDArray[np.int8]  # pairs by comparisons
Positions = npt.NDArray[np.int64]
Chances = npt.NDArray[np.float64]  # comparisons by (different, close, equal)


@dataclass(frozen=True, slots=True)
class Matched:
    """`pairs`: left, right (row numbers, left < right), weight (bits), chance, and a part of the weight for each of `compared`; heaviest
    first. `m`, `u`: chances of each level. `prior`: chance that two random records are one party. `told`: blocks left out as too large."""

    pairs: pl.DataFrame
    compared: tuple[str, ...]
    m: Chances
    u: Chances
    prior: float
    told: dict[str, int]


def in_force() -> dict[str, Any]:
    """The table shipped with this release."""
    return shipped.tree("puhui.antifraud", "policy/matching.toml")


def match(records: pl.DataFrame, terms: dict[str, Any], *, seed: int) -> Matched:
    """`records`: a row a record, columns by the names of the table (others are not read). Raises Refused NOTHING_TO_COMPARE."""
    comparisons = [one for one in terms["comparison"] if one["name"] in records.columns]
    blocks = [one["columns"] for one in terms["block"] if set(one["columns"]) <= set(records.columns)]
    if not comparisons or not blocks:
        known = ", ".join(one["name"] for one in terms["comparison"])
        raise Refused(Refusal("NOTHING_TO_COMPARE", f"没有可比对的列；可用列名：{known} · no column to compare; known are: {known}", "records"))  # fmt: skip
    plain = _plain(records, comparisons)
    names = tuple(one["name"] for one in comparisons)
    told: dict[str, int] = {}
    by_block = [_pairs(plain, columns, terms["block_most"], told) for columns in blocks]
    u = _by_chance(plain, comparisons, terms, seed)
    agree = np.array([_start(one) for one in comparisons])
    m = _fitted(plain, comparisons, [(pairs, [names.index(name) for name in columns if name in names]) for pairs, columns in zip(by_block, blocks)], (agree, u), terms)  # fmt: skip
    left, right = _different(by_block)
    levels = compare(plain, comparisons, left, right)
    weights = _weights(levels, m, u)
    chance, prior = _chances(weights.sum(axis=1), records.height)
    made = pl.DataFrame({"left": left, "right": right, "weight": weights.sum(axis=1), "chance": chance})
    made = made.with_columns(pl.Series(name, weights[:, place]) for place, name in enumerate(names))
    return Matched(made.sort("weight", descending=True, maintain_order=True), names, m, u, prior, told)


def parties(records: int, pairs: pl.DataFrame) -> npt.NDArray[np.int32]:
    """The party of every record: records joined by likely pairs, however many steps apart; numbered by first record."""
    from scipy import sparse
    from scipy.sparse import csgraph

    ends = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    joined = sparse.coo_array((np.ones(len(ends[0])), ends), shape=(records, records))
    return csgraph.connected_components(joined, directed=False)[1].astype(np.int32)


def compare(plain: pl.DataFrame, comparisons: list[dict[str, Any]], left: Positions, right: Positions) -> Levels:
    """A level for every pair and comparison."""
    out = np.full((len(left), len(comparisons)), MISSING, np.int8)
    for place, one in enumerate(comparisons):
        a, b = (plain[one["name"]].gather(side) for side in (left, right))
        known = (a.is_not_null() & b.is_not_null()).to_numpy()
        equal = (a == b).fill_null(False).to_numpy()
        out[known, place] = DIFFERENT
        unequal = np.flatnonzero(known & ~equal)
        if one["kind"] != "exact" and len(unequal):
            near = _close_digits if one["kind"] == "digits" else _close_text
            out[unequal[near(a.gather(unequal), b.gather(unequal), one)], place] = CLOSE
        out[equal, place] = EQUAL
    return out


def _plain(records: pl.DataFrame, comparisons: list[dict[str, Any]]) -> pl.DataFrame:
    """Text without spaces, in capitals; an empty text is not known."""
    texts = [pl.col(one["name"]).cast(pl.String).str.replace_all(r"\s", "").str.to_uppercase().alias(one["name"]) for one in comparisons]  # fmt: skip
    made = records.select(texts)
    return made.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in made.columns)


def _pairs(plain: pl.DataFrame, columns: list[str], most: int, told: dict[str, int]) -> tuple[Positions, Positions]:
    keyed = plain.select(columns).with_row_index("row").drop_nulls()
    keyed = keyed.with_columns(pl.len().over(columns).alias("size")).filter(pl.col("size") > 1)
    large = keyed.filter(pl.col("size") > most)
    if large.height:
        told[f"block {'+'.join(columns)} too large"] = large.select(columns).n_unique()
    keyed = keyed.filter(pl.col("size") <= most)
    joined = keyed.join(keyed, on=columns, suffix="_other").filter(pl.col("row") < pl.col("row_other"))
    return joined["row"].cast(pl.Int64).to_numpy(), joined["row_other"].cast(pl.Int64).to_numpy()


def _different(by_block: list[tuple[Positions, Positions]]) -> tuple[Positions, Positions]:
    rows = pl.DataFrame({
        "left": np.concatenate([left for left, _ in by_block]), "right": np.concatenate([right for _, right in by_block])
    }).unique().sort("left", "right")  # fmt: skip
    return rows["left"].to_numpy(), rows["right"].to_numpy()


def _by_chance(plain: pl.DataFrame, comparisons: list[dict[str, Any]], terms: dict[str, Any], seed: int) -> Chances:
    """u: how often two records drawn at random are different, close, equal; nearly all of them are different parties."""
    dice = np.random.default_rng(seed)
    left, right = dice.integers(0, plain.height, (2, terms["random_pairs"]))
    apart = left != right
    levels = compare(plain, comparisons, left[apart], right[apart])
    return np.array([_shares(levels[:, place], np.ones(len(levels)), 0.5) for place in range(len(comparisons))])


def _start(one: dict[str, Any]) -> tuple[float, float, float]:
    rest = 1 - one["agree"]
    return (rest, 1e-6, one["agree"]) if one["kind"] == "exact" else (rest / 2, rest / 2, one["agree"])


def _fitted(
    plain: pl.DataFrame,
    comparisons: list[dict[str, Any]],
    blocks: list[tuple[tuple[Positions, Positions], list[int]]],
    start: tuple[Chances, Chances],
    terms: dict[str, Any],
) -> Chances:
    """m of each comparison: the mean over the blocks that do not fix it, weighed by the matches found there; where there is none, the table's."""
    begun, u = start
    total, found = np.zeros_like(begun), np.zeros(len(comparisons))
    for (left, right), fixed in blocks:
        free = [place for place in range(len(comparisons)) if place not in fixed]
        if len(left) < 20 or not free:
            continue
        levels = compare(plain, comparisons, left, right)
        m, matches = _maximised(levels, free, begun.copy(), u, terms["rounds"])
        total[free] += matches * m[free]
        found[free] += matches
    return np.where(found[:, None] >= 20, total / np.maximum(found, 1e-9)[:, None], begun)


def _maximised(levels: Levels, free: list[int], m: Chances, u: Chances, rounds: int) -> tuple[Chances, float]:
    """Expectation and maximisation over the pairs of one block: share of matches and m of its free comparisons; u stays."""
    share, chance = 0.5, np.zeros(len(levels))
    for _ in range(rounds):
        bits = _weights(levels[:, free], m[free], u[free]).sum(axis=1)
        chance = _logistic(bits, share)
        share = float(np.clip(chance.mean(), 1e-6, 1 - 1e-6))
        for place in free:
            m[place] = _shares(levels[:, place], chance, 0.5)
    return m, float(chance.sum())


def _shares(level: Levels, weight: Chances, faint: float) -> Chances:
    """Share of each level among the known, a little of each mixed in so that nothing is impossible."""
    known = level >= 0
    counts = np.bincount(level[known], weight[known], 3) + faint
    return counts / counts.sum()


def _weights(levels: Levels, m: Chances, u: Chances) -> npt.NDArray[np.float64]:
    bits = np.log2(m / u)
    out = np.zeros(levels.shape)
    for place in range(levels.shape[1]):
        known = levels[:, place] >= 0
        out[known, place] = bits[place, levels[known, place]]
    return out


def _chances(bits: npt.NDArray[np.float64], records: int) -> tuple[npt.NDArray[np.float64], float]:
    """Chance of every pair, and the prior that agrees with their sum over all pairs of records."""
    every = max(records * (records - 1) / 2, 1)
    prior = 1 / max(records, 2)
    chance = np.zeros(len(bits))
    for _ in range(20):
        chance = _logistic(bits, prior)
        prior = float(np.clip(chance.sum() / every, 0.1 / every, 0.5))
    return chance, prior


def _logistic(bits: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.float64]:
    return 1 / (1 + (1 - share) / share * np.exp2(-np.clip(bits, -500, 500)))


def _close_digits(a: pl.Series, b: pl.Series, _: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """As long, and one character different, or two neighbours swapped."""
    same = (a.str.len_chars() == b.str.len_chars()).to_numpy()
    out = np.zeros(len(a), np.bool_)
    rows = np.flatnonzero(same)
    if not len(rows):
        return out
    one, two = (np.array(side.gather(rows).to_list(), dtype=np.str_) for side in (a, b))
    width = max(one.dtype.itemsize, two.dtype.itemsize) // 4
    letters = [side.astype(f"<U{width}").view(np.uint32).reshape(len(rows), width) for side in (one, two)]
    wrong = letters[0] != letters[1]
    count = wrong.sum(axis=1)
    first = np.minimum(wrong.argmax(axis=1), max(width - 2, 0))
    row = np.arange(len(rows))
    after = np.minimum(first + 1, width - 1)
    swapped = (count == 2) & (letters[0][row, first] == letters[1][row, after]) & (letters[0][row, after] == letters[1][row, first])  # fmt: skip
    out[rows] = (count == 1) | swapped
    return out


def _close_text(a: pl.Series, b: pl.Series, one: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """Share of letter pairs in common (Jaccard), the ends counted, at least the bound."""
    texts = pl.concat([a, b]).unique()
    by_text = pl.DataFrame({"text": texts, "letters": [_letter_pairs(text) for text in texts.to_list()]})
    one_side, other = (
        side.alias("text").to_frame().join(by_text, on="text", how="left", maintain_order="left")["letters"]
        for side in (a, b)
    )
    told = pl.DataFrame({"a": one_side, "b": other}).select(
        both=pl.col("a").list.set_intersection("b").list.len(), either=pl.col("a").list.set_union("b").list.len()
    )
    return (told["both"] / told["either"] >= one["close"]).to_numpy()


def _letter_pairs(text: str) -> list[str]:
    padded = f"^{text}$"
    return [padded[place : place + 2] for place in range(len(padded) - 1)]
