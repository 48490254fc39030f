"""A folder of small firms and their invoices, read and checked in columns: good rows, a listed reason for every other.

    firms.csv · sales.parquet|csv · purchases.parquet|csv · rate_churn.csv  (+ INVENTED.txt where the firms are made up)

Rule kept: what cannot be read at all is one refusal naming file, row, column and remedy (`FolderRefused`); what is wrong
in one row is a `Finding` while the good rows load. Nothing here writes anywhere. Row numbers are a person's: header = 1.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from puhui.underwriting.core import invoices, tables
from puhui.underwriting.core.findings import Finding, Findings, FolderRefused, unfit_text
from puhui.underwriting.core.offer_book import ChurnCurve

READER_VERSION = "1"  # part of the content hash: a change of the reading rules makes a new load
INVENTED_MARK = "INVENTED.txt"
RATINGS = ("A", "B", "C", "D")
_FIRM_COLUMNS = ("firm", "name", "rating", "defaulted")
_CHURN_COLUMNS = ("annual_rate", "churn_a", "churn_b", "churn_c")


@dataclass(frozen=True, slots=True)
class Folder:
    """`firms`: code, name, rating, defaulted. `invoices`: see `invoices.GOOD_COLUMNS`, sorted by firm and date."""

    name: str
    origin: str
    content_hash: str
    firms: pl.DataFrame
    invoices: pl.DataFrame
    churn: ChurnCurve
    findings: tuple[Finding, ...]
    counts: dict[str, int]


def content_hash(path: Path) -> str:
    """SHA-256 over the folder's files, names and bytes; equal content means the same load."""
    files = [*_all_files(path).values()]
    mark = path / INVENTED_MARK
    total = hashlib.sha256(READER_VERSION.encode())
    for file in sorted(files) + ([mark] if mark.exists() else []):
        total.update(f"\n{file.name}\n".encode())
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def read_folder(path: Path) -> Folder:
    """Read and check everything; raises FolderRefused when a file as a whole cannot be used."""
    files = _all_files(path)
    churn = read_churn(files["rate_churn"])
    findings = Findings()
    firms = read_firms(files["firms"], findings)
    parts = []
    for stem, direction in (("sales", "sale"), ("purchases", "purchase")):
        raw = tables.read_table(files[stem], invoices.COLUMNS)
        parts.append(invoices.check(raw, file=files[stem].name, direction=direction, firms=firms["code"],
                                    findings=findings))  # fmt: skip
        del raw
    good = pl.concat(parts).sort("firm", "direction", "issued_on", "number", maintain_order=True)
    silent = firms.height - good["firm"].n_unique()
    findings.count("firms_without_invoices", silent)
    counts = {"firms": firms.height, "invoices": good.height, **findings.counts}
    origin = "invented" if (path / INVENTED_MARK).exists() else "real"
    return Folder(path.resolve().name, origin, content_hash(path), firms, good, churn, tuple(findings.listed), counts)


def read_firms(file: Path, findings: Findings) -> pl.DataFrame:
    """Firms with a readable code, rating (A–D or empty) and default flag (0, 1 or empty); one row a code."""
    raw = tables.read_table(file, _FIRM_COLUMNS)
    texts = raw.with_columns(pl.col(*_FIRM_COLUMNS).cast(pl.String).str.strip_chars().fill_null(""))
    texts = texts.with_columns(pl.col("rating").str.to_uppercase(), pl.col("defaulted").str.replace(r"\.0$", ""))
    blank = pl.all_horizontal(pl.col(*_FIRM_COLUMNS) == "")
    texts = texts.filter(~blank)
    listed = findings.of_file(file.name)
    listed.reject(texts, pl.col("firm") == "", "firm", "EMPTY_FIRM")
    for column, longest in (("firm", 60), ("name", 200)):
        listed.reject(texts, unfit_text(column, longest), column, "TEXT_UNFIT")
    listed.reject(texts, ~pl.col("rating").is_in([*RATINGS, ""]), "rating", "UNKNOWN_RATING")
    listed.reject(texts, ~pl.col("defaulted").is_in(["0", "1", ""]), "defaulted", "UNKNOWN_DEFAULT_FLAG")
    good = texts.filter(~pl.col("row").is_in(listed.bad_rows))
    again = good.filter(good.select("firm").is_duplicated() & ~pl.col("firm").is_first_distinct())
    listed.reject(again, pl.lit(value=True), "firm", "DUPLICATE_FIRM")
    good = good.filter(pl.col("firm").is_first_distinct())
    if good.is_empty():
        raise FolderRefused.of("NO_FIRMS", file.name, "没有可用的企业行 · no usable firm row; add at least one firm")
    return good.select(
        code=pl.col("firm"), name=pl.col("name"), rating=pl.col("rating").replace("", None),
        defaulted=pl.col("defaulted").replace("", None).cast(pl.Int16),
    )  # fmt: skip


