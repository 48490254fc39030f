"""`puhui users …`: people who log in to the console. Demo staff are made by `puhui up`, with passwords of this machine."""

import json
import os
import secrets
from datetime import datetime
from typing import Annotated

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import places

DEMO = (("analyst", "analyst"), ("operator", "operator"), ("bank", "institution"), ("admin", "admin"))


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    users = typer.Typer(help="Staff log-ins.", no_args_is_help=True)
    users.command("create")(create)
    users.command("code")(code)
    app.add_typer(users, name="users")


def create(
    username: str,
    role: Annotated[str, typer.Option(help="analyst, operator, institution or admin.")] = "analyst",
    institution: Annotated[str, typer.Option(help="inst_… for role institution.")] = "",
) -> None:
    """Make a log-in; the password is asked for, the second factor is enrolled at the first log-in."""
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with attachment.platform():
        from puhui.web import people

        people.create_staff(username, role=role, password=password, institution_id=institution)
    print(f"{username} may log in as {role}; the second factor is set up at the first log-in")


def code(username: str) -> None:
    """The current second-factor code of a demo log-in made on this machine."""
    from django_otp.oath import totp

    for login in _demo_logins():
        if login["username"] == username:
            print(f"{totp(bytes.fromhex(login['totp_secret'])):06d}")
            return
    raise Refused(Refusal("NOT_A_DEMO_LOGIN", "only demo log-ins made by `puhui up` have a code here", where=username))


def ensure_demo_staff(*, now: datetime) -> None:
    """One log-in a role with a random password; written to var/demo_staff.json, readable by its owner only."""
    from puhui.funding import operations as funding
    from puhui.funding import queries
    from puhui.web import people

    where = places.var_dir() / "demo_staff.json"
    if where.exists() and all(people.staff_exists(login["username"]) for login in _demo_logins()):
        return
    funding.load_sample_programmes(now=now)
    institution = queries.institutions()[0]
    logins = [
        {"username": name, "role": role, "password": secrets.token_urlsafe(9), "totp_secret": secrets.token_hex(20)}
        for name, role in DEMO
    ]
    for login in logins:
        people.create_staff(
            login["username"],
            role=login["role"],
            password=login["password"],
            institution_id=institution.id if login["role"] == "institution" else "",
            totp_secret=login["totp_secret"],
        )
    handle = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(logins, out, indent=1)


def _demo_logins() -> list[dict[str, str]]:
    where = places.var_dir() / "demo_staff.json"
    return json.loads(where.read_text()) if where.exists() else []
