"""`puhui octopus …`: acquisition from the command line. Each part adds its own commands to the group."""

from typing import Protocol

import typer

from puhui.cli import octopus_link, octopus_lookalike, octopus_market, octopus_replay, octopus_rta, octopus_uplift


class Part(Protocol):
    """A module of this folder that has commands for the group."""

    def register(self, group: typer.Typer) -> None:
        """Add this file's commands."""


PARTS: tuple[Part, ...] = (octopus_replay, octopus_rta, octopus_uplift, octopus_market, octopus_link, octopus_lookalike)


def register(app: typer.Typer) -> None:
    """Add the group with the commands of all parts."""
    group = typer.Typer(help="Octopus 章鱼: delivery to the media, bidding, uplift, evaluation.", no_args_is_help=True)
    for part in PARTS:
        part.register(group)
    app.add_typer(group, name="octopus")
