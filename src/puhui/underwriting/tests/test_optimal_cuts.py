"""The best cuts against every possible way to cut, by counting them all."""

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.underwriting.core.modelling import binning
from puhui.underwriting.core.modelling.binning import evidence
from puhui.underwriting.core.modelling.optimal_cuts import Limits, best, merged
from puhui.underwriting.core.modelling.terms import Terms, in_force

CELLS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=2, max_size=8)


def _brings(rows: np.ndarray, bads: np.ndarray, cuts: tuple[int, ...], limits: Limits) -> float:
    starts = [0, *(cut + 1 for cut in cuts)]
    count, bad = np.add.reduceat(rows, starts), np.add.reduceat(bads, starts)
    price = 2 * (1 / bads.sum() + 1 / (rows - bads).sum())
    return float(evidence(count, bad, limits.smoothing_rows)[1].sum()) - price * len(cuts)


def _goes(rates: np.ndarray, shape: str) -> bool:
    steps = np.diff(rates)
    if shape == "free":
        return True
    if shape == "one_way":
        return bool((steps >= 0).all() or (steps <= 0).all())
    signs = steps if shape == "peak" else -steps
    return any((signs[:turn] >= 0).all() and (signs[turn:] <= 0).all() for turn in range(len(signs) + 1))


def _by_counting(rows: np.ndarray, bads: np.ndarray, shape: str, limits: Limits) -> float:
    found = 0.0
    for number in range(1, min(len(rows), limits.most_bins)):
        for cuts in itertools.combinations(range(len(rows) - 1), number):
            starts = [0, *(cut + 1 for cut in cuts)]
            count, bad = np.add.reduceat(rows, starts), np.add.reduceat(bads, starts)
            if (count >= limits.least).all() and _goes(bad / count, shape):
                found = max(found, _brings(rows, bads, cuts, limits))
    return found


@pytest.mark.parametrize("shape", ["one_way", "peak", "valley", "free"])
@settings(max_examples=60, deadline=None)
@given(cells=CELLS, least=st.sampled_from([1.0, 20.0]), most=st.integers(2, 5))
def test_no_other_way_to_cut_brings_more(shape, cells, least, most):
    bads = np.array([float(min(bad, count)) for count, bad in cells])
    rows = np.array([float(count) for count, _ in cells])
    limits = Limits(least=least, most_bins=most, smoothing_rows=5.0)
    if not 0 < bads.sum() < rows.sum():
        assert best(rows, bads, shape=shape, limits=limits) == ((), 0.0)
        return
    cuts, worth = best(rows, bads, shape=shape, limits=limits)
    assert max(worth, 0.0) == pytest.approx(_by_counting(rows, bads, shape, limits), abs=1e-9)
    starts = [0, *(cut + 1 for cut in cuts)]
    count, bad = np.add.reduceat(rows, starts), np.add.reduceat(bads, starts)
    assert len(starts) <= most
    if cuts:
        assert (count >= least).all()
        assert _goes(bad / count, shape)
        assert worth == pytest.approx(_brings(rows, bads, cuts, limits), abs=1e-9)


def test_a_bin_that_chance_alone_would_bring_is_not_made():
    dice = np.random.default_rng(5)
    rows = np.full(20, 200.0)
    made = [
        len(best(rows, dice.binomial(200, 0.2, 20).astype(float), shape="one_way", limits=Limits(50, 10, 10))[0])
        for _ in range(50)
    ]
    assert np.mean(made) < 2.5


def test_neighbours_are_joined_and_a_crowd_stands_alone():
    assert merged(np.array([5.0, 5, 3, 20, 1, 1, 9, 1]), 10).tolist() == [0, 2, 3, 4, 6]


def test_bins_of_any_shape_only_where_one_half_foresees_the_other_by_them():
    dice = np.random.default_rng(7)
    months = dice.integers(1, 61, 6000).astype(float)
    rewritten = (dice.random(6000) < np.where(months % 12 == 0, 0.05, 0.5)).astype(np.int8)
    honest = (dice.random(6000) < 0.1 + 0.4 * months / 60).astype(np.int8)
    column, ones = pl.Series("months", months), np.ones(6000)
    spiky = binning.fit(column, rewritten, ones, specials=(), terms=in_force())
    assert spiky.trend == "free"
    woe = spiky.woe_of(pl.Series("months", [23.0, 24.0, 25.0, 36.0]))
    assert woe[1] > 1.0 > 0.0 > woe[0]
    assert woe[3] == pytest.approx(woe[1], abs=1.0)
    assert binning.fit(column, honest, ones, specials=(), terms=in_force()).trend == "ascending"
    before = in_force().stored | {
        "bins": {name: value for name, value in in_force().bins.items() if name != "free_deviance"}
    }
    assert binning.fit(column, rewritten, ones, specials=(), terms=Terms(before)).trend != "free"
