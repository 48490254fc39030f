"""What was wrong with what we read: a refusal of the whole, or one listed finding a row.

Rule kept: a refusal is a value that names file, row, column and what to do (card 28). Lists are bounded
(`LISTED_PER_REASON` a file and reason), counts are always exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from puhui.kernel.refusal import Refusal, Refused

LISTED_PER_REASON = 1_000
LISTED_DUPLICATES = 10

# reason → (Chinese, English): what is wrong and what to do
REASONS: dict[str, tuple[str, str]] = {
    "EMPTY_FIRM": ("企业代码为空，请补全", "the firm code is empty; fill it in"),
    "UNKNOWN_FIRM": ("企业代码不在 firms.csv 中，请补充该企业或更正代码",
                     "no such firm in firms.csv; add the firm or correct the code"),
    "UNKNOWN_RATING": ("评级应为 A、B、C、D 或空", "the rating must be A, B, C, D or empty"),
    "UNKNOWN_DEFAULT_FLAG": ("违约标记应为 0、1 或空", "the default flag must be 0, 1 or empty"),
    "DUPLICATE_FIRM": ("企业代码重复，保留第一行", "this firm code came before; the first row counts"),
    "EMPTY_NUMBER": ("发票号码为空，请补全", "the invoice number is empty; fill it in"),
    "TEXT_UNFIT": ("文字过长或含不可用字符，请更正", "the text is too long or holds unusable characters; correct it"),
    "MALFORMED_DATE": ("日期无法识别，请写成 2019-01-31", "not a date; write it as 2019-01-31"),
    "MALFORMED_AMOUNT": ("金额无法识别，请只写数字，如 1234.50，不带“元”等字",
                         "not an amount in yuan with at most two decimals; write digits only, such as 1234.50"),
    "UNKNOWN_STATUS": ("发票状态应为 有效发票 或 作废发票", "the status must be 有效发票 (valid) or 作废发票 (void)"),
    "AMOUNTS_DISAGREE": ("金额+税额与价税合计不符，请核对原票", "net and tax do not add up to gross; check the invoice"),
    "AMOUNTS_OFF_BY_CENTS": ("金额+税额与价税合计相差少许，已按原值读入",
                             "net and tax differ a little from gross; loaded as written"),
    "EXACT_DUPLICATE": ("与前面一行完全相同，只计一次", "the same as an earlier row; counted once"),
    "SAME_INVOICE_AGAIN": ("同一张发票（号码、日期、金额相同）重复出现，只计一次，有作废记录则按作废",
                           "the same invoice (number, date, amounts) listed again; counted once, void if any copy is"),
    "NUMBER_REUSED": ("发票号码与另一张内容不同的发票相同（可能发票代码不同），两张都已读入",
                      "another invoice with other content has this number (the invoice code may differ); both loaded"),
}  # fmt: skip


def unfit_text(column: str, longest: int) -> pl.Expr:
    """Text that no column of ours can hold: too long, a NUL or a line break (a quote left open), COPY's null mark."""
    text = pl.col(column)
    return (text.str.len_chars() > longest) | text.str.contains("[\x00\n\r]") | (text == "\\N")


class FolderRefused(Refused):
    """A file, or the folder as a whole, cannot be used; nothing was loaded."""

    @classmethod
    def of(cls, code: str, where: str, message: str) -> "FolderRefused":
        return cls(Refusal(code, message, where))


@dataclass(frozen=True, slots=True)
class Finding:
    """One row's trouble. `severity`: rejected (left out), duplicate (left out), warning (loaded as written)."""

    file: str
    row: int
    column: str
    value: str
    reason: str
    severity: str

    @property
    def text_zh(self) -> str:
        return REASONS[self.reason][0]

    @property
    def text_en(self) -> str:
        return REASONS[self.reason][1]

    def __str__(self) -> str:
        return self.as_line()

    def as_line(self) -> str:
        """For terminals: file, row, column, value, reason and remedy in one line."""
        place = f"{self.file}, 第{self.row}行 row {self.row}, 列 column {self.column}"
        return f"{place}: {self.value!r} {self.reason} {self.text_zh} · {self.text_en}"


@dataclass(slots=True)
class Findings:
    """Collects findings of several files and counts them exactly."""

    listed: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, amount: int) -> None:
        if amount:
            self.counts[name] = self.counts.get(name, 0) + amount

    def of_file(self, file: str) -> "FileFindings":
        return FileFindings(file, self)


@dataclass(slots=True)
class FileFindings:
    """The findings of one file; frames must carry the column `row`."""

    file: str
    book: Findings
    bad_rows: set[int] = field(default_factory=set)

    def reject(self, frame: pl.DataFrame, wrong: pl.Expr, column: str, reason: str) -> None:
        """List rows where `wrong` holds and leave them out."""
        found = frame.filter(wrong)
        self.bad_rows.update(found["row"].to_list())
        self._list(found, column, reason, "rejected", LISTED_PER_REASON)

    def warn(self, frame: pl.DataFrame, column: str, reason: str) -> None:
        """List rows that are loaded all the same."""
        self._list(frame, column, reason, "warning", LISTED_PER_REASON)

    def duplicates(self, frame: pl.DataFrame, column: str, reason: str, *, listed: int) -> None:
        """Count rows that repeat another one; list the first few."""
        self._list(frame, column, reason, "duplicate", listed)

    def _list(self, frame: pl.DataFrame, column: str, reason: str, severity: str, most: int) -> None:
        self.book.count(reason.lower(), frame.height)
        for row, value in _first(frame, column, most):
            self.book.listed.append(Finding(self.file, row, column, value, reason, severity))


def _first(frame: pl.DataFrame, column: str, most: int) -> Iterator[tuple[int, str]]:
    shown = frame.sort("row").head(most).select("row", pl.col(column).cast(pl.String).fill_null(""))
    for row, value in shown.iter_rows():
        yield int(row), value[:200]
