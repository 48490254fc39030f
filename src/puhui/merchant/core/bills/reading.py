"""A bill of any known layout, or of none, read by its structure: open, find the heading, read the rows, settle the signs.

Nothing here asks for a file's name. A row is an entry, or it is skipped (closed, failed, nothing moved), or rejected with the
reason; good rows are kept whatever the others are. Two tellings of one row within a file count once.
"""

import gc
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.core.bills.entry import Bill, BillEntry, Left
from puhui.merchant.core.bills.grid import as_table
from puhui.merchant.core.bills.heading import Heading, find_heading, find_source, mapped_heading
from puhui.merchant.core.bills.opening import Sheet, open_sheets
from puhui.merchant.core.bills.rows import RowReader, Skip
from puhui.merchant.core.bills.words import BillWords, plain

UNKNOWN = "bank"  # the source of a bill whose columns are clear and whose writer is not
_PERIOD_END = re.compile(r"(\d{4})\D{0,2}(\d{1,2})(?:\D{0,2}(\d{1,2}))?")
_SAMPLE = 2000


def read_bill(content: bytes, words: BillWords, *, today: date, password: str = "",
              mapping: Mapping[str, str] | None = None) -> Bill:  # fmt: skip
    """Read one file. Raises Refused when it cannot be opened (see opening) or no heading is found (BILL_UNKNOWN).

    `mapping` is role → column, as a person named them for a bank nobody knows here; `today` is the day in China.
    """
    if mapping and not ("datetime" in mapping and set(mapping) & {"amount", "income", "expense"}):
        raise Refused(
            Refusal("MAP_INCOMPLETE", "至少要指明日期和金额两列 · name the columns of the date and of the amount")
        )
    with uncollected():
        return _read(open_sheets(content, words.limits, password=password), words, today, mapping)


def _read(sheets: list[Sheet], words: BillWords, today: date, mapping: Mapping[str, str] | None) -> Bill:
    kept = [sheet for sheet in sheets if not any(word in plain(sheet.name) for word in words.summary_sheets)] or sheets
    bills = []
    for sheet in (as_table(sheet, words) if sheet.paper and not mapping else sheet for sheet in kept):
        heading = mapped_heading(sheet.rows, mapping, words) if mapping else find_heading(sheet.rows, words)
        if heading:
            bills.append(_read_sheet(sheet, heading, words, today))
    if not bills:
        raise Refused(Refusal("BILL_UNKNOWN", _UNKNOWN_TEXT))
    return _together(bills)


_UNKNOWN_TEXT = (
    "没有找到含日期和金额的表头；请指明哪一列是日期、哪一列是金额（网页「对应列」，或 --map date=…,amount=…）"
    " · no heading with a date and an amount; say which column is which"
)


