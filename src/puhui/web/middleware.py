"""What wraps every request: security headers, a request id in the log, counters, and the tenant the database sees.

Rule kept: the tenant is set before the first query of the request and taken back after it, because connections
outlive requests. A request that names nobody sees nothing.
"""

import re
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import tenancy
from puhui.web import access, clock, errors, metrics

Answer = Callable[[HttpRequest], HttpResponse]

_POLICY = (
    "default-src 'self'; script-src {scripts}; style-src {styles}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_STRICT = _POLICY.format(scripts="'self'", styles="'self'")
# The admin site (unfold) runs Alpine, which evaluates expressions; it is open to administrators only.
_ADMIN = _POLICY.format(scripts="'self' 'unsafe-eval'", styles="'self' 'unsafe-inline'")
_NO_DATABASE = ("/healthz", "/static/")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")


class SecurityHeaders:
    """A strict Content-Security-Policy (no inline script anywhere) and what else a browser should refuse."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.answer(request)
        policy = _ADMIN if request.path.startswith("/admin/") else _STRICT
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")  # pages show personal and money data
        return response


class RequestLog:
    """One line a request, and its counters; the id comes back in `X-Request-ID` so that a caller can quote it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.log = structlog.get_logger("puhui.web")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.match(given) else new_id("req", now=clock.now())
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = time.perf_counter()
        response = self.answer(request)
        seconds = time.perf_counter() - began
        view = request.resolver_match.view_name if request.resolver_match else "unmatched"
        if not request.path.startswith("/static/"):
            metrics.count_request(view, request.method or "", response.status_code, seconds)
            self.log.info("request", method=request.method, path=request.path, view=view,
                          status=response.status_code, milliseconds=round(seconds * 1000, 1))  # fmt: skip
        response.headers["X-Request-ID"] = request_id
        return response


class TenantMiddleware:
    """Tells PostgreSQL who asks, for exactly as long as this request lasts."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_NO_DATABASE):
            return self.answer(request)
        with tenancy.scope(tenancy.NOBODY):  # whatever the last request left behind
            tenant = access.tenant_of(request)
            user = request.user
            structlog.contextvars.bind_contextvars(user=user.pk if user.is_authenticated else None, tenant=tenant)
            if tenant == tenancy.NOBODY:
                return self.answer(request)
            with tenancy.scope(tenant):
                return self.answer(request)


class Refusals:
    """A `Refused` that no view dealt with becomes a page (or a fragment) that says what to do."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.answer(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Refused):
            return errors.refused(request, exception.refusal)
        if not isinstance(exception, LookupError) or not type(exception).__module__.startswith("puhui."):
            return None  # a bug's KeyError is no named error of ours
        if type(exception).__name__.endswith("Impossible"):
            return errors.refused(request, Refusal("MOVE_IMPOSSIBLE", f"当前状态不能这样操作 · {exception}"))
        return errors.not_found(request)


class LanguageByCookie:
    """Chinese unless the reader switched: a browser's own preference is not taken for a choice."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        response = self.answer(request)
        patch_vary_headers(response, ["Cookie"])
        return response
