"""Payments that two bills may both tell: shown with the reasons, and the owner says whether they are one.

Rule kept: nothing is counted as one by likeness alone; what the owner said is shown below and taken back with one tap.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from puhui.kernel.refusal import Refused
from puhui.merchant import operations, pair_queries
from puhui.merchant.bill_tables import bill_words
from puhui.merchant.pair_queries import Pair
from puhui.web import clock
from puhui.web.phone.books import shop_page, today_in_china
from puhui.web.phone.owner import Owner
from puhui.web.phone.page import show
from puhui.web.phone.tools import spoken


@require_http_methods(["GET", "POST"])
@shop_page
def pairs(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """Proposals, then what was settled; POST says same, apart or forget of a pair."""
    if request.method == "POST":
        return _answer(request, owner, shop)
    found, count = pair_queries.proposed(shop.id, as_of=today_in_china(clock.now()))
    context = {"tab": "books", "shop": shop, "proposed": [_shown(each) for each in found], "count": count,
               "settled": [_shown(each) for each in pair_queries.settled(shop.id)]}  # fmt: skip
    return show(request, owner, "phone/books/pairs.html", context)


def _answer(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    ids = [request.POST.get(name, "") for name in ("main", "lesser")]
    main_id, lesser_id = (int(each) if each.isascii() and each.isdigit() and len(each) < 19 else 0 for each in ids)
    told = {"same": _("好，这两条只算一笔。"), "apart": _("好，这是两笔，都算。"), "forget": _("已收回。")}
    said = request.POST.get("said", "")
    try:
        operations.say_of_pair(shop.id, main_id, lesser_id, said, by=owner.person_id, now=clock.now())
        messages.success(request, told[said])
    except Refused as refused:
        messages.error(request, spoken(refused))
    return redirect("phone:book_pairs", shop_id=shop.id)


def _shown(pair: Pair) -> dict[str, Any]:
    """A pair with the names of who tells each side, and the reasons in words."""
    sides = [
        row | {"teller": teller(row["source"]),
               "text": row["counterparty"] or row["note"]}
        for row in (pair.main, pair.lesser)
    ]  # fmt: skip
    return {"pair": pair, "sides": sides, "why": _why(pair)}


def _why(pair: Pair) -> list[str]:
    if pair.why is None:
        return []
    days = pair.why.days_apart
    told = [
        _("金额一分不差"),
        ngettext("相差 %(days)s 天", "相差 %(days)s 天", days) % {"days": days} if days else _("同一天"),
    ]
    if pair.why.words:
        told.append(_("都写着“%(words)s”") % {"words": pair.why.words})
    if pair.why.rivals:
        told.append(_("但还有 %(count)s 笔也对得上，请看清楚") % {"count": pair.why.rivals})
    return told


def teller(code: str) -> tuple[str, str]:
    """Who told an entry, in the reader's words for what owners type and in (Chinese, English) for bills."""
    if code in ("", "typed"):
        return (_("您自己记的"),) * 2
    if code == "bank":
        return (_("银行账单"),) * 2
    return next((source.names for source in bill_words().sources if source.code == code), (code, code))
