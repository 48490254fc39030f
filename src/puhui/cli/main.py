"""The command `puhui`. Commands that need no database start none; the others attach to it and clean up after themselves.

Exit status: 0 done, 1 a fault, 2 a named refusal (bad input), 130 interrupted with nothing half done.
"""

import os
import sys
from typing import Any

import typer

app = typer.Typer(help="Puhui 普惠: lending for small and micro businesses.", no_args_is_help=True, add_completion=False)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "puhui.web.settings")


def with_database(*, keep_running: bool = False) -> None:
    """Attach to the database and load Django on it."""
    from puhui.store import embedded

    embedded.attach(keep_running=keep_running)
    import django

    django.setup()


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False)
def manage(context: typer.Context) -> None:
    """Any of Django's own commands, for developers: `puhui manage makemigrations underwriting`."""
    from django.core.management import execute_from_command_line

    if context.args[:1] and context.args[0] not in ("makemigrations", "help", "makemessages", "compilemessages", "collectstatic"):
        with_database()
    execute_from_command_line(["puhui manage", *context.args])


@app.command()
def migrate() -> None:
    """Bring the database to this version and grant the application's role its rights."""
    with_database()
    from puhui.cli import upkeep

    upkeep.migrate()


def main(arguments: list[str] | None = None) -> Any:
    try:
        return app(args=arguments if arguments is not None else sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
