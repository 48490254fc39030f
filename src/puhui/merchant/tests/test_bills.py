"""Bills are read whoever wrote them: real samples to their totals, every known layout, odd and broken files."""

import base64
import gzip
import io
import os
import tomllib
import zipfile
from contextlib import suppress
from datetime import date, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.kernel.money import format_yuan, parse_yuan
from puhui.kernel.refusal import Refused
from puhui.merchant.bill_tables import bill_words
from puhui.merchant.core.bills.cells import CellUnreadable, amount_minor, moment, usual_amounts, usual_moments
from puhui.merchant.core.bills.entry import Bill
from puhui.merchant.core.bills.reading import read_bill

TODAY = date(2026, 11, 29)
LAYOUTS = tomllib.loads((Path(__file__).parent / "bills/layouts.toml").read_text(encoding="utf-8"))["bill"]
PAGES = tomllib.loads((Path(__file__).parent / "bills/pages.toml").read_text(encoding="utf-8"))["page"]
SAMPLES = Path(os.environ.get("PUHUI_DATA", "../shared/data")) / "bills"
REAL = {
    "alipay.csv": ("alipay", "in 1 222228.50; neutral 2 115.37; out 4 161.64"),
    "wechat.csv": ("wechat", "in 5 28.49; neutral 11 26100.89; out 11 2904.53"),
    "wechat.xlsx": ("wechat", "in 5 28.49; neutral 11 26100.89; out 11 2904.53"),
    "jd.csv": ("jd", "neutral 7 1133.20; out 16 2277.70"),
    "icbc_credit.csv": ("icbc", "in 1 4621.01; out 8 363.13"),
    "icbc_debit.csv": ("icbc", "in 5 2841.74; out 6 4241.08"),
    "cmb_debit.csv": ("cmb", "in 1 1234.00; out 4 2013.14"),
    "ccb.xls": ("ccb", "out 6 703.26"),
    "merchant_reconstructed/alipay_merchant_account_detail.gb18030.csv": ("alipay", "in 1 12.50; out 2 1000.08"),
    "merchant_reconstructed/alipay_merchant_business_detail.gb18030.csv": ("alipay", "in 2 100.50; out 1 20.00"),
    "merchant_reconstructed/pdd_account_detail.gb18030.csv": ("pdd", "in 1 61.80; out 2 27.87"),
    "merchant_reconstructed/wechat_merchant_tradebill.utf8bom.csv": ("wechat", "in 1 15.00; out 1 5.00"),
}


AES_ARCHIVES = (  # one bill of two rows under the password 1234, packed by pyzipper 0.4: AES of 128 and of 256 bits
    "UEsDBBQAAQBjAEy5fV0AAAAAbgAAAGkAAAAFAAsAYS5jc3YBmQcAAgBBRQEIANg/duLqJyQq3b0kOoqjy3WXOBjSttWFGZMki4xuqtSzQgsnDlsWhpbZciyY0QGevUZhHPkVcYUybDNRk6CDCyFo65nS+B5iDeD4oZbD26aCU0aBXPtvne6tIWJieEj/xCIF9O4p1fwLQD+2uLIHUEsBAhQDFAABAGMATLl9XQAAAABuAAAAaQAAAAUACwAAAAAAAAAAAIABAAAAAGEuY3N2AZkHAAIAQUUBCABQSwUGAAAAAAEAAQA+AAAAnAAAAAAA",
    "UEsDBBQAAQBjAEy5fV0AAAAAdgAAAGkAAAAFAAsAYS5jc3YBmQcAAgBBRQMIADJ+e+yUwhQ0gxuO0OyLzdOPrsUl5gL/4k/se8qYK16vxPvOcYjd1pzXEf56aKJLntVBfCPN1j2wIdPM7zR91OhVi2Fk6HNO3iH1avdBU1punGLyJu/497tuFD0UehPdTjH6vRjhMQ5EoA57bWleMUNLVJsyIVtQSwECFAMUAAEAYwBMuX1dAAAAAHYAAABpAAAABQALAAAAAAAAAAAAgAEAAAAAYS5jc3YBmQcAAgBBRQMIAFBLBQYAAAAAAQABAD4AAACkAAAAAAA=",
)


def read(content: str | bytes, **told: object) -> Bill:
    return read_bill(content.encode() if isinstance(content, str) else content, bill_words(), today=TODAY, **told)  # type: ignore[arg-type]


