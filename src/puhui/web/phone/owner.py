"""Who the shop owner is: a phone number proven by a one-time code, kept in the session as a person's id.

Rule kept: owners are no staff and no tenant. Outside these views the database shows them nothing; inside, the platform's
scope is opened for exactly one view, and every query is limited to the person logged in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from puhui.parties import queries as parties
from puhui.store import tenancy

_PHONE, _PERSON, _TOUCH = "owner_phone", "owner_person", "touch_id"
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Owner:
    """`phone` is proven; `person_id` is empty until the first application names the person."""

    phone: str
    person_id: str


def enter(request: HttpRequest, phone: str) -> None:
    """Start the owner's session under a new id; nothing of a former one is kept but where the visit came from."""
    touch_id = touch_of(request)
    request.session.flush()
    request.session[_PHONE] = phone
    if touch_id:
        keep_touch(request, touch_id)
    with tenancy.scope(tenancy.PLATFORM):
        known = parties.find_person(phone)
    if known is not None:
        request.session[_PERSON] = known.id


def leave(request: HttpRequest) -> None:
    request.session.flush()


def remember(request: HttpRequest, person_id: str) -> None:
    """After the first application."""
    request.session[_PERSON] = person_id


def keep_touch(request: HttpRequest, touch_id: str) -> None:
    request.session[_TOUCH] = touch_id


def touch_of(request: HttpRequest) -> str:
    """The landing this visit began with, or nothing."""
    return str(request.session.get(_TOUCH, ""))


def owner_of(request: HttpRequest) -> Owner | None:
    phone = request.session.get(_PHONE)
    return Owner(str(phone), str(request.session.get(_PERSON, ""))) if phone else None


def owner_page(view: View) -> View:
    """Only for an owner; `view(request, owner, …)` runs in the platform's scope."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        owner = owner_of(request)
        if owner is None:
            back = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
            return redirect(f"{reverse('phone:login')}?{back}" if back else reverse("phone:login"))
        with tenancy.scope(tenancy.PLATFORM):
            return view(request, owner, *args, **kwargs)

    return guarded
