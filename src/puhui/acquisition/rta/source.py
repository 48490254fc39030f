"""Audience files as people have them, read into one table: CSV, TSV, plain lists, NDJSON, Parquet, our own .rta; gz too.

Columns, in any order: `id` (also device_id, hash, md5, did), or one column a kind of id (`imei_md5`, `oaid`, …); `id_type` (imei, idfa, oaid, android_id, mac, caid, openid,
each also with _md5, or md5; told from the id's look when left out); `audience` (several parted by |). A list without a
header, or a table without `audience`, is one audience: the one asked for. Raw ids become a key for every way in which a
media may hash them; doubtful ids are left out and counted.
"""

import gzip
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from puhui.acquisition.core import audience_table, device_ids
from puhui.acquisition.core.audience_table import MOST_AUDIENCES, AudienceTable, Keys
from puhui.acquisition.rta import audience_file, turns
from puhui.kernel.refusal import Refusal, Refused

_ID = (
    "id",
    "device_id",
    "deviceid",
    "did",
    "hash",
    "md5",
    "device_hash",
    "person",
    "设备号",
)  # `person`: a list of octopus lookalike
_TYPE = ("id_type", "type", "kind", "did_type", "类型")
_AUDIENCE = ("audience", "audiences", "segment", "group", "label", "list", "tag", "人群", "分组")
_LONGEST_NAME = 64
_HEX32 = "^[0-9a-fA-F]{32}$"
_DIGITS = 32
_SLICE = 250_000


Codes = NDArray[np.uint32]
Which = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Read:
    """What a file gave: the table, rows read, ids left out as doubtful or malformed."""

    table: AudienceTable
    rows: int
    left_out: int


def read(place: Path, *, audience: str, doubtful: frozenset[int]) -> Read:
    """The file as a table. Refuses an unknown shape, an unknown id type, too many audiences, or a file with no usable id."""
    if place.suffix == ".rta":
        table = audience_file.MappedAudience(place).table()
        return Read(table, len(table.keys), 0)
    whole = _frame(place)
    texts = _Texts()
    found: list[tuple[Keys, Codes]] = []
    rows_read = left_out = 0
    for part in whole.iter_slices(_SLICE):  # a slice fits the processor's cache, and nothing is held twice
        frame = _named(part, place, audience)
        rows_read += frame.height
        kinds = frame["id_type"].unique().to_list()
        for kind in kinds:
            some = frame if len(kinds) == 1 else frame.filter(pl.col("id_type") == kind)
            if kind.endswith("md5"):
                keys, codes, bad = _digest_keys(some, texts, doubtful)
            else:
                keys, codes, bad = _raw_keys(kind, some, texts, doubtful)
            found.append((keys, codes))
            left_out += bad
    if not rows_read:
        raise Refused(Refusal("AUDIENCE_EMPTY", "文件里没有设备号 · no ids in the file", where=place.name))
    del whole
    names = _audience_names(texts.number, place)
    keys, codes = np.concatenate([keys for keys, _ in found]), np.concatenate([codes for _, codes in found])
    if not len(keys):
        told = "没有一个可用的设备号 · not one usable id: digests have 32 hexadecimal digits, and zeros are nobody's"
        raise Refused(Refusal("AUDIENCE_EMPTY", told, where=place.name))
    return Read(audience_table.build(*texts.spread(keys, codes, names), names=names), rows_read, left_out)


def rows(place: Path, *, audience: str) -> tuple[pl.DataFrame, list[str]]:
    """(columns id, id_type, audience, digest; names of the audiences), as the file says them."""
    frame = _named(_frame(place), place, audience)
    if frame.height == 0:
        raise Refused(Refusal("AUDIENCE_EMPTY", "文件里没有设备号 · no ids in the file", where=place.name))
    return frame.with_columns(digest=pl.col("id_type").str.ends_with("md5")), _audience_names(
        frame["audience"].unique(), place
    )


class _Texts:
    """The distinct texts of the column of audiences, numbered as they are met; a text may name several audiences."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}

    def codes(self, texts: pl.Series) -> Codes:
        """The number of each text."""
        for text in texts.unique().sort():
            self.number.setdefault(text, len(self.number))
        return texts.replace_strict(self.number, return_dtype=pl.UInt32).to_numpy()

    def spread(self, keys: Keys, codes: Codes, names: Sequence[str]) -> tuple[Keys, Which]:
        """A row for every audience that a row's text names, as (keys, positions in `names`)."""
        place = {name: number for number, name in enumerate(names)}
        named = [[place[part.strip()] for part in text.split("|") if part.strip()] for text in self.number]
        counts = np.array([len(one) for one in named], dtype=np.intp)
        flat = np.array([one for each in named for one in each], dtype=np.uint8)
        start = np.concatenate(([0], np.cumsum(counts)[:-1])) if len(counts) else counts
        if (counts == 1).all():
            return keys, flat[codes]
        each = counts[codes]
        within = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
        return np.repeat(keys, each), flat[np.repeat(start[codes], each) + within]


