"""The four wires: field numbers as published, questions read, answers written, and everything unreadable rejected with care."""

import json
import os
import re
from datetime import UTC, date, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor, descriptor_pb2

from puhui.acquisition.channels.wire import ocean_engine_rta_pb2 as ocean
from puhui.acquisition.channels.wire import tencent_rta_pb2 as tencent
from puhui.acquisition.core import audience_table, device_ids
from puhui.acquisition.rta import counters, publication
from puhui.acquisition.rta.engine import Engine

DAY = date(2026, 11, 29)
NOW = datetime(2026, 11, 29, tzinfo=UTC)
STRATEGIES = """media,strategy,include,exclude,grades,cpa_fen,cpc_fen,cpm_fen,pcvr,arms
tencent,new,,existing_customer,lookalike:1.6,,,,0.02,
tencent,priced,lookalike,existing_customer,,30000,120,,,
tencent,trial,,existing_customer,,,,,,77
ocean_engine,1001,,existing_customer,lookalike:1.6,,,,0.02,
ocean_engine,1002,lookalike,existing_customer,,30000,120,,,
baidu,new,,existing_customer,lookalike:1.6,30000,,,,
openrtb,new,,existing_customer,lookalike:1.5,,,2000,,
"""
NAMES = ("existing_customer", "lookalike", "blacklisted")
CUSTOMER, LOOKALIKE, BLACK, NEW = "customer", "lookalike", "black", "new"


