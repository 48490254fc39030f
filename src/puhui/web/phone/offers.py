"""The shop owner's offer: what it costs in yuan and a year, the form to be read, yes or no.

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
    return show(request, owner, "phone/offer.html", {"offer": offer, "tab": "home"})


@require_GET
@owner_page
def form(request: HttpRequest, owner: Owner, offer_id: str) -> HttpResponse:
    """The cost form, to be read to its end; the clock starts now."""
    _own(owner, offer_id)
    return _form_page(request, owner, offer_id)


@require_POST
@owner_page
def accept(request: HttpRequest, owner: Owner, offer_id: str) -> HttpResponse:
    """Yes, to exactly the form that was read."""
    _own(owner, offer_id)
    disclosure_hash = request.POST.get("disclosure_hash", "")
    shown_at = request.session.get(_SHOWN, {}).get(disclosure_hash)
    confirmation = accepting.Confirmation(
        disclosure_hash=disclosure_hash,
        consent_institution_id=request.POST.get("consent_institution_id", ""),
        shown_at=datetime.fromisoformat(shown_at) if shown_at else clock.now(),
        scrolled_to_end=request.POST.get("read_to_end") == "yes",
        channel="phone",
        device=request.headers.get("User-Agent", "")[:200],
    )
    try:
        accepted = accepting.accept(offer_id, confirmation, key=f"phone/{offer_id}", now=clock.now())
    except Refused as refused:
        return _form_page(request, owner, offer_id, wrong=refused.refusal.message)
    return redirect("phone:loan", loan_id=accepted.loan_id)


@require_POST
@owner_page
def decline(request: HttpRequest, owner: Owner, offer_id: str) -> HttpResponse:
    """No, thank you: nothing follows from it."""
    _own(owner, offer_id)
    accepting.decline(offer_id, key=f"phone/decline/{offer_id}", now=clock.now())
    return redirect("phone:home")


def _form_page(request: HttpRequest, owner: Owner, offer_id: str, *, wrong: str = "") -> HttpResponse:
    offer = accepting.show_offer(offer_id, now=clock.now())
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