def totals(bill: Bill) -> str:
    told = {
        name: (each["rows"], format_yuan(each["amount_minor"]).replace(",", "")) for name, each in bill.totals().items()
    }
    return "; ".join(f"{name} {rows} {yuan}" for name, (rows, yuan) in told.items())


class TestRealSamples:
    @pytest.mark.parametrize("name", REAL)
    def test_come_to_the_totals_of_their_readme(self, name: str) -> None:
        path = SAMPLES / name
        if not path.is_file():
            pytest.skip("no shared data here; set PUHUI_DATA to its folder")
        bill = read(path.read_bytes())
        assert (bill.source, totals(bill)) == REAL[name]
        assert (bill.rejected, bill.duplicates) == ([], [])


class TestLayouts:
    @pytest.mark.parametrize("layout", LAYOUTS, ids=[layout["name"] for layout in LAYOUTS])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    def test_are_read_in_any_encoding(self, layout: dict[str, str], encoding: str) -> None:
        bill = read(layout["text"].encode(encoding))
        assert (bill.source, totals(bill)) == (layout["source"], layout["totals"])
        assert ",".join(left.reason for left in bill.skipped) == layout["skipped"]

    @pytest.mark.parametrize("layout", LAYOUTS, ids=[layout["name"] for layout in LAYOUTS])
    def test_are_read_as_a_workbook_and_inside_archives(self, layout: dict[str, str]) -> None:
        import csv

        separator = "\t" if layout["name"] == "spdb_c" else ","
        book = openpyxl.Workbook()
        for row in csv.reader(io.StringIO(layout["text"]), delimiter=separator, skipinitialspace=True):
            book.active.append(row)  # type: ignore[union-attr]
        packed = io.BytesIO()
        book.save(packed)
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("a/明细.csv", layout["text"].encode("gb18030"))
            archive.writestr("明细(汇总).csv", "日期,金额,笔数\n2026-01-01,1.00,1\n".encode("gb18030"))
        for content in (packed.getvalue(), zipped.getvalue(), gzip.compress(layout["text"].encode())):
            bill = read(content)
            assert (bill.source, totals(bill)) == (layout["source"], layout["totals"])

    def test_give_a_year_to_days_without_one(self) -> None:
        bill = read(next(each["text"] for each in LAYOUTS if each["name"] == "cmb_credit"))
        assert [entry.date for entry in bill.entries] == [date(2023, 12, 29), date(2024, 1, 2), date(2024, 1, 5)]

    def test_name_every_row_they_reject(self) -> None:
        bill = read(next(each["text"] for each in LAYOUTS if each["name"] == "fullwidth"))
        assert [left.row for left in bill.rejected] == [7, 8, 9, 10]
        assert [left.reason.split("：")[0] for left in bill.rejected] == [
            "日期在将来", "日期读不懂", "金额读不懂", "金额多于两位小数"]  # fmt: skip
        assert (bill.rows, len(bill.entries)) == (7, 3)

    def test_tell_another_zone_in_chinas_time(self) -> None:
        bill = read(next(each["text"] for each in LAYOUTS if each["name"] == "fullwidth"))
        assert (bill.entries[2].date, bill.entries[2].time) == (date(2026, 1, 6), "07:30:00")


