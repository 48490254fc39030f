"""Evidence as of a date: figures a person can add up, no later invoice, the same for one firm and for all."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from puhui.underwriting import evidence, loading, models
from puhui.underwriting.tests.invented_folder import CURVE, Town, write_folder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = date(2020, 1, 1)
HEADER = "firm,number,issued_on,counterparty,net_yuan,tax_yuan,gross_yuan,status"

pytestmark = pytest.mark.usefixtures("db")


def gather(load_id: str, *, as_of: date = AS_OF) -> list[dict[str, Any]]:
    ids = list(models.Firm.objects.filter(load_id=load_id).order_by("id").values_list("id", flat=True))
    return evidence.gather(ids, as_of=as_of, loop_floor_minor=1_000_000)


def load_lines(path: Path, sales: Sequence[str], purchases: Sequence[str], firms: str = "E1,甲,A,0\n") -> str:
    path.mkdir(exist_ok=True)
    (path / "firms.csv").write_text("firm,name,rating,defaulted\n" + firms, encoding="utf-8")
    (path / "sales.csv").write_text("\n".join([HEADER, *sales]), encoding="utf-8")
    (path / "purchases.csv").write_text("\n".join([HEADER, *purchases]), encoding="utf-8")
    (path / "rate_churn.csv").write_text(CURVE, encoding="utf-8")
    return loading.load_folder(path, now=NOW).load_id


def line(number: int, day: str, party: str, net: float, status: str = "有效发票") -> str:
    return f"E1,{number},{day},{party},{net:.2f},0.00,{net:.2f},{status}"


SALES = [
    line(1, "2018-06-15", "B1", 300),
    line(2, "2018-07-15", "B2", 100),
    line(3, "2019-03-10", "B1", 600),
    line(4, "2019-06-10", "B3", 500),
    line(5, "2019-06-11", "B3", -100),
    line(6, "2019-12-20", "B1", 20_000),
    line(7, "2019-12-21", "B4", 5_000, "作废发票"),
]
PURCHASES = [line(1, "2019-05-01", "A1", 400), line(2, "2019-12-18", "A2", 20_000)]


class TestFigures:
    def test_can_be_added_up_by_hand(self, tmp_path: Path) -> None:
        seen = gather(load_lines(tmp_path, SALES, PURCHASES))[0]
        assert (seen["first_on"], seen["last_on"], seen["last_sale_on"]) == ("2018-06-15", "2019-12-20", "2019-12-20")
        assert (seen["days_silent"], seen["days_without_sale"]) == (12, 12)
        assert (seen["sales_net_year"], seen["sales_net_before"], seen["sales_net_all"]) == (
            2_100_000,
            40_000,
            2_140_000,
        )
        assert (seen["purchases_net_year"], seen["purchases_net_before"]) == (2_040_000, 0)
        assert (seen["sales_valid"], seen["sales_void"], seen["sales_red"]) == (6, 1, 1)
        assert (seen["sales_red_gross"], seen["sales_black_gross"]) == (10_000, 2_150_000)
        assert (seen["months_year"], seen["months_active_year"]) == (12, 3)

    def test_concentration_and_churn_of_buyers(self, tmp_path: Path) -> None:
        seen = gather(load_lines(tmp_path, SALES, PURCHASES))[0]
        assert (seen["buyers"], seen["buyers_before"]) == (2, 2)  # B1 and B3 this year; B1 and B2 the year before
        assert seen["buyer_top1"] == pytest.approx(20_600 / 21_000, abs=1e-6)
        assert seen["buyer_top5"] == 1.0
        assert seen["buyer_hhi"] == pytest.approx((20_600 / 21_000) ** 2 + (400 / 21_000) ** 2, abs=1e-6)
        assert seen["buyer_lost_share"] == pytest.approx(100 / 400)
        assert seen["buyer_new_share"] == pytest.approx(400 / 21_000, abs=1e-6)

    def test_the_same_amount_in_and_out_within_a_week_is_a_loop(self, tmp_path: Path) -> None:
        assert gather(load_lines(tmp_path, SALES, PURCHASES))[0]["loop_gross_year"] == 2_000_000
        apart = [line(1, "2019-05-01", "A1", 400), line(2, "2019-12-01", "A2", 20_000)]
        assert gather(load_lines(tmp_path, SALES, apart))[0]["loop_gross_year"] == 0

    def test_a_party_on_both_sides_is_self_dealing(self, tmp_path: Path) -> None:
        seen = gather(load_lines(tmp_path, SALES, [*PURCHASES, line(3, "2019-11-01", "B3", 250)]))[0]
        assert seen["both_sides_net_year"] == 25_000

    def test_a_firm_without_invoices_has_a_row_of_its_own(self, tmp_path: Path) -> None:
        first, second = gather(load_lines(tmp_path, SALES, PURCHASES, "E1,甲,A,0\nE2,乙,,\n"))
        assert (first["code"], second["code"]) == ("E1", "E2")
        assert (second["sales_valid"], second["last_on"]) == (None, None)


class TestAsOf:
    def test_a_later_invoice_changes_nothing(self, tmp_path: Path) -> None:
        before = gather(load_lines(tmp_path, SALES, PURCHASES))
        planted = [
            line(8, "2020-01-01", "B1", 9_999_999),
            line(9, "2020-02-01", "B9", 50),
            line(10, "2020-02-02", "B1", -7),
        ]
        bought = [line(8, "2020-01-01", "A1", 777), line(9, "2020-01-05", "A9", 1, "作废发票")]
        assert gather(load_lines(tmp_path, [*SALES, *planted], [*PURCHASES, *bought])) == before

    def test_the_day_itself_does_not_count(self, tmp_path: Path) -> None:
        load_id = load_lines(tmp_path, SALES, PURCHASES)
        assert gather(load_id, as_of=date(2019, 12, 20))[0]["sales_valid"] == 5
        assert gather(load_id, as_of=date(2019, 12, 21))[0]["sales_valid"] == 6

    def test_two_years_back_equals_a_load_that_ended_then(self, tmp_path: Path) -> None:
        """The whole history cut at a day gives what an untouched history gives as of that day."""
        full = write_folder(tmp_path / "full", Town(firms=12, labelled=0, months=30))
        cut = write_folder(tmp_path / "cut", Town(firms=12, labelled=0, months=30))
        for name in ("sales.csv", "purchases.csv"):
            rows = (cut / name).read_text().splitlines()
            kept = [rows[0], *(row for row in rows[1:] if row.split(",")[2] < "2019-03-01")]
            (cut / name).write_text("\n".join(kept))
        day = date(2019, 3, 1)
        seen = [gather(loading.load_folder(path, now=NOW).load_id, as_of=day) for path in (full, cut)]
        assert seen[0] == seen[1]

    def test_silence_at_the_end_moves_no_model_feature(self, tmp_path: Path) -> None:
        load_id = load_lines(tmp_path, SALES, PURCHASES)
        soon, late = gather(load_id)[0], gather(load_id, as_of=date(2020, 9, 1))[0]
        moved = {name for name in soon if soon[name] != late[name]}
        assert moved == {"days_silent", "days_without_sale", "days_known"}


class TestBatch:
    def test_one_firm_alone_has_what_it_has_in_the_batch(self, tmp_path: Path) -> None:
        load_id = loading.load_folder(write_folder(tmp_path, Town(firms=15, labelled=0)), now=NOW).load_id
        ids = list(models.Firm.objects.filter(load_id=load_id).order_by("id").values_list("id", flat=True))
        batch = evidence.gather(ids, as_of=AS_OF, loop_floor_minor=1_000_000)
        alone = [evidence.gather([one], as_of=AS_OF, loop_floor_minor=1_000_000)[0] for one in ids]
        assert batch == alone
