"""Django's admin site as Puhui's back office: for administrators with a second factor, and never a way round it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from puhui.web import access


class OfficeSite(UnfoldAdminSite):
    """Every page of it asks `has_permission`; the log-in is the console's own."""

    def has_permission(self, request: HttpRequest) -> bool:
        return access.role_of(request) == access.ADMIN

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.user.is_authenticated and access.role_of(request):
            return redirect("console:home")
        return redirect(f"{reverse('staff:login')}?next={reverse('admin:index')}")
