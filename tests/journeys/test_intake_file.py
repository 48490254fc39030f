"""Applications from a file: good rows go on, bad rows are listed with row, column and remedy, nothing is taken twice."""

from pathlib import Path

import pytest

from puhui.journeys import intake_file
from puhui.kernel.refusal import Refused
from puhui.underwriting import queries as underwriting
from tests.journeys.conftest import NOW, Lender

HEADER = "name,id_number,phone,shop_name,evidence_code,requested_yuan,months,consent,channel\n"


def row(lender: Lender, place: int, **changes: str) -> str:
    intake = lender.intake(lender.approved[place])
    cells = {
        "name": intake.person.name,
        "id_number": intake.person.id_number,
        "phone": intake.person.phone,
        "shop_name": intake.shop.name,
        "evidence_code": intake.shop.evidence_code,
        "requested_yuan": "150000",
        "months": "12",
        "consent": "是",
        "channel": "fair",
    }
    return ",".join(f'"{cell}"' for cell in (cells | changes).values()) + "\n"


def written(place: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    file = place / "applications.csv"
    file.write_bytes((header + "".join(rows)).encode(encoding))
    return file


# What is wrong with the second row → the column and code it is listed with.
BAD = [
    ({"requested_yuan": "1,5元"}, "requested_yuan", "AMOUNT_UNREADABLE"),
    ({"requested_yuan": "0"}, "requested_yuan", "AMOUNT_NOT_POSITIVE"),
    ({"months": "一年"}, "months", "MONTHS_UNREADABLE"),
    ({"consent": ""}, "consent", "CONSENT_MISSING"),
    ({"id_number": "110105194912310021"}, "id_number", "ID_NUMBER_UNREADABLE"),
    ({"phone": "12345"}, "phone", "PHONE_UNREADABLE"),
    ({"name": ""}, "name", "NAME_MISSING"),
    ({"shop_name": ""}, "shop_name", "SHOP_NAME_MISSING"),
]


class TestAFile:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_is_taken_in_the_encodings_people_have(self, lender: Lender, tmp_path: Path, encoding: str) -> None:
        taken = intake_file.take(written(tmp_path, row(lender, 0), row(lender, 1), encoding=encoding), now=NOW)
        assert (len(taken.applied), taken.refused) == (2, [])
        assert [underwriting.application(each.application_id).entrance for each in taken.applied] == ["file", "file"]

    @pytest.mark.parametrize(("changes", "column", "code"), BAD)
    def test_lists_a_bad_row_and_takes_the_good_ones(
        self, lender: Lender, tmp_path: Path, changes: dict[str, str], column: str, code: str
    ) -> None:
        rows = row(lender, 0), row(lender, 1, **changes), row(lender, 2)
        taken = intake_file.take(written(tmp_path, *rows), now=NOW)
        assert [(bad.row, bad.column, bad.code) for bad in taken.refused] == [(3, column, code)]
        assert len(taken.applied) == underwriting.applications()[1] == 2
        assert changes.get("id_number", "—") not in str(taken.refused[0])

    def test_adds_nothing_the_second_time(self, lender: Lender, tmp_path: Path) -> None:
        file = written(tmp_path, row(lender, 0), row(lender, 1))
        first = intake_file.take(file, now=NOW)
        again = intake_file.take(file, now=NOW)
        assert (again.applied, again.known, first.known) == (first.applied, 2, 0)
        assert underwriting.applications()[1] == 2

    def test_that_was_corrected_adds_only_the_corrected_row(self, lender: Lender, tmp_path: Path) -> None:
        good = row(lender, 0)
        intake_file.take(written(tmp_path, good, row(lender, 1, months="x")), now=NOW)
        taken = intake_file.take(written(tmp_path, good, row(lender, 1)), now=NOW)
        assert (len(taken.applied), taken.known, underwriting.applications()[1]) == (2, 1, 2)

    def test_says_in_its_last_line_what_became_of_it(self, lender: Lender, tmp_path: Path) -> None:
        taken = intake_file.take(written(tmp_path, row(lender, 0), row(lender, 1, months="x")), now=NOW)
        lines = list(taken.lines())
        assert len(lines) == 2
        assert lines[0].startswith("第3行 row 3, months: MONTHS_UNREADABLE")
        assert "2 行 rows, 1 笔申请 applications" in lines[1]

    @pytest.mark.parametrize(
        ("content", "code"),
        [(b"", "FILE_EMPTY"), (b"name,phone\nx,y\n", "COLUMN_MISSING"), (b"\xff\xfe\x00\x81\xff", "ENCODING_UNKNOWN")],
    )
    def test_that_cannot_be_read_is_refused_as_a_whole(
        self, lender: Lender, tmp_path: Path, content: bytes, code: str
    ) -> None:
        file = tmp_path / "applications.csv"
        file.write_bytes(content)
        with pytest.raises(Refused, match=code):
            intake_file.take(file, now=NOW)
        assert underwriting.applications()[1] == 0

    def test_that_is_not_there_is_refused(self, lender: Lender, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="FILE_UNREADABLE"):
            intake_file.take(tmp_path / "nothing.csv", now=NOW)
