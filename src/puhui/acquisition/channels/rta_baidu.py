"""Baidu RTA in JSON. The account is set up with strategy ids (at most 100), a cache time in seconds and a token.

Baidu hands its field names to an advertiser with the contract, so the names stand in `tables/baidu_wire.toml`, several
for each thing; the first is what we answer with. A no is `result` 0 with the cache time.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from puhui.acquisition.channels.rta_adapter import Unreadable, add_key
from puhui.acquisition.core.rta import Answer, Ask
from puhui.kernel import shipped

_IDS = (
    ("oaid_md5", "OAID_MD5"),
    ("oaid", "OAID"),
    ("idfa_md5", "IDFA_MD5"),
    ("idfa", "IDFA"),
    ("imei_md5", "IMEI_MD5"),
    ("imei", "IMEI"),
    ("android_id_md5", "ANDROID_ID_MD5"),
    ("caid", "CAID"),
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class Baidu:
    """The adapter of rta_adapter.Adapter for Baidu."""

    media = "baidu"
    content_type = b"application/json; charset=utf-8"

    def __init__(self) -> None:
        self._names = _wire_names()

    def read(self, body: bytes, doubtful: frozenset[int]) -> Ask:
        """Ids stand in the message or in its device part."""
        try:
            message = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise Unreadable(str(fault)) from None
        device = self._of(message, "device")
        places = [device, message] if isinstance(device, dict) else [message]
        ask = Ask(_text(self._of(message, "request_id")))
        for field, kind in _IDS:
            for place in places:
                value = self._of(place, field)
                for text in value if isinstance(value, list) else [value]:
                    add_key(ask.keys, kind, _text(text), doubtful)
        wanted = self._of(message, "strategies")
        if isinstance(wanted, list):
            ask.asked = tuple(_text(each) for each in wanted)
        ask.ping = self._of(message, "ping") is True
        return ask

    def prepare(self, answer: Answer, coefficients: Sequence[float], asked: Sequence[str]) -> dict[str, Any]:
        """The message without the request's id."""
        name = self._answer_name
        lines = []
        for grant, weight in zip(answer.grants, coefficients):
            line: dict[str, Any] = {name("strategy"): grant.strategy, name("coefficient"): weight}
            prices = (("cpa", grant.cpa_fen), ("cpc", grant.cpc_fen), ("pcvr", grant.pcvr))
            line |= {name(key): value for key, value in prices if value}
            lines.append(line)
        reply: dict[str, Any] = {
            name("status"): 0,
            name("result"): int(answer.joins),
            name("strategies"): lines,
            name("cache"): answer.cache_s,
        }
        if answer.bucket is not None:
            reply[name("bucket")] = answer.bucket
        return reply

    def write(self, prepared: dict[str, Any], ask: Ask, spent_ms: int) -> bytes:
        """With the request's id."""
        return _encode({self._answer_name("request_id"): ask.request_id, **prepared})

    def reject(self, request_id: str, cache_s: int, reason: str) -> bytes:
        """No strategy joins."""
        return self.write(self.prepare(Answer((), cache_s, reason), (), ()), Ask(request_id), 0)

    def _answer_name(self, thing: str) -> str:
        return self._names["answer"][thing]

    def _of(self, place: dict[str, Any], thing: str) -> Any:
        for name in self._names["ask"][thing]:
            if name in place:
                return place[name]
        return None


def _wire_names() -> dict[str, Any]:
    return shipped.tree("puhui.acquisition", "tables/baidu_wire.toml")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
