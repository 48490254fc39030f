"""SANDBOX 沙盒: the media's conversion interfaces, for a machine that has no contract with any. Mounted only with PUHUI_SANDBOX=1.

Each checks every field as its media does: names, types, codes, times, tokens, signatures; a key that comes twice is taken
once. What was received is kept and shown; nothing leaves this machine.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import md5
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from puhui.store import tenancy
from puhui.web import clock
from puhui.web.models import SandboxConversion

_OCEAN = {
    "active",
    "active_register",
    "form",
    "loan_completion",
    "pre_loan_credit",
    "loan_credit",
    "high_loan_credit",
    "low_loan_credit",
    "loan",
}
_TENCENT = {"ACTIVATE_APP", "REGISTER", "RESERVATION", "APPLY", "PRE_CREDIT", "CREDIT", "WITHDRAW_DEPOSITS", "FIRST_WITHDRAW", "OVERDUE",
            "CREDIT_LEAKAGE", "INTEREST_RATE", "LONGLOAN"}  # fmt: skip
_KUAISHOU, _BAIDU = {"1", "2", "9", "10", "11"}, {3, 4, 25, 41, 42, 55, 89}
Fault = str


@csrf_exempt  # a machine calls
def ocean_engine(request: HttpRequest) -> JsonResponse:
    """POST api/v2/conversion."""
    message, fault = _message(request)
    fault = fault or _ocean_fault(message)
    if fault:
        return JsonResponse({"code": 40000, "message": fault}, status=400)
    key = f"{message['context']['ad']['callback']}/{message['event_type']}/{message['timestamp']}"
    return _taken("ocean_engine", key, message["event_type"], message, {"code": 0, "message": "success"})


@csrf_exempt
def tencent(request: HttpRequest) -> JsonResponse:
    """POST to the click's own callback address."""
    message, fault = _message(request)
    fault = fault or _tencent_fault(message, request.GET)
    if fault:
        return JsonResponse({"code": 18001, "message": fault}, status=400)
    for action in message["actions"]:
        _taken("tencent", action["outer_action_id"], action["action_type"], action, {})
    return JsonResponse({"code": 0, "message": "", "trace_id": "sandbox"})


@csrf_exempt
def kuaishou(request: HttpRequest) -> JsonResponse:
    """GET track/activate."""
    told = request.GET.dict()
    fault = _wrong_names(told, {"callback", "event_type", "event_time"}, {"purchase_amount"})
    fault = fault or ("" if told["event_type"] in _KUAISHOU else "event_type is not known")
    fault = fault or ("" if re.fullmatch(r"\d{13}", told["event_time"]) else "event_time must be 13 digits")
    fault = fault or (
        "" if re.fullmatch(r"\d+(\.\d{1,2})?", told.get("purchase_amount", "0")) else "purchase_amount is in yuan"
    )
    if fault or request.method != "GET":
        return JsonResponse({"result": 0, "error_msg": fault or "GET only"}, status=400)
    return _taken(
        "kuaishou",
        "/".join(told[name] for name in ("callback", "event_type", "event_time")),
        told["event_type"],
        told,
        {"result": 1},
    )


@csrf_exempt
def baidu(request: HttpRequest) -> JsonResponse:
    """POST ocpcapi/api/uploadConvertData."""
    message, fault = _message(request)
    fault = fault or _baidu_fault(message)
    if fault:
        return JsonResponse({"header": {"status": 3, "desc": "failure", "failures": [{"message": fault}]}}, status=400)
    for each in message["conversionTypes"]:
        _taken("baidu", f"{each['logidUrl']}/{each['newType']}/{each['convertTime']}", str(each["newType"]), each, {})
    return JsonResponse({"header": {"status": 0, "desc": "success"}})


@csrf_exempt
def baidu_signed(request: HttpRequest) -> JsonResponse:
    """GET cb/actionCb, signed: the address as the media knows it, then sign."""
    path = request.get_full_path().partition("/sandbox/media/baidu")[2]
    plain, _, sign = path.partition("&sign=")
    host = request.headers.get("X-Puhui-For", "")
    for scheme in ("https", "http"):
        wanted = md5(
            f"{scheme}://{host}{plain}{settings.MEDIA_ACCOUNTS['baidu']['sign_key']}".encode(), usedforsecurity=False
        )
        if wanted.hexdigest() == sign:
            break
    else:
        return JsonResponse({"error_code": 403, "error_msg": "sign does not fit the address"}, status=403)
    told = request.GET.dict()
    if "{{" in plain or not told.get("a_type", "").isdecimal():
        return JsonResponse({"error_code": 1, "error_msg": "a_type is no number"}, status=400)
    return _taken("baidu", plain, told["a_type"], told, {"error_code": 0})


@require_GET
def received(request: HttpRequest) -> HttpResponse:
    """What the media would have been told, newest first."""
    with tenancy.scope(tenancy.PLATFORM):
        rows = list(SandboxConversion.objects.order_by("-received_at", "-id")[:100])
    return render(request, "sandbox/conversions.html", {"rows": rows})


