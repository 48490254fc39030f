"""`puhui day close|history|provision`: the end of day 日终, what the last ones did, and how an institution provides 计提方法."""

import json
import time
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from puhui.cli import attachment
from puhui.kernel.money import format_yuan
from puhui.kernel.refusal import Refusal, Refused


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    day = typer.Typer(help="The business date and its end 日终.", no_args_is_help=True)
    day.command("close")(close)
    day.command("history")(history)
    day.command("provision")(provision)
    app.add_typer(day, name="day")


def close(
    through: Annotated[str | None, typer.Option(help="Catch up to this date, YYYY-MM-DD.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a day.")] = False,
) -> None:
    """Close the business date whose turn it is, or every one up to a date. Killed in the middle, it goes on where it stopped."""
    with attachment.platform(), attachment.progress_bar(quiet=as_json) as progress:
        from puhui.journeys import close_day

        now, last = datetime.now(UTC), _day(through)
        began = time.perf_counter()
        days = (
            [close_day.close_day(now=now, progress=progress)]
            if last is None
            else close_day.close_through(last, now=now, progress=progress)
        )
        for closed in days:
            _print(closed, seconds=time.perf_counter() - began, as_json=as_json)
            began = time.perf_counter()


def history(limit: Annotated[int, typer.Option(min=1, max=1000)] = 30) -> None:
    """The last ends of day, newest first, one JSON object a day, amounts in fen."""
    with attachment.platform():
        from puhui.servicing import queries

        for row in queries.day_history(limit=limit):
            print(json.dumps(row | {"business_date": row["business_date"].isoformat()}))


def provision(
    institution: Annotated[str, typer.Argument(help="The legal entity, by its id.")],
    method: Annotated[str, typer.Argument(help="class 五级分类, ecl 预期信用损失, or greater 两者取高.")],
    since: Annotated[str, typer.Option(help="From this business date on, YYYY-MM-DD; not a closed one.")],
    reason: Annotated[str, typer.Option(help="Why, and by whose decision; kept with the choice.")],
) -> None:
    """Choose how an institution provides, from a day on. The end of that day looks at every loan and posts the difference."""
    with attachment.platform():
        from puhui.kernel.ids import new_id
        from puhui.servicing import operations
        from puhui.servicing.operations.choose_provision import Choice

        now, first = datetime.now(UTC), _day(since, where="--since")
        assert first is not None
        choice = Choice(institution, method, first, reason, by="command line")
        operations.choose_provision(choice, key=new_id("ask", now=now), now=now)
        print(json.dumps({"institution_id": institution, "method": method, "since": first.isoformat()}))


def _print(closed: object, *, seconds: float, as_json: bool) -> None:
    from dataclasses import asdict

    from puhui.journeys.close_day import DayClosed

    assert isinstance(closed, DayClosed)
    day = closed.day
    if as_json:
        print(json.dumps(asdict(closed) | {"seconds": round(seconds, 3)}, default=str))
        return
    print(
        f"{day.business_date} 已关闭 closed · {day.loans:,} 笔 loans · 计息 accrued {format_yuan(day.accrued_minor)} · "
        f"逾期 overdue {day.overdue_loans:,} · 结清 closed {day.closed:,} · 余额 outstanding "
        f"{format_yuan(day.outstanding_minor)} · {seconds:.1f} s"
    )
    for loan_id, reason in closed.refused.items():
        print(f"  未放款 not paid out: {loan_id}: {reason}")


def _day(text: str | None, *, where: str = "--through") -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(Refusal("DATE_UNREADABLE", f"{text!r} is not a day; write YYYY-MM-DD", where=where)) from None