def _read_sheet(sheet: Sheet, heading: Heading, words: BillWords, today: date) -> Bill:
    source = find_source(sheet, heading, words)
    bill = Bill(source.code if source else UNKNOWN, encoding=sheet.encoding, recognised=source is not None)
    first = heading.at + heading.rows
    rows, lines = sheet.rows[first:], sheet.lines[first:]
    reader = RowReader(sheet, heading, words, bill.source, near=_period_end(sheet, heading) or today)
    reader.look_at(rows[:_SAMPLE])
    latest = max(today, _period_end(sheet, heading) or today) + timedelta(days=words.limits["future_days"])
    bill.card, bill.layout = reader.card, digest(heading.names)[:8]
    filled = [n for n, cells in enumerate(rows) if any(cells)]
    rows, lines = [rows[n] for n in filled], [lines[n] for n in filled]
    dead: list[BillEntry] = []
    ended = False
    for n, told in enumerate(reader.read(rows, lines)):
        if isinstance(told, BillEntry):
            if told.date <= latest:
                bill.entries.append(told)
            else:
                bill.rejected.append(Left(told.row, f"日期在将来：{told.date.isoformat()} · dated in the future"))
        elif isinstance(told, Skip):
            bill.skipped.append(Left(lines[n], told.reason))
            dead += [told.entry] if told.entry else []
        elif reader.is_no_payment(rows[n], ended=ended):
            ended = ended or not (reader.is_dated(rows[n]) or reader.is_heading(rows[n]))
            continue
        else:
            bill.rejected.append(Left(lines[n], str(told)))
        bill.rows += 1
    if sheet.cut_short or (sheet.unended and rows and reader.is_torn(rows[-1])):
        bill.rejected.append(Left(lines[-1] if lines else 1, "文件在此处中断，请重新下载 · the file is cut short here"))
        _drop_torn_row(bill)
    bill.links, bill.links_agree = reader.settle(bill.entries)
    _cancel_out(bill, dead)
    return _once(bill)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without looking for cycles: a hundred thousand rows make none, and looking costs a third of reading them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _drop_torn_row(bill: Bill) -> None:
    """The row in which a file was cut may have lost digits: it is rejected, not believed."""
    last = bill.rejected[-1].row
    torn = [entry for entry in bill.entries if entry.row == last]
    bill.entries = [entry for entry in bill.entries if entry.row != last]
    bill.rows += 0 if torn or any(left.row == last for left in bill.rejected[:-1]) else 1
    bill.rejected = [left for left in bill.rejected[:-1] if left.row != last] + bill.rejected[-1:]


def _cancel_out(bill: Bill, dead: Sequence[BillEntry]) -> None:
    """A refund of an order that was closed moved nothing in the end: order and refund are left out together."""
    closed = {(entry.external_id, entry.amount_minor) for entry in dead if len(entry.external_id) > 4}
    if not closed:
        return
    kept = []
    for entry in bill.entries:
        own = re.split(r"[_*]", entry.external_id)[0]
        if entry.refund and (own, entry.amount_minor) in closed:
            bill.skipped.append(Left(entry.row, "cancelled_out"))
        else:
            kept.append(entry)
    bill.entries = kept


def _once(bill: Bill) -> Bill:
    """Two rows alike in everything, their number included, are one payment told twice. Rows without a number are not judged."""
    if len({entry.external_id for entry in bill.entries}) == len(bill.entries):
        return bill
    often = Counter(entry.external_id for entry in bill.entries)
    seen: set[tuple[object, ...]] = set()
    kept = []
    for entry in bill.entries:
        told = entry.same_as() if entry.external_id and often[entry.external_id] > 1 else None
        if told in seen:
            bill.duplicates.append(entry.row)
        else:
            kept.append(entry)
            if told:
                seen.add(told)
    bill.entries = kept
    return bill


def _together(bills: list[Bill]) -> Bill:
    """Sheets of one file. A sheet that only repeats what others hold (a copy made by hand) is left out whole."""
    if len(bills) == 1:
        return bills[0]
    bills = sorted(bills, key=lambda bill: -len(bill.entries))
    whole, held = bills[0], Counter(entry.same_as() for entry in bills[0].entries)
    for bill in bills[1:]:
        told = Counter(entry.same_as() for entry in bill.entries)
        if told <= held:
            continue
        fresh = []
        for entry in bill.entries:
            if entry.external_id and held[entry.same_as()]:
                whole.duplicates.append(entry.row)
            else:
                fresh.append(replace(entry))
        whole.entries += fresh
        whole.rows += bill.rows
        whole.duplicates += bill.duplicates
        whole.skipped += bill.skipped
        whole.rejected += bill.rejected
        whole.links += bill.links
        whole.links_agree += bill.links_agree
        held += told
    return whole


def _period_end(sheet: Sheet, heading: Heading) -> date | None:
    """The last day the lines above the heading speak of, for days written without a year."""
    days = []
    for row in sheet.rows[: heading.at]:
        for found in _PERIOD_END.finditer(" ".join(row)):
            try:
                year, month, day = int(found[1]), int(found[2]), int(found[3] or 0)
                ends = (
                    date(year, month, day) if day else date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
                )
            except ValueError:
                continue
            if 2000 <= year <= 2100:
                days.append(ends)
    return max(days, default=None)
