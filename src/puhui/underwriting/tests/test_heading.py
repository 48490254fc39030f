"""Where a table begins and what its columns are called, seen through files as people send them."""

from pathlib import Path

import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling import columns, terms
from puhui.underwriting.workbench import heading
from puhui.underwriting.workbench.tape import read_tape

ROWS = [f"{number},{number / 7:.3f},{'shop' if number % 3 else 'farm'},{number % 2}" for number in range(40, 80)]
HEADER = "id,debt,trade,bad"


def _read(tmp_path: Path, lines: list[str]):
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_tape(tmp_path / "t.csv")


class TestHeading:
    def test_a_file_without_a_header_keeps_its_first_row(self, tmp_path):
        tape = _read(tmp_path, ROWS)
        assert tape.headless
        assert tape.frame.columns == ["column_1", "column_2", "column_3", "column_4"]
        assert tape.frame.height == 40
        assert tape.frame["column_1"][0] == "40"

    def test_names_that_merely_count_are_names(self):
        assert heading.of([["0", "1", "2"], ["5.5", "0.2", "7"], ["1.5", "0.1", "8"]]).names == ("0", "1", "2")

    def test_words_alone_are_names(self):
        assert heading.of([["colour", "shape"], ["red", "round"], ["blue", "flat"]]).names == ("colour", "shape")

    def test_titles_above_the_header_are_left_out_and_told(self, tmp_path):
        tape = _read(tmp_path, ["Loan tape of a bank", "", "made on 2024-01-01", HEADER, *ROWS])
        assert tape.frame.columns == HEADER.split(",")
        assert tape.frame.height == 40
        assert tape.notes == ("3 rows above the header left out",)

    @pytest.mark.parametrize("upper", ["id,the loan,,bad", "id,,,bad"])
    def test_names_over_two_rows_are_joined(self, tmp_path, upper):
        two = _read(tmp_path, ["Loan tape of a bank,,,", upper, ",debt,trade,", *ROWS])
        assert two.frame.columns == HEADER.split(",")
        assert two.frame.row(0) == ("40", "5.714", "shop", "0")
        assert two.frame.height == 40
        assert heading.JOINED in two.notes

    def test_a_name_left_empty_over_words_stays_a_row_of_data(self):
        found = heading.of([["id", "", "bad"], ["", "shop", ""], ["7", "farm", "0"], ["8", "shop", "1"]])
        assert (found.names, found.rows_above) == (("id", "column_2", "bad"), 0)

    def test_names_of_rows_and_trailing_delimiters_find_their_places(self, tmp_path):
        named = _read(tmp_path, [HEADER, *(f"r{number},{row}" for number, row in enumerate(ROWS))])
        assert named.frame.columns == ["column_1", *HEADER.split(",")]
        assert named.frame.row(0) == ("r0", "40", "5.714", "shop", "0")
        trailing = _read(tmp_path, [HEADER, *(f"{row}," for row in ROWS)])
        assert trailing.frame.columns == [*HEADER.split(","), "column_5"]
        assert trailing.frame.row(0) == ("40", "5.714", "shop", "0", None)
        assert trailing.frame.height == 40

    def test_a_row_that_runs_past_the_header_is_refused_by_its_line(self, tmp_path):
        with pytest.raises(Refused) as refused:
            _read(tmp_path, [HEADER, *ROWS[:30], '99,"1",2,farm,1', *ROWS[30:]])
        assert refused.value.refusal.code == "TAPE_ROWS_TOO_LONG"
        assert "32" in refused.value.refusal.message

    def test_a_quote_inside_a_value_is_read_and_one_left_open_is_refused_by_its_line(self, tmp_path):
        rows = [row.replace("shop", "5 inch pipe") for row in ROWS]
        plain = _read(tmp_path, [HEADER, *rows]).frame
        inside = _read(tmp_path, [HEADER, *(row.replace("5 inch", '5" inch') for row in rows)]).frame
        assert inside["trade"].str.replace('"', "").to_list() == plain["trade"].to_list()
        assert inside.drop("trade").equals(plain.drop("trade"))
        with pytest.raises(Refused) as refused:
            _read(tmp_path, [HEADER, *rows[:30], rows[30].replace("5 inch", '"5 inch'), *rows[31:]])
        assert refused.value.refusal.code == "TAPE_QUOTE_OPEN"
        assert refused.value.refusal.where == "line 32"

    def test_the_separator_of_hive_is_known(self, tmp_path):
        assert _read(tmp_path, [line.replace(",", "\x01") for line in (HEADER, *ROWS)]).frame.columns == HEADER.split(
            ","
        )


@pytest.mark.parametrize(("words", "comma"), [
    (["0,1234", "1,5002", "0,3"], True), (["0,125", "0,250", "0,5"], True), (["1,234", "12,500", "900"], False),
    (["1,234.50", "0.25", "7"], False), (["1.234,56", "12,5", "7"], True),
])  # fmt: skip
def test_decimal_commas_of_any_length(words: list[str], comma: bool):
    column = columns.infer(pl.Series("x", words * 30), terms.in_force())
    assert (column.kind, column.comma) == ("number", comma)
