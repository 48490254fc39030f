"""Audiences as one table and one file: against a dictionary, there and back, cut off, altered."""

from math import ceil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from puhui.acquisition.core import audience_table
from puhui.acquisition.rta import audience_file
from puhui.kernel.refusal import Refused

KEYS = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 40), st.integers(2**64 - 40, 2**64 - 1))
NAMES = tuple(f"audience {number}" for number in range(9))


def table_of(rows: list[tuple[int, int]]) -> audience_table.AudienceTable:
    keys = np.array([key for key, _ in rows], dtype=np.uint64)
    return audience_table.build(keys, np.array([which for _, which in rows], dtype=np.uint8), names=NAMES)


class TestATable:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(KEYS, st.integers(0, 8)), min_size=1, max_size=200), st.lists(KEYS, max_size=20))
    def test_answers_like_a_dictionary_also_from_its_file(
        self, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int]], others: list[int]
    ):
        expected: dict[int, int] = {}
        for key, which in rows:
            expected[key] = expected.get(key, 0) | 1 << which
        place = tmp_path_factory.mktemp("audience") / "a.rta"
        info = audience_file.write(table_of(rows), place)
        opened = audience_file.MappedAudience(place)
        assert info.ids == len(expected)
        for key in {*expected, *others}:
            assert opened.mask_of([key]) == expected.get(key, 0)
        assert opened.mask_of(list(expected)) == int(np.bitwise_or.reduce(list(expected.values())))
        assert info.sizes == {
            name: sum(mask >> bit & 1 for mask in expected.values()) for bit, name in enumerate(NAMES)
        }

    def test_comes_from_roaring_bitmaps_and_gives_them_back(self):
        keys = np.array([3, 5, 7, 9], dtype=np.uint64)
        bitmaps = [("declined", BitMap([0, 2])), ("lookalike", BitMap([2, 3]))]
        table = audience_table.from_bitmaps(keys, bitmaps)
        assert table.keys.tolist() == [3, 7, 9]
        assert {name: list(bitmap) for name, bitmap in table.bitmaps().items()} == {
            "declined": [0, 1],
            "lookalike": [1, 2],
        }

    def test_of_many_cells_takes_the_bytes_it_needs(self):
        rows = [(key, bit) for key in range(512) for bit in range(9) if key >> bit & 1]
        table = table_of(rows)
        assert table.cells.itemsize == 2
        assert [table.masks[cell] for cell in table.cells.tolist()] == list(range(1, 512))


class TestAFile:
    def test_cut_off_or_altered_or_of_another_kind_is_refused(self, tmp_path: Path):
        place = tmp_path / "a.rta"
        audience_file.write(table_of([(key, key % 9) for key in range(1, 500)]), place)
        whole = place.read_bytes()
        info = audience_file.check(place)
        assert info.ids == 499
        place.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(Refused, match="AUDIENCE_CUT_OFF"):
            audience_file.check(place)
        changed = bytearray(whole)
        changed[len(whole) // 2] ^= 1
        place.write_bytes(bytes(changed))
        with pytest.raises(Refused, match="AUDIENCE_ALTERED"):
            audience_file.check(place)
        place.write_bytes(b"id,audience\n" * 9)
        with pytest.raises(Refused, match="AUDIENCE_UNREADABLE"):
            audience_file.MappedAudience(place)

    def test_is_warmed_page_by_page_to_its_end(self, tmp_path: Path):
        place = tmp_path / "a.rta"
        audience_file.write(table_of([(key, 0) for key in range(1, 5000)]), place)
        opened, page, steps = audience_file.MappedAudience(place), 0, 0
        while page or not steps:
            page, steps = opened.warm(pages=3, at=page), steps + 1
        assert steps == ceil(ceil(place.stat().st_size / 4096) / 3)
