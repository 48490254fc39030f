"""Conversion callbacks (转化回传): what is posted to a media so that it learns which click became what, and its answer read.

Only shapes here; who may be told what is decided in steps.py, and sending is conversions.py. The address that a click
brought with it is called only when its host is one of the media's own (`tables/callback_hosts.csv`): a push must not
make us call somebody else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from puhui.acquisition import dated_tables
from puhui.acquisition.channels.clicks import baidu_sign

_GRADED = ("credit",)


class Untellable(Exception):
    """The click does not bring what this media needs to recognise it; telling again would change nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """One conversion: the media's code for the step, when, its value in fen, a quality grade 1 high to 3 low, our key."""

    kind: str
    code: str
    key: str
    happened_at: datetime
    value_minor: int | None = None
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Secrets of our account with the media, empty where there is none."""

    token: str = ""
    sign_key: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP call to make."""

    method: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def call(media: str, told: Told, click: Mapping[str, Any], *, account: Account, now: datetime) -> Call:
    """The call for one conversion; `click` are the raw parameters of the click push. Raises Untellable."""
    return _SHAPES[media](told, click, account, now)


def accepted(media: str, body: bytes) -> tuple[bool, str]:
    """(whether the media took it, what it said). A body that is no JSON was not taken."""
    try:
        said = json.loads(body)
        code = {
            "ocean_engine": lambda: said["code"] == 0,
            "tencent": lambda: said["code"] == 0,
            "kuaishou": lambda: said["result"] == 1,
            "baidu": lambda: said.get("header", said).get("status", said.get("error_code")) == 0,
        }[media]()
        return bool(code), json.dumps(said, ensure_ascii=False)[:200]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False, body[:200].decode("utf-8", "replace")


def _ocean_engine(told: Told, click: Mapping[str, Any], account: Account, now: datetime) -> Call:
    callback = click.get("callback") or click.get("clickid")
    if not callback:
        raise Untellable("the click brought neither callback nor clickid")
    ad: dict[str, Any] = {"callback": callback, "match_type": 0}
    device = {name: click[name] for name in ("imei", "idfa", "oaid") if click.get(name)}
    context = {"ad": ad} | ({"device": device} if device else {})
    message: dict[str, Any] = {"event_type": told.code, "context": context, "timestamp": _ms(told.happened_at)}
    properties: dict[str, Any] = {}
    if told.quality and told.kind in _GRADED:
        properties["people_quality"] = told.quality
    if told.value_minor is not None:
        properties["loan_value"] = told.value_minor
    if properties:
        message["properties"] = properties
    return _post("https://analytics.oceanengine.com/api/v2/conversion", message)


def _tencent(told: Told, click: Mapping[str, Any], account: Account, now: datetime) -> Call:
    url = _own_address("tencent", click, now.date())
    user = {"hash_oaid": "hash_oaid", "hash_android_id": "hash_android_id", "muid": "hash_imei"}
    action: dict[str, Any] = {
        "outer_action_id": told.key,
        "action_time": int(told.happened_at.timestamp()),
        "user_id": {field: click[name] for name, field in user.items() if click.get(name)},
        "action_type": told.code,
    }
    if told.value_minor is not None:
        action["action_param"] = {"value": told.value_minor}
    if urlsplit(url).hostname == "api.e.qq.com":
        stamp = {"access_token": account.token, "timestamp": int(now.timestamp()), "nonce": told.key.replace("-", "")}
        url += ("&" if "?" in url else "?") + urlencode(stamp)
    return _post(url, {"actions": [action]})


def _kuaishou(told: Told, click: Mapping[str, Any], account: Account, now: datetime) -> Call:
    if not click.get("callback"):
        raise Untellable("the click brought no callback")
    said = {"callback": _token_in(str(click["callback"])), "event_type": told.code, "event_time": _ms(told.happened_at)}
    if told.value_minor is not None:
        said["purchase_amount"] = f"{told.value_minor // 100}.{told.value_minor % 100:02d}"
    return Call("GET", "http://ad.partner.gifshow.com/track/activate?" + urlencode(said))


def _baidu(told: Told, click: Mapping[str, Any], account: Account, now: datetime) -> Call:
    if click.get("callback_url") and account.sign_key:
        url = _own_address("baidu", click, now.date(), name="callback_url")
        url = url.replace("{{ATYPE}}", told.code).replace("{{AVALUE}}", str(told.value_minor or 0))
        return Call("GET", f"{url}&sign={baidu_sign(url, account.sign_key)}")
    if not click.get("bd_vid"):
        raise Untellable("the click brought neither callback_url nor bd_vid")
    page = unquote(str(click.get("landing", ""))) or "https://landing.invalid/"
    conversion: dict[str, Any] = {
        "logidUrl": f"{page}{'&' if '?' in page else '?'}bd_vid={quote(str(click['bd_vid']))}",
        "newType": int(told.code),
        "convertTime": int(told.happened_at.timestamp()),
    }
    if told.value_minor is not None:
        conversion["convertValue"] = told.value_minor
    message = {"token": account.token, "conversionTypes": [conversion]}
    return _post("https://ocpc.baidu.com/ocpcapi/api/uploadConvertData", message)


_SHAPES = {"ocean_engine": _ocean_engine, "tencent": _tencent, "kuaishou": _kuaishou, "baidu": _baidu}


def hosts(media: str, as_of: date) -> set[str]:
    """The hosts at which a media takes callbacks."""
    rows = (row for row in dated_tables.rows("callback_hosts.csv") if row["media"] == media)
    return {row["host"] for row in rows if date.fromisoformat(row["effective_from"]) <= as_of}


def _own_address(media: str, click: Mapping[str, Any], as_of: date, *, name: str = "callback") -> str:
    url = unquote(str(click.get(name) or ""))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname not in hosts(media, as_of):
        raise Untellable(f"the click's {name} is no address of {media}")
    return url


def _token_in(callback: str) -> str:
    """Kuaishou hands on either the token or a whole address with it."""
    query = urlsplit(unquote(callback)).query
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name == "callback":
            return value
    return callback


def _post(url: str, message: Mapping[str, Any]) -> Call:
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return Call("POST", url, body, {"Content-Type": "application/json"})


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
