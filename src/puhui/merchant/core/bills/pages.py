"""A statement on paper (PDF with text) → pieces of text where they stand, line by line; `grid` makes rows and columns of them.

A piece is what was written in one go: a cell, or a line of a cell that takes two. Pictures of paper have no text and are refused.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar, LTFigure, LTPage
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.psexceptions import PSException

from puhui.kernel.refusal import Refusal, Refused

_SAME_LINE, _SAME_PIECE = 40, 40  # per cent of the size of the letters
_SHADOW = 20  # per cent of the size of the letters
_MOST_PAGES = 2000


@dataclass(slots=True)
class Piece:
    """`text` from `x0` to `x1` (hundredths of a point from the left); `y` is its middle (from the bottom)."""

    text: str
    x0: int
    x1: int
    y: int
    size: int


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces at one height of a page, from left to right."""

    page: int
    pieces: tuple[Piece, ...]

    @property
    def y(self) -> int:
        return self.pieces[0].y


def read_lines(content: bytes, *, password: str) -> list[Line]:
    """The lines of all pages, from the top. Raises Refused: FILE_LOCKED, FILE_DAMAGED, FILE_IS_PICTURE."""
    lines: list[Line] = []
    try:
        for number, page in enumerate(_pages(content, password)):
            lines += _lines(number, list(_pieces(page)))
    except PDFPasswordIncorrect:
        told = "密码不对" if password else "文件有密码；请填写密码，或先去掉密码"
        raise Refused(Refusal("FILE_LOCKED", f"{told} · locked; give its password, or take it off first")) from None
    except (PDFException, PSException, ValueError, TypeError, KeyError, OSError, AssertionError) as fault:
        text = "PDF 不完整或已损坏，请重新下载 · the PDF is cut short or damaged; download it again"
        raise Refused(Refusal("FILE_DAMAGED", text)) from fault
    if not lines:
        text = "这份 PDF 是图片，没有文字；请向银行或支付平台索取带文字的 PDF、CSV 或 Excel · a picture; ask for the CSV or Excel export"
        raise Refused(Refusal("FILE_IS_PICTURE", text))
    return lines


def _pages(content: bytes, password: str) -> Iterator[LTPage]:
    """Letters where they were written; the library's own guesses at lines and boxes are not asked for."""
    fonts = PDFResourceManager()
    drawn = PDFPageAggregator(fonts, laparams=None)
    reader = PDFPageInterpreter(fonts, drawn)
    for page in PDFPage.get_pages(io.BytesIO(content), maxpages=_MOST_PAGES, password=password):
        reader.process_page(page)
        yield drawn.get_result()


def _pieces(page: LTPage) -> Iterator[Piece]:
    piece: Piece | None = None
    for letter in _letters(page):
        x0, x1, middle, size = (
            round(100 * told) for told in (letter.x0, letter.x1, (letter.y0 + letter.y1) / 2, letter.size)
        )
        near = piece is not None and (
            abs(middle - piece.y) * 100 < size * _SAME_LINE and abs(x0 - piece.x1) * 100 < size * _SAME_PIECE
        )
        if near and piece is not None:
            piece.text += letter.get_text()
            piece.x1 = x1
        else:
            if piece is not None and piece.text.strip():
                yield piece
            piece = Piece(letter.get_text(), x0, x1, middle, max(size, 100))
    if piece is not None and piece.text.strip():
        yield piece


def _letters(found: LTPage | LTFigure) -> Iterator[LTChar]:
    for each in found:
        if isinstance(each, LTChar) and each.upright:  # a watermark runs askew
            yield each
        elif isinstance(each, LTFigure):
            yield from _letters(each)


def _lines(page: int, pieces: list[Piece]) -> list[Line]:
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda each: -each.y):
        if lines and abs(lines[-1][0].y - piece.y) * 100 < piece.size * _SAME_LINE:
            if not any(_is_shadow(piece, other) for other in lines[-1]):
                lines[-1].append(piece)
        else:
            lines.append([piece])
    return [Line(page, tuple(sorted(line, key=lambda each: each.x0))) for line in lines]


def _is_shadow(piece: Piece, other: Piece) -> bool:
    """Whether a piece is written over another to make it bold."""
    return piece.text == other.text and abs(piece.x0 - other.x0) * 100 < piece.size * _SHADOW
