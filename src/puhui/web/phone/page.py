"""What every page of an owner shows besides its own: the name, masked, and whether the person is made up."""

import os
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from puhui.parties import queries as parties
from puhui.web.phone.owner import Owner


def show(
    request: HttpRequest, owner: Owner, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page for this owner."""
    person = parties.person(owner.person_id) if owner.person_id else None
    around = {"owner": owner, "person": person, "owner_invented": bool(person and person.invented),
              "help_phone": os.environ.get("PUHUI_HELP_PHONE", "")}  # fmt: skip
    return render(request, template, around | context, status=status)
