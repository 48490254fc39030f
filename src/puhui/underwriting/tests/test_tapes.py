"""Tapes of every make: one made-up book written in many ways ranks alike, and what was done to read it is told."""

import gzip
import zipfile
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling import columns, label, leakage, parsing, preparing, terms
from puhui.underwriting.core.modelling.preparing import Asked
from puhui.underwriting.workbench import fitting, heading, tape

NOW = datetime(2026, 11, 25, tzinfo=UTC)
POLICY = terms.in_force()


def _book(rows: int = 1200) -> pl.DataFrame:
    dice = np.random.default_rng(3)
    debt = dice.uniform(0, 1, rows)
    bad = dice.uniform(size=rows) < 1 / (1 + np.exp(2.2 - 2.5 * debt))
    day = pl.Series(np.datetime64("2010-01-01") + np.sort(dice.integers(0, 900, rows)).astype("timedelta64[D]"))
    return pl.DataFrame({"debt": debt.round(4), "noise": dice.normal(size=rows).round(3), "trade": dice.choice(["shop", "farm", "cart"], rows),
                         "day": day.cast(pl.Date), "bad": bad})  # fmt: skip


def test_a_word_reads_alike_among_few_and_among_many_and_by_each_columns_own_missing_words() -> None:
    words = [" Ａ１ ", "n/a", "N/A", None, "店\u3000", "", "x"]
    many = pl.Series("word", words * 60)
    for missing in (["n/a"], ["x", ""]):
        whole = parsing.plain(many, missing)
        for _ in range(2):  # the second time from memory
            few = parsing.plain(pl.Series("word", words, dtype=pl.String), missing)
            assert few.equals(whole[: len(words)], check_dtypes=True, check_names=True, null_equal=True)
    assert parsing.plain(pl.Series("word", words), ["n/a"]).to_list() == ["A1", None, None, None, "店", "", "x"]


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

    def test_cells_merged_across_and_downwards(self, tmp_path):
        import openpyxl

        work = openpyxl.Workbook()
        page = work.active
        for row in (["某银行贷款台账"], ["客户", None, "贷款", None], ["编号", "地区", "金额", "坏"]):
            page.append(row)
        for number in range(20):
            page.append([f"C{number}", "华东" if number % 4 == 0 else None, 1000 + number, number % 2])
        for block in ("A1:D1", "A2:B2", "C2:D2", "B4:B7", "B8:B11"):
            page.merge_cells(block)
        work.save(tmp_path / "t.xlsx")
        read = tape.read_tape(tmp_path / "t.xlsx")
        assert read.frame.columns == ["编号", "地区", "金额", "坏"]
        assert read.frame.row(0) == ("C0", "华东", "1000", "0")
        assert read.frame.height == 20
        assert read.notes == (
            "1 rows above the header left out", heading.JOINED, "2 blocks of cells merged downwards: only the first cell of each holds its value")  # fmt: skip

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

    @pytest.mark.parametrize(("text", "shapes", "days"), [
        (["2019年3月5日 10时05分", "2019年3月6日10:05"], ("%Y年%m月%d日",), [17960.0, 17961.0]),
        (["2019Q1", "2019-q4"], ("%Y-%m",), [17897.0, 18170.0]),
        (["2019年第2季度", "2019年3季"], ("%Y-%m",), [17987.0, 18078.0]),
        (["Q1 2019", "4q/2019", "q2-2019"], ("%Y-%m",), [17897.0, 18170.0, 17987.0]),
        (["Tue, 05 Mar 2019", "wednesday, 06 Mar 2019"], ("%d %b %Y",), [17960.0, 17961.0]),
        (["05.03.19", "26.03.19"], ("%d.%m.%y",), [17960.0, 17981.0]),
    ])  # fmt: skip
    def test_clocks_and_quarters_in_chinese(self, text, shapes, days):
        assert parsing.shapes_of(pl.Series(text), enough=0.95) == shapes
        assert parsing.dates(pl.Series(text), shapes).to_list() == days

    def test_dates_that_read_both_ways_are_told(self):
        book = _book(600).with_columns(pl.col("day").dt.truncate("1mo").alias("day"))
        turned = book.with_columns(pl.col("day").dt.to_string("%d/%m/%Y"))
        in_order = preparing.prepare(turned, Asked("bad", time="day"), POLICY)
        assert in_order.split.days is not None
        assert in_order.split.days.tolist() == book["day"].cast(pl.Int32).to_list()
        assert in_order.told["time_also_reads_as"] == "%m/%d/%Y"
        firsts = preparing.prepare(turned.sample(fraction=1.0, shuffle=True, seed=1), Asked("bad", time="day"), POLICY)
        assert (firsts.told["time_read_as"], firsts.told["time_also_reads_as"]) == ("%d/%m/%Y", "%m/%d/%Y")
        either = turned.with_columns(day=pl.Series([f"{n % 12 + 1:02}/{n * 7 % 11 + 1:02}/2019" for n in range(600)]))
        unclear = preparing.prepare(either, Asked("bad", time="day"), POLICY)
        assert (unclear.told["time_read_as"], unclear.told["time_also_reads_as"]) == ("%m/%d/%Y", "%d/%m/%Y")
        sure = preparing.prepare(_book(600), Asked("bad", time="day"), POLICY)
        assert "time_read_as" not in sure.told

    def test_spans_and_times_of_day_are_numbers_and_a_date_that_is_the_decision_is_none(self):
        spans = pl.Series("span", [timedelta(days=n % 9, hours=12) for n in range(600)])
        book = _book(600).with_columns(spans, pl.Series("clock", [time(n % 24, 30) for n in range(600)]), again="day")
        rows = preparing.prepare(book, Asked("bad", time="day"), POLICY)
        roles = {column.name: (column.kind, column.role) for column in rows.profiles}
        assert roles["span"] == roles["clock"] == ("number", "feature")
        assert roles["again"] == ("date", "constant")
        assert rows.values["span"].head(3).to_list() == [0.5, 1.5, 2.5]
        assert rows.values["clock"].head(3).to_list() == [0.5, 1.5, 2.5]
        assert "again" not in rows.values.columns

    def test_a_zip_with_one_tape_is_opened_and_with_two_refused(self, tmp_path):
        _book(50).write_csv(tmp_path / "t.csv")
        for name, inside in (("one.zip", ["t.csv"]), ("two.zip", ["t.csv", "u.csv"])):
            with zipfile.ZipFile(tmp_path / name, "w") as archive:
                for each in inside:
                    archive.write(tmp_path / "t.csv", each)
        assert tape.read_tape(tmp_path / "one.zip").frame.equals(tape.read_tape(tmp_path / "t.csv").frame)
        with pytest.raises(Refused, match=r"holds 2 files, pack one: t\.csv, u\.csv"):
            tape.read_tape(tmp_path / "two.zip")

    def test_what_a_file_holds_decides_and_not_its_name(self, tmp_path):
        _book(50).write_csv(tmp_path / "t.csv")
        _book(50).with_columns(pl.all().cast(pl.String)).write_parquet(tmp_path / "t.parquet")
        plain = (tmp_path / "t.csv").read_bytes()
        (tmp_path / "bank.xls").write_bytes(plain)
        (tmp_path / "old.csv").write_bytes(plain.replace(b"\n", b"\r"))
        (tmp_path / "t.parquet.gz").write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
        read = tape.read_tape(tmp_path / "t.csv").frame
        assert (read.height, read.columns) == (50, ["debt", "noise", "trade", "day", "bad"])
        for name in ("bank.xls", "old.csv", "t.parquet.gz"):
            assert tape.read_tape(tmp_path / name).frame.equals(read), name

    @pytest.mark.parametrize(
        ("name", "said"),
        [("t.json", "JSON is not read"), ("folder", "this is a folder"), ("page.xls", "this is a web page")],
    )
    def test_what_is_no_tape_is_named(self, tmp_path, name, said):
        (tmp_path / "folder").mkdir()
        (tmp_path / "page.xls").write_text("\n<html><table><tr><td>bad</td></tr></table></html>")
        (tmp_path / "t.json").write_text('[{"a": 1}]')
        with pytest.raises(Refused, match=said):
            tape.read_tape(tmp_path / name)

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

    def test_the_positive_value_may_be_written_otherwise(self):
        taken = label.label(pl.Series("y", ["0", "1", "0"]), terms=POLICY, positive="1.0")
        assert (taken.positive, taken.bad.to_list()) == ("1", [0, 1, 0])

    def test_one_of_many_can_be_named(self):
        found = label.label(
            pl.Series("y", ["Current", "Late", "Charged Off", None]), terms=POLICY, positive="charged off"
        )
        assert found.bad.to_list() == [0, 0, 1, None]
        assert sorted(found.good) == [("Current", 1), ("Late", 1)]


