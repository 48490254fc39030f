"""`puhui partners add|list`: who may call the partner API. A partner's secret is shown once, when it is made."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from puhui.cli import attachment


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    partners = typer.Typer(help="Partners who send applications by the API 合作渠道.", no_args_is_help=True)
    partners.command("add")(add)
    partners.command("list")(show)
    app.add_typer(partners, name="partners")


def add(
    name: str,
    calls_a_minute: Annotated[int, typer.Option(min=1, max=100_000)] = 600,
    sample: Annotated[bool, typer.Option("--sample", help="Mark it as an invented one 示例.")] = False,
) -> None:
    """Register a partner and print its key and secret, this once."""
    with attachment.platform():
        from puhui.funding import partners

        shown, secret = partners.register_partner(
            name, calls_a_minute=calls_a_minute, sample=sample, now=datetime.now(UTC)
        )
    print(f"{shown.id}\nX-Key-Id: {shown.key_id}\nsecret 密钥（只显示一次 shown once）: {secret.reveal()}")


def show() -> None:
    """Every partner, without its secret."""
    with attachment.platform():
        from puhui.funding import partners

        for each in partners.partners():
            mark = " 示例 sample" if each.sample else ""
            print(f"{each.key_id}  {each.name}{mark}  {each.calls_a_minute}/min")
