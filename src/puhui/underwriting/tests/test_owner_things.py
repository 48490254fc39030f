"""Things, fields, plots: worked vectors of reference/domain.md 2.10, and what is refused."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puhui.kernel.refusal import Refused
from puhui.underwriting.core import assets, coefficients, farm, plots
from puhui.underwriting.core.evidence_item import KINDS, Observed, check
from puhui.underwriting.tests.owner_samples import AS_OF, item

TABLE = coefficients.in_force(AS_OF)
NOW = date(2026, 11, 25)


class TestAssets:
    @pytest.mark.parametrize(
        ("kind", "source", "values", "minor"),
        [
            # 100,000 yuan · 0.85³ · 1 · 0.5
            ("machine", "insurer", {"class": "tractor", "list_price_minor": 10_000_000, "bought_on": "2023-11-20", "brand": "known"}, 3_070_625),
            # 40,000 yuan · 0.65¹ · 0.8 · 0.5, cut by a fifth for a paper
            ("machine", "document", {"class": "drone", "list_price_minor": 4_000_000, "bought_on": "2025-11-20", "brand": "other"}, 832_000),
            # 100 pigs · 110 kg · 15 yuan · 0.92 · 0.9
            ("livestock", "insurer", {"species": "pig", "head": 100, "weight_kg": 110, "tagged": True}, 13_662_000),
            # the same without tags, told by word of mouth: · 0.5/0.9 · 0.5
            ("livestock", "statement", {"species": "pig", "head": 100, "weight_kg": 110, "tagged": False}, 3_795_000),
            # 1,000 m² · 60 yuan · (1 − 2/8) · 0.4
            ("greenhouse", "land_registry", {"class": "film", "area_m2": 1_000, "built_on": "2024-11-20"}, 1_800_000),
            ("greenhouse", "land_registry", {"class": "film", "area_m2": 1_000, "built_on": "2010-01-01"}, 0),
            # 50,000 yuan of goods · 0.6, cut by a tenth for a visit
            ("stock", "staff_visit", {"cost_minor": 5_000_000}, 2_700_000),
        ],
    )  # fmt: skip
    def test_are_worth(self, kind: str, source: str, values: dict[str, Any], minor: int) -> None:
        found = assets.value([[item(kind, source, values)]], TABLE, as_of=AS_OF)
        assert found.total_minor.tolist() == [minor]
        assert (found.told[0][0]["age_days"], found.told[0][0]["source"]) == (19, source)

    def test_of_stale_proof_count_nothing(self) -> None:
        stock = item("stock", "photo", {"cost_minor": 5_000_000}, until="2024-11-01")
        assert assets.value([[stock]], TABLE, as_of=AS_OF).total_minor.tolist() == [0]


class TestFields:
    def field(self, **changes: Any) -> dict[str, Any]:
        plain = {"crop": "rice", "area_mu": 10, "stage": "growing", "ndvi_z": 0}
        return item("plot", "land_registry", plain | changes, until="2026-08-01")

    def worth(self, *fields: dict[str, Any]) -> farm.Farms:
        return farm.value([list(fields)], TABLE, as_of=date(2026, 8, 2))

    @pytest.mark.parametrize(
        ("changes", "minor"),
        [
            ({}, 1_040_400),  # 10 mu · 480 kg · 2.55 yuan · 0.85
            ({"ndvi_z": 2}, 1_206_864),  # · 1.16
            ({"ndvi_z": 9}, 1_248_480),  # never more than 1.2
            ({"ndvi_z": -9}, 624_240),  # never less than 0.6
            ({"insured_per_mu_minor": 120_000}, 1_200_000),  # insured for 1,200 yuan a mu
            ({"land_use": "other"}, 0),  # no cropland
        ],
    )
    def test_are_worth(self, changes: dict[str, Any], minor: int) -> None:
        found = self.worth(self.field(**changes))
        assert found.value_minor.tolist() == [minor]

    def test_are_paid_for_after_the_harvest_and_the_selling(self) -> None:
        assert self.worth(self.field()).told[0]["due_on"] == "2026-11-09"
        assert self.worth(self.field(stage="harvested")).told[0]["due_on"] == "2026-09-01"
        assert self.worth(self.field(crop="wheat")).told[0]["due_on"] == "2027-07-10"

    def test_are_lent_on_within_value_inputs_and_cash(self) -> None:
        big = self.worth(self.field(area_mu=200))
        assert (big.value_minor.tolist(), big.input_need_minor.tolist()) == ([20_808_000], [5_000_000])
        lent = farm.loan_minor(big, TABLE, household_minor=np.array([300_000]), yearly_rate=np.array([0.12]))
        assert lent.tolist() == [4_000_000]  # 0.8 · inputs of 50,000 yuan
        poor = farm.loan_minor(big, TABLE, household_minor=np.array([4_700_000]), yearly_rate=np.array([0.12]))
        months = 99 / 30.4375
        assert poor.tolist() == [int((20_808_000 - 5_000_000 - 4_700_000 * months) / (1 + 0.01 * months))]
        assert poor[0] < 4_000_000
        nothing = farm.loan_minor(big, TABLE, household_minor=np.array([9_000_000]), yearly_rate=np.array([0.12]))
        assert nothing.tolist() == [0]


class TestPlots:
    square = [[0.0, 30.0], [0.001, 30.0], [0.001, 30.001], [0.0, 30.001]]

    def test_overlap_is_one_with_itself_and_nothing_beside(self) -> None:
        beside = [[x + 0.001, y] for x, y in self.square]
        assert plots.overlap(self.square, self.square) == pytest.approx(1)
        assert plots.overlap(self.square, beside) == 0

    def test_overlap_of_a_quarter_shifted(self) -> None:
        shifted = [[x + 0.0005, y + 0.0005] for x, y in self.square]
        assert plots.overlap(self.square, shifted) == pytest.approx(1 / 7)

    def test_overlap_of_a_hollow_shape_is_exact(self) -> None:
        hollow = [[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]]
        inside = [[1.2, 1.2], [1.8, 1.2], [1.8, 2.5], [1.2, 2.5]]
        across = [[0, 2], [3, 2], [3, 3], [0, 3]]
        near = [[[x / 1000, y / 1000] for x, y in shape] for shape in (hollow, inside, across)]
        assert plots.overlap(near[0], near[1]) == 0
        assert plots.overlap(near[0], near[2]) == pytest.approx(2 / 8, rel=1e-6)

    @given(
        st.tuples(*[st.floats(0.1, 5)] * 4), st.tuples(*[st.floats(0.1, 5)] * 4)
    )  # boxes, whose overlap is known in closed form
    def test_boxes_agree_with_arithmetic(self, one: tuple[float, ...], other: tuple[float, ...]) -> None:
        def box(b: tuple[float, ...]) -> list[list[float]]:
            x, y, w, h = (part / 1000 for part in b)
            return [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]

        wide = max(0.0, min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0]))
        high = max(0.0, min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1]))
        known = wide * high / (one[2] * one[3] + other[2] * other[3] - wide * high)
        assert plots.overlap(box(one), box(other)) == pytest.approx(known, rel=1e-4, abs=1e-9)
        assert plots.overlap(box(one), box(other)) == pytest.approx(plots.overlap(box(other), box(one)), abs=1e-3)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("kind", "values", "code", "where"),
        [
            ("gold", {}, "EVIDENCE_KIND_UNKNOWN", "gold"),
            ("rent", {"monthly_minor": -1}, "EVIDENCE_VALUE_INVALID", "rent.monthly_minor"),
            ("rent", {"monthly_minor": 3000.5}, "EVIDENCE_VALUE_INVALID", "rent.monthly_minor"),
            ("rent", {"monthly_minor": 10**14}, "EVIDENCE_VALUE_INVALID", "rent.monthly_minor"),
            ("rent", {}, "EVIDENCE_FIELD_MISSING", "rent.monthly_minor"),
            ("rent", {"monthly_minor": 1, "gender": "f"}, "EVIDENCE_FIELD_UNKNOWN", "rent.gender"),
            ("hand_books", {"sales_by_month": {"2026-13": 1}}, "EVIDENCE_VALUE_INVALID", "hand_books.sales_by_month"),
            ("hand_books", {"sales_by_month": {"2020-01": 1}}, "EVIDENCE_MONTH_INVALID", "hand_books.sales_by_month"),
            ("tobacco_orders", {"orders_by_month": {"2026-05": 1}, "licence": "123"}, "EVIDENCE_VALUE_INVALID", "tobacco_orders.licence"),
            ("plot", {"crop": "rice", "area_mu": 10_000_000, "stage": "sown"}, "EVIDENCE_VALUE_INVALID", "plot.area_mu"),
            ("plot", {"crop": "rice", "area_mu": 5, "stage": "sown", "boundary": [[0, 0], [1, 1], [1, 0], [0, 1]]},
             "EVIDENCE_VALUE_INVALID", "plot.boundary"),
            ("livestock", {"species": "pig", "head": 3, "weight_kg": 110_000, "tagged": True}, "EVIDENCE_VALUE_INVALID", "livestock.weight_kg"),
        ],
    )  # fmt: skip
    def test_by_name(self, kind: str, values: dict[str, Any], code: str, where: str) -> None:
        seen = Observed(kind, "statement", date(2025, 11, 1), date(2026, 11, 1), values)
        with pytest.raises(Refused) as refused:
            check(seen, now=NOW)
        assert (refused.value.refusal.code, refused.value.refusal.where) == (code, where)

    def test_the_future_and_the_empty_period(self) -> None:
        values = {"monthly_minor": 1}
        with pytest.raises(Refused, match="EVIDENCE_FUTURE_INVALID"):
            check(Observed("rent", "statement", date(2026, 11, 1), date(2026, 11, 27), values), now=NOW)
        with pytest.raises(Refused, match="EVIDENCE_PERIOD_INVALID"):
            check(Observed("rent", "statement", date(2026, 11, 1), date(2026, 11, 1), values), now=NOW)
        with pytest.raises(Refused, match="EVIDENCE_SOURCE_UNKNOWN"):
            check(Observed("rent", "rumour", date(2026, 10, 1), date(2026, 11, 1), values), now=NOW)

    def test_every_kind_has_words_and_an_age(self) -> None:
        for name, kind in KINDS.items():
            assert kind.zh, name
            assert kind.en, name
            assert TABLE.value("STALE_AFTER_DAYS", kind.age) > 0, name
