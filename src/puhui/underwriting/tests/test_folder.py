"""Bad input of a folder: one clear refusal, or listed rejections while the good rows load."""

from pathlib import Path

import polars as pl
import pytest

from puhui.underwriting.core.findings import FolderRefused
from puhui.underwriting.core.folder import content_hash, read_folder
from puhui.underwriting.tests.invented_folder import CURVE

HEADER = "firm,number,issued_on,counterparty,net_yuan,tax_yuan,gross_yuan,status\n"
GOOD = "E1,100,2019-05-01,B1,1000.00,130.00,1130.00,有效发票\n"
FIRMS = "firm,name,rating,defaulted\nE1,甲公司,A,0\nE2,乙公司,,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is fine."""
    write(tmp_path, "firms.csv", FIRMS)
    write(tmp_path, "sales.csv", HEADER + GOOD)
    write(tmp_path, "purchases.csv", HEADER + GOOD.replace("B1", "A1"))
    write(tmp_path, "rate_churn.csv", CURVE)
    return tmp_path


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    (folder / name).write_bytes(text.encode(encoding))


REFUSALS = [
    # file, its new content (None: removed), code, words the message must hold
    ("firms.csv", None, "FILE_MISSING", ["firms.csv"]),
    ("sales.csv", None, "FILE_MISSING", ["sales.parquet", "sales.csv"]),
    ("purchases.csv", None, "FILE_MISSING", ["purchases"]),
    ("rate_churn.csv", None, "FILE_MISSING", ["rate_churn.csv"]),
    ("sales.csv", b"", "FILE_EMPTY", ["sales.csv"]),
    ("sales.csv", HEADER.replace("net_yuan", "amount").encode(), "COLUMN_MISSING", ["sales.csv", "net_yuan"]),
    ("sales.csv", (HEADER + GOOD.strip() + ",extra\n").encode(), "CSV_MALFORMED", ["sales.csv", "row 2"]),
    (
        "sales.csv",
        (HEADER + GOOD + 'E1,101,2019-01-31,"B1,1,0,1,有效发票\n').encode(),
        "CSV_MALFORMED",
        ["row 3", "quot"],
    ),
    ("firms.csv", b"firm,name,rating,defaulted\nE1,\xff\xfe\xff,A,0\n", "ENCODING_UNKNOWN", ["firms.csv", "UTF-8"]),
    ("firms.csv", b"firm,name,rating,defaulted\n", "NO_FIRMS", ["firms.csv"]),
    ("rate_churn.csv", CURVE.replace("0.135", "1.35").encode(), "CHURN_MALFORMED", ["row 3", "churn_a", "1.35"]),
    ("rate_churn.csv", CURVE.replace("0.0585,", "4%,").encode(), "CHURN_MALFORMED", ["row 4", "annual_rate", "4%"]),
    ("rate_churn.csv", CURVE.replace("0.0585,", "0.01,").encode(), "CHURN_MALFORMED", ["row 4", "annual_rate"]),
    ("rate_churn.csv", CURVE.splitlines()[0].encode(), "CHURN_EMPTY", ["rate_churn.csv"]),
    ("sales.parquet", b"PAR1 is not enough", "FILE_TWICE", ["sales.parquet"]),
]


@pytest.mark.parametrize(("name", "content", "code", "words"), REFUSALS)
def test_a_file_that_cannot_be_used_is_refused_in_one_message(
    folder: Path, name: str, content: bytes | None, code: str, words: list[str]
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(FolderRefused) as refused:
        read_folder(folder)
    assert refused.value.refusal.code == code
    for word in words:
        assert word in str(refused.value)


class TestFolderItself:
    def test_a_folder_that_does_not_exist_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FolderRefused, match="NO_SUCH_FOLDER"):
            read_folder(tmp_path / "nowhere")

    def test_an_empty_folder_says_what_belongs_into_it(self, tmp_path: Path) -> None:
        with pytest.raises(FolderRefused, match=r"firms\.csv"):
            read_folder(tmp_path)

    def test_a_file_is_no_folder(self, folder: Path) -> None:
        with pytest.raises(FolderRefused, match="NOT_A_FOLDER"):
            read_folder(folder / "firms.csv")

    def test_an_unreadable_parquet_is_named(self, folder: Path) -> None:
        (folder / "sales.csv").unlink()
        (folder / "sales.parquet").write_bytes(b"PAR1 this is not parquet PAR1")
        with pytest.raises(FolderRefused, match=r"PARQUET_UNREADABLE.*sales\.parquet"):
            read_folder(folder)


