"""Statements as PDF come to what their tables say: columns found under their names, names that took two lines, pages, remarks."""

import csv
import io
import tomllib
from datetime import date
from pathlib import Path

import pytest
import typst
from pypdf import PdfReader, PdfWriter

from puhui.kernel.refusal import Refused
from puhui.merchant.bill_tables import bill_words
from puhui.merchant.core.bills.entry import Bill
from puhui.merchant.core.bills.heading import find_heading
from puhui.merchant.core.bills.reading import read_bill

WORDS, TODAY = bill_words(), date(2026, 11, 29)
LAYOUTS = {
    each["name"]: each
    for each in tomllib.loads((Path(__file__).parent / "bills/layouts.toml").read_text(encoding="utf-8"))["bill"]
}
PAGES = "ccb_app"
TIMES = 4  # so often each payment stands in a statement; of PAGES, more than two pages


def printed(text: str, *, align: str, times: int = TIMES) -> bytes:
    """The table of a bill as a bank prints it: titles above, the heading on each page, page numbers and a remark below."""
    rows = list(csv.reader(io.StringIO(text.strip()), skipinitialspace=True))
    heading = find_heading(rows, WORDS)
    assert heading is not None
    names, width = rows[heading.at], len(rows[heading.at])
    cells = [(row + [""] * width)[:width] for row in rows[heading.at + 1 :] if sum(map(bool, row)) > 2] * times
    widths = ["auto" if any(word in name for word in "额入出号币") else "1fr" for name in names]
    table = ",".join(f"[{escaped(cell)}]" for row in cells for cell in row)
    return typst.compile(_source(rows[: heading.at], names, widths, table, align).encode())


def _source(titles: list[list[str]], names: list[str], widths: list[str], table: str, align: str) -> str:
    return f"""#set page(flipped: true, margin: 1cm, footer: [#align(center)[第 #context counter(page).display() 页]])
#set text(font: "Noto Sans CJK SC", size: 7pt)
{chr(10).join(escaped(" ".join(row)) + chr(10) for row in titles)}
#table(columns: ({",".join(widths)},), align: {align}, stroke: 0.3pt,
  table.header({",".join(f"[{escaped(name)}]" for name in names)}), {table})
温馨提示：本明细仅供参考
"""


def escaped(cell: str) -> str:
    return "".join(f"\\{letter}" if letter in "#[]*_`$<>@\\/=-+~'\"" else letter for letter in cell.strip())


def read(content: bytes, password: str = "") -> Bill:
    return read_bill(content, WORDS, today=TODAY, password=password)


def sums(bill: Bill) -> dict[str, tuple[int, int]]:
    return {name: (total["rows"], total["amount_minor"]) for name, total in bill.totals().items()}


class TestPrintedStatements:
    @pytest.mark.parametrize(
        ("name", "align"),
        [("icbc_pdf", "center + horizon"), ("abc", "left + top"), ("boc_debit", "center + horizon"), ("ccb_app", "center + horizon"),
         ("cmbc", "left + top"), ("cib", "center + horizon"), ("citic", "left + top"), ("spdb_d", "left + top"), ("icbc_mail", "center + top")],
    )  # fmt: skip
    def test_come_to_what_their_tables_say(self, name: str, align: str) -> None:
        told, times = read(LAYOUTS[name]["text"].encode()), 40 if name == PAGES else TIMES
        bill = read(printed(LAYOUTS[name]["text"], align=align, times=times))
        repeated = len(bill.duplicates) == (times - 1) * len(told.entries)  # rows with a number count once
        times = 1 if repeated else times
        assert (bill.source, bill.rejected) == (told.source, [])
        assert sums(bill) == {way: (rows * times, minor * times) for way, (rows, minor) in sums(told).items()}

    def test_a_name_that_took_two_lines_is_one(self) -> None:
        long = "江西省某某县" + "很长的街道" * 4 + "第三分店"
        text = LAYOUTS["ccb_app"]["text"].replace("1111/甲", f"1111/{long}")
        bill = read(printed(text, align="center + horizon"))
        assert {entry.counterparty for entry in bill.entries} == {long, "乙"}

    def test_a_wallets_certificate(self) -> None:
        bill = read(printed(LAYOUTS["wx_pdf"]["text"], align="center + horizon"))
        assert (bill.source, sums(bill)) == ("wechat", {"in": (1, 900), "neutral": (1, 500), "out": (1, 30000)})
        assert {entry.external_id for entry in bill.entries} == {"4200001", "4200002", "4200003"}

    def test_letters_written_twice_to_be_bold_count_once(self) -> None:
        rows = "".join(
            f"[2026-03-0{n}],[#place(dx: 0.3pt)[甲店]甲店],[#place(dx: 0.3pt)[\\-{n}.50]\\-{n}.50],"
            for n in range(1, 5)
        )
        page = f'#set text(font: "Noto Sans CJK SC", size: 8pt)\n#table(columns: 3, [交易日期],[对方户名],[交易金额],{rows})'
        bill = read(typst.compile(page.encode()))
        assert (sums(bill), {entry.counterparty for entry in bill.entries}) == ({"out": (4, 1_200)}, {"甲店"})


class TestPapersThatCannotBeRead:
    def test_a_locked_one_opens_with_its_password_only(self) -> None:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(printed(LAYOUTS["cmbc"]["text"], align="left + top"))))
        writer.encrypt("1234", algorithm="AES-256")
        packed = io.BytesIO()
        writer.write(packed)
        for wrong in ("", "4321"):
            with pytest.raises(Refused, match="FILE_LOCKED"):
                read(packed.getvalue(), wrong)
        assert sums(read(packed.getvalue(), "1234")) == {"in": (TIMES, 10000 * TIMES), "out": (TIMES, 1250 * TIMES)}

    def test_a_picture_is_refused_by_name(self) -> None:
        writer = PdfWriter()
        writer.add_blank_page(595, 842)
        packed = io.BytesIO()
        writer.write(packed)
        with pytest.raises(Refused, match="FILE_IS_PICTURE"):
            read(packed.getvalue())

    def test_one_cut_short_is_refused_or_loses_no_digit(self) -> None:
        whole = printed(LAYOUTS["cmbc"]["text"], align="left + top")
        with pytest.raises(Refused, match=r"FILE_DAMAGED|FILE_IS_PICTURE|BILL_UNKNOWN"):
            read(whole[: len(whole) // 2])

    def test_a_paper_without_a_table_is_no_bill(self) -> None:
        with pytest.raises(Refused, match="BILL_UNKNOWN"):
            read(typst.compile('#set text(font: "Noto Sans CJK SC")\n你好，这里没有流水'.encode()))
