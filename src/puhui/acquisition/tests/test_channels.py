"""Click pushes of every media, and the shapes of what each is told back."""

import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from puhui.acquisition.channels import callbacks, clicks
from puhui.acquisition.channels.callbacks import Account, Told, Untellable
from puhui.acquisition.channels.clicks import Signed
from puhui.acquisition.core import device_ids, signals
from puhui.kernel.refusal import Refused

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
CREDIT = Told("credit", "x", "0f0e0d0c-0000-0000-0000-000000000001", NOW - timedelta(hours=1), 123_456, 1)
ACCOUNT = Account("token", "akey")


def push(media: str, **told: str) -> str:
    return urlencode({"token": clicks.token_of(media, "key"), **told})


class TestAClickPush:
    @pytest.mark.parametrize(
        ("media", "told", "kind", "text"),
        [
            (
                "ocean_engine",
                {"clickid": "c", "callback": "cb", "idfa": "E2A7D3B4-1", "ts": "1795924800000"},
                "IDFA",
                "E2A7D3B4-1",
            ),
            ("ocean_engine", {"clickid": "c", "oaid": "o", "imei": "__IMEI__", "ts": "1795924800000"}, "OAID", "o"),
            (
                "tencent",
                {"click_id": "c", "hash_oaid": "A" * 8 + "1" * 24, "click_time": "1795924800"},
                "OAID_MD5",
                "a" * 8 + "1" * 24,
            ),
            (
                "kuaishou",
                {"callback": "cb", "idfa2": "b" * 31 + "1", "ts": "1795924800000"},
                "IDFA_MD5",
                "b" * 31 + "1",
            ),
            ("baidu", {"bd_vid": "c", "imei_md5": "c" * 31 + "1", "ts": "1795924800000"}, "IMEI_MD5", "c" * 31 + "1"),
        ],
    )
    def test_is_read_by_its_medias_own_words(self, media: str, told: dict[str, str], kind: str, text: str):
        row = clicks.read(media, push(media, **told), now=NOW, key="key")
        assert row["device"] == signals.signed(device_ids.asked(kind, text))
        assert row["happened_at"] == datetime.fromtimestamp(1795924800, UTC)
        assert row.get("click_id", "") == told.get("click_id", told.get("clickid", told.get("bd_vid", "")))
        assert "token" not in json.loads(row["raw"])
        good, refused = signals.checked(
            signals.frame_of([row]), now=NOW + timedelta(days=2), kinds=["click"], media=[media]
        )
        assert (good.height, refused) == (1, [])

    def test_names_itself_by_its_content_where_the_media_has_no_click_id(self):
        rows = [
            clicks.read("kuaishou", push("kuaishou", callback=cb, ts="1795924800000"), now=NOW, key="key")
            for cb in "aab"
        ]
        assert rows[0]["name"] == rows[1]["name"] != rows[2]["name"]

    @pytest.mark.parametrize(
        ("media", "query", "code"),
        [
            ("weibo", "token=x", "MEDIA_UNKNOWN"),
            ("tencent", "click_id=c", "CLICK_FORGED"),
            ("tencent", "token=" + clicks.token_of("baidu", "key"), "CLICK_FORGED"),
            ("tencent", push("tencent", click_time="soon"), "CLICK_TIME"),
            ("tencent", push("tencent", click_time="9" * 30), "CLICK_TIME"),
            ("tencent", push("tencent", click_id="c" * 5000), "CLICK_TOO_LONG"),
        ],
    )
    def test_is_refused_by_name(self, media: str, query: str, code: str):
        with pytest.raises(Refused, match=code):
            clicks.read(media, query, now=NOW, key="key")

    def test_of_baidu_must_be_signed_where_a_key_is_set(self):
        query = push("baidu", bd_vid="c")
        url = f"https://loans.example/octopus/clicks/baidu/?{query}"
        sign = clicks.baidu_sign(url, "akey")
        signed = Signed("akey", f"{url}&sign={sign}")
        assert clicks.read("baidu", f"{query}&sign={sign}", now=NOW, key="key", signed=signed)["click_id"] == "c"
        forged = Signed("akey", f"{url}1&sign={sign}")
        with pytest.raises(Refused, match="CLICK_FORGED"):
            clicks.read("baidu", f"{query}1&sign={sign}", now=NOW, key="key", signed=forged)

    def test_address_has_every_macro_of_its_media(self):
        for media, macro in (
            ("ocean_engine", "__CALLBACK_PARAM__"),
            ("tencent", "__CALLBACK__"),
            ("baidu", "__CALLBACK_URL__"),
        ):
            assert macro in clicks.address(media, base="https://x", token="t", as_of=date(2026, 11, 29))


