"""`puhui mirror rules|measures`: what every rule that decides now is worth, on what is confirmed and on made-up truth; how good leads were."""

import csv
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused

_LEAST, _MOST = 1_000, 1_000_000


def register(group: typer.Typer) -> None:
    """Add this file's command to the group `mirror`."""
    group.command()(rules)
    group.command()(measures)


def rules(
    simulate: Annotated[
        int | None,
        typer.Option(
            metavar="HONEST",
            help="Measure anew among so many made-up honest applications; prints the table as CSV, keeps nothing.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the made-up world and its gangs.")] = 1,
) -> None:
    """One JSON object a rule, over the latest assessments on record: hits, confirmed ones, precision and recall (null without labels).

    Beside them, under `simulated`, what the rule does on made-up truth (null where the made-up world has no such signal).
    """
    if simulate is not None and not _LEAST <= simulate <= _MOST:
        told = f"应在 {_LEAST:,} 与 {_MOST:,} 之间 · between them"
        raise Refused(Refusal("SIZE_OUT_OF_RANGE", told, where="--simulate"))
    with attachment.platform():
        if simulate is not None:
            _measured(simulate, seed)
            return
        from puhui.antifraud import dry_run

        for row in dry_run.worth_by_rule(now=datetime.now(UTC)):
            print(json.dumps(row, ensure_ascii=False))


def measures() -> None:
    """How good leads were, one JSON object a source ("" is all together): leads, right and wrong ones, days to confirm, amounts."""
    with attachment.platform():
        from puhui.antifraud import lead_measures

        for row in lead_measures.measures(now=datetime.now(UTC)):
            print(json.dumps(asdict(row), ensure_ascii=False))


def _measured(honest: int, seed: int) -> None:
    from puhui.simulate import rule_worth

    rows = rule_worth.study(honest=honest, seed=seed, gang_seeds=[seed, seed + 1])
    table = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
