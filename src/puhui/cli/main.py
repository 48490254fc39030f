"""The command `puhui`. Commands that need no database start none; the others attach to it and clean up after themselves.

Exit status: 0 done, 1 a fault, 2 a named refusal (bad input), 130 interrupted with nothing half done.
"""

import os
import sys

import typer

from puhui.cli import (
    acceptance,
    appraise,
    books,
    day,
    fairness,
    loan,
    merchant,
    mirror,
    model,
    octopus,
    partners,
    policy,
    programmes,
    records,
    serving,
    staff,
    town,
    upkeep,
)
from puhui.kernel.refusal import Refused

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "puhui.web.settings")
INTERRUPTED = 130

app = typer.Typer(
    help="Puhui 普惠: lending for small and micro businesses, from the first advertisement to the last repayment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    serving,
    appraise,
    loan,
    merchant,
    model,
    policy,
    fairness,
    acceptance,
    day,
    records,
    upkeep,
    staff,
    partners,
    programmes,
    town,
    books,
    octopus,
    mirror,
):
    group.register(app)


def main() -> None:
    """Run a command; a refusal ends in one line and status 2, an interruption in status 130."""
    try:
        app()
    except Refused as refused:
        _say(str(refused.refusal), 2)
    except SystemExit as done:
        if done.code == INTERRUPTED:
            _say("中断，数据库保持原样 · interrupted; the database is as it was", INTERRUPTED)
        raise
    except Exception as fault:
        if getattr(fault, "expected", False) and os.environ.get("PUHUI_DEBUG") != "1":
            _say(str(fault), 1)
        raise


def _say(line: str, status: int) -> None:
    print(line, file=sys.stderr)
    sys.exit(status)