class TestParsing:
    def test_decimal_commas(self):
        text = pl.Series("x", ["1.234,56", "12,5", "7"] * 30)
        column = columns.infer(text, POLICY)
        assert (column.kind, column.comma) == ("number", True)
        assert columns.read(pl.Series("x", ["2.000,25"]), column).to_list() == [2000.25]
        spaced = columns.infer(pl.Series("x", [f"{n}\u00a0{n + 100},{n % 90 + 10}" for n in range(1, 90)]), POLICY)
        assert (spaced.kind, spaced.comma) == ("number", True)
        assert columns.read(pl.Series("x", ["8\u00a0103,08"]), spaced).to_list() == [8103.08]

    def test_what_some_rows_look_like_is_held_against_all_of_them(self):
        policy = terms.Terms(POLICY.stored | {"reading": POLICY.reading | {"look_rows": 400}})
        rows = 1200
        text = [f"{n % 377}.5" for n in range(rows)]
        mostly = [
            text[n] if n % 3 or n % 2 else "see file" for n in range(rows)
        ]  # every sixth row, half of those looked at
        late = [
            text[n] if n % 3 == 0 else f"shop {n % 7}" for n in range(rows)
        ]  # numbers wherever one looks, words elsewhere
        dates = ["2019-03-05" if n % 3 == 0 else f"ref-{n % 5}" for n in range(rows)]
        found = {name: columns.infer(pl.Series(name, words), policy) for name, words in
                 {"text": text, "mostly": mostly, "late": late, "dates": dates}.items()}  # fmt: skip
        assert {name: column.kind for name, column in found.items()} == {
            "text": "number", "mostly": "number", "late": "category", "dates": "category"}  # fmt: skip
        assert found["mostly"].odd_words == ("see file",)
        assert len(found["late"].levels) == 377 + 7

    def test_many_values_read_as_few_do(self):
        few = ["1.5", " 2 ", "１２", "N/A", "nan", "inf", "-", "3万", "(7)", "1,234.5", "x", "", "1e3", "+4", "15%"]
        column = columns.Column("x", "number", missing_words=tuple(POLICY.reading["missing_words"]))
        many = columns.read(pl.Series("x", few * 40), column).to_list()
        assert many == columns.read(pl.Series("x", few), column).to_list() * 40
        assert many[:15] == [
            1.5,
            2.0,
            12.0,
            None,
            None,
            None,
            None,
            30000.0,
            -7.0,
            1234.5,
            None,
            None,
            1000.0,
            4.0,
            0.15,
        ]
        assert columns.unread(pl.Series("x", few), pl.Series("x", many[:15]), column).to_list() == [
            word in ("inf", "x") for word in few]  # fmt: skip

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

    def test_certain_rows_of_a_small_tape_are_found_though_its_cells_are_small(self):
        dice = np.random.default_rng(5)
        bad = (dice.uniform(size=1200) < 0.27).astype(np.int8)
        known = dice.uniform(size=1200) < 0.5
        told = np.where(known, 2.0 * bad + dice.uniform(size=1200), 1.5 + 1.5 * dice.uniform(size=1200))
        tests = {}
        for name, values in (("told", told), ("noise", dice.uniform(size=1200))):
            column = pl.Series(name, values)
            found = leakage.findings(name, column, bad, leakage.strength(column, bad), POLICY)
            tests[name] = [(one.test, one.level) for one in found]
        assert tests == {"told": [("certain", "leak")], "noise": []}

    def test_honest_roundness_is_no_leak(self):
        dice = np.random.default_rng(1)
        amount = np.where(
            dice.uniform(size=4000) < 0.5, dice.integers(1, 200, 4000) * 500, dice.integers(1, 100_000, 4000)
        ).astype(float)
        bad = (dice.uniform(size=4000) < 0.2 - 0.1 * (amount > 50_000)).astype(np.int8)
        assert leakage.form_finding("amount", pl.Series("amount", amount), bad, POLICY) is None


