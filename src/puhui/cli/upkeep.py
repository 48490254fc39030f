"""Bringing a database to this version: migrations as the owner, then the application's role and its rights."""

import os

from django.core.management import call_command
from django.db import connections

from puhui.store import embedded, keyring, privileges


def migrate(*, verbosity: int = 0) -> None:
    """Idempotent. The role is made first, since a migration may name it."""
    owner = connections["owner"]
    password = keyring.load().app_password if os.environ.get("DATABASE_URL") else None
    if not os.environ.get("PUHUI_APP_DATABASE_URL"):
        privileges.ensure_app_role(owner, role=embedded.APP_ROLE, password=password)
    call_command("migrate", database="owner", interactive=False, verbosity=verbosity)
    privileges.grant(owner, role=embedded.APP_ROLE)
