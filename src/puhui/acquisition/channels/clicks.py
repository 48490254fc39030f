"""Click and impression pushes (点击监测, 曝光监测) of the media: the address each media calls, and what its parameters mean.

The advertiser chooses the parameters' names in the address and the media fills in its macros; ours stand in
`tables/click_push.csv` and `tables/impression_push.csv`. A macro that a media left as it was (`__OAID__`) says nothing. Some sign: Baidu appends
`sign`, the MD5 of the whole address before it followed by the account's key.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import md5, sha256
from typing import Any
from urllib.parse import parse_qsl

from puhui.acquisition import dated_tables, steps
from puhui.acquisition.core import device_ids, signals
from puhui.kernel.canonical import canonical_json, digest
from puhui.kernel.refusal import Refusal, Refused

_UNITS = {"milliseconds": 1000, "seconds": 1}
_LONGEST = 4096
_PLACES = {"click": "clicks", "impression": "impressions"}


def address(media: str, *, base: str, token: str, as_of: date, kind: str = "click") -> str:
    """The address to give to the media, with its macros.

    >>> address("kuaishou", base="https://loans.example", token="t", as_of=date(2026, 11, 29)).split("&")[:2]
    ['https://loans.example/octopus/clicks/kuaishou/?token=t', 'callback=__CALLBACK__']
    """
    pairs = [f"{row['parameter']}={row['macro']}" for row in _fields(media, as_of, kind)]
    return f"{base}/octopus/{_PLACES[kind]}/{media}/?token={token}&" + "&".join(pairs)


def token_of(media: str, key: str) -> str:
    """The token that an address for this media carries; whoever has no address cannot push.

    >>> len(token_of("baidu", "key"))
    32
    """
    return hmac.new(key.encode(), f"click push {media}".encode(), sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Signed:
    """Baidu's account key (empty: nothing is signed), and the whole address as called."""

    key: str = ""
    url: str = ""


def read(
    media: str, query: str, *, now: datetime, key: str, signed: Signed = Signed(), kind: str = "click"
) -> dict[str, Any]:
    """A row for core.signals. Refused: an unknown media, a wrong token, a wrong signature, a time that is no time.

    `key` makes the tokens; where Baidu's account key is set every push of Baidu must be signed; `kind` is click or impression.
    """
    if media not in steps.MEDIA:
        text = f"没有这个媒体 · no such media; one of {', '.join(steps.MEDIA)}"
        raise Refused(Refusal("MEDIA_UNKNOWN", text, where=media[:40]))
    if len(query) > _LONGEST:
        raise Refused(Refusal("CLICK_TOO_LONG", f"最长 {_LONGEST} 个字符 · at most {_LONGEST} characters", where=media))
    told = dict(parse_qsl(query, keep_blank_values=False))
    if not hmac.compare_digest(told.pop("token", "").encode(), token_of(media, key).encode()):
        raise Refused(Refusal("CLICK_FORGED", "令牌不符 · the token is not this media's", where=media))
    if signed.key and media == "baidu":
        _check_sign(signed.url, told.get("sign", ""), signed.key)
    told = {name: value for name, value in told.items() if not (value.startswith("__") and value.endswith("__"))}
    return _row(media, told, now, kind)


def baidu_sign(url: str, sign_key: str) -> str:
    """Baidu's signature of an address (without its sign).

    >>> baidu_sign("http://a?b=1", "k")
    '38e5af10cf846cd924c911dd276340cb'
    """
    return md5((url + sign_key).encode(), usedforsecurity=False).hexdigest()


def _row(media: str, told: Mapping[str, str], now: datetime, kind: str) -> dict[str, Any]:
    as_of = now.date()
    row: dict[str, Any] = {"kind": kind, "media": media, "happened_at": now}
    device: int | None = None
    for field in _fields(media, as_of, kind):
        value = told.get(field["parameter"], "").strip()
        if not value:
            continue
        if field["kind"] in _UNITS:
            row["happened_at"] = _time(value, _UNITS[field["kind"]], media)
        elif field["kind"] != "text":
            device = device or device_ids.asked(field["kind"], value)
        elif field["field"] in ("click_id", "name", "campaign", "creative"):
            row[field["field"]] = value
    row["device"] = signals.signed(device)
    row["raw"] = canonical_json(dict(told)).decode()
    if not row.get("click_id") and not row.get("name"):
        row["name"] = digest(dict(told))  # the same push twice is the same fact
    return row


def _time(text: str, unit: int, media: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text) / unit, UTC)
    except (ValueError, OverflowError, OSError):
        told = "时间不是数字 · the time is no number of (milli)seconds"
        raise Refused(Refusal("CLICK_TIME", told, where=media)) from None


def _check_sign(url: str, sign: str, sign_key: str) -> None:
    plain = url.partition("&sign=")[0]
    if not hmac.compare_digest(baidu_sign(plain, sign_key).encode(), sign.encode()):
        raise Refused(Refusal("CLICK_FORGED", "签名不符 · the signature does not fit the address", where="baidu"))


def _fields(media: str, as_of: date, kind: str) -> list[dict[str, str]]:
    rows = (row for row in dated_tables.rows(f"{kind}_push.csv") if row["media"] == media)
    return [row for row in rows if date.fromisoformat(row["effective_from"]) <= as_of]