def hashed(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def published(folder: Path, strategies: str = STRATEGIES) -> None:
    keys = np.array([device_ids.asked("OAID", each) for each in (CUSTOMER, LOOKALIKE, BLACK)], dtype=np.uint64)
    publication.publish(
        folder, audience_table.build(keys, np.array([0, 1, 2], dtype=np.uint8), names=NAMES), strategies, now=NOW
    )


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    published(tmp_path)
    found = Engine(tmp_path, counters.Counters(1).row(0), workers=1, today=DAY)
    found.look(DAY)
    return found


def ask_tencent(engine: Engine, request: tencent.RtaRequest | bytes) -> tencent.RtaResponse:
    body = request if isinstance(request, bytes) else request.SerializeToString()
    return tencent.RtaResponse.FromString(engine.answer("tencent", body)[1])


def from_tencent(oaid: str = "", **more: str) -> tencent.RtaRequest:
    request = tencent.RtaRequest(id="q1")
    request.device.os = tencent.RtaRequest.OS_ANDROID
    for field, text in ({"oaid_md5sum": hashed(oaid)} if oaid else {} | more).items():
        setattr(request.device, field, text)
    return request


class TestTheWire:
    def test_has_the_published_numbers_and_types(self):
        data = Path(os.environ.get("PUHUI_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
        place = data.parent / "reference" / "rta.md"
        if not place.is_file():
            pytest.skip("the published field tables are not here (PUHUI_DATA)")
        text = place.read_text(encoding="utf-8")
        for head, module in (("## Tencent RTA", tencent), ("## Ocean Engine", ocean)):
            rows = re.findall(
                r"^\| (\S+) \| (.+?) \| (\w+) \| (\d+) \|$", text.split(head)[1].split("\n## ")[0], re.MULTILINE
            )
            assert len(rows) > 100
            for message, kind, field, number in rows:
                assert number_of(module.DESCRIPTOR, message, kind, field) == int(number), (message, field)


def number_of(file: descriptor.FileDescriptor, message: str, kind: str, field: str) -> int:
    names = message.split(".")
    if kind == "enum value":
        holder = file.message_types_by_name[names[0]] if len(names) > 1 else file
        for name in names[1:-1]:
            holder = holder.nested_types_by_name[name]
        return holder.enum_types_by_name[names[-1]].values_by_name[field].number
    found = file.message_types_by_name[names[0]]
    for name in names[1:]:
        found = found.nested_types_by_name[name]
    one = found.fields_by_name[field]
    words = kind.replace("optional ", "").split()
    assert one.is_repeated == (words[0] == "repeated" or words[0].startswith("map<"))
    scalar = descriptor_pb2.FieldDescriptorProto.Type.Name(one.type).removeprefix("TYPE_").lower()
    if one.message_type is None and one.enum_type is None:
        assert scalar == words[-1]
    elif not words[0].startswith("map<"):
        assert (one.message_type or one.enum_type).name == words[-1].rpartition(".")[2]
    return one.number


class TestTencent:
    def test_joins_with_names_weights_and_prices(self, engine: Engine):
        reply = ask_tencent(engine, from_tencent(LOOKALIKE))
        assert (reply.code, reply.request_id, list(reply.out_target_id)) == (0, "q1", ["new", "priced"])
        new, priced = reply.target_infos
        assert (round(new.user_weight_factor, 2), round(new.pcvr, 3)) == (1.6, 0.02)
        assert (priced.cpa_price, priced.cpc_price) == (30000, 120)
        assert 1 <= reply.response_cache_time <= 604800
        assert reply.dsp_tag_str.startswith("b")
        assert len(reply.dsp_tag_str) <= 20

    def test_rejects_whoever_is_left_out_in_either_case_of_the_digest(self, engine: Engine):
        for digest in (hashed(CUSTOMER), hashed(CUSTOMER).upper(), hashed(BLACK)):
            reply = ask_tencent(engine, from_tencent(oaid_md5sum=digest))
            assert (reply.code, list(reply.out_target_id), reply.response_cache_time) == (1, [], 86400)

    def test_any_id_of_a_device_is_enough_to_leave_it_out(self, engine: Engine):
        request = from_tencent(NEW)
        request.device.qaid_infos.add(version=1, qaid=CUSTOMER)
        assert ask_tencent(engine, request).code == 1

    def test_follows_the_medias_experiments(self, engine: Engine):
        request = from_tencent(NEW)
        request.exps.add(exp_id=77)
        assert list(ask_tencent(engine, request).out_target_id) == ["new", "trial"]

    def test_a_ping_is_answered_with_code_and_id(self, engine: Engine):
        request = from_tencent(NEW)
        request.is_ping = True
        assert ask_tencent(engine, request) == tencent.RtaResponse(code=0, request_id="q1")

    def test_a_second_request_gets_the_price_of_each_ad(self, engine: Engine):
        request = from_tencent(LOOKALIKE)
        request.request_info.request_type = tencent.RtaRequest.RequestInfo.ADLIST_REQUEST
        for number, name in ((1, "priced"), (2, "new"), (3, "foreign")):
            ad = request.ad_infos.add(adgroup_id=number, out_target_id=name)
            ad.creative_infos.add(creative_id=number * 10)
            ad.product_infos.add(product_lib=7, out_product_id="p")
        reply = ask_tencent(engine, request)
        assert [each.adgroup_id for each in reply.ad_results] == [1, 2]
        priced, plain = reply.ad_results
        assert (priced.cpc_price, priced.cpa_price, priced.ignore) == (120, 30000, False)
        assert (priced.creative_results[0].creative_id, priced.creative_results[0].cpc_price) == (10, 120)
        assert priced.product_results[0].cpc_price == 120
        assert (plain.ignore, plain.cpc_price) == (True, 0)
        request.device.oaid_md5sum = hashed(CUSTOMER)
        assert ask_tencent(engine, request).code == 1

    @pytest.mark.parametrize(
        ("body", "counted"),
        [
            (b"\x0a\x50abc", "MALFORMED"),
            (b"\xff" * 40, "MALFORMED"),
            (b"{}", "MALFORMED"),
            (b"", "NO_ID"),
            (from_tencent().SerializeToString(), "NO_ID"),
            (from_tencent(oaid_md5sum=hashed("")).SerializeToString(), "NO_ID"),
            (from_tencent(oaid_md5sum="12ab").SerializeToString(), "NO_ID"),
            (b"\x0a\x04" + b"\xff" * 4, "NO_ID"),
            (from_tencent(NEW).SerializeToString() + b"\x00" * 70_000, "OVERSIZED"),
        ],
    )
    def test_unreadable_or_without_a_usable_id_is_rejected_and_briefly_kept(
        self, engine: Engine, body: bytes, counted: str
    ):
        reply = ask_tencent(engine, body)
        assert reply.code == 1
        assert reply.response_cache_time == 60
        assert not reply.out_target_id
        place = counters.reason_place(0, counters.REASONS.index(counted))
        assert engine._row[place] == 1

    @pytest.mark.parametrize("tag", ["OAID_MD5_DOUBTFUL", "OAID_DOUBTFUL"])
    def test_ids_that_tencent_calls_doubtful_are_not_used(self, engine: Engine, tag: str):
        request = from_tencent(NEW)
        request.device.doubtful_ids_list.append(tencent.RtaRequest.Device.DeviceIdTag.Value(tag))
        assert ask_tencent(engine, request).code == 1


class TestOceanEngine:
    def ask(self, engine: Engine, **fields: Any) -> ocean.Rsp:
        request = ocean.Req(req_id="z", **fields)
        return ocean.Rsp.FromString(engine.answer("ocean_engine", request.SerializeToString())[1])

    def test_answers_every_id_asked_about(self, engine: Engine):
        reply = self.ask(engine, did=LOOKALIKE, did_type=ocean.OAID, rta_ids=[1001, 1002, 7])
        assert (reply.status_code, reply.req_id, reply.bid_type.value) == (0, "z", 0)
        assert reply.HasField("bid_type")
        assert [(each.rta_id, each.is_interested) for each in reply.user_infos] == [
            (1001, True),
            (1002, True),
            (7, False),
        ]
        score = reply.user_infos[0].user_scores[0]
        assert (score.user_type, score.quality) == (ocean.UserInfo.PRICE_COEF, 1.6)
        assert reply.user_infos[0].action_scores[0].action_type == ocean.UserInfo.LOAN_CREDIT
        assert 1 <= reply.cus_vid <= 10

    def test_says_that_the_device_is_out(self, engine: Engine):
        for fields in ({"did": CUSTOMER, "did_type": ocean.OAID}, {"device": ocean.Device(oaid=CUSTOMER)}):
            reply = self.ask(engine, rta_ids=[1001], **fields)
            assert (reply.status_code, reply.bid_type.value, reply.cache_time_secs) == (0, 1, 86400)
            assert [(each.rta_id, each.is_interested) for each in reply.user_infos] == [(1001, False)]

    def test_that_cannot_be_read_is_rejected_with_status_0(self, engine: Engine):
        reply = ocean.Rsp.FromString(engine.answer("ocean_engine", b"\x0a\x50abc")[1])
        assert (reply.status_code, reply.bid_type.value, reply.cache_time_secs) == (0, 1, 60)


class TestBaidu:
    def ask(self, engine: Engine, message: object) -> dict[str, object]:
        found: dict[str, object] = json.loads(engine.answer("baidu", json.dumps(message).encode())[1])
        return found

    def test_joins_and_rejects(self, engine: Engine):
        reply = self.ask(engine, {"qid": "1", "device": {"oaidMd5": hashed(LOOKALIKE)}, "strategyIds": ["new"]})
        assert (reply["qid"], reply["result"]) == ("1", 1)
        assert reply["strategies"] == [{"strategyId": "new", "coefficient": 1.6, "cpa": 30000}]
        assert self.ask(engine, {"oaid": CUSTOMER})["result"] == 0

    @pytest.mark.parametrize("message", [{}, {"device": []}, {"oaid": None, "imei": ""}, {"oaid": {}}, {"oaid": [""]}])
    def test_without_an_id_is_rejected(self, engine: Engine, message: dict[str, Any]):
        assert self.ask(engine, message)["result"] == 0

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"x"'])
    def test_that_is_no_json_object_is_rejected(self, engine: Engine, body: bytes):
        assert json.loads(engine.answer("baidu", body)[1])["result"] == 0


class TestOpenRtb:
    def ask(self, engine: Engine, **fields: object) -> dict[str, object]:
        message = {"id": "r", "imp": [{"id": "1", "banner": {}}]} | fields
        found: dict[str, object] = json.loads(engine.answer("openrtb", json.dumps(message).encode())[1])
        return found

    def test_bids_a_cpm_for_impressions_whose_floor_it_reaches(self, engine: Engine):
        imps = [
            {"id": "1", "bidfloor": 30.0, "bidfloorcur": "CNY"},
            {"id": "2", "bidfloor": 30.01, "bidfloorcur": "CNY"},
            {"id": "3", "bidfloor": 0.01},
            {"id": "4"},
        ]
        reply = self.ask(engine, device={"ifa": LOOKALIKE, "os": "Android"}, imp=imps)
        bids = reply["seatbid"][0]["bid"]  # type: ignore[index]
        assert (reply["id"], reply["cur"]) == ("r", "CNY")
        assert [(bid["impid"], bid["price"]) for bid in bids] == [("1", 30.0), ("4", 30.0)]

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"device": {"ifa": CUSTOMER}}, 8),
            ({"device": {"ifa": NEW, "lmt": 1}}, 8),
            ({"device": {"ifa": NEW}, "cur": ["USD"]}, 0),
            ({"imp": "x"}, 2),
            ({}, 8),
        ],
    )
    def test_does_not_bid_and_says_why(self, engine: Engine, fields: dict[str, object], why: int):
        reply = self.ask(engine, **fields)
        assert reply["nbr"] == why
        assert "seatbid" not in reply
