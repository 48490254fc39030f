"""SANDBOX 沙盒: an SMS gateway for a machine that has no contract with a real one. Mounted only with PUHUI_SANDBOX=1.

It is as strict as a real gateway: signature, timestamp, every field. Its outbox page shows what it received, and says
on every line that nothing was sent to any phone.
"""

import hmac
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from puhui.kernel import china_ids
from puhui.kernel.masked import Secret
from puhui.store import tenancy
from puhui.web import clock, sms
from puhui.web.models import SandboxMessage

_SKEW_SECONDS = 300
_FIELDS = {"message_id", "phone", "text"}
_SHOWN_FOR = timedelta(minutes=30)


@csrf_exempt  # a machine calls; the signature takes the place of the token
@require_POST
def receive(request: HttpRequest) -> JsonResponse:
    """Take a message, or say exactly which check it failed."""
    fault = _unsigned(request)
    if fault:
        return JsonResponse({"error": fault}, status=401)
    fields, fault = _fields(request.body)
    if fault:
        return JsonResponse({"error": fault}, status=422)
    with tenancy.scope(tenancy.PLATFORM):
        SandboxMessage.objects.get_or_create(
            id=fields["message_id"],
            defaults={"phone": Secret(fields["phone"]), "text": Secret(fields["text"]), "received_at": clock.now()},
        )
    return JsonResponse({"taken": fields["message_id"], "sandbox": True})


@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """What would have been sent in the last half hour."""
    with tenancy.scope(tenancy.PLATFORM):
        rows = list(
            SandboxMessage.objects.filter(received_at__gt=clock.now() - _SHOWN_FOR).order_by("-received_at")[:50]
        )
    messages = [{"phone": row.phone.reveal(), "text": row.text.reveal(), "at": row.received_at} for row in rows]
    return render(request, "sandbox/outbox.html", {"received": messages})


def _unsigned(request: HttpRequest) -> str:
    stamp, signature = request.headers.get("X-Puhui-Timestamp", ""), request.headers.get("X-Puhui-Signature", "")
    if not stamp.isdecimal() or abs(clock.now().timestamp() - int(stamp)) > _SKEW_SECONDS:
        return "X-Puhui-Timestamp is missing or more than five minutes off"
    wanted = sms.sign(settings.SMS_KEY, timestamp=stamp, body=request.body)
    return "" if hmac.compare_digest(wanted.encode(), signature.encode()) else "X-Puhui-Signature does not fit the body"


def _fields(body: bytes) -> tuple[dict[str, str], str]:
    try:
        fields: Any = json.loads(body)
    except ValueError:
        return {}, "the body is not JSON"
    if not isinstance(fields, dict) or set(fields) != _FIELDS:
        return {}, f"the fields must be exactly {', '.join(sorted(_FIELDS))}"
    if not all(isinstance(value, str) and value for value in fields.values()):
        return {}, "every field must be a text that is not empty"
    if not china_ids.check_phone(fields["phone"]).ok:
        return {}, "phone is not a mainland mobile number"
    if not fields["message_id"].startswith("sms_") or len(fields["message_id"]) > 40:
        return {}, "message_id must begin with sms_ and have at most 40 characters"
    return (fields, "") if len(fields["text"]) <= 500 else ({}, "text is longer than 500 characters")
