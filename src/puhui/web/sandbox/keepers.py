"""SANDBOX 沙盒: a credit bureau and a business registry for a machine that has no contract with real ones. Mounted only with PUHUI_SANDBOX=1.

They are as strict as real ones: signature, time, purpose, consent, every field. Whatever they answer is invented (虚构) from a hash
of the number asked for, says so in `sandbox`, and is graded by that; the same number always gets the same answer.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from puhui.kernel import china_ids
from puhui.underwriting.outside.door import sign
from puhui.web import clock

_ZONE = ZoneInfo("Asia/Shanghai")
_SKEW_SECONDS = 300
_LONGEST = 60
_PURPOSES = ("loan_approval",)
_FIELDS = {
    "bureau": {"query_id", "purpose", "consent_id", "name", "id_number"},
    "registry": {"query_id", "purpose", "credit_code"},
}
_TRADES = ("F5227", "F5212", "F5281", "H6210", "O8040", "F5223", "F5232")
_PARTS = 256


@csrf_exempt  # a machine calls; the signature takes the place of the token
@require_POST
def bureau(request: HttpRequest) -> HttpResponse:
    """A credit report's summary of one person."""
    return _answer("bureau", request, _wrong_person, lambda asked: of_person(asked["id_number"].upper(), on=_today()))


@csrf_exempt
@require_POST
def registry(request: HttpRequest) -> HttpResponse:
    """What is published of one shop."""
    return _answer("registry", request, _wrong_shop, lambda asked: of_shop(asked["credit_code"].upper(), on=_today()))


def of_person(id_number: str, *, on: date) -> dict[str, Any] | None:
    """An invented summary, amounts in fen; None: nobody of this number on file. One in ten is overdue, one in ten was late."""
    dice = sha256(f"sandbox bureau {id_number}".encode()).digest()
    if dice[0] < _PARTS // 20:
        return None
    overdue, late = dice[1] < _PARTS // 10, dice[1] < _PARTS // 5
    balance = (dice[2] % 8) * 500_000
    return {
        "instalments_monthly_minor": balance // 24,
        "overdue_now_minor": 20_000 + dice[3] * 100 if overdue else 0,
        "worst_overdue_days_24m": 45 if overdue else 20 if late else 0,
        "overdue_months_24m": 2 if overdue else 1 if late else 0,
        "inquiries_1m": dice[4] % 3,
        "inquiries_3m": dice[4] % 3 + dice[5] % 3,
        "new_loans_1m": dice[6] % 2,
        "balance_minor": balance,
        "loans_open": dice[2] % 8 // 2,
        "non_bank_minor": balance // 5,
        "guarantees_minor": 0,
        "household_credit_minor": balance * 2,
        "five_class_worst": "watch" if overdue else "normal",
        "history_months": 36 + dice[7] % 120,
        "court_enforcement": dice[8] < _PARTS // 100,
    }


def of_shop(credit_code: str, *, on: date) -> dict[str, Any] | None:
    """Invented particulars of a registered shop; None: no such shop. One in twenty has lost its licence."""
    dice = sha256(f"sandbox registry {credit_code}".encode()).digest()
    if dice[0] < _PARTS // 20:
        return None
    return {
        "licence_state": "revoked" if dice[1] < _PARTS // 20 else "in_business",
        "registered_on": (date(2012, 1, 1) + timedelta(days=int.from_bytes(dice[2:4]) % 4_000)).isoformat(),
        "industry_code": _TRADES[dice[4] % len(_TRADES)],
        "on_abnormal_list": dice[5] < _PARTS // 40,
        "annual_report_missing": dice[6] < _PARTS // 20,
        "court_enforcement": False,
    }


def _answer(
    keeper: str,
    request: HttpRequest,
    wrong: Callable[[Mapping[str, str]], str],
    made_up: Callable[[Mapping[str, str]], dict[str, Any] | None],
) -> HttpResponse:
    key = settings.KEEPERS[keeper]["key"]
    fault = _unsigned(request, key)
    if fault:
        return JsonResponse({"error": fault}, status=401)
    asked, fault = _asked(keeper, request.body)
    if fault:
        return JsonResponse({"error": fault}, status=422)
    if keeper == "bureau" and not asked["consent_id"].startswith("cons_"):
        return JsonResponse({"error": "nobody is looked up without a consent"}, status=403)
    fault = wrong(asked)
    if fault:
        return JsonResponse({"error": fault}, status=422)
    summary = made_up(asked)
    told = {"query_id": asked["query_id"], "sandbox": True, "found": summary is not None, "as_of": _today().isoformat(),
            "summary": summary}  # fmt: skip
    body, stamp = json.dumps(told).encode(), str(int(clock.now().timestamp()))
    headers = {"X-Puhui-Timestamp": stamp, "X-Puhui-Signature": sign(key, timestamp=stamp, body=body)}
    return HttpResponse(body, content_type="application/json", headers=headers)


def _unsigned(request: HttpRequest, key: str) -> str:
    stamp, signature = request.headers.get("X-Puhui-Timestamp", ""), request.headers.get("X-Puhui-Signature", "")
    if not stamp.isdecimal() or abs(clock.now().timestamp() - int(stamp)) > _SKEW_SECONDS:
        return "X-Puhui-Timestamp is missing or more than five minutes off"
    wanted = sign(key, timestamp=stamp, body=request.body)
    good = bool(key) and hmac.compare_digest(wanted.encode(), signature.encode())
    return "" if good else "X-Puhui-Signature does not fit the body"


def _asked(keeper: str, body: bytes) -> tuple[dict[str, str], str]:
    try:
        asked: Any = json.loads(body)
    except ValueError:
        return {}, "the body is not JSON"
    if not isinstance(asked, dict) or set(asked) != _FIELDS[keeper]:
        return {}, f"the fields must be exactly {', '.join(sorted(_FIELDS[keeper]))}"
    if not all(isinstance(value, str) and 0 < len(value) <= _LONGEST for value in asked.values()):
        return {}, f"every field must be a text of 1 to {_LONGEST} characters"
    if not asked["query_id"].startswith("ask_"):
        return {}, "query_id must begin with ask_"
    return (asked, "") if asked["purpose"] in _PURPOSES else ({}, f"purpose is one of {', '.join(_PURPOSES)}")


def _wrong_person(asked: Mapping[str, str]) -> str:
    return "" if china_ids.check_id_card(asked["id_number"]).ok else "id_number is not a resident ID number"


def _wrong_shop(asked: Mapping[str, str]) -> str:
    return "" if china_ids.check_uscc(asked["credit_code"]).ok else "credit_code is not a unified social credit code"


def _today() -> date:
    return clock.now().astimezone(_ZONE).date()
