"""Who may open a page: roles, the second factor, and the tenant each request runs as.

A staff member counts only after the second factor; before it, the database shows nothing (tenant nobody).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from puhui.store import tenancy
from puhui.web.models import StaffProfile

ANALYST, OPERATOR, INSTITUTION, ADMIN = (
    StaffProfile.ANALYST, StaffProfile.OPERATOR, StaffProfile.INSTITUTION, StaffProfile.ADMIN,
)  # fmt: skip
PLATFORM_ROLES = (ANALYST, OPERATOR, ADMIN)
EVERYBODY = (*PLATFORM_ROLES, INSTITUTION)

View = Callable[..., HttpResponse]


def profile_of(request: HttpRequest) -> StaffProfile | None:
    """The staff profile of a log-in that also gave its second factor; None for everybody else. Asked once a request."""
    if not hasattr(request, "_staff_profile"):
        user: Any = getattr(request, "user", None)
        known = user is not None and user.is_authenticated and user.is_active and user.is_verified()
        found = StaffProfile.objects.filter(user=user).first() if known else None
        request._staff_profile = found  # type: ignore[attr-defined]
    profile: StaffProfile | None = request._staff_profile  # type: ignore[attr-defined]
    return profile


def role_of(request: HttpRequest) -> str:
    profile = profile_of(request)
    return profile.role if profile else ""


def tenant_of(request: HttpRequest) -> str:
    """What PostgreSQL is told: one institution, the platform, or nobody."""
    profile = profile_of(request)
    if profile is None:
        return tenancy.NOBODY
    return profile.institution_id if profile.role == INSTITUTION else tenancy.PLATFORM


def staff_page(*roles: str) -> Callable[[View], View]:
    """Only these roles: others get 403, the not yet known are led to the log-in, the half known to the second factor."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user: Any = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("staff:login"))
            if not user.is_verified():
                return redirect("staff:code")
            if role_of(request) not in roles:
                raise PermissionDenied("此页面不对您的角色开放 · this page is not open to your role")
            return view(request, *args, **kwargs)

        return guarded

    return guard
