"""`puhui simulate town DIR`: a town of invented firms in the format of the real ones, labelled as invented."""

from pathlib import Path
from typing import Annotated

import typer

from puhui.cli import attachment


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    simulate = typer.Typer(help="Made-up economies with known truth, always labelled as such.", no_args_is_help=True)
    simulate.callback()(lambda: None)
    simulate.command("town")(town)
    simulate.command("applications")(applications)
    simulate.command("graph")(graph)
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


def applications(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where applications.csv is written.")],
    evidence: Annotated[Path, typer.Option(help="The folder of firms whose invented owners apply.")],
    count: Annotated[int, typer.Option(min=1)] = 12,
    seed: int = 1,
) -> None:
    """Write a sample file of applications by invented owners, for `puhui intake`."""
    attachment.django_alone()
    from puhui.simulate.applications import sample_applications

    print(f"虚构 invented: {sample_applications(folder, evidence=evidence, count=count, seed=seed)}")


def graph(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where nodes.parquet and edges.parquet are written.")],
    nodes: Annotated[int, typer.Option(min=200, max=20_000_000)] = 20_000,
    edges: Annotated[int, typer.Option(min=100, max=100_000_000)] = 24_000,
    seed: int = 1,
) -> None:
    """Write an invented borrower graph with known fraud, for `puhui mirror graph`."""
    from puhui.simulate.entity_graph import write_entity_graph

    print(f"虚构 invented: {write_entity_graph(folder, nodes=nodes, edges=edges, seed=seed)}")
