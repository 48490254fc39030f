"""The partner's door: who calls, whether the call is theirs, how often they may, and which tenant the database sees.

Rule kept: a call is signed over method, path, timestamp, nonce and body; anything wrong is 401 and stores nothing.
The rate is counted only for a call that was found good, in the database, so that all web workers agree.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja.security import APIKeyHeader

from puhui.funding import partners
from puhui.funding.partners import Allowance, PartnerShown, SignedCall
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import tenancy
from puhui.web import clock

_DOCS_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'"
)


class CallRefused(Exception):
    """The call was turned away at the door, before any of it was read."""

    def __init__(self, status: int, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.status, self.refusal = status, refusal


class SignedByPartner(APIKeyHeader):
    """X-Key-Id names the partner; X-Timestamp (Unix seconds, ±300 s) and X-Nonce (8–80 characters, once) are signed.

    X-Signature = hex(HMAC-SHA256(secret, METHOD ⏎ path?query ⏎ timestamp ⏎ nonce ⏎ hex(SHA-256(body)))).
    """

    param_name = "X-Signature"

    def authenticate(self, request: HttpRequest, key: str | None) -> PartnerShown:
        now = clock.now()
        headers = request.headers
        call = SignedCall(
            key_id=headers.get("X-Key-Id", ""),
            timestamp=headers.get("X-Timestamp", ""),
            nonce=headers.get("X-Nonce", ""),
            signature=key or "",
            method=request.method or "",
            path=request.get_full_path(),
            body=request.body,
        )
        try:
            with transaction.atomic():  # the nonce is used up and the call counted in one commit
                partner = partners.recognise(call, now=now)
                allowance = partners.count_call(partner, now=now)
        except Refused as refused:
            raise CallRefused(401, refused.refusal) from None
        request.allowance = allowance  # type: ignore[attr-defined]
        if allowance.exceeded:
            text = f"每分钟最多 {allowance.limit} 次，请稍后再试 · at most {allowance.limit} calls a minute"
            raise CallRefused(429, Refusal("TOO_MANY_CALLS", text, where=partner.key_id))
        return partner


def as_platform(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Every operation runs as the platform; what a partner may see is narrowed to what it sent, in `endpoints`."""

    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with tenancy.scope(tenancy.PLATFORM):
            response = view(request, *args, **kwargs)
        allowance: Allowance | None = getattr(request, "allowance", None)
        if allowance is not None:
            response["X-RateLimit-Limit"] = str(allowance.limit)
            response["X-RateLimit-Remaining"] = str(max(allowance.remaining, 0))
            response["X-RateLimit-Reset"] = str(allowance.retry_after)
            if allowance.exceeded:
                response["Retry-After"] = str(allowance.retry_after)
        return response

    return inside


def docs_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Swagger's own page sets styles on its elements; nothing else is let in."""

    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Content-Security-Policy"] = _DOCS_POLICY
        return response

    return inside