def read_churn(file: Path) -> ChurnCurve:
    """The curve of leaving customers. Any fault in it is a refusal: no offer can be priced from half a curve."""
    raw = tables.read_table(file, _CHURN_COLUMNS)
    numbers = raw.select("row", *[pl.col(c).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
                                  for c in _CHURN_COLUMNS])  # fmt: skip
    for column in _CHURN_COLUMNS:
        unfit = pl.col(column).is_null() | ~pl.col(column).is_between(0, 1)
        unfit = unfit | (pl.col(column) <= 0) if column == "annual_rate" else unfit
        _refuse_churn(file, raw, numbers.filter(unfit), column, "应为0到1之间的数 · must be a number between 0 and 1")
    falling = numbers.filter(pl.col("annual_rate").diff() <= 0)
    _refuse_churn(file, raw, falling, "annual_rate", "利率须逐行递增 · rates must rise from row to row")
    if numbers.is_empty():
        raise FolderRefused.of(
            "CHURN_EMPTY", file.name, "流失率表没有数据行 · the churn curve has no row; add its rates"
        )
    churn = {c[-1].upper(): tuple(numbers[c].to_list()) for c in _CHURN_COLUMNS[1:]}
    return ChurnCurve(tuple(numbers["annual_rate"].to_list()), churn)


def _refuse_churn(file: Path, raw: pl.DataFrame, wrong: pl.DataFrame, column: str, why: str) -> None:
    if wrong.is_empty():
        return
    row = int(wrong["row"][0])
    value = raw.filter(pl.col("row") == row)[column][0]
    raise FolderRefused.of(
        "CHURN_MALFORMED", f"{file.name}, 第{row}行 row {row}, 列 column {column}", f"{value!r}: {why}"
    )


def _all_files(path: Path) -> dict[str, Path]:
    """The four files by stem, or a refusal that says which is missing."""
    if not path.exists():
        raise FolderRefused.of("NO_SUCH_FOLDER", str(path), "文件夹不存在 · no such folder; check the path")
    if not path.is_dir():
        raise FolderRefused.of(
            "NOT_A_FOLDER", str(path), "这不是文件夹 · this is a file, not a folder; name its folder"
        )
    if not any(path.iterdir()):
        raise FolderRefused.of("FOLDER_EMPTY", str(path), "文件夹是空的 · the folder is empty; put firms.csv, sales, "
                               "purchases (.parquet or .csv) and rate_churn.csv into it")  # fmt: skip
    endings = {"firms": ("csv",), "sales": ("parquet", "csv"), "purchases": ("parquet", "csv"), "rate_churn": ("csv",)}
    found: dict[str, Path] = {}
    for stem, kinds in endings.items():
        there = [path / f"{stem}.{kind}" for kind in kinds if (path / f"{stem}.{kind}").is_file()]
        names = " / ".join(f"{stem}.{kind}" for kind in kinds)
        if not there:
            raise FolderRefused.of(
                "FILE_MISSING", names, f"缺少文件 {names} · this file is missing from the folder; add it"
            )
        if len(there) > 1:
            raise FolderRefused.of("FILE_TWICE", names, "同名文件有两份 · both exist and may differ; keep one of them")
        found[stem] = there[0]
    return found
