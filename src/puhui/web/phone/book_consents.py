"""What a lender may see of the books: granted and withdrawn kind by kind, and shown to the owner exactly as the lender sees it."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.funding import queries as funding
from puhui.journeys import shop_evidence
from puhui.kernel.refusal import Refused
from puhui.store import tenancy
from puhui.web import clock
from puhui.web.phone.book_pairs import teller
from puhui.web.phone.books import shop_page, today_in_china
from puhui.web.phone.owner import Owner
from puhui.web.phone.page import show


@dataclass(frozen=True, slots=True)
class Receiver:
    """One choice of the page; `institution_id` is empty of the platform itself."""

    id: str
    institution_id: str
    name: str


@require_GET
@shop_page
def consents(request: HttpRequest, owner: Owner, shop: Any) -> HttpResponse:
    """Every kind with a switch, for the lender chosen; below it, what that lender sees now."""
    receivers = _receivers()
    chosen = next((row for row in receivers if row.id == request.GET.get("lender")), receivers[0])
    as_of = today_in_china(clock.now())
    grants = shop_evidence.grants(owner.person_id, shop.id, chosen.institution_id)
    names = {each.kind: each for each in grants}
    seen = shop_evidence.seen_by(owner.person_id, shop.id, chosen.institution_id, as_of=as_of)
    context: dict[str, Any] = {
        "tab": "books", "shop": shop, "lenders": receivers, "lender": chosen, "grants": grants, "as_of": as_of,
        "seen": [{"told": each, "grant": names[each.kind], "tellers": [teller(code) for code in each.sources]} for each in seen],
        "assessor": chosen.institution_id == shop_evidence.ASSESSOR,
    }  # fmt: skip
    return show(request, owner, "phone/books/consents.html", context)


@require_POST
@shop_page
def change(request: HttpRequest, owner: Owner, shop: Any, kind: str) -> HttpResponse:
    """Grant or withdraw one kind to one lender; withdrawing takes the same one tap."""
    receiver = next((row for row in _receivers() if row.id == request.POST.get("lender", "")), None)
    if receiver is None:
        raise Http404
    if request.POST.get("verb") == "withdraw":
        shop_evidence.withdraw(owner.person_id, shop.id, receiver.institution_id, kind, now=clock.now())
    else:
        try:
            shop_evidence.grant(owner.person_id, shop.id, receiver.institution_id, kind, now=clock.now())
        except Refused as refused:
            raise Http404 from refused
    return redirect(f"{reverse('phone:book_consents', kwargs={'shop_id': shop.id})}?lender={receiver.id}")


def _receivers() -> list[Receiver]:
    """Whoever may be let see: the platform that assesses applications, then the lenders."""
    own = Receiver(tenancy.PLATFORM, shop_evidence.ASSESSOR, _("普惠（评估您的申请）"))
    return [own, *(Receiver(row.id, row.id, row.name) for row in funding.institutions())]
