"""Media-hosted RTA: the script says what the server decides, run by a real Lua where one is at hand."""

import itertools
import shutil
import subprocess
from hashlib import md5
from pathlib import Path

import polars as pl
import pytest

from puhui.acquisition.core.rta import Audiences, Rulebook, Strategy, decide
from puhui.acquisition.rta import media_hosted, source

NAMES = ["blacklisted", "declined", "lookalike", "opted_out"]
PROTECTED = frozenset({"blacklisted", "vulnerable", "opted_out"})
STRATEGIES = [
    Strategy("tencent", "new", exclude=("declined", "absent"), grades=(("lookalike", 1.6),)),
    Strategy("tencent", 'q"uoted', include=("lookalike",), cpa_fen=100, mean=0.5),
    Strategy("tencent", "nobody", include=("absent",)),
    Strategy("tencent", "plain", personalised=False, grades=(("lookalike", 9.0),)),
    Strategy("tencent", "trial", buckets=frozenset({2})),
    Strategy("tencent", "off", live=False),
    Strategy("baidu", "elsewhere"),
]
STAND_IN = """
srta = {DS_DID = 1, U8 = 1, TARGETINFO_ENABLE = 1, TARGETINFO_CPC_PRICE = 2, TARGETINFO_CPA_PRICE = 3, TARGETINFO_USER_WEIGHT_FACTOR = 4}
local flags, expid = {%s}, %d
srta.get_dsdata = function() return {[1] = flags} end
srta.get_targets = function() return {"new", "q\\"uoted", "nobody", "plain", "trial", "off", "elsewhere"} end
srta.get_expid = function() return expid end
%s
for name, info in pairs(main()) do print(name, string.format("%%.4f", info[4]), info[3] or 0) end
"""


def decided(mask: int, bucket: int) -> dict[str, tuple[float, int]]:
    rule = Rulebook.of([each for each in STRATEGIES if each.media == "tencent"], Audiences(tuple(NAMES), PROTECTED))
    grants = decide(rule, mask=mask, bucket=bucket).grants
    return {each.strategy: (round(min(max(each.grade, 0.2), 5.0), 4), each.cpa_fen) for each in grants}


class TestTheScript:
    def test_decides_like_the_server(self, tmp_path: Path):
        lua = next((found for found in map(shutil.which, ("lua5.4", "lua", "luajit")) if found), None)
        if lua is None:
            pytest.skip("no Lua here: apt-get install lua5.4")
        script = media_hosted.script(STRATEGIES, NAMES, PROTECTED)
        for flags, bucket in itertools.product(itertools.product((0, 1), repeat=len(NAMES)), (0, 2)):
            place = tmp_path / "run.lua"
            place.write_text(STAND_IN % (", ".join(map(str, flags)), bucket + 1, script))
            out = subprocess.run([lua, str(place)], check=True, capture_output=True, text=True).stdout
            said = {
                name: (float(weight), int(cpa)) for name, weight, cpa in (line.split("\t") for line in out.splitlines())
            }
            assert said == decided(sum(flag << bit for bit, flag in enumerate(flags)), bucket)


class TestTheFlags:
    def test_go_out_under_tencents_own_digests(self, tmp_path: Path):
        idfa = "e2a7d3b4-1111-4222-8333-444455556666"
        file = tmp_path / "a.csv"
        file.write_text(
            f"id,id_type,audience\n{idfa},idfa,declined\n{idfa.upper()},idfa,lookalike\n{'0' * 32},md5,declined\n"
        )
        rows, names = source.rows(file, audience="x")
        found = media_hosted.flags(rows, names)
        digest = md5(idfa.upper().encode(), usedforsecurity=False).hexdigest()
        assert found.rows() == [("idfa_md5", digest, 1, 1)]
        assert found.schema["declined"] == pl.UInt8
