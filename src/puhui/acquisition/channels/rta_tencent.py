"""Tencent RTA: protobuf 2 over POST. `code` 0 joins with the strategies named, anything else rejects all.

What is easily got wrong: code 0 without a strategy means "join with everything"; an ad left out of a second answer is
not changed in price and does not pass, while `ignore` hands the ad back to Tencent's own judgement.
"""

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from puhui.acquisition.channels.rta_adapter import Unreadable, add_key, string_field, varint
from puhui.acquisition.channels.wire import tencent_rta_pb2 as wire
from puhui.acquisition.core.device_ids import from_digest
from puhui.acquisition.core.rta import Ad, Answer, Ask, Grant

_REJECT = 1
_SECOND = wire.RtaRequest.RequestInfo.ADLIST_REQUEST
_DEVICE = wire.RtaRequest.Device
_IDS = (  # digests, best first, and the tags that call each doubtful (a doubtful OAID has a doubtful digest)
    ("oaid_md5sum", {_DEVICE.OAID_MD5_DOUBTFUL, _DEVICE.OAID_DOUBTFUL}),
    ("idfa_md5sum", {_DEVICE.IDFA_MD5_DOUBTFUL}),
    ("imei_md5sum", {_DEVICE.IMEI_MD5_DOUBTFUL}),
    ("android_id_md5sum", {_DEVICE.ANDROIDID_MD5_DOUBTFUL}),
    ("mac_md5sum", {_DEVICE.MAC_MD5_DOUBTFUL}),
)


Prepared = tuple[bytes, Answer, tuple[float, ...]]


class Tencent:
    """The adapter of rta_adapter.Adapter for Tencent."""

    media = "tencent"
    content_type = b"application/x-protobuf; charset=UTF-8"

    def read(self, body: bytes, doubtful: frozenset[int]) -> Ask:
        """Ids marked doubtful by Tencent itself are left out."""
        try:
            request = wire.RtaRequest.FromString(body)
            ask = Ask(request.id)
            device, keys = request.device, ask.keys
            marked = device.doubtful_ids_list
            for field, tags in _IDS:
                text = getattr(device, field)
                if text and not (marked and not tags.isdisjoint(marked)):
                    key = from_digest(text, doubtful)
                    if key is not None and key not in keys:
                        keys.append(key)
            if device.qaid_infos and wire.RtaRequest.Device.QAID_DOUBTFUL not in marked:
                for info in device.qaid_infos:
                    add_key(keys, "CAID_MD5", info.qaid_md5sum, doubtful)
                    add_key(keys, "CAID", info.qaid, doubtful)
            for pair in device.wx_openid:
                add_key(keys, "OPENID", f"{pair.appid}:{pair.openid}" if pair.openid else "", doubtful)
            ask.ping = request.is_ping
            if request.exps:
                ask.arms = tuple(each.exp_id for each in request.exps)
            if request.request_info.request_type == _SECOND:
                ask.second, ask.ads = True, tuple(_ad(each) for each in request.ad_infos)
        except (DecodeError, UnicodeDecodeError) as fault:
            raise Unreadable(str(fault)) from None
        return ask

    def prepare(self, answer: Answer, coefficients: Sequence[float], asked: Sequence[str]) -> Prepared:
        """First request: all strategies that join, each with its weight."""
        if not answer.joins:
            return _refusal(answer.cache_s), answer, ()
        reply = wire.RtaResponse(code=0, response_cache_time=answer.cache_s)
        if answer.bucket is not None:
            reply.dsp_tag_str = f"b{answer.bucket}"
        for grant, coefficient in zip(answer.grants, coefficients):
            reply.out_target_id.append(grant.strategy)
            target = reply.target_infos.add(out_target_id=grant.strategy, user_weight_factor=coefficient)
            if grant.cpa_fen:
                target.cpa_price = grant.cpa_fen
            if grant.cpc_fen:
                target.cpc_price = grant.cpc_fen
            if grant.pcvr:
                target.pcvr = grant.pcvr
        return reply.SerializeToString(), answer, tuple(coefficients)

    def write(self, prepared: Prepared, ask: Ask, spent_ms: int) -> bytes:
        """The request's own id, and for a second request the price of every ad."""
        first, answer, coefficients = prepared
        if ask.second and answer.joins:
            first = _second(answer, coefficients, ask.ads)
        elif ask.ping:
            first = wire.RtaResponse(code=0).SerializeToString()
            return first + (string_field(1, ask.request_id) if ask.request_id else b"")
        tail = b"\x20" + varint(spent_ms)  # processing_time_ms
        return first + tail + string_field(1, ask.request_id) if ask.request_id else first + tail

    def reject(self, request_id: str, cache_s: int, reason: str) -> bytes:
        """Reject everything."""
        return _refusal(cache_s) + (string_field(1, request_id) if request_id else b"")


def _refusal(cache_s: int) -> bytes:
    return wire.RtaResponse(code=_REJECT, response_cache_time=cache_s).SerializeToString()


def _ad(info: wire.RtaRequest.AdInfo) -> Ad:
    return Ad(
        info.adgroup_id,
        tuple(each.creative_id for each in info.creative_infos),
        tuple((each.product_lib, each.out_product_id) for each in info.product_infos),
        info.out_target_id,
    )


def _second(answer: Answer, coefficients: Sequence[float], ads: Sequence[Ad]) -> bytes:
    granted = {grant.strategy: (grant, weight) for grant, weight in zip(answer.grants, coefficients)}
    first = (answer.grants[0], coefficients[0])
    reply = wire.RtaResponse(code=0)
    for ad in ads:
        found = granted.get(ad.strategy) if ad.strategy else first
        if found is not None:
            _price(reply.ad_results.add(adgroup_id=ad.adgroup_id), ad, *found)
    if not reply.ad_results:
        return _refusal(answer.cache_s)
    return reply.SerializeToString()


def _price(result: wire.RtaResponse.AdResult, ad: Ad, grant: Grant, weight: float) -> None:
    """The click's price scaled by the person's weight, on the ad, its creatives and its products; without prices Tencent decides."""
    cpc, cpa = round(grant.cpc_fen * weight), grant.cpa_fen
    if not cpc and not cpa:
        result.ignore = True
        return
    for creative_id in ad.creative_ids:
        creative = result.creative_results.add(creative_id=creative_id)
        if cpc:
            creative.cpc_price = cpc
        if cpa:
            creative.cpa_price = cpa
    if cpc:
        result.cpc_price = cpc
        for library, product in ad.products:
            result.product_results.add(product_lib=library, out_product_id=product, cpc_price=cpc)
    if cpa:
        result.cpa_price = cpa
