"""`puhui mirror graph | rings | same`: the anti-fraud graph in batch. It needs no database; answers go to standard output, one JSON object with `--json`."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.cli import mirror_assess, mirror_complaints, mirror_groups, mirror_model, mirror_rules, mirror_spark

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands. Threads of the libraries wait asleep: on a busy machine waiting awake costs more than the work."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    group = typer.Typer(help="Mirror 明镜: the anti-fraud graph, rings and assessments.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command()(graph)
    group.command()(rings)
    group.command()(same)
    mirror_assess.register(group)
    mirror_complaints.register(group)
    mirror_model.register(group)
    mirror_rules.register(group)
    mirror_groups.register(group)
    mirror_spark.register(group)
    app.add_typer(group, name="mirror")


def graph(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="nodes.parquet (id, features, label, split) and edges.parquet (src, dst, kind, at)."
        ),
    ],
    seed: Annotated[int, typer.Option(help="Of draws, folds and trees.")] = 1,
    as_of: Annotated[str | None, typer.Option(help="Edges and labels (label_at) later than this are not seen.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="CSV to write: id, split, score, chance, reasons of every node.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score the nodes of a graph by their own features and their neighbourhood, and judge on the test part."""
    from puhui.antifraud.graphs import graph_study

    done = graph_study.study(graph_study.Question(folder, seed, out is not None, as_of))
    if out is not None:
        graph_study.scores(done).write_csv(out)
    print(json.dumps(done.answer, ensure_ascii=False) if as_json else _graph_told(done.answer))


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


def same(
    records: Annotated[
        Path,
        typer.Argument(
            metavar="RECORDS", help="Table with id and some of name, phone, id_number, card, address, shop, …"
        ),
    ],
    seed: Annotated[int, typer.Option(help="Of the random pairs.")] = 1,
    out: Annotated[Path | None, typer.Option(help="CSV to write: id, party.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="CSV to write: pairs with weight, chance and parts.")] = None,
    as_json: AsJson = False,
) -> None:
    """Which records are one party: blocking, comparisons and match weights, fitted without labels."""
    from puhui.antifraud.graphs import party_study

    done = party_study.study(records, seed=seed)
    if out is not None:
        done.members.write_csv(out)
    if pairs is not None:
        done.pairs.write_csv(pairs)
    told = done.answer
    print(
        json.dumps(told, ensure_ascii=False)
        if as_json
        else f"{told['records']:,} 条记录 records → {told['parties']:,} 个主体 parties; {told['pairs_likely']:,} of {told['pairs_compared']:,} pairs; {told['seconds']} s"
    )


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


def _graph_told(answer: dict[str, Any]) -> str:
    shown = (
        "不适用 not applicable"
        if answer["auroc"] is None
        else f"AUROC {answer['auroc']:.4f}, AUPRC {answer['auprc']:.4f}, recall@{answer['k']} {answer['recall_at_k']:.4f}"
    )
    lines = [
        f"{answer['nodes']:,} 个节点 nodes, {answer['edges']:,} 条边 edges, {answer['features']} 个特征 features",
        f"测试 test: {shown}",
    ]
    if answer["without_graph"] and answer["without_graph"]["auroc"] is not None:
        alone = answer["without_graph"]
        lines.append(f"不用图 without the graph: AUROC {alone['auroc']:.4f}, AUPRC {alone['auprc']:.4f}")
    used = ", ".join(f"{one['name']} ×{one['weight']}" for one in answer["members"] if one["weight"])
    seconds = ", ".join(f"{name} {value}" for name, value in answer["seconds"].items())
    lines += [f"所用 used: {used}", f"秒 seconds: {seconds}; {answer['peak_mb']} MB"]
    lines += [f"{name}: {count:,}" for name, count in answer["told"].items() if count]
    return "\n".join([*lines, *answer["notes"]])
