"""`puhui mirror rules`: every rule that decides now, how often it hit on record, and its precision and recall on what is confirmed."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from puhui.cli import attachment


def register(group: typer.Typer) -> None:
    """Add this file's command to the group `mirror`."""
    group.command()(rules)


def rules() -> None:
    """One JSON object a rule, over the latest assessments on record: hits, confirmed ones, precision and recall (null without labels)."""
    with attachment.platform():
        from puhui.antifraud import dry_run

        for row in dry_run.precision_by_rule(now=datetime.now(UTC)):
            print(json.dumps(asdict(row), ensure_ascii=False))
