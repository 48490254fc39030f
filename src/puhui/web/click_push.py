"""The addresses that media call on a click or an impression: one fact is stored, or the push is refused by name and nothing is.

A machine calls, without a log-in: the token in the address, and where a media signs, its signature, take its place.
"""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from puhui.acquisition import data_link
from puhui.acquisition.channels import clicks
from puhui.acquisition.channels.clicks import Signed
from puhui.acquisition.core import signals
from puhui.kernel.refusal import Refused
from puhui.store import tenancy
from puhui.web import clock


@require_GET
def push(request: HttpRequest, media: str, kind: str) -> JsonResponse:
    """`status` 0 is what Ocean Engine wants to hear; the others look at the 200."""
    now = clock.now()
    query = request.META.get("QUERY_STRING", "")
    account = settings.MEDIA_ACCOUNTS.get(media, {})
    try:
        sign_key = "" if settings.SANDBOX else account.get("sign_key", "")
        signed = Signed(sign_key, request.build_absolute_uri())
        row = clicks.read(media, query, now=now, key=settings.CLICK_KEY, signed=signed, kind=kind)
    except Refused as refused:
        status = 403 if refused.refusal.code == "CLICK_FORGED" else 422
        return JsonResponse(
            {"status": 1, "code": refused.refusal.code, "message": refused.refusal.message}, status=status
        )
    with tenancy.scope(tenancy.PLATFORM):
        taken = data_link.take_signals(signals.frame_of([row]), now=now)
    if taken.refused and taken.refused[0].code != "SIGNAL_KEY_REUSED":  # the first push under a click id counts
        return JsonResponse({"status": 1, "code": taken.refused[0].code, "message": "拒收 · refused"}, status=422)
    return JsonResponse({"status": 0, "new": taken.new})
