"""Looking after a database: migrations as the owner, the application's rights, backup, restore, key rotation."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from puhui.cli import attachment


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(name="manage", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(manage)
    app.command(name="migrate")(migrate_command)
    app.command()(backup)
    app.command()(restore)
    keys = typer.Typer(help="Keys that seal personal data.", no_args_is_help=True)
    keys.command("rotate")(rotate_keys)
    app.add_typer(keys, name="keys")


def is_behind() -> bool:
    """Whether a migration is still to be applied."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["owner"])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def bring_up_to_date(*, verbosity: int = 0) -> None:
    """Migrate as the owner. The application's role is made first, since a migration may name it. Idempotent."""
    from django.core.management import call_command
    from django.db import connections

    from puhui.store import embedded, keyring, pattern_indexes, privileges

    owner = connections["owner"]
    password = keyring.load().app_password if os.environ.get("DATABASE_URL") else None
    if not os.environ.get("PUHUI_APP_DATABASE_URL"):
        privileges.ensure_app_role(owner, role=embedded.APP_ROLE, password=password)
    call_command("migrate", database="owner", interactive=False, verbosity=verbosity)
    pattern_indexes.drop(owner)
    privileges.grant(owner, role=embedded.APP_ROLE)


def migrate_command() -> None:
    """Bring the database to this version and grant the application's role its rights."""
    attachment.django_on_database()
    bring_up_to_date(verbosity=1)


def manage(context: typer.Context) -> None:
    """Any of Django's own commands, for developers, such as `puhui manage makemigrations underwriting`."""
    import warnings

    from django.core.management import execute_from_command_line

    without_database = ("makemigrations", "help", "makemessages", "compilemessages", "collectstatic", "startapp")
    if context.args[:1] and context.args[0] not in without_database:
        attachment.django_on_database()
    else:
        warnings.filterwarnings("ignore", message="Got an error checking a consistent migration history")
    execute_from_command_line(["puhui manage", *context.args])


def backup(
    to: Annotated[Path | None, typer.Argument(help="A new folder; default: var/backups/<time>.")] = None,
) -> None:
    """Write the database, a manifest of every table and a copy of the keys into a new folder."""
    from puhui.store import archive, places

    attachment.django_on_database()
    folder = to or places.var_dir() / "backups" / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    manifest = archive.write(folder, now=datetime.now(UTC))
    print(
        f"{sum(table['rows'] for table in manifest['tables'].values()):,} rows of {len(manifest['tables'])} tables in {folder}"
    )
    print("keys.json opens the sealed columns: keep it apart from the database's dump.")


def restore(folder: Annotated[Path, typer.Argument(help="A folder that `puhui backup` wrote.")]) -> None:
    """Restore a backup into an empty database and compare every table with the manifest."""
    from puhui.store import archive

    archive.place_keys(folder)
    attachment.django_on_database()
    manifest = archive.read(folder)
    bring_up_to_date()
    print(f"restored and compared: {len(manifest['tables'])} tables as they were at {manifest['taken_at']}")


def rotate_keys() -> None:
    """Make a new key, seal everything under it, and say how many values were sealed anew."""
    with attachment.platform():
        from puhui.store import keyring, rotation

        ring = keyring.add_key()
        print(f"{rotation.reseal_all()} values now sealed under {ring.current}; older keys stay for older backups")
