"""Audiences (人群) as one sorted table of device keys, each with the set of audiences it is in.

Built from Roaring bitmaps or from rows; read by binary search inside a narrow window, since keys are uniform bits of a
digest. A *cell* is a distinct set of audiences; ten million keys share a few dozen cells, so a key costs 9 bytes.

>>> table = build(np.array([7, 9, 7], dtype=np.uint64), np.array([0, 0, 1], dtype=np.uint8), names=("declined", "lookalike"))
>>> table.keys.tolist(), [table.masks[cell] for cell in table.cells.tolist()]
([7, 9], [3, 1])
>>> {name: bitmap.to_array().tolist() for name, bitmap in table.bitmaps().items()}
{'declined': [0, 1], 'lookalike': [0]}
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

MOST_AUDIENCES = 64
_COUNTABLE = 16  # audiences whose every combination fits a small table
_PER_WINDOW = 8  # keys a search looks through, on average

Keys = NDArray[np.uint64]
Cells = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True)
class AudienceTable:
    """`keys` sorted and distinct; `cells[i]` is the cell of keys[i]; `masks[cell]` its audiences as bits of `names`."""

    names: tuple[str, ...]
    keys: Keys
    cells: Cells
    masks: tuple[int, ...]

    def bitmaps(self) -> dict[str, BitMap]:
        """One Roaring bitmap an audience, over positions in `keys`."""
        found = {}
        for bit, name in enumerate(self.names):
            inside = np.array([bool(mask >> bit & 1) for mask in self.masks] or [False])
            found[name] = BitMap(np.flatnonzero(inside[self.cells]).astype(np.uint32))
        return found

    def sizes(self) -> dict[str, int]:
        """Keys in each audience."""
        counts = np.bincount(self.cells, minlength=len(self.masks))
        return {
            name: int(sum(count for mask, count in zip(self.masks, counts.tolist()) if mask >> bit & 1))
            for bit, name in enumerate(self.names)
        }


def build(keys: Keys, audiences: NDArray[np.uint8], *, names: Sequence[str]) -> AudienceTable:
    """From rows (key, position of its audience in `names`) in any order; the same row again changes nothing."""
    assert len(names) <= MOST_AUDIENCES, "callers refuse more audiences by name"
    if len(names) <= 1:
        alone = np.unique(keys)
        return AudienceTable(tuple(names), alone, np.zeros(len(alone), dtype=np.uint8), (1,) if names else (0,))
    order = _order(keys)
    ordered = keys[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(ordered) else np.array([], int)
    bits = np.left_shift(np.uint64(1), audiences[order].astype(np.uint64))
    masks = np.bitwise_or.reduceat(bits, first) if len(first) else bits
    cells, distinct = _cells(masks, len(names))
    return AudienceTable(tuple(names), ordered[first], cells, distinct)


def from_bitmaps(keys: Keys, bitmaps: Sequence[tuple[str, BitMap]]) -> AudienceTable:
    """From sorted distinct keys and bitmaps over their positions; a key in no bitmap is left out."""
    masks = np.zeros(len(keys), dtype=np.uint64)
    for bit, (_, bitmap) in enumerate(bitmaps):
        masks[np.asarray(bitmap.to_array(), dtype=np.int64)] |= np.uint64(1) << np.uint64(bit)
    inside = masks != 0
    cells, distinct = _cells(masks[inside], len(bitmaps))
    return AudienceTable(tuple(name for name, _ in bitmaps), keys[inside], cells, distinct)


def windows(keys: Keys) -> tuple[int, NDArray[np.uint32]]:
    """(shift, starts): keys whose top bits are `w` stand at starts[w] to starts[w + 1]; w is key >> shift."""
    bits = max(1, (len(keys) // _PER_WINDOW).bit_length())
    shift = 64 - bits
    edges = np.arange(1, 1 << bits, dtype=np.uint64) << np.uint64(shift)
    inner = np.searchsorted(keys, edges)
    return shift, np.concatenate(([0], inner, [len(keys)])).astype(np.uint32)


def _order(keys: Keys) -> NDArray[np.int64]:
    """What sorts the keys; rows of one key may stand in any order, since they are joined by OR.

    Numbers sort ten times as fast as positions do, so each position is sorted with the upper half of its key in front of
    it; the few that share an upper half are put right afterwards.
    """
    if len(keys) >= 1 << 32:
        return np.argsort(keys)
    half = np.uint64(32)
    packed = np.sort((keys >> half) << half | np.arange(len(keys), dtype=np.uint64))
    order = (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    upper = packed >> half
    shared = np.flatnonzero(
        np.concatenate(([False], upper[1:] == upper[:-1])) | np.concatenate((upper[1:] == upper[:-1], [False]))
    )
    if len(shared):
        rows = order[shared]
        order[shared] = rows[np.argsort(keys[rows])]  # runs stay in their places: their upper halves differ
    return order


def _cells(masks: Keys, audiences: int) -> tuple[Cells, tuple[int, ...]]:
    """The cell of every mask, and the mask of every cell; few audiences need no sorting."""
    if audiences > _COUNTABLE:
        distinct, cells = np.unique(masks, return_inverse=True)
        return _narrow(cells, len(distinct)), tuple(distinct.tolist())
    found = np.flatnonzero(np.bincount(masks.astype(np.uint16), minlength=1 << audiences))
    place = np.zeros(1 << audiences, dtype=np.intp)
    place[found] = np.arange(len(found))
    return _narrow(place, len(found))[masks.astype(np.uint16)], tuple(found.tolist())


def _narrow(cells: NDArray[np.intp], count: int) -> Cells:
    """In as few bytes as `count` cells need."""
    if count <= 1 << 8:
        return cells.astype(np.uint8)
    return cells.astype(np.uint16) if count <= 1 << 16 else cells.astype(np.uint32)
