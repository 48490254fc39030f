"""Finding a person by full phone or ID number; every value masked; a look at one asks why and is logged."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from puhui.funding import queries as funding
from puhui.kernel.refusal import Refused
from puhui.parties import operations, queries
from puhui.servicing import queries as servicing
from puhui.servicing.views import LoanFilter
from puhui.web import access, clock
from puhui.web.templatetags.puhui import named

_MAY = (access.OPERATOR, access.ADMIN)


@sensitive_post_parameters("text")
@require_http_methods(["GET", "POST"])
@access.staff_page(*_MAY)
def search(request: HttpRequest) -> HttpResponse:
    """Asked by POST, so that no phone number stands in an address, a log or the browser's history."""
    if request.method == "GET":
        return render(request, "console/people.html")
    found = queries.find_person(request.POST.get("text", ""))
    if found is not None:
        return redirect("console:person", person_id=found.id)
    return render(request, "console/people.html", {"nobody": True})


@access.staff_page(*_MAY)
def one(request: HttpRequest, person_id: str) -> HttpResponse:
    return _page(request, person_id)


@require_POST
@access.staff_page(*_MAY)
def reveal(request: HttpRequest, person_id: str) -> HttpResponse:
    """The plain values, once, on this answer only; the log keeps who and why."""
    fields = [name for name in request.POST.getlist("field") if name in operations.REVEALABLE]
    reason = request.POST.get("reason", "")
    if not fields:
        messages.error(request, _("请选择要查看的内容。"))
        return redirect("console:person", person_id=person_id)
    if queries.person(person_id) is None:
        raise Http404
    try:
        seen = operations.reveal(person_id, fields, reason=reason, by=request.user.get_username(), now=clock.now())
    except Refused as refused:
        return _page(request, person_id, wrong=refused.refusal.message, status=422)
    return _page(request, person_id, seen=seen)


def _page(request: HttpRequest, person_id: str, *, seen: dict[str, str] | None = None, wrong: str = "",
          status: int = 200) -> HttpResponse:  # fmt: skip
    person = queries.person(person_id)
    if person is None:
        raise Http404
    own = queries.shops_of(person_id)
    context = {
        "person": person, "own_shops": own, "shops": {shop.id: shop for shop in own},
        "names": {row.id: named(row) for row in funding.institutions()}, "consents": queries.consents(person_id),
        "loans": servicing.loans(where=LoanFilter(person_id=person_id)).loans, "seen": seen, "wrong": wrong,
    }  # fmt: skip
    return render(request, "console/person.html", context, status=status)
