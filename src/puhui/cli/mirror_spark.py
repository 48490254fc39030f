"""`puhui mirror spark windows | around | rings`: the room's windows and graph jobs on Apache Spark (the extra `spark`, with Java 17)."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Out = Annotated[Path, typer.Option(help="Folder of Parquet to write; it must not be there yet.")]
Master = Annotated[str | None, typer.Option(help="Where Spark runs, such as local[2]; else as spark-submit says.")]


def register(group: typer.Typer) -> None:
    """Add the group `spark`."""
    inside = typer.Typer(help="Windows and graph jobs past one machine, on Apache Spark.", no_args_is_help=True)
    for command in (windows, around, rings):
        inside.command()(command)
    group.add_typer(inside, name="spark")


def windows(
    arrivals: Annotated[Path, typer.Argument(help="arrivals.parquet of `puhui mirror export`, or a folder of such.")],
    labels: Annotated[Path, typer.Argument(help="labels.parquet of the same.")],
    out: Out,
    master: Master = None,
) -> None:
    """Every window of policy/velocity.csv for every arrival, as each would have been seen when it came."""
    from puhui.antifraud.core.entity_kind import KINDS
    from puhui.antifraud.graphs import spark_jobs

    spark = spark_jobs.session(master=master)
    wanted = ("position", "application", "applied_at", "amount_minor", *KINDS)
    given = spark_jobs.read(spark, arrivals, wanted=wanted)
    known = spark_jobs.read(spark, labels, wanted=("id", "application", "fraud", "known_at"))
    _written(spark, spark_jobs.history(spark, given, known), out)


def around(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="nodes.parquet and edges.parquet as for `puhui mirror graph`.")
    ],
    out: Out,
    master: Master = None,
) -> None:
    """Neighbours' features and training labels around every node, by the recipes of `puhui mirror graph`."""
    from puhui.antifraud.graphs import spark_jobs

    spark = spark_jobs.session(master=master)
    nodes = spark_jobs.read(spark, folder / "nodes.parquet", wanted=("id", "label", "split"))
    edges = spark_jobs.read(spark, folder / "edges.parquet", wanted=("src", "dst"))
    features = [
        name for name, kind in nodes.dtypes if name not in ("id", "label", "split", "at", "label_at") and _number(kind)
    ]
    _written(spark, spark_jobs.around(spark, nodes, edges, features=features), out)


def rings(
    edges: Annotated[Path, typer.Argument(metavar="EDGES", help="Parquet with src and dst, or a folder of such.")],
    out: Out,
    master: Master = None,
) -> None:
    """Connected components: node, component (its least node)."""
    from puhui.antifraud.graphs import spark_jobs

    spark = spark_jobs.session(master=master)
    given = spark_jobs.read(spark, edges, wanted=("src", "dst"))
    _written(spark, spark_jobs.components(spark, given), out)


def _number(kind: str) -> bool:
    return kind.startswith(("tinyint", "smallint", "int", "bigint", "float", "double", "decimal"))


def _written(spark: Any, frame: Any, out: Path) -> None:
    from puhui.antifraud.graphs import spark_jobs

    rows = spark_jobs.write(frame, out)
    print(json.dumps({"rows": rows, "columns": len(frame.columns), "out": str(out), "spark": spark.version}))
    spark.stop()
