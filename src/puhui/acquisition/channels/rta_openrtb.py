"""OpenRTB 2.6 in JSON, for exchanges that are no Chinese media: a bid response, or a no-bid with its reason, always 200.

Prices are a CPM in yuan (`cur` CNY); a floor in another currency cannot be met. `device.lmt` or `dnt` is the person's
own off-switch: only strategies that use nothing about the person bid.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from puhui.acquisition.channels.rta_adapter import Unreadable, add_key
from puhui.acquisition.core.rta import Answer, Ask

_NO_BID = {"MALFORMED": 2, "OVERSIZED": 2, "METHOD": 2, "ERROR": 1, "EXCLUDED": 8, "PROTECTED": 8, "NO_ID": 8}
_CURRENCY = "CNY"
_NO_FLOOR = 2**62


class _Imp(msgspec.Struct):
    id: str
    bidfloor: float = 0.0
    bidfloorcur: str = "USD"


class _Device(msgspec.Struct):
    ifa: str = ""
    didmd5: str = ""
    dpidmd5: str = ""
    macmd5: str = ""
    os: str = ""
    lmt: int = 0
    dnt: int = 0


class _Request(msgspec.Struct):
    id: str
    imp: list[_Imp]
    device: _Device = msgspec.field(default_factory=_Device)
    cur: list[str] = msgspec.field(default_factory=list)


_decode = msgspec.json.Decoder(_Request).decode
_encode = msgspec.json.Encoder().encode


class OpenRtb:
    """The adapter of rta_adapter.Adapter for OpenRTB exchanges."""

    media = "openrtb"
    content_type = b"application/json; charset=utf-8"

    def read(self, body: bytes, doubtful: frozenset[int]) -> Ask:
        """`ifa` is an IDFA on iOS, else an OAID."""
        try:
            request = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise Unreadable(str(fault)) from None
        device, ask = request.device, Ask(request.id)
        apple = device.os.lower() in ("ios", "ipados")
        ids = ((device.ifa, "IDFA" if apple else "OAID"), (device.didmd5, "IMEI_MD5"))
        for text, kind in (*ids, (device.dpidmd5, "ANDROID_ID_MD5"), (device.macmd5, "MAC_MD5")):
            add_key(ask.keys, kind, text, doubtful)
        ask.opted_out = bool(device.lmt or device.dnt)
        served = not request.cur or _CURRENCY in request.cur
        ask.floors = tuple((each.id, _floor(each) if served else _NO_FLOOR) for each in request.imp)
        return ask

    def prepare(self, answer: Answer, coefficients: Sequence[float], asked: Sequence[str]) -> Any:
        """The dearest strategy that has a price: (strategy, fen per thousand), or the reason for no bid."""
        prices = [
            (round(g.cpm_fen * weight), g.strategy) for g, weight in zip(answer.grants, coefficients) if g.cpm_fen
        ]
        return max(prices) if prices else (0, answer.reason)

    def write(self, prepared: tuple[int, str], ask: Ask, spent_ms: int) -> bytes:
        """A bid for every impression whose floor the price reaches."""
        price, name = prepared
        if not price:
            return self.reject(ask.request_id, 0, name)
        bids = [
            {
                "id": f"{ask.request_id}-{imp}",
                "impid": imp,
                "price": price / 100,
                "cid": name,
                "crid": name,
                "adid": name,
            }
            for imp, floor in ask.floors
            if price >= floor
        ]
        if not bids:
            return self.reject(ask.request_id, 0, "FLOOR")
        return _encode({"id": ask.request_id, "cur": _CURRENCY, "seatbid": [{"seat": "puhui", "bid": bids}]})

    def reject(self, request_id: str, cache_s: int, reason: str) -> bytes:
        """No bid, and why by the standard's numbers (0: unknown)."""
        return _encode({"id": request_id, "nbr": _NO_BID.get(reason, 0)})


def _floor(imp: _Imp) -> int:
    """In fen per thousand; in another currency it is out of reach unless it is nothing."""
    if imp.bidfloor <= 0:
        return 0
    return -(-int(imp.bidfloor * 10_000) // 100) if imp.bidfloorcur == _CURRENCY else _NO_FLOOR
