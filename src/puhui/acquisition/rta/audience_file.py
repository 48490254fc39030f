"""A table of audiences as one file that every worker maps: the pages are the kernel's, so ten workers cost what one does.

Layout: `PUHUIRTA`, version, length of a JSON head, the head, then sections on 64-byte edges: keys (u64, sorted), windows
(u32), cells (u8, u16 or u32), and one Roaring bitmap an audience in the portable format, for tools that want sets.
The file is written beside its place and renamed into it; a reader sees a whole file or the one before.
"""

import json
import mmap
import os
import struct
from bisect import bisect_left
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pyroaring import BitMap

from puhui.acquisition.core import audience_table
from puhui.acquisition.core.audience_table import AudienceTable
from puhui.kernel.refusal import Refusal, Refused

MAGIC = b"PUHUIRTA"
_FORM = 1
_EDGE = 64
_HEAD = struct.Struct("<8sII")
_CELLS: dict[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"}


@dataclass(frozen=True, slots=True)
class AudienceInfo:
    """What a file says of itself."""

    content: str
    names: tuple[str, ...]
    sizes: dict[str, int]
    ids: int


def write(table: AudienceTable, place: Path) -> AudienceInfo:
    """Write the table to `place`, whole or not at all; the content hash names it."""
    shift, starts = audience_table.windows(table.keys)
    parts = [table.keys.tobytes(), starts.tobytes(), table.cells.tobytes()]
    parts += [bitmap.serialize() for bitmap in table.bitmaps().values()]
    mark = blake2b(digest_size=16)
    for part in parts:
        mark.update(part)
    sections, offset = [], 0
    for part in parts:
        sections.append([offset, len(part)])
        offset += -(-len(part) // _EDGE) * _EDGE
    sizes = table.sizes()
    head: dict[str, Any] = {
        "content": mark.hexdigest(), "names": table.names, "masks": table.masks, "ids": len(table.keys), "shift": shift,
        "cell_bytes": table.cells.itemsize, "sizes": sizes, "sections": sections,
    }  # fmt: skip
    text = json.dumps(head, ensure_ascii=False).encode()
    partial = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with partial.open("wb") as out:
            out.write(_HEAD.pack(MAGIC, _FORM, len(text)) + text)
            out.write(b"\0" * (-out.tell() % _EDGE))
            for part in parts:
                out.write(part + b"\0" * (-len(part) % _EDGE))
            out.flush()
            os.fsync(out.fileno())
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
    return AudienceInfo(head["content"], table.names, sizes, len(table.keys))


class MappedAudience:
    """An audience file open for questions. `mask_of` is the hot path: two index reads and about three comparisons."""

    def __init__(self, place: Path) -> None:
        head, base, self._map = _open(place)
        keys, starts, cells = ((base + offset, length) for offset, length in head["sections"][:3])
        view = memoryview(self._map)
        self._keys = view[keys[0] : sum(keys)].cast("Q")
        self._starts = view[starts[0] : sum(starts)].cast("I")
        self._cells = view[cells[0] : sum(cells)].cast(_CELLS[head["cell_bytes"]])
        self._masks: list[int] = head["masks"]
        self._shift: int = head["shift"]
        self.names: tuple[str, ...] = tuple(head["names"])
        self.ids: int = head["ids"]
        self.info = AudienceInfo(head["content"], self.names, head["sizes"], self.ids)
        self._bitmaps = [(base + offset, length) for offset, length in head["sections"][3:]]

    def mask_of(self, keys: list[int]) -> int:
        """All audiences in which any of the keys is."""
        mask = 0
        for key in keys:
            window = key >> self._shift
            end = self._starts[window + 1]
            place = bisect_left(self._keys, key, self._starts[window], end)
            if place < end and self._keys[place] == key:
                mask |= self._masks[self._cells[place]]
        return mask

    def warm(self, *, pages: int, at: int) -> int:
        """Touch `pages` pages from page `at` on, so that the first questions meet no page fault; the next page, or 0."""
        last = min(at + pages, -(-len(self._map) // mmap.PAGESIZE))
        for page in range(at, last):
            self._map[page * mmap.PAGESIZE]
        return last if last * mmap.PAGESIZE < len(self._map) else 0

    def bitmaps(self) -> dict[str, BitMap]:
        """The audiences as Roaring bitmaps over positions."""
        return {
            name: BitMap.deserialize(self._map[offset : offset + length])
            for name, (offset, length) in zip(self.names, self._bitmaps)
        }

    def table(self) -> AudienceTable:
        """The whole file back as a table."""
        keys = np.frombuffer(self._keys, dtype=np.uint64)
        cells = np.frombuffer(self._cells, dtype={1: np.uint8, 2: np.uint16, 4: np.uint32}[self._cells.itemsize])
        return AudienceTable(self.names, keys, cells, tuple(self._masks))


def check(place: Path) -> AudienceInfo:
    """Read the whole file and compare its content with its mark; refuses one that was cut off or altered."""
    head, base, mapped = _open(place)
    mark = blake2b(digest_size=16)
    with memoryview(mapped) as view:
        for offset, length in head["sections"]:
            mark.update(view[base + offset : base + offset + length])
    if mark.hexdigest() != head["content"]:
        raise Refused(
            Refusal("AUDIENCE_ALTERED", "人群文件内容与校验不符 · the file is not what was written", where=place.name)
        )
    return AudienceInfo(head["content"], tuple(head["names"]), head["sizes"], head["ids"])


def _open(place: Path) -> tuple[dict[str, Any], int, mmap.mmap]:
    try:
        with place.open("rb") as file:
            magic, form, length = _HEAD.unpack(file.read(_HEAD.size))
            if magic != MAGIC or form != _FORM:
                raise ValueError("another kind of file")
            head = json.loads(file.read(length))
            mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    except (OSError, ValueError, struct.error) as fault:
        told = f"不是人群文件 · not an audience file: {fault}"
        raise Refused(Refusal("AUDIENCE_UNREADABLE", told, where=place.name)) from None
    base = -(-(_HEAD.size + length) // _EDGE) * _EDGE
    if base + sum(head["sections"][-1]) > len(mapped):
        raise Refused(Refusal("AUDIENCE_CUT_OFF", "人群文件不完整 · the file is cut off", where=place.name))
    return head, base, mapped
