"""Papers as PDF: contents in, pages out, by Typst (decision 0045). Text can be selected, fonts are embedded as subsets.

Rule kept: a paper is a function of its contents. The same contents give the same bytes: the only date in the file is the
one it is about. Where no Chinese font is to be found nothing is printed, and the refusal says what to install.

>>> print_paper("poem", {}, dated=date(2026, 1, 1))
Traceback (most recent call last):
puhui.kernel.refusal.Refused: PAPER_UNKNOWN: 没有这种单据 · no such paper (poem)
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from puhui.kernel.refusal import Refusal, Refused

PAPERS = ("contract", "statement", "receipt", "payoff_letter")
_HERE = Path(__file__).resolve().parent
# The first that is installed is used; Debian has the first two in fonts-noto-cjk. Named again in sheet.typ.
CHINESE_FONTS = (
    "Noto Serif CJK SC", "Noto Sans CJK SC", "Source Han Serif SC", "Source Han Sans SC", "Noto Serif SC", "Noto Sans SC",
    "Songti SC", "PingFang SC", "SimSun", "Microsoft YaHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
)  # fmt: skip


def print_paper(paper: str, contents: Mapping[str, Any], *, dated: date) -> bytes:
    """One paper as a PDF. Raises Refused: PAPER_UNKNOWN, PAPER_FONT_MISSING."""
    if paper not in PAPERS:
        raise Refused(Refusal("PAPER_UNKNOWN", "没有这种单据 · no such paper", where=paper))
    return compiled(_HERE / f"{paper}.typ", contents, dated=dated)


def compiled(template: Path, contents: Mapping[str, Any], *, dated: date) -> bytes:
    """A template with its contents as a PDF; it may read what lies in its own folder. Raises Refused PAPER_FONT_MISSING."""
    given = {"contents": json.dumps(contents, ensure_ascii=False, sort_keys=True), "fonts": json.dumps(_chinese())}
    compiler = typst.Compiler(str(template), root=str(template.parent), font_paths=_fonts())
    made = compiler.compile(
        format="pdf", sys_inputs=given, timestamp=datetime(dated.year, dated.month, dated.day, tzinfo=UTC)
    )
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    """The system's fonts and those of PUHUI_FONTS (a folder), looked for once a process."""
    folder = os.environ.get("PUHUI_FONTS", "")
    return typst.Fonts(include_system_fonts=True, font_paths=[folder] if folder else [])


def _chinese() -> list[str]:
    known = set(_fonts().families())
    found = [name for name in CHINESE_FONTS if name in known]
    if not found:
        text = (
            "服务器没有中文字体，无法制作单据：请安装 fonts-noto-cjk，或用 PUHUI_FONTS 指明字体所在文件夹 · "
            "no Chinese font here: install fonts-noto-cjk, or name a folder of fonts in PUHUI_FONTS"
        )
        raise Refused(Refusal("PAPER_FONT_MISSING", text))
    return found
