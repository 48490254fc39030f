"""Invoices as owners get them: 数电 XML and older dialects, OFD, PDF, and the tax bureau's export of many.

An invoice is known by its 20-digit number, or by code and number of the old kinds; the same one twice is one. A red invoice is
negative and names what it reverses. Files that declare entities are refused, numbers that do not add up are told.

>>> words = InvoiceWords({"number": ("fphm",), "gross": ("jshj",), "issued_on": ("kprq",)}, ("作废",), ("红冲",))
>>> one_of_xml(b"<x><FPHM>12345678</FPHM><KPRQ>20260105</KPRQ><JSHJ>10.00</JSHJ></x>", words).gross_minor
1000
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pypdf
from pypdf.errors import PyPdfError

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.core.bills.cells import CellUnreadable, amount_minor, moment
from puhui.merchant.core.bills.opening import decode, is_workbook, open_sheets, parts_of
from puhui.merchant.core.bills.words import plain

_MOST_XML = 20_000_000
_DECLARATION = re.compile(
    r"^\s*<\?xml[^>]*\?>"
)  # the text is decoded already, also from GBK, which expat does not know
_PDF_NUMBER = re.compile(r"发票号码\s*[:：]?\s*(\d{8,20})")
_PDF_CODE = re.compile(r"发票代码\s*[:：]?\s*(\d{10,12})")
_PDF_DAY = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_PDF_GROSS = re.compile(r"小写\s*[)）]?\s*[¥￥]?\s*(-?[\d,]+\.\d{2})")
_PDF_SUMS = re.compile(r"合\s*计\s*[¥￥]\s*(-?[\d,]+\.\d{2})\s*[¥￥]\s*(-?[\d,]+\.\d{2})")
_PDF_NAME = re.compile(r"名\s*称\s*[:：]\s*([^\s:：]{2,60})")
_PDF_TAX_ID = re.compile(r"纳税人识别号\s*[:：]?\s*([0-9A-Z]{15,20})")


@dataclass(frozen=True, slots=True)
class InvoiceWords:
    """The table: field → plain names; parts of a status that mean void or reversed."""

    fields: Mapping[str, tuple[str, ...]]
    void: tuple[str, ...]
    reversed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invoice:
    """Amounts in fen, negative for a red invoice. `key` is what makes it one: the number, with the code of the old kinds."""

    number: str
    code: str
    issued_on: date
    seller_id: str
    seller: str
    buyer_id: str
    buyer: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    kind: str
    status: str
    red_of: str
    item: str
    form: str

    @property
    def key(self) -> str:
        return f"{self.code}/{self.number}" if self.code else self.number


def read_words(table: Mapping[str, Mapping[str, Sequence[str]]]) -> InvoiceWords:
    """From the table as TOML gives it."""
    fields = {name: tuple(plain(word) for word in words) for name, words in table["fields"].items()}
    return InvoiceWords(fields, tuple(table["states"]["void"]), tuple(table["states"]["reversed"]))


def read_invoices(content: bytes, words: InvoiceWords, limits: Mapping[str, int]) -> tuple[list[Invoice], list[str]]:
    """(invoices, what is wrong with some rows or files). Raises Refused: INVOICE_UNKNOWN, XML_WITH_ENTITIES, FILE_…"""
    if content.startswith(b"PK") and not is_workbook(content) and not is_ofd(content):
        parts = parts_of(content, limits)
        if any(_is_single(inner) for _, inner in parts):
            return _of_archive(parts, words, limits)
    return _of_file(content, words, limits)


def _of_file(content: bytes, words: InvoiceWords, limits: Mapping[str, int]) -> tuple[list[Invoice], list[str]]:
    head = content[:400].lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").replace(b"\0", b"")
    if content.startswith(b"%PDF"):
        return [_of_pdf(content)], []
    if head.startswith(b"<") and b"<html" not in head.lower() and b"<workbook" not in head.lower():
        return [one_of_xml(content, words)], []
    if content.startswith(b"PK") and (inside := _ofd_invoice(content, limits)):
        return [replace(one_of_xml(inside, words), form="ofd")], []
    return _of_export(content, words, limits)


def _is_single(content: bytes) -> bool:
    """Whether a file may hold one invoice: XML, PDF, or an archive that is no workbook (OFD)."""
    return content.lstrip(b"\xef\xbb\xbf").startswith((b"<", b"%PDF")) or (
        content.startswith(b"PK") and not is_workbook(content)
    )


def _of_archive(
    parts: Sequence[tuple[str, bytes]], words: InvoiceWords, limits: Mapping[str, int]
) -> tuple[list[Invoice], list[str]]:
    """Invoices handed in together, as the bureau packs them: one in several forms (XML, OFD, PDF) is one; a file that cannot be read is named."""
    invoices: dict[str, Invoice] = {}
    wrong: list[str] = []
    for name, inner in sorted(parts, key=lambda part: not part[0].lower().endswith(".xml")):
        try:
            found, told = _of_file(inner, words, limits)
        except Refused as refused:
            wrong.append(f"{name}：{refused.refusal.message}")
            continue
        wrong += [f"{name} {each}" for each in told]
        for each in found:
            invoices.setdefault(each.key, each)
    if not invoices and wrong:
        raise _no("INVOICE_UNKNOWN", wrong[0])
    return list(invoices.values()), wrong


def one_of_xml(content: bytes, words: InvoiceWords) -> Invoice:
    """One invoice of any of the XML dialects. A document type or an entity is refused, in whatever encoding it is written."""
    bare = content.replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in bare or b"<!ENTITY" in bare or len(content) > _MOST_XML:
        raise _no(
            "XML_WITH_ENTITIES",
            "文件里有不该有的内容，请从税务平台重新下载 · a document type or entity; download it again",
        )
    try:
        root = ElementTree.fromstring(_DECLARATION.sub("", decode(content)[0].lstrip("\ufeff")))
    except (ElementTree.ParseError, ValueError, LookupError):
        raise _no("FILE_DAMAGED", "发票文件不完整，请重新下载 · cut short or damaged; download it again") from None
    found: dict[str, str] = {}
    for element in root.iter():
        name, text = plain(element.tag.rsplit("}", 1)[-1]), (element.text or "").strip()
        if text:
            found.setdefault(name, text)
    return _invoice(found, words, "xml")


def _of_export(content: bytes, words: InvoiceWords, limits: Mapping[str, int]) -> tuple[list[Invoice], list[str]]:
    """The bureau's export: a row a line of goods; rows of one number are one invoice."""
    invoices: dict[str, Invoice] = {}
    wrong: list[str] = []
    for sheet in open_sheets(content, limits):
        at = next((n for n, row in enumerate(sheet.rows[: limits["header_rows"]]) if _is_heading(row, words)), None)
        if at is None:
            continue
        names = [plain(cell) for cell in sheet.rows[at]]
        for line, row in zip(sheet.lines[at + 1 :], sheet.rows[at + 1 :], strict=True):
            told = {name: cell.strip().strip("`'") for name, cell in zip(names, row, strict=False) if cell.strip()}
            if not told or not any(field in told for field in words.fields["issued_on"]):
                continue
            try:
                each = _invoice(told, words, "export")
            except Refused as refused:
                wrong.append(f"第 {line} 行：{refused.refusal.message}")
                continue
            same = invoices.get(each.key)
            invoices[each.key] = _added(same, each) if same else each
        return list(invoices.values()), wrong
    raise _no(
        "INVOICE_UNKNOWN",
        "认不出这种发票文件；请用税务平台导出的 XML、OFD 或全量发票查询导出的 Excel · not an invoice file we know",
    )


