"""Histories and graphs past one machine, on Apache Spark (the extra `spark`): the same windows, neighbour features and components.

Windows are the table `policy/velocity.csv` in Spark SQL (`core/spark_velocity`), neighbour features the recipes of `core/graph/aggregates`, label
features the first three of `core/graph/label_features`; components are those of `core/graph/rings`, named by their least node. Frames come
and go as Spark's own, so any store that Spark reads will do; the tests compare with PostgreSQL and with the sparse matrices.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from puhui.antifraud.core import spark_velocity
from puhui.antifraud.core.graph import aggregates
from puhui.antifraud.core.graph.terms import in_force
from puhui.kernel.refusal import Refusal, Refused

if TYPE_CHECKING:
    Frame = Any  # pyspark.sql.DataFrame
    Session = Any  # pyspark.sql.SparkSession

_RECIPES = {"mean": "avg({0})", "spread": "stddev_pop({0})", "least": "min({0})", "greatest": "max({0})"}


def session(*, master: str | None = None, partitions: int | None = None) -> "Session":
    """A session in universal time. `master`: left out, what spark-submit or spark-defaults say, else all cores here. Raises Refused
    SPARK_ABSENT with what to install."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        text = "没有 PySpark：请安装 puhui[spark]，并备有 Java 17 以上 · PySpark is not installed: install puhui[spark], and Java 17 or newer"
        raise Refused(Refusal("SPARK_ABSENT", text, "pyspark")) from None
    builder = SparkSession.builder.appName("puhui-mirror").config("spark.sql.session.timeZone", "UTC")
    if master is not None:
        builder = builder.master(master)
    if partitions is not None:
        builder = builder.config("spark.sql.shuffle.partitions", str(partitions))
    return builder.getOrCreate()


def history(spark: "Session", arrivals: "Frame", labels: "Frame", asked: "Frame | None" = None) -> "Frame":
    """Windows of the arrivals asked for (`position`; all when left out): position and every feature of the table."""
    arrivals.createOrReplaceTempView("arrivals")
    labels.createOrReplaceTempView("labels")
    (arrivals if asked is None else asked).select("position").createOrReplaceTempView("asked")
    for name, query in spark_velocity.views():
        spark.sql(query).createOrReplaceTempView(name)
    return spark.sql(spark_velocity.answer())


def neighbours(spark: "Session", edges: "Frame") -> "Frame":
    """node, other: each neighbour once, both ways, no self-loops, no row without both ends."""
    edges.createOrReplaceTempView("edges")
    return spark.sql(
        "SELECT DISTINCT node, other FROM (SELECT src AS node, dst AS other FROM edges UNION ALL SELECT dst, src FROM edges)"
        " WHERE node <> other"
    )


def around(spark: "Session", nodes: "Frame", edges: "Frame", *, features: list[str]) -> "Frame":
    """id, neighbours, each recipe of each feature, and what training labels among neighbours say (`label`, `split` of the nodes)."""
    wanted = aggregates.Wanted(far=in_force().features["far_hops"])
    neighbours(spark, edges).createOrReplaceTempView("pairs")
    nodes.createOrReplaceTempView("nodes")
    made = aggregates.recipes(wanted)
    near = [f"{_RECIPES[one.split()[0]].format(f'o.`{name}`')} AS `{one.format(name)} of neighbours`" for one in made if not one.startswith("far") for name in features]  # fmt: skip
    told = "o.label IN (0, 1) AND o.split = 'train'"
    marks = [f"count_if({told}) AS labelled", f"count_if({told} AND o.label = 1) AS frauds"]
    columns = ", ".join(["count(*) AS neighbours", *near, *marks])
    spark.sql(f"SELECT p.node AS id, {columns} FROM pairs AS p LEFT JOIN nodes AS o ON o.id = p.other GROUP BY p.node").createOrReplaceTempView("hop_0")  # fmt: skip
    spark.sql("SELECT n.id, h.* EXCEPT (id) FROM nodes AS n LEFT JOIN hop_0 AS h ON h.id = n.id").createOrReplaceTempView("told_0")  # fmt: skip
    for hop in range(1, wanted.far + 1):
        _further(spark, hop, features)
    return _with_shares(spark, wanted.far)


