"""The shop's tools on the phone: the front page of tiles, one page a tool, its records kept and taken back, the filing calendar.

Rule kept: an owner reaches only the shops that are theirs; a record carries a client id, so that what is sent twice is kept once;
what is refused is told beside the form with all that was typed.
"""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from puhui.journeys import compare_financing
from puhui.kernel.refusal import Refused, tongues
from puhui.merchant import filing_calendar, record_kinds, tool_list
from puhui.merchant.core import written
from puhui.merchant.core.tool_records import Kind, Record
from puhui.merchant.operations import Paper, tool_records
from puhui.merchant.operations.tool_records import Told
from puhui.merchant.tool_facts import Facts, barcodes
from puhui.merchant.tool_page import Picture, ToolPage, Words, yuan
from puhui.merchant.tools import dues, money
from puhui.web import clock
from puhui.web.charts import Chart, Series
from puhui.web.crop_loss_file import crop_loss_file
from puhui.web.phone.books import shop_page, today_in_china
from puhui.web.phone.owner import Owner
from puhui.web.phone.page import show

_SHOWN, _MOST_BYTES = 20, 10_000_000


@require_GET
@shop_page
def index(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """All tools, in groups."""
    groups = [
        {"words": words, "tools": [tool for tool in tool_list.TOOLS if tool.group == name]}
        for name, words in tool_list.GROUPS.items()
    ]
    return show(request, owner, "phone/tools/index.html", {"tab": "books", "shop": shop, "groups": groups})


@require_http_methods(["GET", "POST"])
@shop_page
def one(request: HttpRequest, owner: Owner, shop: Any, name: str) -> HttpResponse:
    """One tool on the shop's records and books; POST keeps a record of one of its kinds."""
    facts = Facts(shop.id, today_in_china(clock.now()))
    wrong: dict[str, str] = {}
    if request.method == "POST":
        wrong = _keep(request, shop.id, facts)
        if not wrong:
            place = reverse("phone:tool", kwargs={"shop_id": shop.id, "name": name})
            again = request.POST.get("kind", "") if request.POST.get("barcode") else ""
            return redirect(f"{place}?again={again}" if again else place)
    page, refused = _page(name, facts, {} if request.method == "POST" else request.GET)
    kinds = [record_kinds.kind(each) for each in page.kinds]
    context = {
        "tab": "books", "shop": shop, "page": page, "chart": _chart(page.picture),
        "more": [_chart(each, f"more-{place}") for place, each in enumerate(page.more)], "wrong": wrong,
        "refused": refused or next(iter(wrong.values()), ""),
        "forms": [_form(kind, request.POST, facts, again=request.GET.get("again", "")) for kind in kinds],
        "scanned": barcodes(facts.of("item")), "client_id": uuid4().hex, "today": facts.as_of,
        "records": _recent(facts, kinds),
    }  # fmt: skip
    return show(request, owner, "phone/tools/one.html", context, status=422 if wrong or refused else 200)


@require_POST
@shop_page
def take_back(request: HttpRequest, owner: Owner, shop: Any, name: str, record_id: str) -> HttpResponse:
    """Revoke a record; the tool is shown again."""
    now = clock.now()
    try:
        tool_records.revoke(shop.id, record_id, by=owner.person_id, today=today_in_china(now), now=now)
        messages.success(request, _("已撤回"))
    except Refused as refused:
        messages.error(request, spoken(refused))
    return redirect("phone:tool", shop_id=shop.id, name=name)


@require_GET
@shop_page
def ical(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """The filing calendar as a file for the phone's own calendar."""
    now = clock.now()
    found = dues.deadlines(Facts(shop.id, today_in_china(now)))
    content = filing_calendar.ical(found, owner=shop.id, now=now)
    return HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="filing.ics"'},
    )


@require_GET
@shop_page
def file(request: HttpRequest, owner: Owner, shop: Any, name: str, record_id: str) -> HttpResponse:
    """What is handed out of one record: the file of a crop loss."""
    try:
        return crop_loss_file(Facts(shop.id, today_in_china(clock.now())), record_id, shop_name=shop.name)
    except Refused as refused:
        if refused.refusal.code == "RECORD_UNKNOWN" or name != "farm":
            raise Http404 from None
        messages.error(request, spoken(refused))
        return redirect("phone:tool", shop_id=shop.id, name=name)


def _keep(request: HttpRequest, shop_id: str, facts: Facts) -> dict[str, str]:
    """Keep what was typed; {field: words} when it was refused."""
    now = clock.now()
    try:
        kind = record_kinds.kind(request.POST.get("kind", ""))
        told = Told(
            kind.name,
            written.day(request.POST.get("told_on") or facts.as_of, "told_on"),
            {field.name: request.POST.get(field.name, "") for field in kind.fields if field.type != "photo"},
            request.POST.get("client_id", "")[:64] or uuid4().hex,
            _photos(request),
        )
        tool_records.record(shop_id, told, today=facts.as_of, now=now)
    except Refused as refused:
        return {refused.refusal.where or "kind": spoken(refused)}
    messages.success(request, _("已记下"))
    return {}


def _photos(request: HttpRequest) -> tuple[Paper, ...]:
    """Photos sent along; one that is far too large is not read, and refused by its size."""
    sent = [each for each in request.FILES.getlist("photo") if each.size]
    return tuple(Paper(each.read(_MOST_BYTES + 1), each.name or "", "") for each in sent)


def _page(name: str, facts: Facts, asked: QueryDict | dict[str, str]) -> tuple[ToolPage, str]:
    """The tool's page; a refused question leaves the page without its answer."""
    try:
        tool = tool_list.tool(name)
    except Refused:
        raise Http404 from None
    given = {key: str(value)[:2000] for key, value in asked.items()}
    if tool.show is None:
        return money.compare(facts, compare_financing.priced_offers(facts), given), ""
    try:
        return tool.show(facts, given), ""
    except Refused as refused:
        return tool.show(facts, {}), spoken(refused)


def _form(kind: Kind, typed: QueryDict, facts: Facts, *, again: str) -> dict[str, Any]:
    """The form of a kind; what was typed stays when it was refused; one that is filled by scanning stays open for the next."""
    refused = typed.get("kind") == kind.name
    fields = [{"field": field, "words": (field.zh, field.en), "value": typed.get(field.name, "") if refused else "", "known": _names(kind, field.name, facts)}
              for field in kind.fields]  # fmt: skip
    return {"kind": kind, "words": (kind.zh, kind.en), "fields": fields, "refused": refused, "open": refused or again == kind.name,
            "photos": any(field.type == "photo" for field in kind.fields)}  # fmt: skip


def _names(kind: Kind, field: str, facts: Facts) -> list[str]:
    """Names used before, to tap instead of type."""
    if field not in ("name", "who", "product"):
        return []
    if field == "product":
        used = facts.of("spray_plan", "spray_done")
        return list(dict.fromkeys(each.text(field) for each in reversed(used)))[:_SHOWN]
    alike = {"credit_paid": "credit_sale", "bill_paid": "bill", "stock_out": "stock_in", "stock_count": "stock_in",
             "farm_cost": "plot", "harvest": "plot", "wage_paid": "staff", "topup": "visit", "topup_used": "topup", "member_consent": "visit",
             "member_withdrawn": "member_consent", "spray_plan": "plot", "spray_done": "plot", "crop_loss": "plot"}  # fmt: skip
    used = facts.of(kind.name, alike.get(kind.name, kind.name))
    return list(dict.fromkeys(each.text(field) for each in reversed(used)))[:_SHOWN]


def _recent(facts: Facts, kinds: list[Kind]) -> list[dict[str, Any]]:
    """The newest records of the page's kinds, in words."""
    by_name = {kind.name: kind for kind in kinds}
    rows = [each for each in facts.records if each.kind in by_name][-_SHOWN:]
    return [{"record": row, "words": (by_name[row.kind].zh, by_name[row.kind].en), "text": _written(row, by_name[row.kind])}
            for row in reversed(rows)]  # fmt: skip


def _written(record: Record, kind: Kind) -> str:
    parts = []
    for field in kind.fields:
        if field.name in record.body:
            value = record.body[field.name]
            words = dict(field.choices).get(str(value))
            told = _tongue(words) if words else str(value)
            if field.type == "photo":
                told = _("%(count)s 张照片") % {"count": len(value)}
            parts.append(yuan(int(value)) if field.type == "money" else told)
    return " · ".join(parts)


def _chart(picture: Picture | None, name: str = "tool") -> Chart | None:
    if picture is None or not picture.labels:
        return None
    series = [
        Series(_tongue(curve.name), list(curve.values), kind="line" if curve.kind == "line" else "bar")
        for curve in picture.curves
    ]
    return Chart(name, _tongue(picture.title), list(picture.labels), series, unit=picture.unit)


def _tongue(words: Words) -> str:
    return words[1 if get_language() == "en" else 0]


def spoken(refused: Refused) -> str:
    """A refusal in the reader's tongue."""
    zh, en = tongues(refused.refusal.message)
    return en if en and get_language() == "en" else zh