def _is_heading(row: Sequence[str], words: InvoiceWords) -> bool:
    names = {plain(cell) for cell in row}
    wanted = ("issued_on", "seller", "buyer")
    return all(names & set(words.fields[field]) for field in wanted)


def _invoice(found: Mapping[str, str], words: InvoiceWords, form: str) -> Invoice:
    def say(field: str) -> str:
        return next((found[name] for name in words.fields.get(field, ()) if found.get(name)), "")

    number, code = say("number"), say("code")
    try:
        day = moment(say("issued_on"))[0]
        net, tax, gross = (_minor(say(field) or say(f"line_{field}")) for field in ("net", "tax", "gross"))
    except CellUnreadable as fault:
        raise _no("INVOICE_UNREADABLE", str(fault)) from None
    if not number or (net is None and gross is None):
        raise _no("INVOICE_UNREADABLE", "没有发票号码或金额 · no number or no amount")
    gross = gross if gross is not None else (net or 0) + (tax or 0)
    net = net if net is not None else gross - (tax or 0)
    return Invoice(
        number=number, code="" if len(number) == 20 else code, issued_on=day, seller_id=say("seller_id"), seller=say("seller"),
        buyer_id=say("buyer_id"), buyer=say("buyer"), net_minor=net, tax_minor=tax if tax is not None else gross - net,
        gross_minor=gross, kind=say("kind"), status=_status(say("status"), words), red_of=say("red_of"), item=say("line_name"), form=form,
    )  # fmt: skip


def _minor(text: str) -> int | None:
    return amount_minor(text) if text else None


def _status(told: str, words: InvoiceWords) -> str:
    if any(word in told for word in words.void):
        return "void"
    return "reversed" if any(word in told for word in words.reversed) else "valid"


def _added(one: Invoice, more: Invoice) -> Invoice:
    return replace(one, net_minor=one.net_minor + more.net_minor, tax_minor=one.tax_minor + more.tax_minor,
                   gross_minor=one.gross_minor + more.gross_minor)  # fmt: skip


def is_ofd(content: bytes) -> bool:
    """Whether an archive is an OFD."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(name.lower().endswith("ofd.xml") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, EOFError):
        return False


def _ofd_invoice(content: bytes, limits: Mapping[str, int]) -> bytes | None:
    """The machine-readable part of an OFD (`Doc_0/Attachs/original_invoice.xml`), or None for any other archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if not any(name.lower().endswith("ofd.xml") for name in names):
                return None
            wanted = [name for name in names if name.lower().endswith("original_invoice.xml")]
            if not wanted:
                raise _no(
                    "INVOICE_UNREADABLE",
                    "这个 OFD 里没有可读的发票数据；请下载 XML · this OFD carries no invoice data; take the XML",
                )
            part = archive.getinfo(wanted[0])
            if part.file_size > min(_MOST_XML, limits["unpacked_bytes_max"]):
                raise _no("FILE_TOO_BIG", "压缩包解开后过大 · unpacks to more than is reasonable")
            return archive.read(part)
    except (zipfile.BadZipFile, OSError, EOFError):
        raise _no("FILE_DAMAGED", "发票文件不完整，请重新下载 · cut short or damaged; download it again") from None


def _of_pdf(content: bytes) -> Invoice:
    """What the text of a PDF says; a picture of an invoice has none and is refused."""
    try:
        text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages[:5])
    except (PyPdfError, OSError, ValueError, KeyError):
        raise _no("FILE_DAMAGED", "PDF 不完整或有密码 · cut short or locked") from None
    number, day, gross = _PDF_NUMBER.search(text), _PDF_DAY.search(text), _PDF_GROSS.search(text)
    if not (number and day and gross):
        raise _no(
            "INVOICE_UNREADABLE",
            "PDF 里读不出号码、日期和金额（可能是图片）；请下载 XML 或 OFD · no text of an invoice in this PDF",
        )
    sums, code, names, ids = (
        _PDF_SUMS.search(text),
        _PDF_CODE.search(text),
        _PDF_NAME.findall(text),
        _PDF_TAX_ID.findall(text),
    )
    total = amount_minor(gross[1])
    net, tax = (amount_minor(sums[1]), amount_minor(sums[2])) if sums else (total, 0)
    buyer, seller = ([*names, "", ""])[:2]
    buyer_id, seller_id = ([*ids, "", ""])[:2]
    return Invoice(number[1], code[1] if code and len(number[1]) != 20 else "", date(int(day[1]), int(day[2]), int(day[3])), seller_id,
                   seller, buyer_id, buyer, net, tax, total, "", "valid", "", "", "pdf")  # fmt: skip


def totals(invoices: Iterable[Any], own_id: str) -> dict[str, int]:
    """Sales and purchases by an owner's tax number, of invoices as read or as kept: void ones left out, red ones net out; the rest under `other`."""
    found = {"sales_minor": 0, "purchases_minor": 0, "other_minor": 0}
    for each in invoices:
        if each.status == "void":
            continue
        way = (
            "sales_minor"
            if own_id and each.seller_id == own_id
            else "purchases_minor"
            if own_id and each.buyer_id == own_id
            else "other_minor"
        )
        found[way] += each.gross_minor
    return found


def _no(code: str, text: str) -> Refused:
    return Refused(Refusal(code, text))
