"""Bills handed in on the phone, and undone; a bill nobody knows is mapped by its owner, once; everything can be taken away."""

import csv
import io
import zipfile
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from puhui.kernel.refusal import Refused
from puhui.merchant import bill_tables, book_queries, invoice_queries, operations, pair_queries
from puhui.merchant.core.bills.opening import Sheet, open_sheets, preview
from puhui.merchant.operations import BillFile
from puhui.parties import queries as parties
from puhui.web import clock
from puhui.web.phone.book_pairs import teller
from puhui.web.phone.books import shop_page, today_in_china
from puhui.web.phone.owner import Owner
from puhui.web.phone.page import show

_MOST_BYTES = 20 * 1024 * 1024
_ROLES = ("datetime", "amount", "income", "expense", "direction", "counterparty", "description", "id", "balance")


@require_http_methods(["GET", "POST"])
@shop_page
def imports(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """Hand in a file; what was handed in before, with what came of it."""
    if request.method == "POST":
        return _hand_in(request, owner, shop)
    return _page(request, owner, shop, {})


@require_GET
@shop_page
def one_import(request: HttpRequest, owner: Owner, shop: Any, import_id: str) -> HttpResponse:
    """What came of one file: entries, rows left out and why, rows that could not be read."""
    found = book_queries.an_import(shop.id, import_id)
    if found is None:
        raise Http404
    source = next((each for each in bill_tables.bill_words().sources if each.code == found.source), None)
    context = {"tab": "books", "shop": shop, "found": found, "source": source,
               "tied": [row | {"teller": teller(row["source"]), "main_teller": teller(row["main_source"])}
                        for row in book_queries.tied(shop.id, limit=20)],
               "pairs": pair_queries.proposed(shop.id, as_of=today_in_china(clock.now()))[1]}  # fmt: skip
    return show(request, owner, "phone/books/import.html", context)


@require_http_methods(["GET", "POST"])
@shop_page
def invoices(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """The folder of invoices: hand in a file, see what is kept; the same one twice is told and not doubled."""
    context: dict[str, Any] = {"tab": "books", "shop": shop}
    if request.method == "POST":
        sent, now = request.FILES.get("invoice"), clock.now()
        if sent is None or not sent.size or sent.size > _MOST_BYTES:
            context["wrong"] = _("请选一个不超过 20 MB 的发票文件。")
        else:
            try:
                done = operations.keep_invoices(shop.id, sent.read(), today=today_in_china(now), now=now)
                context["done"] = done
            except Refused as refused:
                context["wrong"] = refused.refusal.message.split(" · ")[0]
    context["rows"] = book_queries.invoices(shop.id)
    context["year"] = invoice_queries.invoices_of_year(shop.id, shop.credit_code, as_of=today_in_china(clock.now()))
    return show(request, owner, "phone/books/invoices.html", context, status=422 if "wrong" in context else 200)


@require_POST
@shop_page
def undo(request: HttpRequest, owner: Owner, shop: Any, import_id: str) -> HttpResponse:
    """Take a file out of the books again."""
    try:
        operations.undo_import(shop.id, import_id, now=clock.now())
        messages.success(request, _("这次导入已撤销，账本恢复原样。"))
    except Refused as refused:
        messages.error(request, refused.refusal.message.split(" · ")[0])
    return redirect("phone:book_imports", shop_id=shop.id)


@require_GET
@shop_page
def export(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """Everything the books hold, as CSV files in one archive, with every kept paper."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, rows in book_queries.everything(shop.id):
            text = io.StringIO()
            writer = csv.writer(text)
            writer.writerow(columns)
            writer.writerows([_unarmed(cell) for cell in row] for row in rows)
            archive.writestr(f"{name}.csv", "\ufeff" + text.getvalue())
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["purpose", "institution", "data_kinds", "given_at", "withdrawn_at"])
        for row in parties.consents(owner.person_id):
            taken = getattr(row, "withdrawal", None)
            writer.writerow(
                [
                    row.purpose,
                    row.institution_id,
                    " ".join(row.data_kinds),
                    row.given_at,
                    taken.withdrawn_at if taken else "",
                ]
            )
        archive.writestr("consents.csv", "\ufeff" + text.getvalue())
        for paper in book_queries.papers(shop.id):
            archive.writestr(f"papers/{paper.id}_{paper.name.replace('/', '_')}", bytes(paper.content))
    response = HttpResponse(packed.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="puhui-books.zip"'
    return response


@require_http_methods(["GET", "POST"])
@shop_page
def close_away(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """Delete means: nothing is worked with any more and no lender sees anything; kept sealed as long as the law asks."""
    if request.method == "POST" and request.POST.get("sure") == "yes":
        operations.restrict(shop.id, now=clock.now())
        messages.success(request, _("账本已封存。"))
        return redirect("phone:shop")
    return show(request, owner, "phone/books/close_away.html", {"tab": "books", "shop": shop})


@require_GET
@shop_page
def paper(request: HttpRequest, owner: Owner, shop: Any, paper_id: str) -> HttpResponse:
    """A kept paper, as a download: whatever was sent is not shown as a page of ours."""
    found = book_queries.paper(shop.id, paper_id)
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{found.id}"'
    return response


def _hand_in(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    sent, kept = request.FILES.get("bill"), book_queries.paper(shop.id, request.POST.get("kept", ""))
    if (sent is None or not sent.size) and kept is None:
        return _page(request, owner, shop, {"wrong": _("请先选一个账单文件。")}, status=422)
    if sent is not None and (sent.size or 0) > _MOST_BYTES:
        return _page(request, owner, shop, {"wrong": _("文件超过 20 MB；请分几次导出。")}, status=422)
    if sent is not None and sent.size:
        content, name, kept = sent.read(), sent.name or "", None
    else:
        assert kept is not None
        content, name = bytes(kept.content), kept.name
    password, now = request.POST.get("password", ""), clock.now()
    mapping = {role: request.POST[f"map_{role}"] for role in _ROLES if request.POST.get(f"map_{role}")}
    try:
        done = operations.import_bill(
            shop.id,
            BillFile(content, name, password, mapping or None),
            by="owner",
            today=today_in_china(now),
            now=now,
        )
    except Refused as refused:
        return _refused(request, owner, shop, BillFile(content, name, password), kept, refused)
    if mapping:
        heading = _heading_of(open_sheets(content, bill_tables.bill_words().limits, password=password), mapping)
        if heading:
            operations.remember_mapping(shop.id, heading, mapping, now=now)
    if done.known:
        messages.info(request, _("这个文件以前导入过，没有重复记账。"))
    return redirect("phone:book_import", shop_id=shop.id, import_id=done.import_id)


def _refused(
    request: HttpRequest, owner: Owner, shop: Any, file: BillFile, kept: Any, refused: Refused
) -> HttpResponse:
    """Say what is wrong; a locked file waits for its password, a bill nobody knows for its columns, beside its first rows."""
    context: dict[str, Any] = {
        "wrong": refused.refusal.message.split(" · ")[0],
        "locked": refused.refusal.code == "FILE_LOCKED" or bool(file.password),
        "kept": kept or (_keep(shop.id, file) if refused.refusal.code == "FILE_LOCKED" else None),
        "password": file.password,
    }
    if refused.refusal.code in ("BILL_UNKNOWN", "MAP_INCOMPLETE"):
        rows = list(preview(open_sheets(file.content, bill_tables.bill_words().limits, password=file.password)))
        names = rows[0] if rows else []
        context |= {
            "mapping": bool(names),
            "names": [name.strip() for name in names if name.strip()],
            "rows": rows[:4],
            "roles": _role_words(),
            "kept": context["kept"] or (_keep(shop.id, file) if names else None),
        }
    return _page(request, owner, shop, context, status=422)


def _keep(shop_id: str, file: BillFile) -> Any:
    """The file with the shop's papers, so that it need not be chosen again; one too big for a paper is asked for again."""
    try:
        paper_id = operations.attach(shop_id, operations.Paper(file.content, file.name, "text/plain"), now=clock.now())
    except Refused:
        return None
    return book_queries.paper(shop_id, paper_id)


def _role_words() -> list[tuple[str, str]]:
    return [("datetime", _("日期")), ("amount", _("金额（一列，支出为负）")), ("income", _("收入金额")), ("expense", _("支出金额")),
            ("direction", _("收/支")), ("counterparty", _("对方")), ("description", _("摘要")), ("id", _("单号")),
            ("balance", _("余额"))]  # fmt: skip


def _heading_of(sheets: list[Sheet], mapping: dict[str, str]) -> tuple[str, ...]:
    for sheet in sheets:
        for row in sheet.rows[:200]:
            names = tuple(cell.strip() for cell in row)
            if set(mapping.values()) <= set(names):
                return names
    return ()


def _page(request: HttpRequest, owner: Owner, shop: Any, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    around = {"tab": "books", "shop": shop, "imports": book_queries.imports(shop.id)[:20]}
    return show(request, owner, "phone/books/imports.html", around | context, status=status)


def _unarmed(cell: Any) -> Any:
    """A spreadsheet must not run what a payer wrote as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell
