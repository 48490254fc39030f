"""What a borrower cost: registered, credited, funded and good, by the campaign whose click brought them, with intervals."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from puhui.acquisition import unit_costs
from puhui.web import access
from puhui.web.console.octopus import period


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The clicks of a period, the last seven days when none is named."""
    since, until = period(request)
    lines = unit_costs.unit_costs(since, until + timedelta(days=1))
    return render(request, "console/octopus_costs.html", {"since": since, "until": until, "lines": lines})
