"""What a shop sells a month: each source by hand, the combination by hand, age, disagreement, and one as in a batch."""

from datetime import date
from math import exp, log, sqrt
from typing import Any

import numpy as np
import pytest

from puhui.underwriting.core import coefficients, revenue
from puhui.underwriting.core.revenue import Source
from puhui.underwriting.tests.owner_samples import AS_OF, flat, item, tobacco_shop

TABLE = coefficients.in_force(AS_OF)


def alone(one: dict[str, Any], *, as_of: date = AS_OF) -> float:
    return float(revenue.estimate([[one]], TABLE, as_of=as_of).monthly[0])


class TestEachSource:
    @pytest.mark.parametrize(
        ("kind", "values", "yuan"),
        [
            ("wallet_flow", {"inflow_by_month": flat(4_500_000), "trade": "tobacco_shop"}, 60_000.0),
            ("wallet_flow", {"inflow_by_month": flat(4_800_000)}, 60_000.0),
            ("bank_flow", {"inflow_by_month": flat(8_000_000), "own_transfer_by_month": flat(2_000_000)}, 51_000.0),
            ("tobacco_orders", {"orders_by_month": flat(2_250_000)}, 60_000.0),
            ("purchases", {"purchases_by_month": flat(5_000_000)}, 60_000.0),
            ("electricity", {"bill_by_month": flat(90_000)}, 60_000.0),
            ("rent", {"monthly_minor": 480_000}, 60_000.0),
            ("shelf", {"sku_count": 600}, 54_000.0),
            ("hand_books", {"sales_by_month": flat(6_000_000)}, 54_000.0),
        ],
    )
    def test_points_to_monthly_revenue(self, kind: str, values: dict[str, Any], yuan: float) -> None:
        assert alone(item(kind, "document", values)) == pytest.approx(yuan * 100, abs=0.01)

    def test_says_nothing_when_it_is_zero_or_no_source(self) -> None:
        assert np.isnan(alone(item("rent", "document", {"monthly_minor": 0})))
        assert np.isnan(alone(item("stock", "document", {"cost_minor": 9})))


class TestTheCombination:
    def test_is_inverse_variance_on_the_log_scale(self) -> None:
        told = [Source(0, "rent", "A", 0, 100_000.0, 0.1), Source(0, "shelf", "A", 0, 110_000.0, 0.2)]
        found = revenue.combine(told, 1, z=0.67449, months=np.array([0]))
        weights = (100 / 125, 25 / 125)
        centre = weights[0] * log(100_000) + weights[1] * log(110_000)
        assert float(found.monthly[0]) == pytest.approx(exp(centre))
        assert found.weights.tolist() == pytest.approx(weights)
        assert float(found.high[0]) == pytest.approx(exp(centre + 1.96 / sqrt(125)))
        assert float(found.birge[0]) < 1

    def test_grows_its_interval_by_the_birge_ratio_when_sources_disagree(self) -> None:
        told = [Source(0, "rent", "A", 0, 100_000.0, 0.1), Source(0, "shelf", "A", 0, 200_000.0, 0.1)]
        found = revenue.combine(told, 1, z=0.67449, months=np.array([0]))
        birge = sqrt(2 * (log(2) / 2) ** 2 / 0.01)
        assert float(found.birge[0]) == pytest.approx(birge)
        assert log(float(found.high[0]) / float(found.monthly[0])) == pytest.approx(1.96 * sqrt(1 / 200) * birge)

    def test_gains_no_certainty_from_the_same_thing_told_twice(self) -> None:
        once = revenue.combine([Source(0, "wallet_flow", "B", 0, 1e6, 0.1)], 1, z=0.67449, months=np.array([0]))
        both = [Source(0, "wallet_flow", "B", 0, 1e6, 0.1), Source(0, "bank_flow", "A", 0, 1e6, 0.1)]
        twice = revenue.combine(both, 1, z=0.67449, months=np.array([0]))
        assert (float(twice.high[0]), int(twice.groups[0])) == (pytest.approx(float(once.high[0])), 1)

    def test_three_kinds_of_proof_of_one_shop_agree(self) -> None:
        found = revenue.estimate([tobacco_shop()], TABLE, as_of=AS_OF).as_json(0)
        assert found is not None
        assert (found["monthly_minor"], found["groups"], found["months"]) == (6_000_000, 3, 12)
        assert found["low_minor"] < found["prudent_minor"] < found["monthly_minor"] < found["high_minor"]
        assert [row["kind"] for row in found["sources"]] == ["wallet_flow", "tobacco_orders", "hand_books"]
        assert sum(row["weight"] for row in found["sources"]) == pytest.approx(1)
        assert found["sources"][2]["weight"] < 0.05  # told only: it hardly counts


class TestAge:
    def test_doubles_the_variance_with_each_half_life(self) -> None:
        rent = item("shelf", "document", {"sku_count": 600})
        new, old = (
            revenue.estimate([[rent | {"observed_to": day}]], TABLE, as_of=date(2026, 11, 1)).sources[0].relative_sd
            for day in ("2026-11-01", "2025-11-01")
        )
        assert old / new == pytest.approx(sqrt(2))

    def test_drops_what_is_stale(self) -> None:
        old = item("hand_books", "document", {"sales_by_month": flat(6_000_000)}, until="2025-11-19")
        assert np.isnan(alone(old))
        assert not np.isnan(alone(old | {"observed_to": "2025-11-20"}))


def test_one_owner_is_estimated_as_in_a_batch_to_the_last_bit() -> None:
    dice = np.random.default_rng(5)
    owners = [
        [
            item("wallet_flow", "wallet", {"inflow_by_month": flat(int(dice.integers(10**5, 10**7)))}),
            item("rent", "document", {"monthly_minor": int(dice.integers(10**5, 10**6))}),
            item("electricity", "utility", {"bill_by_month": flat(int(dice.integers(10**4, 10**6)))}),
        ][: 1 + i % 3]
        for i in range(101)
    ]
    batch = revenue.estimate(owners, TABLE, as_of=AS_OF)
    for i, mine in enumerate(owners):
        one = revenue.estimate([mine], TABLE, as_of=AS_OF)
        for name in ("monthly", "low", "high", "prudent", "birge"):
            assert getattr(one, name)[0] == getattr(batch, name)[i]
