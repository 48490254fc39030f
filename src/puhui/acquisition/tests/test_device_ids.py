"""Device ids: one key a telephone whatever the media, the letter case of hashes, ids that are nobody's."""

from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puhui.acquisition.core import device_ids

IDFA = "E2A7D3B4-1111-4222-8333-444455556666"
MEID = "A0000012345678"


def hashed(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


class TestAnIdThatWeKnowRaw:
    @pytest.mark.parametrize(
        ("kind", "raw", "asked_kind", "asked_text"),
        [
            ("idfa", IDFA, "IDFA_MD5", hashed(IDFA)),  # Tencent: upper case, then MD5
            ("idfa", IDFA.lower(), "IDFA_MD5", hashed(IDFA)),
            ("idfa", IDFA, "IDFA", IDFA),  # Ocean Engine: raw
            ("idfa", IDFA, "IDFA", IDFA.lower()),
            ("imei", MEID, "IMEI_MD5", hashed(MEID.lower())),  # Tencent: lower case, then MD5
            ("imei", MEID, "IMEI_MD5", hashed(MEID)),  # Baidu: as the client wrote it
            ("imei", MEID.lower(), "IMEI_MD5", hashed(MEID)),
            ("oaid", "1fe9a970efbb29e0", "OAID", "1fe9a970efbb29e0"),
            ("oaid", "1fe9a970efbb29e0", "OAID_MD5", hashed("1fe9a970efbb29e0")),
            ("android_id", "9774d56d682e549d", "ANDROID_ID_MD5", hashed("9774d56d682e549d")),
            ("mac", "3c:28:6d:aa:bb:cc", "MAC_MD5", hashed("3C286DAABBCC")),
            ("imei_md5", hashed("a").upper(), "IMEI_MD5", hashed("a")),
        ],
    )
    def test_is_found_by_every_medias_way_of_hashing(self, kind: str, raw: str, asked_kind: str, asked_text: str):
        assert device_ids.asked(asked_kind, asked_text) in device_ids.known(kind, raw)

    @given(st.from_regex(r"[0-9A-Fa-f]{14,16}", fullmatch=True))
    def test_is_found_in_either_case(self, raw: str):
        keys = device_ids.known("imei", raw)
        for each in (raw, raw.lower(), raw.upper()):
            key = device_ids.asked("IMEI_MD5", hashed(each))
            assert key in keys or key is None


class TestAnIdThatIsNobodys:
    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            ("OAID_MD5", ""),
            ("OAID_MD5", hashed("")),
            ("OAID_MD5", "0" * 32),
            ("OAID_MD5", "f" * 32),
            ("IDFA", "00000000-0000-0000-0000-000000000000"),
            ("IMEI_MD5", hashed("0")),
            ("IMEI_MD5", "12ab"),
            ("IMEI_MD5", "z" * 32),
            ("IMEI_MD5", "1_" * 16),
            ("IMEI_MD5", "é" * 32),
        ],
    )
    def test_has_no_key(self, kind: str, text: str):
        assert device_ids.asked(kind, text) is None

    def test_is_left_out_of_an_audience(self):
        assert device_ids.known("oaid", "00000000-0000-0000-0000-000000000000") == []
        assert device_ids.known("md5", hashed("")) == []
        assert device_ids.known("imei_md5", "short") == []
