"""Segments by the table, and proposals to split a model: made where it pays, and not where it does not."""

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.lending_policy import SEGMENTS
from puhui.underwriting.core.modelling import segment_split, segments

TERMS = segments.table().split


class TestDefinitions:
    def test_worked_table(self):
        facts = pl.DataFrame(
            [("shop", 0, 0, 0), ("company", 1, 12, 0), ("farmer", None, 2, 12), (None, 5, None, None)],
            schema=list(segments.FACTS), orient="row",
        )  # fmt: skip
        assert segments.segments(facts, segments.table()).rows() == [
            ("shop", "first", "thin"), ("company", "repeat", "thick"), ("farmer", "unknown", "thick"),
            ("unknown", "repeat", "thin"),
        ]  # fmt: skip

    def test_one_row_is_a_batch_of_one(self):
        chance = np.random.default_rng(1)
        facts = pl.DataFrame({
            "owner_kind": chance.choice(["shop", "company", "farmer"], 200), "earlier_loans": chance.integers(0, 3, 200),
            "credit_history_months": chance.integers(0, 24, 200), "months_of_evidence": chance.integers(0, 24, 200),
        })  # fmt: skip
        whole = segments.segments(facts, segments.table())
        single = pl.concat([segments.segments(facts[k], segments.table()) for k in range(200)])
        assert whole.equals(single)

    def test_the_owner_codes_are_those_of_the_product(self):
        rows = segments.table().stored["segment"]
        assert {row["code"] for row in rows if row["dimension"] == "owner"} == set(SEGMENTS)
        assert segments.table().name("history", "repeat") == ("续贷", "repeat")
        assert segments.table().name("owner", "bank") == ("未知", "unknown")

    def test_refuses_facts_without_a_column_the_table_names(self):
        with pytest.raises(Refused, match="earlier_loans"):
            segments.segments(pl.DataFrame({"owner_kind": ["shop"], "credit_history_months": [1], "months_of_evidence": [1]}),
                              segments.table())  # fmt: skip


def invented(rows: int, *, level: float = 0.0, turned: bool = False, seed: int = 4) -> tuple[pl.DataFrame, np.ndarray]:
    """Made-up loans of two trades. `level` shifts the second trade's odds; `turned` turns the sign of one column there."""
    chance = np.random.default_rng(seed)
    x, second = chance.normal(size=(rows, 3)), chance.random(rows) < 0.5
    slope = np.where(second & turned, -1.0, 1.0)
    odds = -1.5 + slope * x[:, 0] + 0.5 * x[:, 1] + level * second
    bad = (chance.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "trade": np.where(second, "farm", "shop")}), bad


class TestProposals:
    def study(self, values, bad, **kw):
        found = segment_split.candidates(values, TERMS)
        return segment_split.study(values.drop("trade"), bad, None, found, terms=TERMS, seed=1, **kw)

    def test_separate_models_where_a_column_means_the_opposite(self):
        found = self.study(*invented(6000, turned=True))
        assert (found.proposal.candidate, found.proposal.way) == ("trade", "separate")
        assert found.proposal.low > 20
        assert [row["segment"] for row in found.proposal.segments] == ["farm", "shop"]

    def test_another_level_where_only_the_level_differs(self):
        found = self.study(*invented(6000, level=1.0))
        assert (found.proposal.candidate, found.proposal.way) == ("trade", "intercept")

    @pytest.mark.parametrize("seed", range(5))
    def test_nothing_where_nothing_differs(self, seed):
        found = self.study(*invented(4000, seed=seed))
        assert found.proposal is None
        assert len(found.tried) == 8
        assert not any(one.pays for one in found.tried)

    def test_a_segment_too_small_is_no_candidate_and_is_named(self):
        values, bad = invented(3000, turned=True)
        values = values.with_columns(trade=pl.when(pl.int_range(3000) < 400).then(pl.lit("few")).otherwise("trade"))
        found = self.study(values, bad)
        assert ("trade", "too small: few") in found.left_out
        assert "trade" not in {one.candidate for one in found.tried}

    def test_too_few_bads_are_too_small(self):
        assert segment_split.too_small({"a": 5000, "b": 5000}, {"a": 49, "b": 4960}, TERMS) == ["a", "b"]

    def test_missing_stands_apart(self):
        (one,) = segment_split.candidates(pl.DataFrame({"x": [1.0, None, *range(10)]}), TERMS)
        assert sorted(set(one.segment)) == ["< 4", "missing", "≥ 4"]

    def test_where_half_is_nought_nought_is_a_segment(self):
        (one,) = segment_split.candidates(pl.DataFrame({"late": [0] * 8 + list(range(1, 8))}), TERMS)
        assert [str(name) for name in sorted(set(one.segment))] == ["> 0", "≤ 0"]
