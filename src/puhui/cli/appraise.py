"""`puhui appraise DIR`: read small firms from their invoices, judge them, solve the lender's problem.
`puhui intake FILE`: take applications from a file.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.cli import attachment
from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refusal, Refused

LISTED = 20  # rejections shown on the terminal


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(appraise)
    app.command()(intake)


def appraise(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="firms.csv, sales, purchases, rate_churn.csv.")],
    budget_yuan: Annotated[str, typer.Option(help="Total budget in yuan.")] = "100000000",
    as_of: Annotated[str | None, typer.Option(help="Evidence before this day only, YYYY-MM-DD.")] = None,
    lgd: Annotated[str, typer.Option(help="Loss given default, a share.")] = "1",
    cost_of_funds: Annotated[str, typer.Option(help="Yearly cost of funds, a share.")] = "0",
    stand: Annotated[bool, typer.Option("--stand", help="Judge applicants by this appraisal from now on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a firm, then a summary.")] = False,
) -> None:
    """Appraise a folder of firms: yes or no, limit, rate and reasons for each, the optimum for the budget."""
    with attachment.platform(), attachment.progress_bar(quiet=as_json) as progress:
        from puhui.underwriting import operations

        now = datetime.now(UTC)
        terms = operations.AppraisalTerms(
            budget_minor=_budget(budget_yuan),
            lgd=_share(lgd, "--lgd"),
            cost_of_funds=_share(cost_of_funds, "--cost-of-funds"),
            as_of=_day(as_of),
        )
        load = operations.load_folder(folder, now=now, progress=progress)
        _list_rejections(load.rejections)
        outcome = operations.appraise(load.load_id, terms=terms, now=now, progress=progress)
        if stand:
            operations.let_stand(outcome.appraisal_id, by="puhui appraise --stand", now=now)
    from puhui.underwriting import report as lines

    if as_json:
        for line in lines.json_lines(outcome):
            print(json.dumps(line, ensure_ascii=False))
    else:
        for text in lines.text_lines(outcome):
            print(text)


def intake(file: Annotated[Path, typer.Argument(help="A CSV of applications; see docs/recipes.")]) -> None:
    """Take applications from a file: good rows go on, bad rows are listed with row and column."""
    with attachment.platform():
        from puhui.journeys import intake_file

        outcome: Any = intake_file.take(file, now=datetime.now(UTC))
    for line in outcome.lines():
        print(line)


def _list_rejections(rejections: Sequence[object]) -> None:
    """On standard error, so that --json stays clean; the whole list is kept with the load."""
    for rejection in rejections[:LISTED]:
        print(rejection, file=sys.stderr)
    if len(rejections) > LISTED:
        print(f"… 另有 {len(rejections) - LISTED} 行 · and {len(rejections) - LISTED} more rows", file=sys.stderr)


def _budget(text: str) -> int:
    try:
        minor = parse_yuan(text)
    except MoneyUnreadable as unreadable:
        raise Refused(Refusal("BUDGET_UNREADABLE", str(unreadable), where="--budget-yuan")) from None
    if minor < 0:
        raise Refused(Refusal("BUDGET_NEGATIVE", "the budget is at least 0 yuan", where="--budget-yuan"))
    return minor


def _share(text: str, where: str) -> Decimal:
    try:
        share = Decimal(text)
    except InvalidOperation:
        raise Refused(Refusal("SHARE_UNREADABLE", f"{text!r} is not a number between 0 and 1", where=where)) from None
    if not 0 <= share <= 1:
        raise Refused(Refusal("SHARE_OUT_OF_RANGE", f"{text} is not between 0 and 1", where=where))
    return share


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(Refusal("DATE_UNREADABLE", f"{text!r} is not a day; write YYYY-MM-DD", where="--as-of")) from None
