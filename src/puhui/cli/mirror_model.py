"""`puhui mirror train|models|approve|watch|peers`: the fraud model's life. A challenger is trained on what is confirmed; a second person makes it champion."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused


def register(group: typer.Typer) -> None:
    """Add this file's commands to the group `mirror`."""
    for command in (train, models, approve, watch, peers):
        group.command()(command)


def train(
    by: Annotated[str, typer.Option(help="Who trains it; somebody else approves.")],
    seed: Annotated[int, typer.Option(help="Of rows and columns drawn.")] = 1,
) -> None:
    """Train a challenger on the assessments on record and the labels known now; prints it with its measures on the latest eighth."""
    with attachment.platform():
        from puhui.antifraud import operations, queries

        made = operations.train_model(seed=seed, by=by, now=datetime.now(UTC))
        print(json.dumps(next(row for row in queries.fraud_models() if row["id"] == made), default=str))


def models() -> None:
    """Every fraud model, newest first, one JSON object a line."""
    with attachment.platform():
        from puhui.antifraud import queries

        for row in queries.fraud_models():
            print(json.dumps(row, default=str))


def approve(
    model: Annotated[str, typer.Argument(help="The challenger's id.")],
    by: Annotated[str, typer.Option(help="Who approves; not who trained it.")],
) -> None:
    """Make a challenger the champion: from now on it scores inside the request."""
    with attachment.platform():
        from puhui.antifraud import operations

        operations.approve_model(model, by=by)
        print(json.dumps({"model": model, "state": "champion", "approved_by": by}))


def watch(
    day: Annotated[str | None, typer.Option(help="YYYY-MM-DD; yesterday in China without it.")] = None,
) -> None:
    """Keep a day's figures of every model that scores or waits (drift, and how well it finds fraud); prints them with open alerts."""
    with attachment.platform():
        from puhui.antifraud import operations, queries
        from puhui.antifraud.core.signals import ZONE

        now = datetime.now(UTC)
        asked = _day(day) if day else now.astimezone(ZONE).date() - timedelta(days=1)
        raised = operations.watch_models(asked, now=now)
        told = {"raised": raised, "days": queries.model_days(), "open_alerts": queries.open_model_alerts()}
        print(json.dumps(told, ensure_ascii=False, default=str))


def peers() -> None:
    """Learn anew what is ordinary, by which unusualness is measured (nightly by itself); prints the picture's number."""
    with attachment.platform():
        from puhui.antifraud import operations

        made = operations.learn_peers(now=datetime.now(UTC))
        if made is None:
            text = "库内申请太少，见 policy/casework.toml [peers] · too few applications on record"
            raise Refused(Refusal("TOO_FEW_PEERS", text, where="peers"))
        print(json.dumps({"picture": made}))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(
            Refusal("DATE_UNREADABLE", "日期写成 2026-01-31 的样子 · dates look like 2026-01-31", where="--day")
        ) from None
