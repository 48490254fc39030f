"""Invoices in every form an owner gets them; the same one twice is one; what is unsafe or unreadable is refused by name."""

import io
import os
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from puhui.kernel.refusal import Refused
from puhui.merchant import book_queries, operations
from puhui.merchant.bill_tables import bill_words, invoice_words
from puhui.merchant.core.invoices import Invoice, read_invoices, totals
from puhui.merchant.invoice_queries import invoices_of_year
from puhui.merchant.operations import EntryDraft

SAMPLE = Path(os.environ.get("PUHUI_DATA", "../shared/data")) / "bills/merchant_reconstructed/einvoice_shudian.xml"
NOW, TODAY = datetime(2026, 11, 29, tzinfo=UTC), date(2026, 11, 29)
COLUMNS = ["序号", "发票代码", "发票号码", "数电发票号码", "销方识别号", "销方名称", "购方识别号", "购买方名称", "开票日期", "税收分类编码", "特定业务类型", "货物或应税劳务名称", "规格型号", "单位", "数量", "单价", "金额", "税率", "税额", "价税合计", "发票来源", "发票票种", "发票状态", "是否正数发票", "发票风险等级", "开票人", "备注"]  # fmt: skip
ROWS = [
    "1,,,26322000000000000001,91A,甲公司,92B,我店,2026-01-05 10:00:00,,,*粮食*大米,,,1,,100.00,9%,9.00,109.00,,数电普,正常,是,,,",
    "2,,,26322000000000000001,91A,甲公司,92B,我店,2026-01-05 10:00:00,,,*油*菜油,,,1,,200.00,9%,18.00,218.00,,数电普,正常,是,,,",
    "3,032,12345678,,92B,我店,91C,乙公司,2026-01-06,,,*餐饮*餐费,,,1,,50.00,1%,0.50,50.50,,普票,正常,是,,,",
    "4,032,12345679,,92B,我店,91C,乙公司,2026-01-07,,,*餐饮*餐费,,,1,,-50.00,1%,-0.50,-50.50,,普票,已红冲-全额,否,,,",
    "5,032,12345680,,92B,我店,91C,乙公司,2026-01-08,,,*餐饮*餐费,,,1,,70.00,1%,0.70,70.70,,普票,已作废,是,,,",
    "6,,,26322000000000000009,91A,甲公司,92B,我店,某天,,,x,,,1,,1.00,9%,0.09,1.09,,数电普,正常,是,,,",
]  # fmt: skip


def read(content: bytes) -> tuple[list[Invoice], list[str]]:
    return read_invoices(content, invoice_words(), bill_words().limits)


def export() -> bytes:
    book, packed = openpyxl.Workbook(), io.BytesIO()
    for row in [COLUMNS, *(each.split(",") for each in ROWS)]:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(packed)
    return packed.getvalue()


