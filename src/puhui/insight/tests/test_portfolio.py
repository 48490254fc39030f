"""Portfolio figures worked by hand."""

from typing import Any

import polars as pl
import pytest

from puhui.insight.core.portfolio import Slice
from puhui.insight.queries import report

# customer, approved, balance, rate, pd, lgd, rating, institution, bucket
ROWS: list[dict[str, Any]] = [
    dict(
        zip(
            ("customer", "approved", "balance_minor", "annual_rate", "pd", "lgd", "rating", "institution", "bucket"),
            row,
        )
    )
    for row in [
        ("a", True, 500, 0.04, 0.01, 1.0, "A", "inst_1", "M0"),
        ("a", True, 100, 0.10, 0.10, 0.5, "A", "inst_2", "M1"),
        ("b", True, 300, 0.08, 0.05, 1.0, "B", "inst_1", "M0"),
        ("c", True, 100, None, None, 1.0, None, "inst_2", "M0"),
        ("d", False, None, None, 0.9, 1.0, "D", None, None),
        ("e", None, None, None, None, None, None, None, None),
    ]
]


class TestThePortfolio:
    def test_adds_up_by_hand(self) -> None:
        found = report(ROWS)
        assert (found.applications, found.approved, found.approval_rate) == (6, 4, 0.8)
        assert (found.loans, found.customers, found.balance_minor) == (4, 3, 1000)
        # 500·0.04 + 100·0.10 + 300·0.08 = 54 over 900 with a rate
        assert found.weighted_rate == pytest.approx(0.06)
        # 500·0.01 + 100·0.1·0.5 + 300·0.05 = 25 over the 900 with a pd
        assert (found.expected_loss_minor, found.balance_without_pd_minor) == (25, 100)
        assert found.expected_loss_rate == pytest.approx(25 / 900)
        # shares 0.6, 0.3, 0.1
        assert (found.top1_share, found.top10_share) == (pytest.approx(0.6), pytest.approx(1.0))
        assert found.hhi == pytest.approx(0.46)

    def test_is_cut_by_rating_institution_and_bucket(self) -> None:
        found = report(ROWS)
        assert found.by_rating == (
            Slice("", 1, 100, 0.1, None, 0),
            Slice("A", 2, 600, 0.6, (500 * 0.04 + 100 * 0.10) / 600, 10),
            Slice("B", 1, 300, 0.3, 300 * 0.08 / 300, 15),
        )
        assert [(part.name, part.balance_minor) for part in found.by_institution] == [("inst_1", 800), ("inst_2", 200)]
        assert [(part.name, part.loans, part.share) for part in found.by_bucket] == [("M0", 3, 0.9), ("M1", 1, 0.1)]

    def test_is_the_same_from_a_frame(self) -> None:
        assert report(pl.DataFrame(ROWS, schema_overrides={"balance_minor": pl.Int64})) == report(ROWS)

    def test_takes_the_ten_largest_of_many(self) -> None:
        found = report([{"customer": str(n), "balance_minor": 10} for n in range(20)])
        assert (found.top1_share, found.top10_share) == (pytest.approx(0.05), pytest.approx(0.5))
        assert found.hhi == pytest.approx(0.05)

    def test_of_loans_without_a_customer_counts_each(self) -> None:
        assert report([{"balance_minor": 10}, {"balance_minor": 30}]).top1_share == 0.75


class TestNothing:
    @pytest.mark.parametrize("rows", [[], pl.DataFrame(), [{"customer": "a"}]])
    def test_has_no_ratios(self, rows: Any) -> None:
        found = report(rows)
        assert (found.loans, found.balance_minor, found.expected_loss_minor) == (0, 0, 0)
        assert (found.approval_rate, found.weighted_rate, found.top1_share, found.hhi) == (None, None, None, None)
        assert found.by_rating == ()

    def test_is_measured_of_a_negative_balance(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            report([{"balance_minor": -1}])