class TestAnImpressionPush:
    @pytest.mark.parametrize(
        ("media", "told", "name"),
        [
            ("ocean_engine", {"request_id": "r", "cid": "7", "oaid": "o", "ts": "1795924800000"}, "r"),
            ("tencent", {"impression_id": "i", "creative": "7", "hash_oaid": "a" * 8 + "1" * 24, "impression_time": "1795924800"}, "i"),
            ("kuaishou", {"creative": "7", "oaid": "o", "ts": "1795924800000"}, ""),
            ("baidu", {"creative": "7", "oaid": "o", "ts": "1795924800000"}, ""),
        ],
    )  # fmt: skip
    def test_is_read_by_its_medias_own_words(self, media: str, told: dict[str, str], name: str):
        row = clicks.read(media, push(media, **told), now=NOW, key="key", kind="impression")
        assert (row["kind"], row["creative"], row.get("click_id")) == ("impression", "7", None)
        assert row["device"] is not None
        assert row["happened_at"] == datetime.fromtimestamp(1795924800, UTC)
        assert row["name"] == name or (not name and len(row["name"]) == 64)
        good, refused = signals.checked(signals.frame_of([row]), now=NOW + timedelta(days=2), kinds=["impression"], media=[media])  # fmt: skip
        assert (good.height, refused) == (1, [])

    def test_has_an_address_of_its_own_and_the_same_token(self):
        told = clicks.address("tencent", base="https://x", token="t", as_of=date(2026, 11, 29), kind="impression")
        assert told.startswith("https://x/octopus/impressions/tencent/?token=t&impression_id=__IMPRESSION_ID__&")
        with pytest.raises(Refused, match="CLICK_FORGED"):
            clicks.read("tencent", "token=wrong&impression_id=i", now=NOW, key="key", kind="impression")


class TestWhatAMediaIsTold:
    def test_ocean_engine(self):
        call = callbacks.call("ocean_engine", CREDIT, {"callback": "cb", "oaid": "o"}, account=ACCOUNT, now=NOW)
        assert (call.method, call.url) == ("POST", "https://analytics.oceanengine.com/api/v2/conversion")
        assert json.loads(call.body) == {
            "event_type": "x", "timestamp": int(CREDIT.happened_at.timestamp() * 1000),
            "context": {"ad": {"callback": "cb", "match_type": 0}, "device": {"oaid": "o"}},
            "properties": {"people_quality": 1, "loan_value": 123_456},
        }  # fmt: skip

    def test_tencent(self):
        click = {
            "callback": quote("https://api.e.qq.com/v3.0/user_actions/add?cb=1&link_id=2", safe=""),
            "hash_oaid": "h",
        }
        call = callbacks.call("tencent", CREDIT, click, account=ACCOUNT, now=NOW)
        query = parse_qs(urlsplit(call.url).query)
        assert {"cb", "link_id", "access_token", "timestamp", "nonce"} == set(query)
        (action,) = json.loads(call.body)["actions"]
        assert (action["outer_action_id"], action["action_type"]) == (CREDIT.key, "x")
        assert (action["user_id"], action["action_param"]) == ({"hash_oaid": "h"}, {"value": 123_456})

    def test_kuaishou(self):
        for given in ("cb%3D", "http://ad.partner.gifshow.com/track/activate?callback=cb%3D"):
            call = callbacks.call("kuaishou", CREDIT, {"callback": given}, account=ACCOUNT, now=NOW)
            query = parse_qs(urlsplit(call.url).query)
            assert query["purchase_amount"] == ["1234.56"]
            assert len(query["event_time"][0]) == 13

    def test_baidu(self):
        told = Told("credit", "42", CREDIT.key, CREDIT.happened_at, 5)
        call = callbacks.call(
            "baidu", told, {"bd_vid": "v/1", "landing": "https%3A%2F%2Fl.example%2F%3Fa%3D1"}, account=ACCOUNT, now=NOW
        )
        message = json.loads(call.body)
        assert message["token"] == "token"
        assert message["conversionTypes"][0] == {
            "logidUrl": "https://l.example/?a=1&bd_vid=v/1", "newType": 42, "convertValue": 5,
            "convertTime": int(told.happened_at.timestamp()),
        }  # fmt: skip
        click = {"callback_url": "https://als.baidu.com/cb/actionCb?a_type={{ATYPE}}&a_value={{AVALUE}}&ext=1"}
        call = callbacks.call("baidu", told, click, account=ACCOUNT, now=NOW)
        plain, _, sign = call.url.partition("&sign=")
        assert plain.endswith("a_type=42&a_value=5&ext=1")
        assert sign == clicks.baidu_sign(plain, "akey")

    @pytest.mark.parametrize(
        ("media", "click"),
        [
            ("ocean_engine", {}),
            ("kuaishou", {}),
            ("baidu", {}),
            ("tencent", {}),
            ("tencent", {"callback": "https://evil.example/?cb=1"}),
            ("tencent", {"callback": "file:///etc/passwd"}),
            ("tencent", {"callback": "https://tracking.e.qq.com.evil.example/conv"}),
            ("baidu", {"callback_url": "http://127.0.0.1/cb"}),
        ],
    )
    def test_without_what_the_media_needs_or_elsewhere_is_not_told(self, media: str, click: dict[str, str]):
        with pytest.raises(Untellable):
            callbacks.call(media, CREDIT, click, account=ACCOUNT, now=NOW)

    @pytest.mark.parametrize(
        ("media", "body", "good"),
        [
            ("ocean_engine", b'{"code": 0}', True),
            ("ocean_engine", b'{"code": 40000}', False),
            ("kuaishou", b'{"result": 1}', True),
            ("baidu", b'{"header": {"status": 0}}', True),
            ("baidu", b'{"error_code": 0}', True),
            ("tencent", b"<html>", False),
            ("tencent", b"[]", False),
        ],
    )
    def test_is_taken_only_where_the_media_says_so(self, media: str, body: bytes, good: bool):
        assert callbacks.accepted(media, body)[0] is good
