"""The tables of delivery and audience files as people have them: read in every shape, refused by row and column."""

import ctypes
import gzip
import platform
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import md5
from pathlib import Path

import polars as pl
import pytest

from puhui.acquisition.core import device_ids
from puhui.acquisition.rta import source, tables, turns
from puhui.kernel.refusal import Refused

DAY = date(2026, 11, 29)
HEAD = "media,strategy,include,exclude,coefficient,grades,cpc_fen,pcvr,buckets,effective_from,effective_to\n"


def hashed(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


class TestStrategies:
    def test_that_ship_are_sound_and_leave_out_those_who_must_be_left_out(self):
        rows = tables.strategies(tables.SHIPPED_STRATEGIES.read_text(encoding="utf-8"), DAY)
        assert {each.media for each in rows} == {"tencent", "ocean_engine", "baidu", "openrtb"}
        assert all({"existing_customer", "declined"} <= set(each.exclude) for each in rows)

    def test_are_those_in_force_on_the_day(self):
        text = HEAD + "tencent,a,,,,,,,,2026-01-01,2026-06-01\ntencent,a,,,1.2,,,,,2026-06-01,\n"
        assert [each.mean for each in tables.strategies(text, date(2026, 5, 31))] == [1.0]
        assert [each.mean for each in tables.strategies(text, date(2026, 6, 1))] == [1.2]

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            ("tencnet,a,,,,,,,,,", "2: media: 'tencnet'"),
            ("tencent," + "x" * 33 + ",,,,,,,,,", "at most 32 bytes"),
            ("ocean_engine,abc,,,,,,,,,", "a whole number"),
            ("tencent,a,vulnerable,,,,,,,,", "may not be sought"),
            ("tencent,a,,,5.1,,,,,,", "coefficient: between 0.2 and 5.0"),
            ("tencent,a,,,nan,,,,,,", "coefficient: between"),
            ("tencent,a,,,,lookalike:9,,,,,", "grades: audience:factor"),
            ("tencent,a,,,,lookalike:x,,,,,", "grades: 'x' is no number"),
            ("tencent,a,,,,,5,,,,", "cpc_fen: between 10"),
            ("tencent,a,,,,,,1.5,,,", "pcvr: between"),
            ("tencent,a,,,,,,,10,,", "buckets: whole numbers from 0 to 9"),
            ("tencent,a,,,,,,,,yesterday,", "days like"),
            ("tencent,a,,,,,,,,,\ntencent,a,,,,,,,,,", "3: strategy: twice"),
        ],
    )
    def test_with_a_fault_are_refused_whole_by_row_and_column(self, row: str, told: str):
        with pytest.raises(Refused, match="STRATEGY_ROWS") as refused:
            tables.strategies(HEAD + row + "\n", DAY)
        assert told in str(refused.value)

    def test_with_unknown_columns_are_refused(self):
        with pytest.raises(Refused, match="STRATEGY_COLUMNS"):
            tables.strategies("media,name\n", DAY)


