"""SANDBOX 沙盒: the robots of WeCom, DingTalk and Feishu, for a machine that has none. Mounted only with PUHUI_SANDBOX=1.

Each is as strict as the real one: key, every field, sizes, signature with its time, messages a minute; and answers with its
codes (HTTP 200, the fault in the body). The real ones do not know a repeat; here a message is known by the number in its
text and a repeat is counted, so that a test can tell how often a message came. Nothing leaves this machine.
"""

import hmac
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from puhui.journeys.alerts.channels import dingtalk_sign, feishu_sign
from puhui.store import tenancy
from puhui.web import clock
from puhui.web.models import SandboxRobotMessage

_SKEW = timedelta(hours=1)
_WECOM_BYTES, _OTHER_BYTES = 2048, 20_000
_PER_MINUTE = {"wecom": 20, "dingtalk": 20, "feishu": 100}
_NUMBER = re.compile(r"^编号 Ref: (am_[0-9a-f]{32})$", re.MULTILINE)


@csrf_exempt  # a machine calls
def wecom(request: HttpRequest) -> JsonResponse:
    """POST cgi-bin/webhook/send?key=…"""
    if not _same(request.GET.get("key", ""), _query("wecom", "key")):
        return _errcode(93000, "invalid webhook url")
    text, said = _text(request, "msgtype", "text", "content", set())
    if said or len(text.encode()) > _WECOM_BYTES:
        return _errcode(40058, said or f"text.content exceeds {_WECOM_BYTES} bytes")
    if _too_fast("wecom"):
        return _errcode(45009, "api freq out of limit")
    return _taken("wecom", text, {"errcode": 0, "errmsg": "ok"}, _errcode)


@csrf_exempt
def dingtalk(request: HttpRequest) -> JsonResponse:
    """POST robot/send?access_token=…&timestamp=…&sign=…"""
    if not _same(request.GET.get("access_token", ""), _query("dingtalk", "access_token")):
        return _errcode(300001, "token is not exist")
    secret, stamp = settings.ALERT_ROBOTS["dingtalk"]["secret"], request.GET.get("timestamp", "")
    if secret and not _in_time(stamp, 1000):
        return _errcode(310000, "invalid timestamp")
    if secret and not _same(request.GET.get("sign", ""), dingtalk_sign(secret, timestamp=stamp)):
        return _errcode(310000, "sign not match")
    text, said = _text(request, "msgtype", "text", "content", set())
    if said or len(text.encode()) > _OTHER_BYTES:
        return _errcode(400105, said or "text.content is too long")
    if _too_fast("dingtalk"):
        return _errcode(130101, "send too fast, exceed 20 times per minute")
    return _taken("dingtalk", text, {"errcode": 0, "errmsg": "ok"}, _errcode)


@csrf_exempt
def feishu(request: HttpRequest, token: str) -> JsonResponse:
    """POST open-apis/bot/v2/hook/<token>"""
    if not _same(token, urlsplit(settings.ALERT_ROBOTS["feishu"]["url"]).path.rpartition("/")[2]):
        return _code(19001, "param invalid: incoming webhook access token invalid")
    secret = settings.ALERT_ROBOTS["feishu"]["secret"]
    text, said = _text(request, "msg_type", "content", "text", {"timestamp", "sign"} if secret else set())
    if said or len(request.body) > _OTHER_BYTES:
        return _code(9499, said or "Bad Request: the body is too long")
    if secret:
        told = json.loads(request.body)
        good = _in_time(told["timestamp"], 1) and isinstance(told["sign"], str)
        if not (good and _same(told["sign"], feishu_sign(secret, timestamp=told["timestamp"]))):
            return _code(19021, "sign match fail or timestamp is not within one hour from current time")
    if _too_fast("feishu"):
        return _code(11232, "frequency limited psm")
    return _taken("feishu", text, {"code": 0, "msg": "success", "data": {}}, _code)


@require_GET
def received(request: HttpRequest) -> HttpResponse:
    """What the robots would have shown in their groups, newest first."""
    with tenancy.scope(tenancy.PLATFORM):
        rows = list(SandboxRobotMessage.objects.order_by("-received_at", "-id")[:100])
    return render(request, "sandbox/robots.html", {"rows": rows})


def _text(request: HttpRequest, kind: str, holder: str, place: str, more: set[str]) -> tuple[str, str]:
    """(the text, what is wrong)."""
    if request.method != "POST" or request.content_type != "application/json":
        return "", "POST application/json only"
    try:
        told: Any = json.loads(request.body)
    except ValueError:
        return "", "invalid json"
    if not isinstance(told, dict) or set(told) != {kind, holder} | more:
        return "", f"the fields must be exactly {sorted({kind, holder} | more)}"
    if told[kind] != "text" or not isinstance(told[holder], dict) or set(told[holder]) != {place}:
        return "", f"{kind} must be text, with {holder}.{place} alone"
    text = told[holder][place]
    return (text, "") if isinstance(text, str) and text.strip() else ("", f"{holder}.{place} is empty")


def _query(robot: str, name: str) -> str:
    """The key of our own robot, as its address holds it; empty where it is not set up."""
    return parse_qs(urlsplit(settings.ALERT_ROBOTS[robot]["url"]).query).get(name, [""])[0]


def _same(told: str, wanted: str) -> bool:
    return bool(wanted) and hmac.compare_digest(told.encode(), wanted.encode())


def _in_time(stamp: object, unit: int) -> bool:
    if not (isinstance(stamp, str) and stamp.isascii() and stamp.isdecimal()):
        return False
    return abs(clock.now().timestamp() - int(stamp) / unit) <= _SKEW.total_seconds()


def _too_fast(robot: str) -> bool:
    with tenancy.scope(tenancy.PLATFORM):
        lately = SandboxRobotMessage.objects.filter(robot=robot, received_at__gt=clock.now() - timedelta(minutes=1))
        return lately.count() >= _PER_MINUTE[robot]


def _taken(robot: str, text: str, answer: dict[str, Any], refuse: Callable[[int, str], JsonResponse]) -> JsonResponse:
    number = _NUMBER.search(text)
    if number is None:
        return refuse(-2, "sandbox: the text has no line 编号 Ref: am_…")
    with tenancy.scope(tenancy.PLATFORM):
        row, new = SandboxRobotMessage.objects.get_or_create(
            robot=robot, number=number[1], defaults={"text": text, "received_at": clock.now()}
        )
        if not new:
            SandboxRobotMessage.objects.filter(pk=row.pk).update(times=F("times") + 1)
    return JsonResponse(answer)


def _errcode(code: int, said: str) -> JsonResponse:
    return JsonResponse({"errcode": code, "errmsg": said})


def _code(code: int, said: str) -> JsonResponse:
    return JsonResponse({"code": code, "msg": said, "data": {}})
