"""Which rows fit, which steer (early stopping, calibration) and which judge.

Rules kept: by time, the last dates judge, and rows of one date stay together; without time, a seeded draw stratified by outcome
in which an applicant who appears twice stays on one side. Rows that judge touch no choice.

>>> days = np.array([1.0, 2, 2, 3, 3, 3, 4, 5, 6, 7])
>>> by_time(days, share=0.3).tolist()
[False, False, False, False, False, False, False, True, True, True]
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
FIT, STEER, JUDGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Split:
    """`part`: FIT, STEER or JUDGE for each labelled row; `told`: how, for the answer; `days` where rows were split by time."""

    part: npt.NDArray[np.int8]
    told: dict[str, Any]
    days: Floats | None = None

    @property
    def training(self) -> Flags:
        return self.part != JUDGE

    @property
    def judging(self) -> Flags:
        return self.part == JUDGE


def split(bad: npt.NDArray[np.int8], *, days: Floats | None, groups: npt.NDArray[np.int64] | None, shares: tuple[float, float],
          seed: int) -> Split:  # fmt: skip
    """Split by `days` where given, else at random; `shares`: of all for judging, of the rest for steering."""
    judge_share, steer_share = shares
    part = np.full(len(bad), FIT, dtype=np.int8)
    if days is not None:
        part[by_time(days, share=judge_share)] = JUDGE
        rest = np.flatnonzero(part == FIT)
        part[rest[by_time(days[rest], share=steer_share)]] = STEER
        told = {
            "by": "time",
            "last_training_day": float(days[part != JUDGE].max()),
            "first_test_day": float(days[part == JUDGE].min()),
        }
        return Split(part, told, days)
    dice = np.random.default_rng(seed)
    part[by_draw(bad, groups, share=judge_share, dice=dice)] = JUDGE
    rest = np.flatnonzero(part == FIT)
    part[rest[by_draw(bad[rest], None if groups is None else groups[rest], share=steer_share, dice=dice)]] = STEER
    return Split(part, {"by": "random" if groups is None else "random_by_group", "seed": seed})


def by_time(days: Floats, *, share: float) -> Flags:
    """The latest rows, about `share` of them; the border is a date, so that ties stay together. Never all, never none."""
    points, rows = np.unique(days, return_counts=True)
    if len(points) < 2:
        return np.zeros(len(days), dtype=bool)
    later = np.cumsum(rows[::-1])[::-1] / len(days)
    border = points[1:][int(np.argmin(np.abs(later[1:] - share)))]
    late: Flags = days >= border
    return late


def by_draw(
    bad: npt.NDArray[np.int8], groups: npt.NDArray[np.int64] | None, *, share: float, dice: np.random.Generator
) -> Flags:
    """A draw stratified by outcome; with groups, whole groups are drawn, stratified by whether any of their rows is bad."""
    if groups is None:
        return _drawn(bad, share, dice)
    names, place = np.unique(groups, return_inverse=True)
    worst = np.zeros(len(names), dtype=np.int8)
    np.maximum.at(worst, place, bad)
    return _drawn(worst, share, dice)[place]


def _drawn(bad: npt.NDArray[np.int8], share: float, dice: np.random.Generator) -> Flags:
    taken = np.zeros(len(bad), dtype=bool)
    for outcome in (0, 1):
        rows = np.flatnonzero(bad == outcome)
        taken[dice.permutation(rows)[: round(share * len(rows))]] = True
    return taken