class TestAnAudienceFile:
    ROWS = f"{hashed('a')},oaid_md5,declined\n867000012345678,imei,lookalike|declined\n{hashed('')},md5,declined\n"

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.csv", "id,id_type,audience\n" + ROWS),
            ("a.tsv", "audience\tdevice_id\tid_type\n" + "".join(
                "\t".join((row.split(",")[2], *row.split(",")[:2])) + "\n" for row in ROWS.splitlines())),
            ("a.txt", ROWS),
            ("b.csv", "\ufeffID,Audience\r\n" + ROWS.replace(",oaid_md5", "").replace(",imei", "").replace(",md5", "").replace("\n", "\r\n")),
        ],
    )  # fmt: skip
    def test_is_read_in_the_shapes_people_have(self, tmp_path: Path, name: str, text: str):
        for place, data in ((tmp_path / name, text.encode()), (tmp_path / f"{name}.gz", gzip.compress(text.encode()))):
            place.write_bytes(data)
            found = source.read(place, audience="x", doubtful=device_ids.DOUBTFUL)
            assert (found.rows, found.left_out) == (3, 1)
            assert found.table.sizes() == {"declined": 3, "lookalike": 2}

    def test_of_parquet_or_of_bare_digests_is_read_too(self, tmp_path: Path):
        pl.DataFrame({"md5": [hashed("a").upper(), hashed("b")]}).write_parquet(tmp_path / "a.parquet")
        (tmp_path / "b.txt").write_text(f"{hashed('a')}\n{hashed('b')}\n\n")
        for name in ("a.parquet", "b.txt"):
            found = source.read(tmp_path / name, audience="existing_customer", doubtful=device_ids.DOUBTFUL)
            assert found.table.sizes() == {"existing_customer": 2}
            assert found.table.keys.tolist() == sorted(int(hashed(text)[:16], 16) for text in "ab")

    def test_with_a_column_a_kind_of_id_is_read_too(self, tmp_path: Path):
        (tmp_path / "a.csv").write_text(f"segment,imei_md5,OAID\ndeclined,{hashed('a')},b\nlookalike,,c\n")
        rows = [
            f'{{"id": "{hashed("a")}", "audience": "declined"}}',
            '{"id": "b", "id_type": "oaid", "audience": "declined"}',
        ]
        (tmp_path / "b.jsonl").write_text("\n".join(rows))
        wide = source.read(tmp_path / "a.csv", audience="x", doubtful=device_ids.DOUBTFUL).table
        assert wide.sizes() == {"declined": 3, "lookalike": 2}  # an OAID known raw has a key in each letter case
        lines = source.read(tmp_path / "b.jsonl", audience="x", doubtful=device_ids.DOUBTFUL).table
        assert lines.sizes() == {"declined": 3}

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "FILE_UNREADABLE"),
            ("id\n", "AUDIENCE_EMPTY"),
            ("id\n" + hashed("") + "\n", "AUDIENCE_EMPTY"),
            ("id,id_type\nx,phone\n", "ID_TYPE_UNKNOWN"),
            ("a,b\n1,2\n", "ID_COLUMN_MISSING"),
            ("customer_number,audience\n1234567890,declined\n", "ID_COLUMN_MISSING"),
            ("用户,人群\n1234567890,declined\n", "ID_COLUMN_MISSING"),
            ("id,audience\n" + "".join(f"{hashed(str(n))},a{n}\n" for n in range(65)), "AUDIENCES_TOO_MANY"),
        ],
    )
    def test_without_anything_usable_is_refused_by_name(self, tmp_path: Path, text: str, code: str):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(Refused, match=code):
            source.read(tmp_path / "a.csv", audience="x", doubtful=device_ids.DOUBTFUL)

    def test_that_is_no_text_is_refused(self, tmp_path: Path):
        for name, data in (("a.csv", b"\xff\xfe\x00\x01"), ("a.csv.gz", b"no gzip"), ("a.parquet", b"no parquet")):
            (tmp_path / name).write_bytes(data)
            with pytest.raises(Refused, match="FILE_UNREADABLE"):
                source.read(tmp_path / name, audience="x", doubtful=device_ids.DOUBTFUL)


class TestWhoWorksBesideTheServers:
    def test_asks_for_short_turns_for_itself_alone(self):
        """The kernel tells what it was asked for (sched_getattr) from Linux 6.12 on, and nothing before."""
        call = {"x86_64": 315, "aarch64": 275}.get(platform.machine())

        def told() -> float:
            found = turns._Attributes()
            assert ctypes.CDLL(None).syscall(call, 0, ctypes.byref(found), ctypes.sizeof(found), 0) == 0
            return float(found.runtime) / 1000

        before = told()
        with ThreadPoolExecutor(1) as other:
            asked = other.submit(turns.ask, turns.terms()["loading"]["turn_us"]).result()
            assert (asked, other.submit(told).result()) == (True, 100.0 if before else 0.0)
        assert told() == before