class TestOddFiles:
    @pytest.mark.parametrize("page", PAGES, ids=[page["name"] for page in PAGES])
    def test_merged_cells_of_a_page_leave_every_column_where_it_is(self, page: dict[str, str]) -> None:
        bill = read(page["text"])
        assert (bill.source, totals(bill), bill.rejected) == (page["source"], page["totals"], [])
        assert (bill.links, bill.links_agree) == (len(bill.entries) - 1, len(bill.entries) - 1)

    def test_a_page_names_its_bank_outside_the_table(self) -> None:
        page = (
            "<html><head><title>中国民生银行</title><style>td {工商银行}</style></head><table><tr><th>交易时间</th><th>金额</th><th>余额</th></tr>"
            "<tr><td>2026-06-01<br>10:00:00</td><td>-20.00</td><td>480.00</td></tr></table></html>"
        )
        assert [(entry.source, entry.direction, entry.time) for entry in read(page).entries] == [
            ("cmbc", "out", "10:00:00")
        ]

    def test_a_time_of_day_as_excel_counts_it(self) -> None:
        told = "交易日期,交易时间,收支,金额,余额\n46174,0.4168,支出,120.30,880\n46175.5,,收入,300,1180\n"
        assert [(entry.date.isoformat(), entry.time) for entry in read(told).entries] == [
            ("2026-06-01", "10:00:12"), ("2026-06-02", "12:00:00")]  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            (  # both sides are named: the other one is whom the payment was with
                (
                    "交易日期[ Transaction Date ],付款人账号[ Debit Account No. ],付款人名称[ Payer's Name ],收款人名称[ Payee's Name ],交易金额[ Trade Amount ],交易流水号[ Transaction reference number ]\n"
                    "20260301,62,本店,面粉厂,-12.50,A1\n20260302,71,老李,本店,40.00,A2\n"
                ),
                [("boc", "out", 1250, "面粉厂", "A1"), ("boc", "in", 4000, "老李", "A2")],
            ),
            (  # Excel's guard around codes
                '交收日期\t业务名称\t证券代码\t证券名称\t清算金额\t资金本次余额\t财汇局征费\t成交编号\t资金帐号\n="20260303"\t证券买入\t="510300"\t300ETF\t-400.10\t599.90\t0\t="77"\t="12"\n',
                [("hxsec", "out", 40010, "证券买入", "77")],
            ),
            (  # a movement has a number of its own beside its order's
                "动账时间,动账流水号,动账方向,动账金额,动账场景,订单号,备注\n2026-03-04 10:00:00,7001,入账,12.00,货款结算,8001,\n2026-03-05 10:00:00,7002,出账,2.00,售后退款,8001,\n",
                [("douyin", "in", 1200, "货款结算", "7001"), ("douyin", "out", 200, "售后退款", "7002")],
            ),
            (
                "账单日期,交易金额,支出/收入,账户余额,交易方式,分类,备注\n2026-03-06,12.00,支出,88.00,快捷,餐饮,面\n2026-03-07,100.00,收入,188.00,转账,工资,\n",
                [("bank", "out", 1200, "面", ""), ("bank", "in", 10000, "", "")],
            ),
            (
                "平安银行\n账号,交易日期,借,贷,账户余额,对方账户名称,交易流水号\n62,20260308,12.00,,88.00,面粉厂,P1\n62,20260309,,40.00,128.00,老李,P2\n",
                [("pab", "out", 1200, "面粉厂", "P1"), ("pab", "in", 4000, "老李", "P2")],
            ),
        ],
    )
    def test_whom_and_under_which_number(self, text: str, found: list[tuple[str, str, int, str, str]]) -> None:
        bill = read(text)
        assert [
            (each.source, each.direction, each.amount_minor, each.counterparty, each.external_id)
            for each in bill.entries
        ] == found
        assert bill.rejected == []

    @pytest.mark.parametrize(
        ("told", "clock"),
        [("上午10:00", "10:00:00"), ("上午12:05", "00:05:00"), ("下午 3:05", "15:05:00"), ("下午12:05", "12:05:00"), ("中午11:30", "11:30:00"),
         ("晚上 11:59:01", "23:59:01"), ("下午15:05", "15:05:00"), ("-10.00.01.000000", "10:00:01")],
    )  # fmt: skip
    def test_a_time_in_other_words(self, told: str, clock: str) -> None:
        assert moment(f"2026-06-01 {told}".replace(" -", "-")) == (date(2026, 6, 1), clock)

    def test_a_card_writes_its_way_behind_money_back_only(self) -> None:
        told = "交易日,记账日,交易描述,金额\n2026-06-01,2026-06-01,甲,20.00\n2026-06-02,2026-06-02,乙,10.00\n2026-06-03,2026-06-03,还,500.00 CR\n"
        assert totals(read(told)) == "in 1 500.00; out 2 30.00"

    def test_date_cells_of_a_workbook(self) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["交易日期", "交易时间", "收入", "支出", "余额", "对方户名"])
        sheet.append([date(2026, 1, 2), time(9, 5), 100.5, None, 600.5, "甲"])
        sheet.append([46024, "10:00", None, 0.1 + 0.2, 600.2, "乙"])
        packed = io.BytesIO()
        book.save(packed)
        bill = read(packed.getvalue())
        assert [(entry.date.isoformat(), entry.time, entry.direction, entry.amount_minor) for entry in bill.entries] == [
            ("2026-01-02", "09:05:00", "in", 10050), ("2026-01-02", "10:00:00", "out", 30)]  # fmt: skip

    def test_a_page_that_calls_itself_xls(self) -> None:
        page = "<html><table><tr><th>交易日期</th><th>摘要</th><th>支出</th><th>收入</th></tr><tr><td>20260102</td><td>x</td><td>1.20</td><td></td></tr></table></html>"
        assert totals(read(page)) == "out 1 1.20"

    def test_a_heading_of_two_rows(self) -> None:
        text = "交易日期,摘要,发生额,,余额\n,,收入,支出,\n2026-01-02,a,5.00,,15.00\n2026-01-03,b,,2.00,13.00\n"
        assert totals(read(text)) == "in 1 5.00; out 1 2.00"

    def test_signs_are_judged_by_the_running_balance(self) -> None:
        rows = "交易日期,摘要,金额,余额\n2026-01-01,a,5.00,95.00\n2026-01-02,b,10.00,105.00\n2026-01-03,c,5.00,100.00\n2026-01-04,d,1.00,99.00\n2026-01-05,e,3.00,102.00\n"
        bill = read(rows)
        assert [entry.direction for entry in bill.entries[1:]] == ["in", "out", "out", "in"]

    def test_a_stray_quotation_mark_swallows_nothing(self) -> None:
        rows = "交易时间,交易对方,收/支,金额,备注\n" + "".join(
            f"2026-01-{day:02d} 10:00:00,{chr(34) if day == 2 else ''}店{day},支出,1.00,\n" for day in range(1, 28)
        )
        assert totals(read(rows)) == "out 27 27.00"

    def test_rows_alike_in_everything_count_once_only_where_they_have_a_number(self) -> None:
        head = "交易时间,交易对方,收/支,金额,交易单号\n"
        numbered = head + "2026-01-01 10:00:00,店,支出,1.00,A00001\n" * 2
        bare = head + "2026-01-01 10:00:00,店,支出,1.00,\n" * 2
        assert (totals(read(numbered)), read(numbered).duplicates) == ("out 1 1.00", [3])
        assert totals(read(bare)) == "out 2 2.00"

    def test_columns_named_by_a_person(self) -> None:
        text = "甲行\n何时,多少,跟谁\n2026-01-02,-3.00,某\n"
        with pytest.raises(Refused, match="BILL_UNKNOWN"):
            read(text)
        with pytest.raises(Refused, match="MAP_INCOMPLETE"):
            read(text, mapping={"datetime": "何时"})
        bill = read(text, mapping={"datetime": "何时", "amount": "多少", "counterparty": "3"})
        assert (totals(bill), bill.entries[0].counterparty) == ("out 1 3.00", "某")

    def test_a_file_cut_short_keeps_its_good_rows(self) -> None:
        text = next(each["text"] for each in LAYOUTS if each["name"] == "mt")
        whole = read(text)
        for cut in range(len(text) - 60, len(text) - 90, -7):
            bill = read(text[:cut])
            assert bill.entries == whole.entries[: len(bill.entries)]
            assert len(bill.entries) + len(bill.rejected) >= 1


