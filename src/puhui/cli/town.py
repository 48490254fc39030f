"""`puhui simulate town DIR`: a town of invented firms in the format of the real ones, labelled as invented."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    simulate = typer.Typer(help="Made-up economies with known truth, always labelled as such.", no_args_is_help=True)
    simulate.callback()(lambda: None)
    simulate.command("town")(town)
    app.add_typer(simulate, name="simulate")


def town(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    firms: Annotated[int, typer.Option(min=20, max=100_000)] = 500,
    seed: int = 1,
) -> None:
    """Write firms.csv, invoices and a churn curve of invented firms into a new folder."""
    from puhui.simulate.town import build_town

    build_town(folder, firms=firms, seed=seed)
    print(f"{firms} invented firms 虚构 in {folder}")
