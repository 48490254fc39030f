"""Bins moved by hand: sums of fine cells are the counts of the tape; what cannot be done is refused."""

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling import binning, rebinning
from puhui.underwriting.core.modelling.terms import in_force

CHANCE = np.random.default_rng(3)
AGE = pl.Series("age", np.where(CHANCE.random(4000) < 0.05, np.nan, np.round(CHANCE.normal(40, 12, 4000), 1))).fill_nan(
    None
)
WORD = pl.Series("trade", CHANCE.choice(["a", "b", "c", "d", "e"], 4000, p=[0.4, 0.3, 0.2, 0.09, 0.01]))
BAD = (CHANCE.random(4000) < 1 / (1 + np.exp((AGE.fill_null(40).to_numpy() - 30) / 10))).astype(np.int8)
WEIGHT = CHANCE.integers(1, 4, 4000).astype(float)


def fitted(values: pl.Series) -> tuple[binning.Bins, binning.Bins]:
    bins = binning.fit(values, BAD, WEIGHT, specials=(), terms=in_force())
    return bins, rebinning.fine_counts(bins, values, BAD, WEIGHT)


class TestNumbers:
    def test_the_bins_in_force_are_sums_of_the_fine_cells(self):
        bins, fine = fitted(AGE)
        again = rebinning.coarsened(fine, edges=bins.edges)
        assert (again.rows, again.bads) == (bins.rows, bins.bads)
        assert again.iv == pytest.approx(bins.iv)

    @pytest.mark.parametrize("change", ["merge", "split", "up", "down"])
    def test_every_change_counts_as_the_tape_would(self, change):
        bins, fine = fitted(AGE)
        moved = {
            "merge": lambda: rebinning.merged(fine, bins, 1), "split": lambda: rebinning.split(fine, bins, 0),
            "up": lambda: rebinning.shifted(fine, bins, 1, 1), "down": lambda: rebinning.shifted(fine, bins, 1, -1),
        }[change]()  # fmt: skip
        assert moved.edges != bins.edges
        counted = moved.recounted(AGE, BAD, WEIGHT)
        assert (moved.rows, moved.bads) == (counted.rows, counted.bads)

    def test_a_split_and_a_merge_undo_each_other(self):
        bins, fine = fitted(AGE)
        assert rebinning.merged(fine, rebinning.split(fine, bins, 2), 2).edges == bins.edges

    def test_an_edge_never_passes_its_neighbour(self):
        bins, fine = fitted(AGE)
        room = fine.edges.index(bins.edges[1]) - fine.edges.index(bins.edges[0]) - 1
        bins = rebinning.shifted(fine, bins, 0, room)
        with pytest.raises(Refused, match="BIN_IMPOSSIBLE"):
            rebinning.shifted(fine, bins, 0, 1)
        assert fine.edges.index(bins.edges[1]) - fine.edges.index(bins.edges[0]) == 1

    def test_refuses_edges_between_cells(self):
        _, fine = fitted(AGE)
        for edges in ((1e9,), (fine.edges[3], fine.edges[2])):
            with pytest.raises(Refused, match="EDGE_IMPOSSIBLE"):
                rebinning.coarsened(fine, edges=edges)

    def test_points_follow_the_coefficient_in_force(self):
        bins, fine = fitted(AGE)
        card = {"factor": 28.8539, "calibration": {"slope": 1.0}}
        shown = rebinning.told(rebinning.merged(fine, bins, 0), {"coefficient": -1.0, "bins": bins.as_json()}, card)
        woe = [row["woe"] for row in shown["table"]]
        assert [row["points"] for row in shown["table"]] == [round(28.8539 * one) for one in woe]
        assert shown["iv"] < shown["iv_before"] == bins.iv


class TestWords:
    def test_groups_are_merged_and_split_and_counted_as_the_tape_would(self):
        _bins, fine = fitted(WORD)
        apart = rebinning.coarsened(fine, groups=list(fine.groups))
        joined = rebinning.merged(fine, apart, 0)
        counted = joined.recounted(WORD, BAD, WEIGHT)
        assert (joined.rows, joined.bads) == (counted.rows, counted.bads)
        assert sorted(map(sorted, rebinning.split(fine, joined, 0).groups)) == sorted(map(sorted, apart.groups))

    def test_refuses_a_word_that_training_never_counted(self):
        _, fine = fitted(WORD)
        with pytest.raises(Refused, match="WORD_UNKNOWN"):
            rebinning.coarsened(fine, groups=[("zzz",)])
        with pytest.raises(Refused, match="BIN_IMPOSSIBLE"):
            rebinning.split(fine, rebinning.coarsened(fine, groups=list(fine.groups)), 0)
