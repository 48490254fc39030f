"""What makes the phone pages an app: the manifest, and the service worker that keeps the last page for times without a network."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_GET


@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """The web app manifest."""
    told = {
        "id": "/m/", "name": "普惠账本", "short_name": "普惠", "lang": "zh-Hans", "start_url": reverse("phone:books"), "scope": "/m/",
        "display": "standalone", "background_color": "#f6f4ee", "theme_color": "#14524b",
        "icons": [{"src": static("puhui/seal.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }  # fmt: skip
    return JsonResponse(told, content_type="application/manifest+json")


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; it must come from its own scope."""
    response = render(request, "phone/worker.js", content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response
