"""`puhui loan schedule | apr | story`: loan calculators. One JSON object a line in, one out, in the same order.

They need no database. A line that is refused is answered by an object with `refusal` (code, message, where) and named
on standard error; the other lines are still answered, and the exit status is 2.
"""

import json
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.kernel.refusal import Refusal, Refused

Calculator = Callable[[dict[str, Any]], dict[str, Any]]
Lines = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="JSON lines; standard input when left out.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(help="Loan calculators: one JSON object a line in, one out.", no_args_is_help=True)
    group.command()(schedule)
    group.command()(apr)
    group.command()(story)
    app.add_typer(group, name="loan")


def schedule(file: Lines = None) -> None:
    """The instalments of a loan, its total interest and its yearly cost."""
    from puhui.servicing.core import calculator

    _answer(file, calculator.schedule)


def apr(file: Lines = None) -> None:
    """The yearly rate of advances and payments: us_actuarial, eu, uk, irr_daily, irr_period."""
    from puhui.servicing.core import calculator

    _answer(file, calculator.apr)


def story(file: Lines = None) -> None:
    """What a loan's terms and events come to on a day: instalments, transactions, balances."""
    from puhui.servicing.core import story as telling

    _answer(file, telling.tell)


def _answer(file: Path | None, calculate: Calculator) -> None:
    refused = 0
    with file.open(encoding="utf-8") if file else sys.stdin as lines:
        for answer in _answers(lines, calculate):
            print(json.dumps(answer, ensure_ascii=False), flush=True)
            refused += "refusal" in answer
    if refused:
        raise typer.Exit(2)


def _answers(lines: Iterable[str], calculate: Calculator) -> Iterable[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        request: Any = None
        try:
            request = _object(line)
            yield calculate(request)
        except Refused as refused:
            print(f"line {number}: {refused.refusal}", file=sys.stderr)
            refusal = refused.refusal
            said = {"code": refusal.code, "message": refusal.message, "where": refusal.where}
            yield {"id": request.get("id") if isinstance(request, dict) else None, "refusal": said}


def _object(line: str) -> dict[str, Any]:
    try:
        request = json.loads(line, parse_float=Decimal)
    except json.JSONDecodeError as fault:
        raise Refused(Refusal("JSON_UNREADABLE", f"不是 JSON · not JSON: {fault}")) from None
    if not isinstance(request, dict):
        raise Refused(Refusal("OBJECT_EXPECTED", "每行须为一个 JSON 对象 · one JSON object a line"))
    return request