REJECTIONS = [
    # a bad row in sales.csv, the column and reason it must be listed with
    ("E1,101,2019-02-30,B1,1.00,0.13,1.13,有效发票", "issued_on", "MALFORMED_DATE", "2019-02-30"),
    ("E1,101,去年,B1,1.00,0.13,1.13,有效发票", "issued_on", "MALFORMED_DATE", "去年"),
    ('E1,101,2019-01-31,B1,"1,234.5元",0.13,1.13,有效发票', "net_yuan", "MALFORMED_AMOUNT", "1,234.5元"),
    ("E1,101,2019-01-31,B1,1.00,,1.13,有效发票", "tax_yuan", "MALFORMED_AMOUNT", ""),
    ("E1,101,2019-01-31,B1,1.00,0.13,1.135,有效发票", "gross_yuan", "MALFORMED_AMOUNT", "1.135"),
    (",101,2019-01-31,B1,1.00,0.13,1.13,有效发票", "firm", "EMPTY_FIRM", ""),
    ("E9,101,2019-01-31,B1,1.00,0.13,1.13,有效发票", "firm", "UNKNOWN_FIRM", "E9"),
    ("E1,,2019-01-31,B1,1.00,0.13,1.13,有效发票", "number", "EMPTY_NUMBER", ""),
    ("E1,101,2019-01-31,B1,1.00,0.13,1.13,不知道", "status", "UNKNOWN_STATUS", "不知道"),
    ("E1,101,2019-01-31,B1,1000.00,130.00,9999.00,有效发票", "gross_yuan", "AMOUNTS_DISAGREE", "9999.00"),
    (f"E1,101,2019-01-31,{'B' * 121},1.00,0.13,1.13,有效发票", "counterparty", "TEXT_UNFIT", "B" * 121),
]


@pytest.mark.parametrize(("line", "column", "reason", "value"), REJECTIONS)
def test_a_bad_row_is_listed_and_the_good_rows_load(
    folder: Path, line: str, column: str, reason: str, value: str
) -> None:
    write(folder, "sales.csv", HEADER + GOOD + line + "\n" + GOOD.replace("100", "102", 1))
    read = read_folder(folder)
    found = [f for f in read.findings if f.severity == "rejected"]
    assert [(f.file, f.row, f.column, f.reason, f.value) for f in found] == [("sales.csv", 3, column, reason, value)]
    assert found[0].text_zh in str(found[0])
    assert found[0].text_en in str(found[0])
    assert read.invoices.filter(pl.col("direction") == "sale").height == 2
    assert read.counts["rows_rejected"] == 1


