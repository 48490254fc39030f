"""Addresses of every page."""

from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from puhui.web import click_push, errors, health
from puhui.web.api.endpoints import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics_page, name="metrics"),
    path("favicon.ico", RedirectView.as_view(url=static("puhui/seal.svg")), name="favicon"),
    path("language/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("octopus/clicks/<str:media>/", click_push.push, {"kind": "click"}, name="click_push"),
    path("octopus/impressions/<str:media>/", click_push.push, {"kind": "impression"}, name="impression_push"),
    path("m/", include("puhui.web.phone.urls")),
    path("", include("puhui.web.staff.urls")),
    path("", include("puhui.web.console.urls")),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("puhui.web.sandbox.urls")))

handler400, handler403 = errors.bad_request, errors.forbidden
handler404, handler500 = errors.not_found, errors.fault
