"""`puhui mirror assess`: applications as JSON lines in, one answer a line out; each joins the graph before its own answer.

A line that cannot be taken is answered with its refusal, and the next one goes on. Exit status 2 when any line was refused.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused

_LONGEST_LINE = 1_000_000
_NUMBERS = ("application_id", "application_key", "application", "id")


def register(group: typer.Typer) -> None:
    """Add this file's command to the group `mirror`."""
    group.command()(assess)


def assess(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="JSON lines; standard input without it, or with -.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep/--no-keep", help="Store each answer, so that later applications see it; or undo each."),
    ] = True,
) -> None:
    """One application JSON a line → {outcome, score, hits, reasons, conditions, entities, ring, ms}, against the database.

    Needed: id_number; a line without application_id is numbered by its content. Known besides: applied_at, phone, device, card, ip, wifi, gps, address, licence, operator,
    shop_phone, agent, channel, amount_yuan (or amount_minor), shop_name, counterparties (of invoices: name, side, share, last_on),
    signals (by the names of the rulebook's columns). `outcome` is pass,
    observe, direct, delay, lower_limit, step_up, review or refuse; what could not be used is told in `notes`.
    """
    refused = 0
    source = sys.stdin if path is None or str(path) == "-" else opened(path)
    with attachment.platform():
        for number, line in enumerate(lines(source), 1):
            if not line.strip():
                continue
            told = _answered(line, keep=keep)
            refused += "refused" in told
            written = json.dumps({"line": number} | told, ensure_ascii=False, default=str)
            print(written.encode("utf-8", "replace").decode(), flush=True)  # half a surrogate pair is no text
    if refused:
        text = f"{refused} 行未能评估，见各行 refused · lines were refused; see each line"
        raise Refused(Refusal("LINES_REFUSED", text, where=str(path or "-")))


def _answered(line: str, *, keep: bool) -> dict[str, Any]:
    from django.db import transaction

    from puhui.antifraud import application_json, operations, queries

    began, now = time.perf_counter(), datetime.now(UTC)
    named = None
    try:
        sent = read_line(line)
        named = next((sent[name] for name in _NUMBERS if sent.get(name)), None) if isinstance(sent, dict) else None
        read = application_json.read(sent, now=now)
        with transaction.atomic():
            answer = operations.assess(read.facts, now=now)
            told = queries.answer_told(answer)
            if not keep:
                transaction.set_rollback(True)
    except Refused as found:
        refusal = {"code": found.refusal.code, "message": found.refusal.message, "where": found.refusal.where}
        return {"application_id": named, "outcome": None, "refused": refusal, "ms": _ms(began)}
    except Exception as fault:  # ours, not the sender's: said, and the lines behind it are not lost
        refusal = {
            "code": "FAULT",
            "message": f"系统故障 · a fault of ours: {type(fault).__name__}: {str(fault)[:200]}",
        }
        return {"application_id": named, "outcome": None, "refused": refusal, "ms": _ms(began)}
    return told | {"notes": list(read.notes), "ms": _ms(began)}


def read_line(line: str) -> Any:
    """One line of JSON. Refused where it is none or too long."""
    if len(line) > _LONGEST_LINE:
        raise Refused(Refusal("LINE_TOO_LONG", f"一行超过 {_LONGEST_LINE} 个字符 · the line is too long"))
    try:
        return json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        raise Refused(Refusal("LINE_UNREADABLE", f"不是 JSON · no JSON: {str(wrong)[:120]}")) from None


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def lines(source: TextIO) -> Iterator[str]:
    """The lines of a source, without a byte order mark."""
    yield from (line.removeprefix("\ufeff") for line in source)


def opened(path: Path) -> TextIO:
    """A file to read. Refused where it cannot be."""
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError as fault:
        raise Refused(
            Refusal("FILE_UNREADABLE", f"读不到文件 · cannot be read: {fault.strerror}", where=str(path))
        ) from None


def _ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)