class TestGoodRows:
    def test_amounts_become_whole_fen(self, folder: Path) -> None:
        write(folder, "sales.csv", HEADER + 'E1,1,2019/5/1,B1,"1,234.5",0.29,1234.79, 有效发票\n')
        sale = read_folder(folder).invoices.filter(pl.col("direction") == "sale").row(0, named=True)
        assert (sale["net_minor"], sale["tax_minor"], sale["gross_minor"], sale["valid"]) == (123450, 29, 123479, True)
        assert sale["issued_on"].isoformat() == "2019-05-01"

    def test_floats_of_parquet_become_whole_fen(self, folder: Path) -> None:
        (folder / "sales.csv").unlink()
        fen = [29, 8_17094, 999_999_999_99, -1]
        frame = pl.DataFrame({
            "firm": ["E1"] * 4, "number": ["1", "2", "3", "4"], "issued_on": ["2019-01-01"] * 4,
            "counterparty": ["B"] * 4, "net_yuan": [v / 100 for v in fen], "tax_yuan": [0.0] * 4,
            "gross_yuan": [v / 100 for v in fen], "status": ["有效发票"] * 4,
        })  # fmt: skip
        frame.write_parquet(folder / "sales.parquet")
        sales = read_folder(folder).invoices.filter(pl.col("direction") == "sale").sort("number")
        assert sales["net_minor"].to_list() == fen

    def test_a_red_invoice_is_legal(self, folder: Path) -> None:
        write(folder, "sales.csv", HEADER + "E1,1,2019-05-01,B1,-1000.00,-130.00,-1130.00,有效发票\n")
        read = read_folder(folder)
        assert read.invoices.filter(pl.col("direction") == "sale")["net_minor"].to_list() == [-100000]
        assert not read.findings

    def test_an_exact_duplicate_counts_once(self, folder: Path) -> None:
        write(folder, "sales.csv", HEADER + GOOD * 15)
        read = read_folder(folder)
        assert read.invoices.filter(pl.col("direction") == "sale").height == 1
        assert read.counts["exact_duplicate"] == 14
        assert len([f for f in read.findings if f.reason == "EXACT_DUPLICATE"]) == 10

    def test_one_invoice_under_two_buyers_counts_once(self, folder: Path) -> None:
        write(folder, "sales.csv", HEADER + GOOD + GOOD.replace("B1", "B2"))
        read = read_folder(folder)
        assert read.invoices.filter(pl.col("direction") == "sale")["counterparty"].to_list() == ["B1"]
        assert [(f.row, f.reason) for f in read.findings] == [(3, "SAME_INVOICE_AGAIN")]

    def test_a_void_copy_makes_the_invoice_void(self, folder: Path) -> None:
        write(folder, "sales.csv", HEADER + GOOD + GOOD.replace("有效", "作废"))
        sales = read_folder(folder).invoices.filter(pl.col("direction") == "sale")
        assert sales["valid"].to_list() == [False]

    def test_a_number_with_other_content_loads_and_is_listed(self, folder: Path) -> None:
        write(folder, "sales.csv", HEADER + GOOD + GOOD.replace("2019-05-01", "2019-06-01"))
        read = read_folder(folder)
        assert read.invoices.filter(pl.col("direction") == "sale").height == 2
        assert [(f.row, f.reason, f.severity) for f in read.findings] == [(3, "NUMBER_REUSED", "warning")]

    def test_amounts_off_by_cents_load_and_are_listed(self, folder: Path) -> None:
        write(folder, "sales.csv", HEADER + GOOD.replace("1130.00", "1130.92"))
        read = read_folder(folder)
        assert read.invoices.filter(pl.col("direction") == "sale").height == 1
        assert [(f.row, f.reason, f.severity) for f in read.findings] == [(2, "AMOUNTS_OFF_BY_CENTS", "warning")]

    def test_a_firm_without_invoices_loads(self, folder: Path) -> None:
        read = read_folder(folder)
        assert read.firms["code"].to_list() == ["E1", "E2"]
        assert read.counts["firms_without_invoices"] == 1

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
    def test_chinese_encodings_are_told_apart(self, folder: Path, encoding: str) -> None:
        write(folder, "firms.csv", FIRMS, encoding)
        write(folder, "sales.csv", HEADER + GOOD, encoding)
        read = read_folder(folder)
        assert read.firms["name"].to_list() == ["甲公司", "乙公司"]
        assert not [f for f in read.findings if f.severity == "rejected"]

    def test_a_bad_firm_row_is_listed_with_its_invoices(self, folder: Path) -> None:
        write(folder, "firms.csv", FIRMS + "E3,丙公司,Z,0\nE1,再来,A,0\n")
        write(folder, "sales.csv", HEADER + GOOD + GOOD.replace("E1", "E3"))
        listed = [(f.file, f.row, f.column, f.reason) for f in read_folder(folder).findings]
        assert listed == [
            ("firms.csv", 4, "rating", "UNKNOWN_RATING"),
            ("firms.csv", 5, "firm", "DUPLICATE_FIRM"),
            ("sales.csv", 3, "firm", "UNKNOWN_FIRM"),
        ]


class TestContentHash:
    def test_follows_the_content_only(self, folder: Path) -> None:
        before = content_hash(folder)
        (folder / "notes.txt").write_text("not read")
        assert content_hash(folder) == before
        write(folder, "sales.csv", HEADER + GOOD.replace("1000.00", "1000.01"))
        assert content_hash(folder) != before

    def test_an_invented_folder_is_another_content(self, folder: Path) -> None:
        before = content_hash(folder)
        (folder / "INVENTED.txt").write_text("虚构")
        assert content_hash(folder) != before
        assert read_folder(folder).origin == "invented"
