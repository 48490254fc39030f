"""`puhui mirror groups` and `puhui mirror export`: dense groups in the graph on record, and the record for Apache Spark."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from puhui.cli import attachment


def register(group: typer.Typer) -> None:
    """Add this file's commands."""
    group.command()(groups)
    group.command()(export)


def groups(
    look: Annotated[bool, typer.Option("--look", help="Tell only; raise no lead.")] = False,
) -> None:
    """Dense and growing groups of applications that share things, one JSON object a line; their members become leads (nightly by itself)."""
    with attachment.platform():
        from puhui.antifraud import operations

        told = operations.watch_groups(now=datetime.now(UTC), raising=not look)
        for found in told:
            print(json.dumps(found.told(), ensure_ascii=False))
        if not told:
            print("没有密集且仍在增长的团体 · no group is dense and still grows", file=sys.stderr)


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where arrivals.parquet and labels.parquet are written.")
    ],
) -> None:
    """Arrivals and conclusions as Parquet, for `puhui mirror spark windows`: keys and times, no name and no number of anybody."""
    with attachment.platform():
        from puhui.antifraud.graphs import history_export

        print(json.dumps(history_export.write(folder)))