class TestForms:
    def test_the_new_xml(self) -> None:
        if not SAMPLE.is_file():
            pytest.skip("no shared data here; set PUHUI_DATA to its folder")
        (one,), _ = read(SAMPLE.read_bytes())
        assert (one.key, one.issued_on, one.net_minor, one.tax_minor, one.gross_minor) == (
            "26000000000000000001", date(2026, 1, 1), 98_000, 8_820, 106_820)  # fmt: skip
        assert (one.seller, one.buyer_id) == ("示例销售方", "92000000000000000X")

    @pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
    def test_dialects_of_older_software(self, encoding: str) -> None:
        pinyin = f'<?xml version="1.0" encoding="{encoding}"?><FP><FPDM>032</FPDM><FPHM>12345678</FPHM><KPRQ>20260105</KPRQ><HJJE>98.00</HJJE><HJSE>0.98</HJSE><JSHJ>98.98</JSHJ><XSFMC>甲</XSFMC></FP>'
        chinese = f'<?xml version="1.0" encoding="{encoding}"?><发票><发票代码>032</发票代码><发票号码>12345678</发票号码><开票日期>2026年01月05日</开票日期><合计金额>98.00</合计金额><合计税额>0.98</合计税额><价税合计>98.98</价税合计><销售方名称>甲</销售方名称></发票>'
        told = [read(each.encode(encoding))[0][0] for each in (pinyin, chinese)]
        assert all((each.key, each.gross_minor, each.seller) == ("032/12345678", 9_898, "甲") for each in told)

    def test_many_in_one_archive_as_the_bureau_packs_them(self) -> None:
        told = '<?xml version="1.0"?><FP><FPDM>032</FPDM><FPHM>{}</FPHM><KPRQ>20260105</KPRQ><HJJE>98.00</HJJE><HJSE>0.98</HJSE><JSHJ>98.98</JSHJ><XSFMC>甲</XSFMC></FP>'
        packed, ofd = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(ofd, "w") as archive:
            archive.writestr("OFD.xml", "<ofd/>")
            archive.writestr("Doc_0/Attachs/original_invoice.xml", told.format("12345678"))
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("1/发票.ofd", ofd.getvalue())  # the same invoice in another form
            archive.writestr("1/发票.xml", told.format("12345678"))
            archive.writestr("2/发票.xml", told.format("12345679"))
            archive.writestr("3/发票.xml", told.format("12345680")[:60])
        found, wrong = read(packed.getvalue())
        assert [(each.key, each.form) for each in found] == [("032/12345678", "xml"), ("032/12345679", "xml")]
        assert [each.partition("：")[0] for each in wrong] == ["3/发票.xml"]

    def test_an_ofd(self) -> None:
        inside = '<e:eInvoice xmlns:e="http://www.edrm.org.cn/schema/e-invoice/2019"><e:InvoiceCode>032</e:InvoiceCode><e:InvoiceNo>12345678</e:InvoiceNo><e:IssueDate>2026-01-05</e:IssueDate><e:TaxExclusiveTotalAmount>98.00</e:TaxExclusiveTotalAmount><e:TaxTotalAmount>0.98</e:TaxTotalAmount><e:TaxInclusiveTotalAmount>98.98</e:TaxInclusiveTotalAmount></e:eInvoice>'
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("OFD.xml", "<ofd/>")
            archive.writestr("Doc_0/Attachs/original_invoice.xml", inside)
        (one,), _ = read(packed.getvalue())
        assert (one.key, one.form, one.gross_minor) == ("032/12345678", "ofd", 9_898)

    def test_the_tax_bureaus_export(self) -> None:
        invoices, wrong = read(export())
        assert [(each.key, each.gross_minor, each.status) for each in invoices] == [
            ("26322000000000000001", 32_700, "valid"), ("032/12345678", 5_050, "valid"), ("032/12345679", -5_050, "reversed"),
            ("032/12345680", 7_070, "void")]  # fmt: skip
        assert [each[:5] for each in wrong] == ["第 7 行"]
        assert totals(invoices, "92B") == {"sales_minor": 0, "purchases_minor": 32_700, "other_minor": 0}

    @pytest.mark.parametrize(
        ("content", "code"),
        [(b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', "XML_WITH_ENTITIES"), ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><x/>'.encode("utf-16"), "XML_WITH_ENTITIES"),
         (b"<x><a>", "FILE_DAMAGED"), (b"<x/>", "INVOICE_UNREADABLE"), (b"%PDF-1.4", "FILE_DAMAGED"), ("你好\n".encode(), "INVOICE_UNKNOWN"),
         (b"<x><FPHM>1</FPHM><KPRQ>20260101</KPRQ><JSHJ>NaN</JSHJ></x>", "INVOICE_UNREADABLE")],
    )  # fmt: skip
    def test_what_is_unsafe_or_unreadable_is_named(self, content: bytes, code: str) -> None:
        with pytest.raises(Refused) as caught:
            read(content)
        assert caught.value.refusal.code == code


@pytest.mark.django_db
class TestTheFolder:
    def test_keeps_each_invoice_once(self) -> None:
        operations.open_books("shop_1", "person_1", now=NOW)
        first = operations.keep_invoices("shop_1", export(), today=TODAY, now=NOW)
        again = operations.keep_invoices("shop_1", export(), today=TODAY, now=NOW)
        assert (len(first.fresh), again.fresh, len(again.known)) == (4, (), 4)
        assert len(book_queries.invoices("shop_1")) == 4

    def test_one_of_the_future_is_not_kept(self) -> None:
        operations.open_books("shop_1", "person_1", now=NOW)
        done = operations.keep_invoices("shop_1", export(), today=date(2026, 1, 6), now=NOW)
        assert (len(done.fresh), len(done.wrong)) == (2, 3)

    def test_says_what_was_bought_without_an_invoice(self) -> None:
        operations.open_books("shop_1", "person_1", now=NOW)
        operations.keep_invoices("shop_1", export(), today=TODAY, now=NOW)
        bought = [("a", "goods", "cash", 40_000), ("b", "stock", "payable", 10_000), ("c", "goods", "stock", 5_000)]
        drafts = [EntryDraft(key, TODAY, minor, debit, credit, "进货") for key, debit, credit, minor in bought]
        operations.record_entries("shop_1", drafts, today=TODAY, now=NOW)
        year = invoices_of_year("shop_1", "92B", as_of=TODAY)
        assert (year.sales_minor, year.purchases_minor, year.bought_minor, year.missing_minor) == (
            0,
            32_700,
            50_000,
            17_300,
        )
        assert invoices_of_year("shop_1", "", as_of=TODAY).other_minor == 32_700