def _ocean_fault(message: Mapping[str, Any]) -> Fault:
    fault = _wrong_names(message, {"event_type", "context", "timestamp"}, {"properties"})
    if fault:
        return fault
    context = message["context"]
    if not isinstance(context, dict) or not isinstance(context.get("ad"), dict):
        return "context.ad is missing"
    ad = context["ad"]
    checks = {
        "event_type is not known": message["event_type"] in _OCEAN,
        "context has unknown fields": set(context) <= {"ad", "device"},
        "context.ad.callback is missing": isinstance(ad.get("callback"), str) and ad["callback"],
        "context.ad.match_type is 0, 1 or 2": ad.get("match_type") in (0, 1, 2),
        "timestamp is in milliseconds": _is_time(message["timestamp"], 1000),
        "people_quality is 1, 2 or 3": (message.get("properties") or {}).get("people_quality", 1) in (1, 2, 3),
        "loan_value is a whole number": isinstance((message.get("properties") or {}).get("loan_value", 0), int),
    }
    return next((told for told, good in checks.items() if not good), "")


def _tencent_fault(message: Mapping[str, Any], query: Mapping[str, str]) -> Fault:
    fault = _wrong_names(message, {"actions"}, set())
    if fault:
        return fault
    if not isinstance(message["actions"], list) or not 1 <= len(message["actions"]) <= 50:
        return "actions is a list of 1 to 50"
    if not (query.get("cb") or query.get("clickid")):
        return "cb is missing from the address"
    if "link_id" in query and not (
        query.get("nonce") and _is_time(int(query.get("timestamp", "0") or 0), 1, within_s=300)
    ):
        return "nonce or timestamp (within 300 s) is missing"
    for action in message["actions"]:
        fault = _wrong_names(action, {"outer_action_id", "action_time", "user_id", "action_type"}, {"action_param"})
        checks = {
            "action_type is not known": action.get("action_type") in _TENCENT,
            "action_time is in seconds": _is_time(action.get("action_time"), 1),
            "outer_action_id is a text of at most 204 bytes": isinstance(action.get("outer_action_id"), str) and 0 < len(action["outer_action_id"]) <= 204,
            "action_param.value is in fen": isinstance((action.get("action_param") or {}).get("value", 0), int),
        }  # fmt: skip
        fault = fault or next((told for told, good in checks.items() if not good), "")
        if fault:
            return fault
    return ""


def _baidu_fault(message: Mapping[str, Any]) -> Fault:
    fault = _wrong_names(message, {"token", "conversionTypes"}, set())
    if fault:
        return fault
    if message["token"] != settings.MEDIA_ACCOUNTS["baidu"]["token"]:
        return "token is not valid"
    if not isinstance(message["conversionTypes"], list) or not 1 <= len(message["conversionTypes"]) < 100:
        return "conversionTypes is a list of 1 to 99"
    for each in message["conversionTypes"]:
        fault = _wrong_names(each, {"logidUrl", "newType", "convertTime"}, {"convertValue"})
        checks = {
            "logidUrl has no bd_vid": "bd_vid=" in str(each.get("logidUrl")),
            "newType is not known": each.get("newType") in _BAIDU,
            "convertTime is in seconds": _is_time(each.get("convertTime"), 1),
            "convertValue is in fen": isinstance(each.get("convertValue", 0), int),
        }
        fault = fault or next((told for told, good in checks.items() if not good), "")
        if fault:
            return fault
    return ""


def _message(request: HttpRequest) -> tuple[dict[str, Any], Fault]:
    if request.method != "POST" or request.content_type != "application/json":
        return {}, "POST application/json only"
    try:
        found = json.loads(request.body)
    except ValueError:
        return {}, "the body is not JSON"
    return (found, "") if isinstance(found, dict) else ({}, "the body is no object")


def _wrong_names(told: Any, needed: set[str], allowed: set[str]) -> Fault:
    if not isinstance(told, dict):
        return "an object is missing"
    missing, unknown = needed - set(told), set(told) - needed - allowed
    return f"missing {sorted(missing)}, unknown {sorted(unknown)}" if missing or unknown else ""


def _is_time(value: object, unit: int, *, within_s: int = 400 * 86_400) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return abs(clock.now().timestamp() - value / unit) < within_s


def _taken(media: str, key: str, event: str, told: Mapping[str, Any], answer: dict[str, Any]) -> JsonResponse:
    now: datetime = clock.now()
    with tenancy.scope(tenancy.PLATFORM):
        SandboxConversion.objects.get_or_create(
            media=media, key=key[:400], defaults={"event": event, "told": dict(told), "received_at": now}
        )
    return JsonResponse(answer)


OF_MEDIA: dict[str, Callable[[HttpRequest], JsonResponse]] = {
    "ocean_engine/api/v2/conversion": ocean_engine, "tencent/conv": tencent, "tencent/v3.0/user_actions/add": tencent,
    "kuaishou/track/activate": kuaishou, "baidu/ocpcapi/api/uploadConvertData": baidu, "baidu/cb/actionCb": baidu_signed,
}  # fmt: skip
