"""How well a score tells bad from good by its order alone: AUC, KS, Gini, with ties and weights right.

Rules kept: a higher score means riskier; a tie counts half (Mann–Whitney 1947); a weight says for how many rows a row
stands. Everything is read from running sums over rows sorted once, so a resample costs one pass and no sort.

>>> y, pd = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
>>> auc(y, pd), ks(y, pd), gini(y, pd)
(0.75, 0.5, 0.5)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from puhui.kernel.refusal import Refusal, Refused

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
ONE_CLASS = Refusal(
    "OUTCOME_ONE_CLASS", "结果只有一类，无法评价 · the outcome has one class; nothing can be told apart"
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows sorted once. `bads` and `goods` are row numbers from the safest to the riskiest; the others are, for every
    bad, how many goods and bads score lower (`_below`) and lower or the same (`_upto`)."""

    bads: Rows
    goods: Rows
    goods_below: Rows
    goods_upto: Rows
    bads_below: Rows
    bads_upto: Rows

    def split(self, by_row: Floats) -> tuple[Floats, Floats]:
        """A figure of every row → those of the bads and of the goods, in their order."""
        return by_row[self.bads], by_row[self.goods]

    def auc_and_ks(self, bad: Floats, good: Floats) -> tuple[float, float]:
        """Both at these weights of the bads and the goods. The distributions can only lie furthest apart at a bad's
        score or just below one, so the goods in between need no look."""
        up, across = (np.concatenate([[0.0], np.cumsum(side)]) for side in (bad, good))
        if up[-1] <= 0 or across[-1] <= 0:
            raise Refused(ONE_CLASS)
        below, upto = across[self.goods_below], across[self.goods_upto]
        area = product(bad, below + upto) / float(2 * up[-1] * across[-1])
        above = np.max(up[self.bads_upto] / up[-1] - upto / across[-1])
        under = np.max(below / across[-1] - up[self.bads_below] / up[-1])
        return area, float(max(above, under, 0.0))


def rank(y: npt.ArrayLike, score: npt.ArrayLike) -> Ranked:
    """Sort once. Refuses an outcome with one class, and scores that are no numbers."""
    bad, scores = checked(y, score)
    order = np.argsort(scores, kind="stable")
    bads, goods = order[bad[order] == 1], order[bad[order] == 0]
    of_bads = scores[bads]
    found = [np.searchsorted(scores[side], of_bads, side=end) for side in (goods, bads) for end in ("left", "right")]
    return Ranked(bads, goods, *found)


def auc(y: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Chance that a bad row stands above a good one, ties counted half."""
    return _auc_and_ks(y, score, weight)[0]


def ks(y: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Largest distance between the distributions of bads and goods."""
    return _auc_and_ks(y, score, weight)[1]


def gini(y: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """2·AUC − 1."""
    return 2 * auc(y, score, weight) - 1


def product(first: Floats, second: Floats) -> float:
    """Sum of products in one thread: the threads of a matrix library cost ten times the sum at these sizes."""
    return float(np.einsum("i,i->", first, second))


def weights(weight: npt.ArrayLike | None, rows: int) -> Floats:
    """Weights as numbers, one a row: all one where none are given; refuses negative, missing or all-zero ones."""
    if weight is None:
        return np.ones(rows)
    given = np.asarray(weight, dtype=np.float64)
    if given.shape != (rows,) or not np.isfinite(given).all() or (given < 0).any() or given.sum() <= 0:
        raise Refused(
            Refusal("WEIGHT_INVALID", "权重须为非负数且不全为零 · weights must be numbers, not negative, not all zero")
        )
    return given


def checked(y: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Outcome (0/1) and score as numbers of one length, or a refusal."""
    bad, scores = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if bad.shape != scores.shape or bad.ndim != 1:
        raise Refused(
            Refusal("LENGTHS_DIFFER", f"结果与评分行数不同 · outcome {bad.shape} and score {scores.shape} differ")
        )
    if not np.isin(bad, (0.0, 1.0)).all():
        raise Refused(Refusal("OUTCOME_NOT_BINARY", "结果须为 0 或 1 · the outcome must be 0 or 1 in every row"))
    if bad.size == 0 or bad.min() == bad.max():
        raise Refused(
            Refusal(
                "OUTCOME_ONE_CLASS", "结果只有一类，无法评价 · the outcome has one class; nothing can be told apart"
            )
        )
    if np.isnan(scores).any():
        missing = int(np.isnan(scores).sum())
        raise Refused(Refusal("SCORE_MISSING", f"{missing} 行没有评分 · {missing} rows have no score"))
    return bad, scores


def _auc_and_ks(y: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike | None) -> tuple[float, float]:
    ranked = rank(y, score)
    by_row = weights(weight, len(ranked.bads) + len(ranked.goods))
    return ranked.auc_and_ks(*ranked.split(by_row))
