"""The town: the format of the real data, the same bytes for a seed, sane economics, never over real data."""

from pathlib import Path

import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.simulate.town import FILES, build_town, churn_curve

COLUMNS = {
    "firm": pl.String,
    "number": pl.String,
    "issued_on": pl.Date,
    "counterparty": pl.String,
    "net_yuan": pl.Float64,
    "tax_yuan": pl.Float64,
    "gross_yuan": pl.Float64,
    "status": pl.String,
}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_town(tmp_path_factory.mktemp("simulate") / "town", firms=500, seed=1).folder


class TestTheFormat:
    def test_is_that_of_the_real_data(self, town: Path) -> None:
        assert sorted(path.name for path in town.iterdir()) == sorted(FILES)
        for side, letters in (("sales", {"B"}), ("purchases", {"A", "B"})):
            table = pl.read_parquet(town / f"{side}.parquet")
            assert dict(table.schema) == COLUMNS
            assert set(table["status"].unique()) == {"有效发票", "作废发票", " 作废发票"}
            assert set(table["counterparty"].str.slice(0, 1).unique()) == letters
            assert table.select("firm", "number").is_unique().all()
            odd = (pl.col("net_yuan") + pl.col("tax_yuan") - pl.col("gross_yuan")).abs().max()
            assert table.select(odd).item() < 0.001
        assert pl.read_csv(town / "firms.csv").columns == ["firm", "name", "rating", "defaulted"]

    def test_says_that_it_is_invented(self, town: Path) -> None:
        marker = (town / "INVENTED.txt").read_text(encoding="utf-8")
        assert "虚构" in marker
        assert "origin: puhui.simulate.town\nseed: 1\nfirms: 500\n" in marker
        assert pl.read_csv(town / "firms.csv")["name"].str.starts_with("虚构·").all()


class TestASeed:
    def test_gives_the_same_bytes(self, tmp_path: Path) -> None:
        one, two = (build_town(tmp_path / name, firms=40, seed=7).folder for name in ("one", "two"))
        assert all((one / name).read_bytes() == (two / name).read_bytes() for name in FILES)
        other = build_town(tmp_path / "three", firms=40, seed=8).folder
        assert (one / "sales.parquet").read_bytes() != (other / "sales.parquet").read_bytes()


class TestTheEconomy:
    def test_has_the_size_of_a_town(self, town: Path) -> None:
        sales, purchases = (pl.read_parquet(town / f"{side}.parquet") for side in ("sales", "purchases"))
        assert 150_000 <= sales.height + purchases.height <= 300_000
        days = sales.select((pl.col("issued_on").max() - pl.col("issued_on").min()).dt.total_days()).item()
        assert days > 3 * 365
        bought, sold = (float(table["net_yuan"].sum()) for table in (purchases, sales))
        assert 0.15 < 1 - bought / sold < 0.35

    def test_rates_some_firms_and_most_of_d_defaulted(self, town: Path) -> None:
        firms = pl.read_csv(town / "firms.csv").drop_nulls("rating")
        assert 110 <= firms.height <= 180
        counts = dict(firms.group_by("rating").agg(pl.col("defaulted").mean()).iter_rows())
        assert set(counts) == {"A", "B", "C", "D"}
        assert counts["D"] > 0.85
        assert counts["A"] < 0.05
        assert firms["defaulted"].null_count() == 0

    def test_dips_in_february_and_peaks_in_december(self, town: Path) -> None:
        sales = pl.read_parquet(town / "sales.parquet").filter(pl.col("issued_on").dt.year().is_in([2023, 2024, 2025]))
        by_month = dict(sales.group_by(pl.col("issued_on").dt.month()).agg(pl.col("net_yuan").sum()).iter_rows())
        assert min(by_month, key=by_month.__getitem__) == 2
        assert max(by_month, key=by_month.__getitem__) == 12

    def test_gives_better_ratings_to_larger_firms(self, town: Path) -> None:
        sales = pl.read_parquet(town / "sales.parquet").group_by("firm").agg(pl.col("net_yuan").sum())
        firms = pl.read_csv(town / "firms.csv").drop_nulls("rating").join(sales, on="firm")
        medians = dict(firms.group_by("rating").agg(pl.col("net_yuan").median()).iter_rows())
        assert medians["A"] > medians["B"] > medians["D"]

    def test_has_a_few_firms_that_deal_with_themselves(self, town: Path) -> None:
        sides = [
            pl.read_parquet(town / f"{side}.parquet").select("firm", "counterparty", "gross_yuan")
            for side in ("sales", "purchases")
        ]
        looped = sides[0].join(sides[1], on=["firm", "counterparty", "gross_yuan"], how="semi")["firm"]
        assert 5 <= looped.n_unique() <= 40

    def test_loses_customers_as_the_rate_rises(self) -> None:
        curve = churn_curve()
        assert curve.row(0) == (0.04, 0.0, 0.0, 0.0)
        assert curve["annual_rate"][-1] == 0.15
        for column in ("churn_a", "churn_b", "churn_c"):
            assert (curve[column].diff().drop_nulls() > 0).all()
            assert 0.5 < curve[column][-1] < 1


class TestAFolder:
    def test_of_unmarked_data_is_never_written_over(self, tmp_path: Path) -> None:
        (tmp_path / "firms.csv").write_text("firm,name,rating,defaulted\nE1,real,A,0\n")
        with pytest.raises(Refused, match="TOWN_FOLDER_TAKEN"):
            build_town(tmp_path, firms=5, seed=1)
        assert [path.name for path in tmp_path.iterdir()] == ["firms.csv"]
        assert (tmp_path / "firms.csv").read_text().endswith("E1,real,A,0\n")

    def test_of_a_town_is_replaced(self, tmp_path: Path) -> None:
        build_town(tmp_path / "town", firms=5, seed=1)
        build_town(tmp_path / "town", firms=6, seed=1)
        assert pl.read_csv(tmp_path / "town" / "firms.csv").height == 6
        assert [path.name for path in tmp_path.iterdir()] == ["town"]

    def test_is_not_made_for_no_firms(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="at least one firm"):
            build_town(tmp_path / "town", firms=0, seed=1)
        assert list(tmp_path.iterdir()) == []
