"""What was asked of keepers of records outside (credit bureau, business registry): when, of whom, under which consent, and what came of it.

The platform's own, for those who may look up a person; what a keeper said of somebody stands on the application's page of evidence.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from puhui.journeys import outside_facts
from puhui.parties import queries as parties
from puhui.underwriting import keeper_queries
from puhui.underwriting.keeper_queries import Wanted
from puhui.underwriting.outside.asking import KEEPERS
from puhui.web import access, clock
from puhui.web.console.paging import Pages, page_number


@require_GET
@access.staff_page(access.OPERATOR, access.ADMIN)
def index(request: HttpRequest) -> HttpResponse:
    """The newest first, filtered by keeper, outcome, person; a filter that is none is not applied."""
    now, number = clock.now(), page_number(request)
    keeper, outcome = request.GET.get("keeper", ""), request.GET.get("outcome", "")
    wanted = Wanted(keeper if keeper in KEEPERS else "", outcome if outcome in keeper_queries.OUTCOMES else "",
                    request.GET.get("person", "")[:40])  # fmt: skip
    rows, total = keeper_queries.questions(wanted, page=number, now=now)
    pages = max(1, -(-total // keeper_queries.PAGE_ROWS))
    context = {
        "rows": rows, "wanted": wanted, "keepers": keeper_queries.keepers(now=now), "outcomes": keeper_queries.OUTCOMES,
        "page": Pages(number, pages, total), "open": {name: outside_facts.is_open(name) for name in KEEPERS},
        "people": parties.people({row.person_id for row in rows}), "consents": parties.consents_by_id({row.consent_id for row in rows}),
    }  # fmt: skip
    return render(request, "console/keepers.html", context)
