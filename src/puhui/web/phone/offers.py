"""The shop owner's offer: what it costs in yuan and a year, in which way to borrow it, the form to be read, yes or no.

Rule kept (金规〔2026〕2号): the form is shown, read to its end and for its time, and confirmed before anything is agreed.
The time starts on the server when the form is first sent; the consent to the lender is a box of its own, unticked.
"""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.journeys import accept as accepting
from puhui.journeys.way_to_borrow import AT_WILL, Way
from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refused
from puhui.underwriting import queries as underwriting
from puhui.web import clock
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show

_SHOWN = "form_shown"  # disclosure hash → when it was first sent to this reader


@require_GET
@owner_page
def one(request: HttpRequest, owner: Owner, offer_id: str) -> HttpResponse:
    """The offer in plain words."""
    _own(owner, offer_id)
    offer = accepting.show_offer(offer_id, now=clock.now())
    at_will = AT_WILL in accepting.ways_of(offer_id)
    return show(request, owner, "phone/offer.html", {"offer": offer, "at_will": at_will, "tab": "home"})


@require_GET
@owner_page
def form(request: HttpRequest, owner: Owner, offer_id: str) -> HttpResponse:
    """The cost form of the way that was chosen, to be read to its end; the clock starts now."""
    _own(owner, offer_id)
    try:
        return _form_page(request, owner, offer_id, _way(request.GET))
    except (MoneyUnreadable, Refused) as no:
        wrong = no.refusal.message if isinstance(no, Refused) else _("请只写数字，例如 5000。")
        offer = accepting.show_offer(offer_id, now=clock.now())
        context = {"offer": offer, "at_will": True, "wrong": wrong, "yuan": request.GET.get("yuan", ""), "tab": "home"}
        return show(request, owner, "phone/offer.html", context, status=422)


def _way(given: Any) -> Way:
    """The way as it was chosen; the plain one where nothing was. Raises MoneyUnreadable."""
    if given.get("way", "") != AT_WILL:
        return Way()
    return Way(AT_WILL, parse_yuan(given.get("yuan", "").strip()))


@require_POST
@owner_page
def accept(request: HttpRequest, owner: Owner, offer_id: str) -> HttpResponse:
    """Yes, to exactly the form that was read."""
    _own(owner, offer_id)
    disclosure_hash, way = request.POST.get("disclosure_hash", ""), Way()
    shown_at = request.session.get(_SHOWN, {}).get(disclosure_hash)
    try:
        way = _way(request.POST)
    except MoneyUnreadable:
        return redirect("phone:offer", offer_id=offer_id)
    confirmation = accepting.Confirmation(
        disclosure_hash=disclosure_hash,
        consent_institution_id=request.POST.get("consent_institution_id", ""),
        shown_at=datetime.fromisoformat(shown_at) if shown_at else clock.now(),
        scrolled_to_end=request.POST.get("read_to_end") == "yes",
        channel="phone",
        device=request.headers.get("User-Agent", "")[:200],
        way=way,
    )
    try:
        accepted = accepting.accept(offer_id, confirmation, key=f"phone/{offer_id}", now=clock.now())
    except Refused as refused:
        return _form_page(request, owner, offer_id, way, wrong=refused.refusal.message)
    return redirect("phone:loan", loan_id=accepted.loan_id)


@require_POST
@owner_page
def decline(request: HttpRequest, owner: Owner, offer_id: str) -> HttpResponse:
    """No, thank you: nothing follows from it."""
    _own(owner, offer_id)
    accepting.decline(offer_id, key=f"phone/decline/{offer_id}", now=clock.now())
    return redirect("phone:home")


def _form_page(request: HttpRequest, owner: Owner, offer_id: str, way: Way, *, wrong: str = "") -> HttpResponse:
    """Raises Refused for a way that cannot be."""
    offer = accepting.show_offer(offer_id, now=clock.now(), way=way)
    if offer.state != "open" or offer.disclosure_hash is None:
        return redirect("phone:offer", offer_id=offer_id)
    shown: dict[str, Any] = request.session.get(_SHOWN, {})
    shown.setdefault(offer.disclosure_hash, clock.now().isoformat())
    request.session[_SHOWN] = shown
    context = {"offer": offer, "form": offer.disclosure, "wrong": wrong, "tab": "home"}
    return show(request, owner, "phone/form.html", context, status=422 if wrong else 200)


def _own(owner: Owner, offer_id: str) -> None:
    """Another person's offer is not there."""
    offer: Any = underwriting.offer(offer_id)
    if not owner.person_id or offer.person_id != owner.person_id:
        raise Http404(_("没有找到"))
