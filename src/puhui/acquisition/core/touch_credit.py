"""Sharing a result among the touches before it: last, first, even, by position, Markov removal, Shapley. Shares re-add to the last fen.

A path is the channels somebody touched, in order; `value_minor` is what its results were worth, `results` how many there were, `without` how
many people went the same way and did nothing.

- position: 40 % to the first, 40 % to the last, 20 % evenly between; two touches half each, one all.
- Markov removal (Anderl et al. 2016, IJRM 33: 457–474): a channel's weight is the share of results lost when every visit to it ends in nothing.
- Shapley (Zhao, Mahboobi and Bagheri 2018): the game v(S) = value of the results whose channels all lie in S; its Shapley value gives every
  path's value in equal parts to its distinct channels.

>>> paths = [Path(("wx", "dy"), results=2, without=0, value_minor=1001), Path(("wx",), results=1, without=3, value_minor=500)]
>>> sorted(last(paths).items()), sorted(even(paths).items())
([('dy', 1001), ('wx', 500)], [('dy', 500), ('wx', 1001)])
>>> sum(markov(paths).values()), sorted(shapley(paths).items())
(1501, [('dy', 500), ('wx', 1001)])
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm

import numpy as np

from puhui.kernel.rounding import split

Credit = dict[str, int]


@dataclass(frozen=True, slots=True)
class Path:
    """`value_minor` may be zero or negative (a loss); counts are at least zero."""

    channels: tuple[str, ...]
    results: int
    without: int
    value_minor: int


def last(paths: Sequence[Path]) -> Credit:
    """All to the last touch."""
    return _by_place(paths, lambda length: [Fraction(place == length - 1) for place in range(length)])


def first(paths: Sequence[Path]) -> Credit:
    """All to the first touch."""
    return _by_place(paths, lambda length: [Fraction(place == 0) for place in range(length)])


def even(paths: Sequence[Path]) -> Credit:
    """Evenly over touches."""
    return _by_place(paths, lambda length: [Fraction(1, length)] * length)


def position(paths: Sequence[Path], *, ends: Fraction = Fraction(2, 5)) -> Credit:
    """`ends` to the first and to the last touch each, the rest evenly between."""

    def weights(length: int) -> list[Fraction]:
        if length <= 2:
            return [Fraction(1, length)] * length
        return [ends, *[(1 - 2 * ends) / (length - 2)] * (length - 2), ends]

    return _by_place(paths, weights)


def shapley(paths: Sequence[Path]) -> Credit:
    """Each path's value in equal parts to its distinct channels."""
    credit: Credit = {}
    for path in paths:
        distinct = list(dict.fromkeys(path.channels))
        if distinct:
            _add(credit, distinct, _parts(path.value_minor, [Fraction(1)] * len(distinct)))
    return credit


def markov(paths: Sequence[Path]) -> Credit:
    """The whole value by removal effects; evenly where no removal loses anything."""
    channels = list(dict.fromkeys(channel for path in paths for channel in path.channels))
    whole = sum(path.value_minor for path in paths if path.channels)
    effects = removal_effects(paths)
    if not channels:
        return {}
    weights = [Fraction(effects[channel]).limit_denominator(10**12) for channel in channels]
    if not sum(weights):
        weights = [Fraction(1)] * len(channels)
    credit: Credit = {}
    _add(credit, channels, _parts(whole, weights))
    return credit


def removal_effects(paths: Sequence[Path]) -> dict[str, float]:
    """Share of results lost without the channel, between 0 and 1, from the first-order chain of all paths."""
    channels = list(dict.fromkeys(channel for path in paths for channel in path.channels))
    place = {channel: number + 1 for number, channel in enumerate(channels)}  # 0 is the start
    moves = np.zeros(
        (len(channels) + 1, len(channels) + 2)
    )  # the last column is "a result"; the rest of a row is "nothing"
    for path in paths:
        steps = [0, *(place[channel] for channel in path.channels)]
        for here, there in pairwise(steps):
            moves[here, there] += path.results + path.without
        if path.channels:
            moves[steps[-1], -1] += path.results
    leaving = np.zeros(len(channels) + 1)
    for path in paths:
        if path.channels:
            for here in [0, *(place[channel] for channel in path.channels)]:
                leaving[here] += path.results + path.without
    chain = moves / np.where(leaving > 0, leaving, 1.0)[:, None]
    base = _reaches(chain)
    if base <= 0:
        return dict.fromkeys(channels, 0.0)
    effects = {}
    for channel in channels:
        without = chain.copy()
        without[:, place[channel]] = 0.0
        effects[channel] = max(0.0, 1.0 - _reaches(without) / base)
    return effects


def _parts(whole: int, weights: Sequence[Fraction]) -> list[int]:
    """`whole` by weights, the last fen too."""
    shared = lcm(*(weight.denominator for weight in weights))
    return split(whole, [int(weight * shared) for weight in weights])


def _reaches(chain: np.ndarray) -> float:
    """Chance to get from the start to a result: (I − Q)⁻¹ r at the start. Loops that never leave give up."""
    size = chain.shape[0]
    return float(np.linalg.lstsq(np.eye(size) - chain[:, :size], chain[:, -1], rcond=None)[0][0])


def _by_place(paths: Sequence[Path], weights: Callable[[int], list[Fraction]]) -> Credit:
    credit: Credit = {}
    for path in paths:
        if path.channels:
            _add(credit, path.channels, _parts(path.value_minor, weights(len(path.channels))))
    return credit


def _add(credit: Credit, channels: Sequence[str], parts: Sequence[int]) -> None:
    for channel, part in zip(channels, parts):
        credit[channel] = credit.get(channel, 0) + part