class TestTapesOfStrangers:
    def test_blank_lines_are_no_rows_and_that_is_told(self, tmp_path):
        text = _book(600).write_csv().replace("\n", "\n\n")
        (tmp_path / "t.csv").write_text(text)
        read = tape.read_tape(tmp_path / "t.csv")
        assert read.frame.height == 600
        assert any("empty rows left out" in note for note in read.notes)

    def test_json_under_the_name_of_a_table_is_named(self, tmp_path):
        (tmp_path / "t.csv").write_text("\n".join(f'{{"debt": {n}, "bad": {n % 2}}}' for n in range(40)))
        with pytest.raises(Refused, match="JSON"):
            tape.read_tape(tmp_path / "t.csv")

    def test_one_column_is_not_called_empty(self):
        with pytest.raises(Refused, match="TAPE_ONE_COLUMN") as no:
            preparing.prepare(_book(100).select("bad"), Asked("bad"), POLICY)
        assert no.value.refusal.where == "bad"

    def test_of_one_and_minus_one_the_rarer_is_bad(self):
        for bad in (1, -1):
            values = pl.Series("y", [bad] * 30 + [-bad] * 70)
            found = label.label(values, terms=POLICY)
            assert (found.positive, found.how, found.bad.sum()) == (str(bad), "the_rarer", 30)
