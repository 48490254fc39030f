"""Tapes of every make: one made-up book written in many ways ranks alike, and what was done to read it is told."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from puhui.underwriting.core.modelling import columns, label, leakage, parsing, terms
from puhui.underwriting.core.modelling.preparing import Asked
from puhui.underwriting.workbench import fitting, tape

NOW = datetime(2026, 11, 25, tzinfo=UTC)
POLICY = terms.in_force()


def _book(rows: int = 1200) -> pl.DataFrame:
    dice = np.random.default_rng(3)
    debt = dice.uniform(0, 1, rows)
    bad = dice.uniform(size=rows) < 1 / (1 + np.exp(2.2 - 2.5 * debt))
    day = pl.Series(np.datetime64("2010-01-01") + np.sort(dice.integers(0, 900, rows)).astype("timedelta64[D]"))
    return pl.DataFrame({"debt": debt.round(4), "noise": dice.normal(size=rows).round(3), "trade": dice.choice(["shop", "farm", "cart"], rows),
                         "day": day.cast(pl.Date), "bad": bad})  # fmt: skip


def _fit(path: Path, asked: Asked) -> dict:
    return fitting.fit_tape(path, asked, kind="scorecard", out=path.parent / "m", now=NOW).answers[0]


class TestTapes:
    def test_parquet_with_its_own_types(self, tmp_path):
        _book().write_parquet(tmp_path / "t.parquet")
        answer = _fit(tmp_path / "t.parquet", Asked("bad", time="day"))
        assert answer["positive"] == "true"
        assert answer["auc"] > 0.6

    def test_excel_with_every_cell_as_text(self, tmp_path):
        import openpyxl

        sheet = openpyxl.Workbook()
        page = sheet.active
        book = _book(600).with_columns(pl.col("bad").cast(pl.Int8) + 1)
        page.append(book.columns)
        for row in book.iter_rows():
            page.append(row)
        sheet.save(tmp_path / "t.xlsx")
        answer = _fit(tmp_path / "t.xlsx", Asked("bad", time="day"))
        assert (answer["rows"], answer["positive"], answer["split"]["by"]) == (600, "2", "time")

    def test_the_largest_sheet_and_days_as_spreadsheets_count_them(self, tmp_path):
        import openpyxl

        book = _book(600).with_columns(
            pl.col("bad").cast(pl.Int8), (pl.col("day").cast(pl.Int32) + 25_569).alias("open_date")
        )
        work = openpyxl.Workbook()
        work.active.title = "说明"
        work.active.append(["本表说明"])
        page = work.create_sheet("数据")
        page.append(book.columns)
        for row in book.iter_rows():
            page.append(row)
        work.save(tmp_path / "t.xlsx")
        read = tape.read_tape(tmp_path / "t.xlsx")
        assert read.frame.columns == book.columns
        assert read.notes == ("sheet '数据', the largest of 2",)
        column = columns.infer(book["open_date"], POLICY)
        assert (column.kind, column.stamp) == ("date", "excel")
        assert (
            columns.read(book["open_date"], column).to_list() == book["day"].cast(pl.Int32).cast(pl.Float64).to_list()
        )
        told = _fit(tmp_path / "t.xlsx", Asked("bad", time="open_date", drop=("day",)))["split"]
        assert told["last_training_day"].startswith("201")

    def test_a_byte_order_mark_tabs_and_headers_that_repeat(self, tmp_path):
        book = _book(600).with_columns(pl.col("bad").cast(pl.Int8), pl.col("day").dt.to_string("%m/%d/%Y"))
        text = book.write_csv(separator="\t").replace("debt\tnoise", "x\tx", 1)
        (tmp_path / "t.txt").write_bytes(text.encode("utf-8-sig"))
        read = tape.read_tape(tmp_path / "t.txt")
        assert read.frame.columns == ["x", "x_2", "trade", "day", "bad"]
        assert "header 2 'x' → 'x_2'" in read.notes
        assert _fit(tmp_path / "t.txt", Asked("bad", time="day"))["auc"] > 0.6

    @pytest.mark.parametrize(("shape", "first"), [
        ("%d-%b-%y", "2010-01-0"), ("%Y%m", "2010-01-0"), ("%Y/%m/%d", "2010-01-0"), ("%d.%m.%Y", "2010-01-0"), ("%b-%Y", "2010-01-0"),
    ])  # fmt: skip
    def test_dates_in_many_shapes_split_alike(self, tmp_path, shape, first):
        book = _book(600)
        book.with_columns(pl.col("day").dt.to_string(shape)).write_csv(tmp_path / "t.csv")
        split = _fit(tmp_path / "t.csv", Asked("bad", time="day"))["split"]
        assert split["by"] == "time"
        assert split["last_training_day"] < split["first_test_day"]
        assert split["last_training_day"].startswith("201")

    def test_dates_as_milliseconds(self, tmp_path):
        book = _book(600).with_columns(pl.col("day").cast(pl.Datetime("ms")).cast(pl.Int64))
        book.write_csv(tmp_path / "t.csv")
        assert _fit(tmp_path / "t.csv", Asked("bad", time="day"))["split"]["last_training_day"].startswith("201")

    def test_an_applicant_who_comes_back_stays_on_one_side(self, tmp_path):
        book = _book(900).with_columns((pl.int_range(900) // 3 + 10_000).alias("customer_id")).drop("day")
        book.write_csv(tmp_path / "t.csv")
        answer = _fit(tmp_path / "t.csv", Asked("bad"))
        assert answer["split"]["by"] == "random_by_group"
        assert answer["told"]["group"] == "customer_id"
        assert {"column": "customer_id", "role": "identifier"} in answer["left_out"]

    def test_a_weight_is_named_and_used_only_when_asked(self, tmp_path):
        book = _book(900).with_columns(pl.when("bad").then(1.0).otherwise(9.0).alias("weight"))
        book.write_csv(tmp_path / "t.csv")
        plain = _fit(tmp_path / "t.csv", Asked("bad", time="day"))
        weighed = _fit(tmp_path / "t.csv", Asked("bad", time="day", weight="weight"))
        assert plain["told"]["weight_recognised"] == ["weight"]
        assert weighed["told"]["weight_recognised"] == []
        assert weighed["mean_pd"] < 0.4 * plain["mean_pd"]


class TestLabel:
    @pytest.mark.parametrize(("words", "positive"), [
        (["CHGOFF", "P I F"], "CHGOFF"), (["Good", "Bad"], "Bad"), (["0", "1"], "1"), (["1", "2"], "2"), (["Y", "N"], "Y"),
        (["False", "True"], "True"), (["正常", "违约"], "违约"), (["alpha", "alpha", "beta"], "beta"),
    ])  # fmt: skip
    def test_takes_the_value_that_means_bad(self, words, positive):
        assert label.label(pl.Series("y", words * 10), terms=POLICY).positive == positive

    def test_one_of_many_can_be_named(self):
        found = label.label(
            pl.Series("y", ["Current", "Late", "Charged Off", None]), terms=POLICY, positive="charged off"
        )
        assert found.bad.to_list() == [0, 0, 1, None]


class TestParsing:
    def test_decimal_commas(self):
        text = pl.Series("x", ["1.234,56", "12,5", "7"] * 30)
        column = columns.infer(text, POLICY)
        assert (column.kind, column.comma) == ("number", True)
        assert columns.read(pl.Series("x", ["2.000,25"]), column).to_list() == [2000.25]

    def test_nothing_depends_on_the_neighbours(self):
        text = pl.Series("x", ["1,200", "15%", "N/A", "", "3万", "(7)"])
        whole = parsing.numbers(parsing.plain(text, POLICY.reading["missing_words"])).to_list()
        alone = [
            parsing.numbers(parsing.plain(text[n : n + 1], POLICY.reading["missing_words"]))[0]
            for n in range(len(text))
        ]
        assert whole == alone == [1200.0, 0.15, None, None, 30000.0, -7.0]


class TestLeakage:
    def test_few_bads_make_no_suspects_of_noise(self):
        dice = np.random.default_rng(8)
        bad = np.zeros(4000, dtype=np.int8)
        bad[dice.permutation(4000)[:40]] = 1
        noise = pl.Series("noise", dice.normal(size=4000))
        measured = leakage.strength(noise, bad)
        assert measured.iv > POLICY.leak["iv_suspicious"] > measured.iv - measured.chance_iv
        assert measured.chance_iv == pytest.approx(39 * (1 / 40 + 1 / 3960))
        assert leakage.findings("noise", noise, bad, measured, POLICY) == []

    def test_honest_roundness_is_no_leak(self):
        dice = np.random.default_rng(1)
        amount = np.where(
            dice.uniform(size=4000) < 0.5, dice.integers(1, 200, 4000) * 500, dice.integers(1, 100_000, 4000)
        ).astype(float)
        bad = (dice.uniform(size=4000) < 0.2 - 0.1 * (amount > 50_000)).astype(np.int8)
        assert leakage.form_finding("amount", pl.Series("amount", amount), bad, POLICY) is None
