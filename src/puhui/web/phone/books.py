"""The owner's books on the phone: open them, the board, a sentence, the list, one entry, profit and what is owned.

Rule kept: an owner reaches only the shops that are theirs; a sentence carries a client id, so that a phone that was offline and
sends twice posts once.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from puhui.kernel.money import MoneyUnreadable, format_yuan, parse_yuan
from puhui.kernel.periods import Period, add_months
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import book_queries, operations
from puhui.merchant.book_tables import chart
from puhui.parties import operations as party_operations
from puhui.parties import queries as parties
from puhui.parties.operations import PersonDraft, ShopDraft
from puhui.web import clock
from puhui.web.charts import Chart, Series
from puhui.web.phone import owner as owners
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show

_CHINA = ZoneInfo("Asia/Shanghai")
_OPENING = ("cash", "wechat", "alipay", "bank", "loan")
_MOST_DAYS_OFFLINE = 31


def today_in_china(now: datetime) -> date:
    """The day it is for the shop."""
    return now.astimezone(_CHINA).date()


def shop_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for the owner of the shop in the address, with books that are open; `view(request, owner, shop, …)`."""

    @owner_page
    @wraps(view)
    def guarded(request: HttpRequest, owner: Owner, shop_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        shop = parties.shop(shop_id)
        if not owner.person_id or shop is None or shop.owner_id != owner.person_id:
            raise Http404
        if not book_queries.are_open(shop_id):
            return redirect("phone:books")
        return view(request, owner, shop, *args, **kwargs)

    return guarded


@require_GET
@owner_page
def index(request: HttpRequest, owner: Owner) -> HttpResponse:
    """The shop's books; set-up where there are none."""
    shops = parties.shops_of(owner.person_id) if owner.person_id else []
    opened = [shop for shop in shops if book_queries.are_open(shop.id)]
    if len(opened) == 1:
        return redirect("phone:book", shop_id=opened[0].id)
    if opened:
        return show(request, owner, "phone/books/shops.html", {"tab": "books", "shops": opened})
    return redirect("phone:book_open")


@sensitive_post_parameters("name", "id_number")
@require_http_methods(["GET", "POST"])
@owner_page
def open_books(request: HttpRequest, owner: Owner) -> HttpResponse:
    """Set-up: the shop, and what is in the till and in the accounts today. One page."""
    shops = [
        shop
        for shop in (parties.shops_of(owner.person_id) if owner.person_id else [])
        if not book_queries.are_open(shop.id)
    ]
    context = {
        "tab": "books",
        "shops": shops,
        "typed": request.POST,
        "accounts": [chart().of(code) for code in _OPENING],
    }
    if request.method == "GET":
        return show(request, owner, "phone/books/open.html", context)
    now = clock.now()
    try:
        opening = {code: _yuan(request.POST.get(f"opening_{code}", ""), code) for code in _OPENING}
        opening["loan"] = -opening["loan"]
        person_id, shop_id = _who(request, owner, shops, now)
        trade = request.POST.get("trade", "").strip()
        operations.open_books(shop_id, person_id, trade=trade, opening=opening, now=now)
    except Refused as refused:
        return show(request, owner, "phone/books/open.html", context | {"wrong": refused.refusal.message}, status=422)
    owners.remember(request, person_id)
    return redirect("phone:book", shop_id=shop_id)


@require_GET
@shop_page
def board(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """Today and the last weeks, a picture, and the line in which a payment is typed."""
    as_of = today_in_china(clock.now())
    found = book_queries.board(shop.id, as_of=as_of)
    days = Chart("days", _("每天收入和支出"), [f"{line.day:%m-%d}" for line in found.days],
                 [Series(_("收入"), [line.sales_minor / 100 for line in found.days]),
                  Series(_("支出"), [line.cost_minor / 100 for line in found.days], kind="line")], unit=_("元"))  # fmt: skip
    change = found.today.sales_minor - found.week_ago.sales_minor
    context = {"tab": "books", "shop": shop, "board": found, "chart": days, "change": change, "client_id": uuid4().hex,
               "recent": [_shown(row) for row in book_queries.entries(shop.id)[:6]]}  # fmt: skip
    return show(request, owner, "phone/books/board.html", context)


@require_POST
@shop_page
def say(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """Book a sentence. A phone that was offline sends the day on which it was typed; sent twice, it posts once."""
    now = clock.now()
    today = _said_on(request.POST.get("said_on", ""), today_in_china(now))
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        entry_id, said = operations.record_sentence(
            shop.id,
            request.POST.get("text", "")[:200],
            client_id=request.POST.get("client_id", "")[:64] or uuid4().hex,
            today=today,
            now=now,
        )
    except Refused as refused:
        if wants_json:
            return JsonResponse(
                {"refused": refused.refusal.message.split(" · ")[0], "code": refused.refusal.code}, status=422
            )
        messages.error(request, refused.refusal.message.split(" · ")[0])
        return redirect("phone:book", shop_id=shop.id)
    debit, credit = chart().of(said.debit), chart().of(said.credit)
    told = _("已记：%(what)s %(sum)s 元（%(from)s → %(to)s）") % {
        "what": said.note, "sum": format_yuan(said.amount_minor), "from": credit.zh, "to": debit.zh}  # fmt: skip
    if wants_json:
        return JsonResponse({"entry": entry_id, "told": told, "assumed": list(said.assumed)})
    messages.success(request, told)
    return redirect("phone:book", shop_id=shop.id)


@require_GET
@shop_page
def entries(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """All entries, newest first, found by words or category; what does not count says why."""
    page = max(1, int(request.GET["page"])) if request.GET.get("page", "").isdigit() else 1
    search, category = request.GET.get("q", "").strip()[:40], request.GET.get("category", "")
    rows = [_shown(row) for row in book_queries.entries(shop.id, page=page, search=search, category=category)]
    context = {"tab": "books", "shop": shop, "rows": rows, "q": search, "category": category, "page": page,
               "more": page + 1 if len(rows) == 50 else 0, "less": page - 1, "categories": _categories()}  # fmt: skip
    return show(request, owner, "phone/books/entries.html", context)


@require_http_methods(["GET", "POST"])
@shop_page
def entry(request: HttpRequest, owner: Owner, shop: Any, entry_id: int) -> HttpResponse:
    """One entry: what it was for, a paper, or strike it."""
    if request.method == "POST":
        return _change(request, shop.id, entry_id)
    row = book_queries.entry(shop.id, entry_id)
    if row is None:
        raise Http404
    context = {"tab": "books", "shop": shop, "row": _shown(row), "categories": _categories(), "papers": row["papers"]}
    return show(request, owner, "phone/books/entry.html", context)


@require_http_methods(["GET", "POST"])
@shop_page
def profit(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """A month: earned and spent, what is held and owed, where the money went; close it or open it again."""
    today = today_in_china(clock.now())
    month = _month(request.GET.get("month", ""), today)
    if request.method == "POST":
        return _close(request, shop.id, month, today)
    period = Period(month, add_months(month, 1))
    last = min(period.end - timedelta(days=1), today)
    rows = book_queries.months(shop.id, until=today)
    picture = Chart("months", _("一年的收入和支出"), [f"{row[0]:%Y-%m}" for row in rows],
                    [Series(_("收入"), [row[1] / 100 for row in rows]), Series(_("支出"), [row[2] / 100 for row in rows])],
                    unit=_("元"))  # fmt: skip
    context = {
        "tab": "books", "shop": shop, "month": month, "before": add_months(month, -1), "today": today,
        "after": add_months(month, 1) if add_months(month, 1) <= today else None, "chart": picture,
        "profit": book_queries.profit(shop.id, period), "balance": book_queries.balance(shop.id, as_of=last), "last": last,
        "flow": book_queries.cash_flow(shop.id, period), "closed": month in book_queries.closings(shop.id), "over": period.end <= today,
    }  # fmt: skip
    return show(request, owner, "phone/books/profit.html", context)


def _who(request: HttpRequest, owner: Owner, shops: list[Any], now: datetime) -> tuple[str, str]:
    """(person, shop): those on file, or registered from what the form says."""
    chosen = request.POST.get("shop_id", "")
    if owner.person_id and chosen in {shop.id for shop in shops}:
        return owner.person_id, chosen
    person_id = owner.person_id
    if not person_id:
        draft = PersonDraft(request.POST.get("name", ""), request.POST.get("id_number", ""), owner.phone)
        known = parties.find_person(draft.id_number)
        if known is not None:
            text = _("这个身份证号已登记在另一部手机下；请用那部手机登录，或联系我们。")
            raise Refused(Refusal("ID_NUMBER_TAKEN", text, "id_number"))
        person_id = party_operations.register_person(draft, now=now)
    return person_id, party_operations.register_shop(person_id, ShopDraft(request.POST.get("shop_name", "")), now=now)


def _change(request: HttpRequest, shop_id: str, entry_id: int) -> HttpResponse:
    now, verb = clock.now(), request.POST.get("verb", "")
    try:
        if verb == "sort":
            moved = operations.sort_entry(shop_id, entry_id, request.POST.get("category", ""), by="owner", now=now)
            messages.success(request, _("改好了，一共 %(count)s 笔。") % {"count": moved})
        elif verb in ("strike", "restore"):
            operations.strike_entry(shop_id, entry_id, by="owner", now=now, restore=verb == "restore")
        elif verb == "attach" and "paper" in request.FILES:
            sent = request.FILES["paper"]
            paper = operations.Paper(sent.read(), sent.name or "", sent.content_type or "", entry_id)  # type: ignore[union-attr]
            operations.attach(shop_id, paper, now=now)
    except Refused as refused:
        messages.error(request, refused.refusal.message.split(" · ")[0])
    return redirect("phone:book_entry", shop_id=shop_id, entry_id=entry_id)


def _close(request: HttpRequest, shop_id: str, month: date, today: date) -> HttpResponse:
    now = clock.now()
    try:
        if request.POST.get("verb") == "open":
            operations.open_month(shop_id, month, by="owner", now=now)
        else:
            operations.close_month(shop_id, month, by="owner", today=today, now=now)
    except Refused as refused:
        messages.error(request, refused.refusal.message.split(" · ")[0])
    return redirect(f"{request.path}?month={month:%Y-%m}")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the words of its accounts."""
    accounts = chart()
    names = {side: accounts.of(row[side]) if row[side] else None for side in ("debit", "credit")}
    pocket, category = ("debit", "credit") if row["direction"] == "in" else ("credit", "debit")
    return row | {"pocket": names[pocket], "category": names[category], "category_code": row[category],
                  "text": row["counterparty"] or row["note"]}  # fmt: skip


def _categories() -> list[Any]:
    return [
        account
        for account in chart().accounts.values()
        if account.kind not in ("money", "transit") and account.code != "opening"
    ]


def _yuan(text: str, code: str) -> int:
    try:
        minor = parse_yuan(text.strip() or "0")
    except MoneyUnreadable:
        raise Refused(Refusal("OPENING_UNREADABLE", _("金额请只写数字，例如 1200.50"), code)) from None
    if minor < 0:
        raise Refused(Refusal("OPENING_UNREADABLE", _("金额不能是负数"), code))
    return minor


def _said_on(text: str, today: date) -> date:
    """The day on which a sentence was typed, if it is a believable one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if today - timedelta(days=_MOST_DAYS_OFFLINE) <= day <= today else today


def _month(text: str, today: date) -> date:
    try:
        return min(date.fromisoformat(f"{text}-01"), today.replace(day=1))
    except ValueError:
        return today.replace(day=1)