class TestRefusals:
    def locked(self) -> bytes:
        import msoffcrypto.format.ooxml as ooxml

        book = openpyxl.Workbook()
        book.active.append(["交易日期", "交易金额", "摘要"])  # type: ignore[union-attr]
        book.active.append(["2026-01-02", "-3.00", "x"])  # type: ignore[union-attr]
        plain, locked = io.BytesIO(), io.BytesIO()
        book.save(plain)
        ooxml.OOXMLFile(plain).encrypt("secret1", locked)
        return locked.getvalue()

    @pytest.mark.parametrize("packed", AES_ARCHIVES)
    def test_an_archive_locked_with_aes_opens_with_its_password(self, packed: str) -> None:
        content = base64.b64decode(packed)
        assert totals(read(content, password="1234")) == "in 1 100.00; out 1 40.00"
        for broken, password, told in (
            (content, "", "请填写密码"),
            (content, "4321", "密码不对"),
            (content[:80] + bytes([content[80] ^ 1]) + content[81:], "1234", "压缩包不完整"),
        ):
            with pytest.raises(Refused, match=told):
                read(broken, password=password)

    def test_a_locked_workbook_asks_for_its_password(self) -> None:
        content = self.locked()
        with pytest.raises(Refused, match=r"FILE_LOCKED.*密码"):
            read(content)
        with pytest.raises(Refused, match=r"FILE_LOCKED.*不对"):
            read(content, password="wrong")
        assert totals(read(content, password="secret1")) == "out 1 3.00"

    @pytest.mark.parametrize(
        ("content", "code"),
        [(b"", "FILE_EMPTY"), (b"%PDF-1.4 x", "FILE_DAMAGED"), (b"\0\1\2\0" * 50, "FILE_UNKNOWN"), (b"PK\x03\x04cut", "FILE_DAMAGED"),
         (b"\x1f\x8b\x08\0cut", "FILE_DAMAGED"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1cut", "FILE_DAMAGED"), ("你好\n世界".encode(), "BILL_UNKNOWN")],
    )  # fmt: skip
    def test_are_named(self, content: bytes, code: str) -> None:
        with pytest.raises(Refused) as caught:
            read(content)
        assert caught.value.refusal.code == code

    def test_an_archive_that_unpacks_to_too_much(self) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", b"0" * 40_000_000)
        with pytest.raises(Refused, match="FILE_TOO_BIG"):
            read(packed.getvalue())


class TestWholeColumns:
    """A column read at once says what its cells say one by one, or is left to them."""

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["", "-", "¥", "¥-", "￥"]),
                st.integers(0, 10**13),
                st.sampled_from(["", ".5", ".05", ".500"]),
            ),
            max_size=4,
        )
    )
    def test_of_amounts(self, told: list[tuple[str, int, str]]) -> None:
        cells = [f"{sign}{yuan}{part}" for sign, yuan, part in told]
        found = usual_amounts(cells)
        usual = all(sign in ("", "-", "¥", "¥-") and yuan < 10**12 and part == ".05" for sign, yuan, part in told)
        assert (found is not None) == usual
        assert found in (None, [amount_minor(cell) for cell in cells] if usual else None)

    @pytest.mark.parametrize("odd", ["2026-02-30 08:00:00", "2026-02-28 24:00:00", "2026-02-28 08:60:00", "1989-02-28 08:00:00",
                                     "2026-02-28 08:00", "2026-02-28", "2026-02-28 08:00:00\n", "２026-02-28 08:00:00", ""])  # fmt: skip
    def test_of_days(self, odd: str) -> None:
        usual = ["2026-02-28 23:59:59", "2024-02-29 00:00:00", "2026-02-28 08:00:01"]
        assert usual_moments(usual) == tuple(map(list, zip(*map(moment, usual), strict=True)))
        assert usual_moments([*usual, odd]) is None


class TestCells:
    @settings(deadline=None, max_examples=60)
    @given(st.integers(-(10**11), 10**11))
    def test_amounts_written_in_many_ways_are_one_amount(self, minor: int) -> None:
        told = format_yuan(minor)
        wide = told.translate(str.maketrans("0123456789.,-", "０１２３４５６７８９．，－"))
        for text in (
            told,
            told.replace(",", ""),
            f"¥{told}",
            f" {wide}\t",
            f"￥{wide}",
            f"{told}元",
            f"CNY {told}",
            f"`{told}",
        ):
            assert amount_minor(text) == minor == parse_yuan(told)

    @settings(deadline=None, max_examples=60)
    @given(st.text(max_size=12))
    def test_nothing_is_guessed(self, text: str) -> None:
        for ask in (amount_minor, moment):
            with suppress(CellUnreadable):
                ask(text)

    @settings(deadline=None, max_examples=60)
    @given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.times().map(lambda t: t.replace(microsecond=0)))
    def test_days_written_in_many_ways_are_one_day(self, day: date, clock: time) -> None:
        told = clock.isoformat()
        for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d"):
            assert moment(day.strftime(form)) == (day, "")
            assert moment(f"{day.strftime(form)} {told}") == (day, told)
        assert moment(day.strftime("%Y%m%d") + told.replace(":", "")) == (day, told)
        assert moment(f"{day.isoformat()}T{told}+08:00") == (day, told)

    @settings(deadline=None, max_examples=60)
    @given(st.binary(max_size=400))
    def test_any_bytes_are_read_or_refused_by_name(self, content: bytes) -> None:
        with suppress(Refused):
            read(content)
