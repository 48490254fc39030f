"""The network address of who asks, for limits on log-ins and codes.

Behind PUHUI_PROXIES proxies of ours the address stands that many places from the right of X-Forwarded-For; what stands
further left was written by the caller and proves nothing. Without proxies of ours the header is not read at all.
"""

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """As the outermost proxy of ours saw it; the connection's own where there is none (or the header is too short)."""
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.PROXIES:
        return direct
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return told[-settings.PROXIES] if len(told) >= settings.PROXIES else direct