def _further(spark: "Session", hop: int, features: list[str]) -> None:
    """Means of the means one hop nearer, over the neighbours that have one (those outside the node table too)."""
    before = {
        name: f"mean {name} of neighbours" if hop == 1 else f"far{hop - 1} {name} of neighbours" for name in features
    }
    means = ", ".join(f"avg(o.`{before[name]}`) AS `far{hop} {name} of neighbours`" for name in features)
    spark.sql(f"SELECT p.node AS id{', ' * bool(means)}{means} FROM pairs AS p LEFT JOIN hop_{hop - 1} AS o ON o.id = p.other GROUP BY p.node").createOrReplaceTempView(f"hop_{hop}")  # fmt: skip
    spark.sql(f"SELECT t.*, h.* EXCEPT (id) FROM told_{hop - 1} AS t LEFT JOIN hop_{hop} AS h ON h.id = t.id").createOrReplaceTempView(f"told_{hop}")  # fmt: skip


def _with_shares(spark: "Session", hop: int) -> "Frame":
    weight = in_force().features["prior_weight"]
    return spark.sql(
        "WITH prior AS (SELECT coalesce(avg(label), 0.0) AS share FROM nodes WHERE label IN (0, 1) AND split = 'train')"
        f" SELECT t.* EXCEPT (neighbours, labelled, frauds), coalesce(neighbours, 0) AS neighbours,"
        " coalesce(labelled, 0) AS `labelled neighbours`, coalesce(frauds, 0) AS `fraud among neighbours`,"
        f" (coalesce(frauds, 0) + {weight}D * share) / (coalesce(labelled, 0) + {weight}D) AS `fraud share of neighbours`"
        f" FROM told_{hop} AS t CROSS JOIN prior"
    )


def components(spark: "Session", edges: "Frame") -> "Frame":
    """node, component: the least node that can be reached. Every node takes the least label around it, then that label's own label, so
    that a chain of n nodes needs about log n rounds."""
    pairs = _held(neighbours(spark, edges))
    pairs.createOrReplaceTempView("pairs")
    edges.createOrReplaceTempView("edges")
    alone = spark.sql("SELECT DISTINCT src AS node, src AS label FROM edges WHERE src IS NOT NULL AND src = dst AND src NOT IN (SELECT node FROM pairs)")  # fmt: skip
    labels = _held(spark.sql("SELECT node, least(node, min(other)) AS label FROM pairs GROUP BY node"))
    while True:
        labels.createOrReplaceTempView("labels_before")
        near = spark.sql(
            "SELECT b.node, least(b.label, min(o.label)) AS label FROM labels_before AS b JOIN pairs AS p ON p.node = b.node"
            " JOIN labels_before AS o ON o.node = p.other GROUP BY b.node, b.label"
        )
        near.createOrReplaceTempView("labels_near")
        after = _held(spark.sql("SELECT n.node, least(n.label, o.label) AS label FROM labels_near AS n JOIN labels_near AS o ON o.node = n.label"))  # fmt: skip
        after.createOrReplaceTempView("labels_after")
        moved = spark.sql("SELECT count(*) FROM labels_after AS a JOIN labels_before AS b ON b.node = a.node WHERE a.label <> b.label").first()  # fmt: skip
        labels = after
        if not moved[0]:
            return labels.union(alone).withColumnRenamed("label", "component")


def _held(frame: "Frame") -> "Frame":
    """Computed and kept, with its history cut off. A checkpoint of what is cached: cached alone, the plan of each round holds those of all before
    it; checkpointed alone, each round multiplies the planner's estimates of size until multiplying them is all it does."""
    kept = frame.cache()
    kept.count()
    cut = kept.localCheckpoint()
    kept.unpersist()
    return cut


def read(spark: "Session", path: Path, *, wanted: tuple[str, ...]) -> "Frame":
    """A Parquet file or folder with at least the columns wanted. Raises Refused SPARK_TABLE_UNREADABLE."""
    from pyspark.errors import PySparkException

    try:
        frame = spark.read.parquet(str(path))
        missing = [name for name in wanted if name not in frame.columns]
    except PySparkException as fault:
        short = str(fault).splitlines()[0][:160]
        raise Refused(Refusal("SPARK_TABLE_UNREADABLE", f"无法读取 Parquet：{short} · cannot be read as Parquet: {short}", str(path))) from None  # fmt: skip
    if missing:
        text = f"缺少列 {', '.join(missing)} · columns {', '.join(missing)} are missing"
        raise Refused(Refusal("SPARK_TABLE_UNREADABLE", text, str(path)))
    return frame


def write(frame: "Frame", place: Path) -> int:
    """Write a frame as Parquet; returns its rows. Raises Refused SPARK_OUT_EXISTS where something is there already."""
    if place.exists():
        raise Refused(
            Refusal(
                "SPARK_OUT_EXISTS",
                "输出文件夹已存在，请另给一个 · the output is there already; name another",
                str(place),
            )
        )
    frame.write.parquet(str(place))
    return int(frame.sparkSession.read.parquet(str(place)).count())
