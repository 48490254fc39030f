"""The file that declares groups: read as a spreadsheet saves it, or refused by name with its row."""

import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.fairness import Declared, declared_groups

TOLD = "subject,group,defaulted\nE1,甲,1\nE2,乙,\n"
READ = {"E1": Declared("甲", defaulted=True), "E2": Declared("乙", defaulted=None)}


class TestTheDeclaredFile:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_is_read_in_the_encodings_of_a_spreadsheet(self, encoding: str) -> None:
        assert declared_groups(TOLD.encode(encoding)) == READ

    @pytest.mark.parametrize(
        ("content", "code", "where"),
        [
            (b"", "COLUMN_MISSING", "row 1"), (b"subject;group\nE1;a\n", "COLUMN_MISSING", "row 1"),
            (b"\xff\xff", "ENCODING_UNKNOWN", "file"), (b"subject,group\n\x00,a\n", "CSV_MALFORMED", "file"),
            (b'subject,group\nE1,"' + b"x" * 200_000, "CSV_MALFORMED", "file"), (b"subject,group\nE1,a\nE2\n", "CELL_EMPTY", "row 3"),
            (b"subject,group,defaulted\nE1,a,2\n", "OUTCOME_UNREADABLE", "row 2"),
            (b"subject,group\nE1,a\nE1,b\n", "SUBJECT_DECLARED_TWICE", "row 3"),
        ],
    )  # fmt: skip
    def test_is_refused_whole_by_name_and_row(self, content: bytes, code: str, where: str) -> None:
        with pytest.raises(Refused) as no:
            declared_groups(content)
        assert (no.value.refusal.code, no.value.refusal.where) == (code, where)
