"""`puhui octopus lookalike TABLE`: who resembles good borrowers, with precision on people the model never saw. It needs no database."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(lookalike)


def lookalike(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, Parquet or Excel: one row a person, known or not.")
    ],
    good: Annotated[str, typer.Option(help="Column: 1 turned out good, 0 did not, empty not known: those are ranked.")],
    person: Annotated[str, typer.Option(help="Column with the id the list is made of.")],
    size: Annotated[int, typer.Option(help="People wanted.")] = 10_000,
    positive: Annotated[str | None, typer.Option(help="The word of the label that counts as good.")] = None,
    beside: Annotated[
        str | None, typer.Option(help="Another label, such as clicked: its look-alikes are judged beside.")
    ] = None,
    suppress: Annotated[str, typer.Option(help="Columns, by commas: whoever is marked there is never sought.")] = "",
    drop: Annotated[str, typer.Option(help="Columns, by commas, that are not features.")] = "",
    out: Annotated[Path | None, typer.Option(help="CSV to write: person, score, best first.")] = None,
    seed: Annotated[int, typer.Option(help="Of folds.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Look-alikes of good borrowers (not merely of clickers), precision on hold-out, and the list."""
    from puhui.acquisition import lookalike_study
    from puhui.cli.octopus_uplift import listed
    from puhui.underwriting.workbench import tape

    asked = lookalike_study.Asked(good, person, size, positive, beside, listed(suppress), listed(drop), seed)
    found = lookalike_study.study(tape.read_tape(table).frame, asked)
    if out is not None:
        found.people.write_csv(out)
        print(f"→ {out}", file=sys.stderr)
    if as_json:
        print(json.dumps(found.answer, ensure_ascii=False))
        return
    answer = found.answer
    print(
        f"{answer['labelled']} 人已知 · known ({answer['good']} good), {answer['candidates']} 候选 · candidates, {answer['suppressed']} 排除 · suppressed, {answer['chosen']} 入选 · chosen"
    )
    for name, rows in answer["held_out"].items():
        for row in rows:
            lift = "—" if row["lift"] is None else f"{row['lift']:.2f}"
            print(
                f"{name} top {row['share']:.0%}: precision {row['precision']:.3f} ({row['low']:.3f} … {row['high']:.3f}), lift {lift}"
            )
