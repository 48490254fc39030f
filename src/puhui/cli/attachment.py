"""How a command gets its database: attached, loaded into Django, entered as the platform."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Report = Callable[[str, int, int], None]


@contextmanager
def platform(*, keep_running: bool = False) -> Iterator[None]:
    """Django on the attached and migrated database, inside the platform's scope."""
    django_on_database(keep_running=keep_running)
    from puhui.cli import upkeep
    from puhui.store import tenancy

    if upkeep.is_behind():
        upkeep.bring_up_to_date()
    with tenancy.scope(tenancy.PLATFORM):
        yield


def django_on_database(*, keep_running: bool = False) -> None:
    """Attach and set Django up, without entering any tenant."""
    from puhui.store import embedded

    embedded.attach(keep_running=keep_running)
    django_alone()


def django_alone() -> None:
    """Django without a database, for commands that only borrow values of the rooms."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "puhui.web.settings")
    import django

    django.setup()


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Report]:
    """A report(stage, done, total) drawn as bars on standard error; nothing where nobody watches."""
    console = Console(stderr=True)
    if quiet or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, object] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield report
