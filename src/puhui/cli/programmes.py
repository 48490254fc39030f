"""`puhui load-programmes FILE`: institutions and their programmes, from a file of the shape of funding/sample_programmes.toml."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from puhui.cli import attachment


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("load-programmes")(load)


def load(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]) -> None:
    """Load institutions and programmes 资金机构与方案 from a TOML file; all of it or nothing, and twice is once."""
    text = file.read_text(encoding="utf-8")
    with attachment.platform():
        from puhui.funding import operations

        loaded = operations.load_programmes(text, now=datetime.now(UTC))
    print(f"{loaded.institutions} 家机构 institutions, {loaded.programmes} 个方案 programmes added")
