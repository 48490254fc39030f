"""`puhui books …`: read a bill, keep a shop's books. Reading alone needs no database.

`puhui books import FILE` prints one JSON object an entry and a summary line; on a terminal and without `--json`, a table.
With `--shop` the entries also go into that shop's books. Exit status 2 and a named refusal for a file that cannot be read.
"""

import json
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from puhui.kernel.money import format_yuan
from puhui.kernel.refusal import Refusal, Refused

if TYPE_CHECKING:
    from puhui.merchant.core.bills.entry import Bill

_SHOWN = 40


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(help="A shop's books: read bills, keep and tie out entries.", no_args_is_help=True)
    group.command("import")(import_bill)
    group.command()(undo)
    group.command()(invoices)
    group.callback()(lambda: None)
    app.add_typer(group, name="books")


def import_bill(
    file: Annotated[
        Path, typer.Argument(help="A bill: CSV, text, xls, xlsx, or a zip of them; recognised by content.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, also on a terminal.")] = False,
    password: Annotated[str, typer.Option(help="Of a locked workbook or archive.")] = "",
    shop: Annotated[str, typer.Option(help="Put the entries into this shop's books too (shop_…).")] = "",
    columns: Annotated[
        str, typer.Option("--map", metavar="ROLE=COLUMN,…", help="For a bill nobody knows: date=交易日,amount=金额 …")
    ] = "",
) -> None:
    """读入微信、支付宝、京东、美团和各家银行的账单 · read a bill, whoever wrote it."""
    mapping = _mapping(columns)
    bill = _read(file, password, mapping)
    stored = _store(shop, file, password, mapping) if shop else {}
    if as_json or not sys.stdout.isatty():
        for entry in bill.entries:
            print(json.dumps(entry.told(), ensure_ascii=False))
        print(json.dumps(bill.summary() | stored, ensure_ascii=False))
        return
    _show(bill)
    if stored:
        print(f"shop {shop}: {stored['fresh']} new in the books ({stored['import_id']})")


def invoices(
    file: Annotated[Path, typer.Argument(help="An invoice (XML, OFD, PDF) or the tax bureau's export of many.")],
    own: Annotated[str, typer.Option(help="The shop's own tax number, to tell sales from purchases.")] = "",
) -> None:
    """读发票：XML、OFD、PDF 或税务平台的全量导出 · read invoices; one JSON object each, then a summary line."""
    from dataclasses import asdict

    from puhui.merchant.bill_tables import bill_words, invoice_words
    from puhui.merchant.core.invoices import read_invoices, totals

    try:
        content = file.read_bytes()
    except OSError as fault:
        text = f"文件无法读取 · cannot be read ({fault.strerror})"
        raise Refused(Refusal("FILE_UNREADABLE", text, file.name)) from None
    found, wrong = read_invoices(content, invoice_words(), bill_words().limits)
    for each in found:
        print(json.dumps(asdict(each) | {"key": each.key, "issued_on": each.issued_on.isoformat()}, ensure_ascii=False))
    print(json.dumps({"invoices": len(found), "wrong": wrong} | totals(found, own), ensure_ascii=False))


def undo(
    shop: Annotated[str, typer.Argument(help="shop_…")],
    import_id: Annotated[str, typer.Argument(help="imp_…, as import told it.")],
) -> None:
    """撤销一次导入，账本恢复原样 · take an import out of a shop's books."""
    from puhui.cli import attachment

    with attachment.platform():
        from puhui.merchant import operations

        operations.undo_import(shop, import_id, now=datetime.now(UTC))
    print(f"{import_id} undone")


def _store(shop: str, file: Path, password: str, mapping: dict[str, str] | None) -> dict[str, object]:
    from puhui.cli import attachment

    with attachment.platform():
        from puhui.merchant import operations
        from puhui.merchant.operations import BillFile
        from puhui.parties import queries as parties

        now = datetime.now(UTC)
        found = parties.shop(shop)
        if found is None:
            raise Refused(Refusal("SHOP_UNKNOWN", "没有这家店 · there is no such shop", shop))
        operations.open_books(shop, found.owner_id, now=now)
        handed = BillFile(file.read_bytes(), file.name, password, mapping)
        done = operations.import_bill(shop, handed, by="cli", today=_today_in_china(), now=now)
    return {"import_id": done.import_id, "fresh": done.fresh, "known": done.known}


def _read(file: Path, password: str, mapping: dict[str, str] | None) -> "Bill":
    from puhui.merchant.bill_tables import bill_words
    from puhui.merchant.core.bills.reading import read_bill

    try:
        content = file.read_bytes()
    except OSError as fault:
        text = f"文件无法读取 · cannot be read ({fault.strerror})"
        raise Refused(Refusal("FILE_UNREADABLE", text, file.name)) from None
    try:
        return read_bill(content, bill_words(), today=_today_in_china(), password=password, mapping=mapping)
    except Refused as refused:
        said = refused.refusal
        raise Refused(Refusal(said.code, said.message, said.where or file.name)) from None


def _mapping(told: str) -> dict[str, str] | None:
    roles = {"date": "datetime", "memo": "description"}
    pairs = [part.partition("=") for part in told.replace("，", ",").split(",") if part.strip()]
    if any(not column for _, _, column in pairs):
        raise Refused(Refusal("MAP_UNREADABLE", "写成 date=列名,amount=列名 · write ROLE=COLUMN, comma between", told))
    return {roles.get(role.strip(), role.strip()): column.strip() for role, _, column in pairs} or None


def _show(bill: "Bill") -> None:
    for entry in bill.entries[:_SHOWN]:
        sign = {"in": "+", "out": "-"}.get(entry.direction, " ")
        print(f"{entry.date} {entry.time:<8} {sign}{format_yuan(entry.amount_minor):>12} {entry.counterparty[:24]}")
    if len(bill.entries) > _SHOWN:
        print(f"… {len(bill.entries) - _SHOWN} more; --json prints all")
    for name, total in bill.totals().items():
        print(f"{name}: {total['rows']} rows, {format_yuan(total['amount_minor'])}")
    print(f"{bill.source}: {bill.rows} rows, {len(bill.entries)} entries, {len(bill.duplicates)} duplicates, "
          f"{len(bill.skipped)} skipped, {len(bill.rejected)} rejected")  # fmt: skip
    for left in bill.rejected:
        print(f"  line {left.row}: {left.reason}", file=sys.stderr)


def _today_in_china() -> date:
    return datetime.now(UTC).astimezone(timezone(timedelta(hours=8))).date()
