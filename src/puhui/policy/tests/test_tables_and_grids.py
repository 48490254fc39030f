"""Decision tables and price grids: every row and cell at its edge, gaps and doubles named, nothing told for want of a value."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.kernel.refusal import Refused
from puhui.policy.core import sheet
from puhui.policy.core.columns import Column, Columns
from puhui.policy.core.decision_table import read_table
from puhui.policy.core.policy_text import read_policy
from puhui.policy.core.price_grid import read_grid

COLUMNS = Columns([
    Column("grade", "text", may_be_missing=False), Column("pd", "float", low=Decimal(0), high=Decimal(1)),
    Column("months", "integer", may_be_missing=False, low=Decimal(1), high=Decimal(36)), Column("on", "date"),
])  # fmt: skip
GRID = "pd from,pd to,months from,months to,=rate_bps:integer up:pd down:months\n0,0.05,1,7,700\n0,0.05,7,,600\n0.05,1,1,7,900\n0.05,1,7,,800\n"


def told(text: str, *rows: dict[str, Any], output: str = "limit_minor") -> list[Any]:
    return read_table("t", text, COLUMNS).over(COLUMNS.frame(rows))[output].to_list()


class TestADecisionTable:
    @pytest.mark.parametrize(
        ("corner", "answers"),
        [("first", [10, 20, 20, None]), ("unique", [None, 20, 20, None]), ("collect_sum", [30, 20, 20, None]),
         ("collect_min", [10, 20, 20, None]), ("collect_max", [20, 20, 20, None])],
    )  # fmt: skip
    def test_meets_its_rows_as_its_corner_says(self, corner: str, answers: list[int | None]) -> None:
        text = f"{corner},grade,pd,months,=limit_minor:integer\nLOW,-,< 0.05,-,10\nSHORT,-,-,BETWEEN 1 AND 12,20\n"
        rows = [
            {"pd": 0.01, "months": 6},
            {"pd": 0.05, "months": 6},
            {"pd": 0.9, "months": 12},
            {"pd": 0.9, "months": 13},
        ]
        assert told(text, *({"grade": "A"} | row for row in rows)) == answers

    def test_says_nothing_where_a_row_that_would_count_cannot_be_decided(self) -> None:
        text = "first,pd,when,=limit_minor:integer\nLOW,< 0.05,-,10\nREST,-,months > 3,20\n"
        assert told(text, {"grade": "A", "months": 6}, {"grade": "A", "months": 6, "pd": 0.5}) == [None, 20]

    def test_gives_outputs_of_their_kind_exactly(self) -> None:
        text = "first,grade,=rate:decimal.4,=until:date,=words:text,=yes:boolean\nA,= 'A',0.0725,DATE '2026-12-31','好',TRUE\n"
        row = read_table("t", text, COLUMNS).over(COLUMNS.frame([{"grade": "A", "months": 3}])).row(0, named=True)
        assert (str(row["rate"]), row["until"].isoformat(), row["words"], row["yes"]) == (
            "0.0725",
            "2026-12-31",
            "好",
            True,
        )

    def test_names_gaps_and_rows_that_can_be_met_together(self) -> None:
        text = "unique,pd,=limit_minor:integer\nLOW,< 0.05,10\nHIGH,> 0.05,20\n"
        found = {finding.kind: finding.en for finding in read_table("t", text, COLUMNS).check(COLUMNS)}
        assert found == {"gap": "no row is met where pd = 0.05"}
        both = "unique,pd,=limit_minor:integer\nLOW,<= 0.05,10\nHIGH,>= 0.05,20\n"
        assert [finding.kind for finding in read_table("t", both, COLUMNS).check(COLUMNS)] == ["overlap"]
        whole = "unique,pd,=limit_minor:integer\nLOW,<= 0.05,10\nHIGH,> 0.05,20\n"
        assert read_table("t", whole, COLUMNS).check(COLUMNS) == []

    @pytest.mark.parametrize(
        ("text", "code"),
        [("any,pd,=x:integer\nA,-,1\n", "TABLE_HIT_POLICY"), ("first,pdd,=x:integer\nA,-,1\n", "COLUMN_UNKNOWN"),
         ("first,pd\nA,-\n", "TABLE_EMPTY"), ("first,pd,=x:integer\n", "TABLE_EMPTY"), ("first,pd,=x:money\nA,-,1\n", "TABLE_OUTPUT"),
         ("first,pd,=x:integer\nA,<,1\n", "SYNTAX"), ("first,pd,=x:integer\nA,-,'a'\n", "TYPE_MISMATCH"),
         ("first,pd,=x:integer\nA,-,1.5\n", "TABLE_OUTPUT"), ("first,pd,=x:integer\n,< 1,1\n", "TABLE_ROW_UNNAMED"),
         ("first,pd,=x:integer\nA,< 1,1\nA,< 2,1\n", "TABLE_ROW_TWICE"), ("collect_sum,pd,=x:text\nA,< 1,'a'\n", "TABLE_COLLECT"),
         ("first,pd,=x:integer\nA,-,1,2,3\n", "SHEET_RAGGED"), ("\n", "SHEET_EMPTY")],
    )  # fmt: skip
    def test_that_cannot_be_read_is_refused_by_name(self, text: str, code: str) -> None:
        with pytest.raises(Refused) as caught:
            read_table("t", text, COLUMNS)
        assert caught.value.refusal.code == code


class TestAPriceGrid:
    @pytest.mark.parametrize(
        ("pd", "months", "rate"),
        [
            (0.0, 1, 700),
            (0.049, 6, 700),
            (0.049, 7, 600),
            (0.05, 6, 900),
            (0.999, 36, 800),
            (1.0, 6, None),
            (None, 6, None),
        ],
    )
    def test_prices_each_cell_from_its_lower_end(self, pd: float | None, months: int, rate: int | None) -> None:
        grid = read_grid("price", GRID, COLUMNS)
        assert grid.over(COLUMNS.frame([{"grade": "A", "pd": pd, "months": months}]))["rate_bps"].to_list() == [rate]

    @settings(max_examples=60, deadline=None)
    @given(rows=st.lists(st.tuples(st.none() | st.floats(0, 1), st.integers(1, 36)), min_size=1, max_size=30))
    def test_prices_one_row_as_it_prices_a_frame(self, rows: list[tuple[float | None, int]]) -> None:
        grid = read_grid("price", GRID, COLUMNS)
        seen = [{"grade": "A", "pd": pd, "months": months} for pd, months in rows]
        together = grid.over(COLUMNS.frame(seen))["rate_bps"].to_list()
        assert together == [grid.over(COLUMNS.frame([row]))["rate_bps"].item() for row in seen]

    def test_has_axes_of_words_and_days(self) -> None:
        text = "grade,on from,on to,=rate_bps:integer\nA,,2026-01-01,1\nA,2026-01-01,,2\nB,,2026-01-01,3\nB,2026-01-01,,4\n"
        seen = [
            {"grade": "A", "months": 1, "on": "2025-12-31"},
            {"grade": "B", "months": 1, "on": "2026-01-01"},
            {"grade": "C", "months": 1, "on": "2026-01-01"},
        ]
        assert read_grid("g", text, COLUMNS).over(COLUMNS.frame(seen))["rate_bps"].to_list() == [1, 4, None]

    @pytest.mark.parametrize(
        ("text", "code"),
        [(GRID.replace("0.05,1,7,,800\n", ""), "GRID_CELL_MISSING"), (GRID + "0.05,1,7,,800\n", "GRID_CELL_TWICE"),
         (GRID.replace("800", "590"), "GRID_NOT_MONOTONE"), (GRID.replace("0,0.05,7,,600", "0,0.05,7,,701"), "GRID_NOT_MONOTONE"),
         (GRID.replace("0,0.05", "0,0.04"), "GRID_BIN"), (GRID.replace("0,0.05", "0.05,0"), "GRID_BIN"),
         (GRID.replace("700", "x"), "GRID_VALUE"), (GRID.replace("pd to", "pd til"), "GRID_AXIS"),
         (GRID.replace("up:pd", "up:grade"), "GRID_AXIS"), (GRID.replace("up:pd", "over:pd"), "GRID_OUTPUT"),
         (GRID.replace("=rate_bps:integer", "rate"), "GRID_OUTPUT"), (GRID.replace("months from", "month from"), "COLUMN_UNKNOWN")],
    )  # fmt: skip
    def test_that_is_not_whole_is_refused_by_name(self, text: str, code: str) -> None:
        with pytest.raises(Refused) as caught:
            read_grid("price", text, COLUMNS)
        assert caught.value.refusal.code == code


class TestAWorkbook:
    def test_carries_a_table_there_and_back(self) -> None:
        rows = sheet.read_sheet(GRID)
        assert sheet.sheet_text(sheet.read_workbook(sheet.workbook(rows))) == sheet.sheet_text(rows)

    def test_that_is_none_is_refused(self) -> None:
        with pytest.raises(Refused, match="WORKBOOK_UNREADABLE"):
            sheet.read_workbook(b"no workbook")


class TestAPolicy:
    @pytest.mark.parametrize(
        ("texts", "code"),
        [({"rules.csv": "x"}, "POLICY_FILE_MISSING"), ({"notes.txt": "x"}, "POLICY_FILE"), ({"policy.toml": "x ="}, "POLICY_TERMS"),
         ({"policy.toml": "[other]\n"}, "POLICY_TERMS"), ({"policy.toml": '[scorer]\nname = "x"\n'}, "POLICY_TERMS"),
         ({"policy.toml": '[answer]\nlimit = "1"\n'}, "POLICY_ANSWER"), ({"policy.toml": '[answer]\nlimit_minor = "age * 1.5"\n'}, "POLICY_ANSWER"),
         ({"policy.toml": '[answer]\nlimit_minor = "agee"\n'}, "COLUMN_UNKNOWN"), ({"policy.toml": '[economics]\nlgd = "x"\n'}, "POLICY_ECONOMICS"),
         ({"policy.toml": '[economics]\nmonths = "x"\n'}, "COLUMN_UNKNOWN"), ({"policy.toml": 'steps = ["tables/x.csv"]\n'}, "POLICY_FILE_MISSING"),
         ({"columns.csv": "name,kind,zh,en\narm,integer,x,x\n"}, "COLUMN_RESERVED"), ({"columns.csv": "name\n"}, "COLUMN_HEAD_MISSING"),
         ({"columns.csv": "name,kind,zh,en\nage,money,x,x\n"}, "COLUMN_KIND"), ({"columns.csv": "name,kind,zh,en\nA b,text,x,x\n"}, "COLUMN_NAME"),
         ({"columns.csv": "name,kind,zh,en\nage,text,x,x\nage,text,x,x\n"}, "COLUMN_TWICE"),
         ({"columns.csv": "name,kind,low,high,zh,en\nage,integer,9,1,x,x\n"}, "COLUMN_RANGE")],
    )  # fmt: skip
    def test_that_cannot_be_read_is_refused_by_name(self, texts: dict[str, str], code: str) -> None:
        whole = {
            "columns.csv": "name,kind,zh,en\nage,integer,年龄,age\n",
            "rules.csv": "code,condition,outcome,severity,text_zh,text_en\n",
        }
        if "rules.csv" in texts:
            whole.pop("columns.csv")
        with pytest.raises(Refused) as caught:
            read_policy(whole | texts)
        assert caught.value.refusal.code == code
