"""`puhui mirror rings`: the anti-fraud graph in batch. It needs no database; answers go to standard output, one JSON object with `--json`."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands. Threads of the libraries wait asleep: on a busy machine waiting awake costs more than the work."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    group = typer.Typer(help="Mirror 明镜: the anti-fraud graph, rings and assessments.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command()(rings)
    app.add_typer(group, name="mirror")


def rings(
    edges: Annotated[
        Path,
        typer.Argument(metavar="EDGES", help="Parquet, CSV or text with src, dst; or a folder with edges.parquet."),
    ],
    seed: Annotated[int, typer.Option(help="Of the draws in label propagation and Louvain.")] = 1,
    out: Annotated[Path | None, typer.Option(help="CSV to write: node, component, community, core.")] = None,
    as_json: AsJson = False,
) -> None:
    """Components, communities and cores of a graph, with their sizes and the seconds it took."""
    from puhui.antifraud.graphs import ring_study

    done = ring_study.study(edges, seed=seed)
    if out is not None:
        done.members().write_csv(out)
    print(json.dumps(done.answer, ensure_ascii=False) if as_json else _rings_told(done.answer))


def _rings_told(answer: dict[str, Any]) -> str:
    lines = [
        f"{answer['nodes']:,} 个节点 nodes, {answer['edges']:,} 条边 edges; {answer['seconds']['total']} s, {answer['peak_mb']} MB"
    ]
    for name, word in (("components", "连通分量"), ("communities", "社群")):
        group = answer[name]
        lines.append(f"{word} {name}: {group['count']:,}; largest {', '.join(map(str, group['sizes'][:8]))}")
    lines.append(f"核 cores: deepest {answer['cores']['deepest']}, {answer['cores']['nodes_in_deepest']:,} nodes in it")
    lines += [f"{name}: {count:,}" for name, count in answer["told"].items() if count]
    return "\n".join([*lines, *answer["notes"]])
