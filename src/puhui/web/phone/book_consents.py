"""What a lender may see of the books: granted and withdrawn kind by kind, and shown to the owner exactly as the lender sees it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from puhui.funding import queries as funding
from puhui.journeys import shop_evidence
from puhui.web import clock
from puhui.web.phone.books import shop_page, today_in_china
from puhui.web.phone.owner import Owner
from puhui.web.phone.page import show


@require_GET
@shop_page
def consents(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """Every kind with a switch, for the lender chosen; below it, what that lender sees now."""
    lenders = list(funding.institutions())
    chosen = next((row for row in lenders if row.id == request.GET.get("lender")), lenders[0] if lenders else None)
    context: dict[str, Any] = {"tab": "books", "shop": shop, "lenders": lenders, "lender": chosen}
    if chosen:
        as_of = today_in_china(clock.now())
        grants = shop_evidence.grants(owner.person_id, shop.id, chosen.id)
        seen = shop_evidence.seen_by(owner.person_id, shop.id, chosen.id, as_of=as_of)
        names = {each.kind: each for each in grants}
        context |= {
            "grants": grants,
            "seen": [{"told": each, "grant": names[each.kind]} for each in seen],
            "as_of": as_of,
        }
    return show(request, owner, "phone/books/consents.html", context)


@require_POST
@shop_page
def change(request: HttpRequest, owner: Owner, shop: Any, kind: str) -> HttpResponse:
    """Grant or withdraw one kind to one lender; withdrawing takes the same one tap."""
    lender = request.POST.get("lender", "")
    if lender not in {row.id for row in funding.institutions()}:
        raise Http404
    if request.POST.get("verb") == "withdraw":
        shop_evidence.withdraw(owner.person_id, shop.id, lender, kind, now=clock.now())
    else:
        shop_evidence.grant(owner.person_id, shop.id, lender, kind, now=clock.now())
    return redirect(f"{reverse('phone:book_consents', kwargs={'shop_id': shop.id})}?lender={lender}")
