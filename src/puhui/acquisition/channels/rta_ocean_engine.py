"""Ocean Engine and Pangle RTA: protobuf 3 over POST. Every strategy asked about (`rta_ids`) is answered one by one.

A plain no carries `bid_type` 1 (the device is out) and `is_interested` false for every id asked; `status_code` stays 0,
since a media may read a fault as "join".
"""

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from puhui.acquisition.channels.rta_adapter import Unreadable, add_key, string_field
from puhui.acquisition.channels.wire import ocean_engine_rta_pb2 as wire
from puhui.acquisition.core.rta import Answer, Ask

_JOIN, _DEVICE_OUT = 0, 1
_KINDS = dict(wire.DidType.items())
_VIDS = [number for _, number in wire.CusVid.items() if number]
_BY_NUMBER = {number: name for name, number in _KINDS.items()}
_IDS = (
    ("oaid", "OAID"),
    ("idfa", "IDFA"),
    ("imei_md5", "IMEI_MD5"),
    ("android_id_md5", "ANDROID_ID_MD5"),
    ("caid1", "CAID"),
    ("caid2", "CAID"),
    ("caid", "CAID"),
    ("gaid", "GAID"),
    ("idfv", "IDFV"),
)


class OceanEngine:
    """The adapter of rta_adapter.Adapter for Ocean Engine."""

    media = "ocean_engine"
    content_type = b"application/x-protobuf"

    def read(self, body: bytes, doubtful: frozenset[int]) -> Ask:
        """`did` is of the kind `did_type` says; the salted *_secure_id fields cannot be matched and are left out."""
        try:
            request = wire.Req.FromString(body)
        except DecodeError as fault:
            raise Unreadable(str(fault)) from None
        ask = Ask(request.req_id)
        if request.did:
            add_key(ask.keys, _BY_NUMBER.get(request.did_type, "IMEI"), request.did, doubtful)
        device = request.device
        for field, kind in _IDS:
            text = getattr(device, field)
            if text:
                add_key(ask.keys, kind, text, doubtful)
        if request.rta_ids:
            ask.asked = tuple(map(str, request.rta_ids))
        if request.vids:
            ask.arms = tuple(request.vids)
        return ask

    def prepare(self, answer: Answer, coefficients: Sequence[float], asked: Sequence[str]) -> bytes:
        """A line for every strategy asked about; where none was named, for those that join."""
        reply = wire.Rsp(status_code=0, cache_time_secs=answer.cache_s)
        reply.bid_type.SetInParent()
        reply.bid_type.value = _JOIN if answer.joins else _DEVICE_OUT
        vid = wire.CusVid.CUS_VID_UNKNOWN if answer.bucket is None else _VIDS[answer.bucket]
        if vid:
            reply.cus_vid = vid
            reply.rta_vid = str(int(vid))
        granted = {grant.strategy: (grant, weight) for grant, weight in zip(answer.grants, coefficients)}
        for name in asked or granted:
            line = reply.user_infos.add(rta_id=int(name), is_interested=name in granted)
            if name not in granted:
                continue
            grant, weight = granted[name]
            if vid:
                line.cus_vid = vid
            line.user_scores.add(user_type=wire.UserInfo.PRICE_COEF, quality=weight)
            if grant.cpa_fen:
                line.user_scores.add(
                    user_type=wire.UserInfo.PRICE_BID, quality=grant.cpa_fen, pricing_type=wire.UserInfo.OCPM
                )
            if grant.cpc_fen:
                line.user_scores.add(
                    user_type=wire.UserInfo.PRICE_BID, quality=grant.cpc_fen, pricing_type=wire.UserInfo.CPC
                )
            if grant.pcvr:
                line.action_scores.add(action_type=wire.UserInfo.LOAN_CREDIT, quality=grant.pcvr)
        return reply.SerializeToString()

    def write(self, prepared: bytes, ask: Ask, spent_ms: int) -> bytes:
        """The request's id is the only part of its own."""
        return prepared + string_field(6, ask.request_id) if ask.request_id else prepared

    def reject(self, request_id: str, cache_s: int, reason: str) -> bytes:
        """The device is out."""
        return self.write(self.prepare(Answer((), cache_s, reason), (), ()), Ask(request_id), 0)