def _frame(place: Path) -> pl.DataFrame:
    try:
        if place.suffix == ".parquet":
            return pl.read_parquet(place).select(pl.all().cast(pl.String))
        data = gzip.decompress(place.read_bytes()) if place.suffix == ".gz" else place.read_bytes()
        if {".ndjson", ".jsonl"} & set(place.suffixes):
            return pl.read_ndjson(data).select(pl.all().cast(pl.String))
        head = data[:4096].removeprefix(b"\xef\xbb\xbf").decode("utf-8").partition("\n")[0].strip()
        mark = next((each for each in ("\t", ",", ";") if each in head), ",")
        names = [name.strip().strip('"').lower() for name in head.split(mark)]
        wide = any(device_ids.is_kind(name) for name in names) and not any(re.fullmatch(_HEX32, name) for name in names)
        headed = bool(set(names) & set(_ID)) or (wide and not any(name.isdecimal() for name in names))
        shortest = turns.terms()["reading"]["shortest_id"]
        if not headed and head and (len(names[0]) < shortest or {*names} & {*_TYPE, *_AUDIENCE}):
            told = f"找不到设备号列，首行也不是设备号 · no column of ids among {', '.join(names[:8])}, and {names[0]} is no id either; call the column id"
            raise Refused(Refusal("ID_COLUMN_MISSING", told, where=place.name))
        frame = pl.read_csv(data, has_header=headed, separator=mark, infer_schema=False, encoding="utf8")
        unheaded = ("id", "audience") if frame.width == 2 else ("id", "id_type", "audience")
        return frame if headed else frame.rename(dict(zip(frame.columns, unheaded)))
    except (OSError, EOFError, UnicodeDecodeError, pl.exceptions.PolarsError) as fault:
        told = f"读不出 · cannot be read: {str(fault).splitlines()[0]}"
        raise Refused(Refusal("FILE_UNREADABLE", told, where=place.name)) from None


def _named(frame: pl.DataFrame, place: Path, audience: str) -> pl.DataFrame:
    """Columns id, id_type, audience, digest, whatever the file calls them."""
    columns = {name.strip().lower(): name for name in frame.columns}
    if not set(columns) & set(_ID):
        frame = _long(frame, columns)
        columns = {name: name for name in frame.columns}
    found = {thing: next((columns[name] for name in names if name in columns), None)
             for thing, names in (("id", _ID), ("id_type", _TYPE), ("audience", _AUDIENCE))}  # fmt: skip
    if found["id"] is None:
        told = f"找不到设备号列 · no column of ids among {', '.join(frame.columns)}; call it id"
        raise Refused(Refusal("ID_COLUMN_MISSING", told, where=place.name))
    text = pl.col(found["id"] or "").str.strip_chars()
    kind = (
        pl.col(found["id_type"]).str.strip_chars().str.to_lowercase() if found["id_type"] else pl.lit(None, pl.String)
    )
    name = pl.col(found["audience"]).str.strip_chars() if found["audience"] else pl.lit(audience)
    frame = frame.select(id=text, id_type=kind, audience=name.fill_null(audience))
    frame = frame.filter(pl.col("id").is_not_null() & (pl.col("id") != ""))
    looks = pl.col("id").str.contains(_HEX32)
    unsaid = pl.col("id_type").is_null() | (pl.col("id_type") == "")
    guess = pl.when(looks).then(pl.lit("md5")).otherwise(pl.col("id").map_elements(device_ids.kind_of, pl.String))
    if frame.select(unsaid.any()).item():
        frame = frame.with_columns(id_type=pl.when(unsaid).then(guess).otherwise(pl.col("id_type")))
    unknown = [str(each) for each in frame["id_type"].unique() if not device_ids.is_kind(str(each))]
    if unknown:
        told = f"不认识的设备号类型 · unknown id type {', '.join(sorted(unknown)[:5])}"
        raise Refused(Refusal("ID_TYPE_UNKNOWN", told, where=place.name))
    return frame


def _long(frame: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    """A table with a column a kind of id becomes one with a row an id; another table stays as it is."""
    kinds = [name for name in columns if name != "md5" and device_ids.is_kind(name)]
    if not kinds:
        return frame
    kept = [columns[name] for name in _AUDIENCE if name in columns][:1]
    frame = frame.rename({columns[name]: name for name in kinds} | dict.fromkeys(kept, "audience"))
    found = frame.unpivot(on=kinds, index=["audience"] if kept else None, variable_name="id_type", value_name="id")
    return found.filter(pl.col("id").is_not_null() & (pl.col("id") != ""))


def _audience_names(texts: Iterable[str], place: Path) -> list[str]:
    names = sorted({part.strip() for text in texts for part in text.split("|") if part.strip()})
    if not names or len(names) > MOST_AUDIENCES or any(len(name) > _LONGEST_NAME for name in names):
        told = f"人群数应为 1 至 {MOST_AUDIENCES} · {len(names)} audiences; from 1 to {MOST_AUDIENCES}, names of at most {_LONGEST_NAME} characters"
        raise Refused(Refusal("AUDIENCES_TOO_MANY", told, where=place.name))
    return names


def _digest_keys(frame: pl.DataFrame, texts: _Texts, doubtful: frozenset[int]) -> tuple[Keys, Codes, int]:
    """Keys of well-formed digests, the number of each one's text of audiences, and how many rows were left out."""
    long = frame.filter(pl.col("id").str.len_bytes() == _DIGITS)
    codes = texts.codes(long["audience"])
    digits = np.frombuffer(b"" if not len(long) else long["id"].str.join("").item().encode(), np.uint8)
    keys, good = device_ids.from_digests(digits.reshape(-1, _DIGITS))
    good &= ~np.isin(keys, np.array(sorted(doubtful), dtype=np.uint64))
    return keys[good], codes[good], frame.height - int(good.sum())


def _raw_keys(kind: str, frame: pl.DataFrame, texts: _Texts, doubtful: frozenset[int]) -> tuple[Keys, Codes, int]:
    keys: list[int] = []
    which: list[int] = []
    bad = 0
    for text, code in zip(frame["id"], texts.codes(frame["audience"]).tolist()):
        found = device_ids.known(kind, text, doubtful)
        bad += not found
        keys += found
        which += [code] * len(found)
    return np.array(keys, dtype=np.uint64), np.array(which, dtype=np.uint32), bad
