"""The same answers from Apache Spark as from PostgreSQL and the sparse matrices. Without PySpark or Java this says so and is skipped."""

import random
import shutil
import warnings
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.db import connection

from puhui.antifraud import arrivals
from puhui.antifraud.core import velocity
from puhui.antifraud.core.entity_kind import KINDS
from puhui.antifraud.core.graph import aggregates, label_features, rings
from puhui.antifraud.core.graph.adjacency import both_ways
from puhui.antifraud.core.graph.links import link
from puhui.antifraud.core.graph.neighbourhood import look
from puhui.antifraud.core.graph.terms import in_force
from puhui.antifraud.graphs import spark_jobs
from puhui.antifraud.tests.graph.made_graphs import planted
from puhui.antifraud.tests.test_velocity import START, invented, label

pyspark = pytest.importorskip("pyspark", reason="PySpark (the extra `spark`) is not installed")
if shutil.which("java") is None:
    pytest.skip("Java is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def spark() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = spark_jobs.session(master="local[2]", partitions=4)
        yield made
        made.stop()


@pytest.mark.filterwarnings("ignore")
class TestOnSpark:
    @pytest.mark.django_db
    def test_windows_equal_those_of_postgresql(self, spark: Any, tmp_path: Any) -> None:
        """Back-dated arrivals, hubs over their number, labels that turn: all of it to the last figure."""
        dice = random.Random(5)
        rows = invented(700, dice) + invented(60, dice, first=700)
        for row in rows[700:]:
            row["applied_at"] = START + timedelta(days=3)  # stored late, and all at one moment
        for row in rows[::3]:
            row["channel"], row["agent"] = 11, 12  # more than a hub counts would need: the hubs hold 500
        places = arrivals.join(rows)
        for number in range(0, 700, 7):
            label(number, fraud=True, day=dice.uniform(0, 60))
            label(number, fraud=dice.random() < 0.5, day=dice.uniform(0, 90))
        names = ["position", "application", "applied_at", "amount_minor", *KINDS]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(names)} FROM antifraud_arrival")
            pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None).cast(dict.fromkeys(KINDS, pl.Int64)).write_parquet(tmp_path / "arrivals.parquet")  # fmt: skip
            cursor.execute("SELECT id, application, fraud, known_at FROM antifraud_label")
            pl.DataFrame(cursor.fetchall(), schema=["id", "application", "fraud", "known_at"], orient="row").write_parquet(tmp_path / "labels.parquet")  # fmt: skip
        given = [spark.read.parquet(str(tmp_path / f"{name}.parquet")) for name in ("arrivals", "labels")]
        told = {row["position"]: row.asDict() for row in spark_jobs.history(spark, *given).collect()}
        expected = arrivals.velocities(places)
        assert set(told) == set(places)
        for place in places:
            for name in velocity.NAMES:
                here, there = told[place][name], expected[place][name]
                assert (here == there) or here == pytest.approx(there, rel=1e-12), (place, name)
        assert sum(expected[place]["bad_of_agent_90d"] or 0 for place in places) > 100
        assert len({row["applied_at"] for row in rows}) > 100
        assert START + timedelta(days=3) in {row["applied_at"] for row in rows}

    def test_neighbour_and_label_features_equal_the_sparse_products(self, spark: Any, tmp_path: Any) -> None:
        table, edges = planted(nodes=200)
        edges = pl.concat([edges, pl.DataFrame({"src": [5, 7, 7], "dst": [5, 900, 900]}, schema=edges.schema)])
        table = table.with_columns(x=pl.when(pl.col("id") % 9 != 0).then(pl.col("x").cast(pl.Float64)))
        table.write_parquet(tmp_path / "nodes.parquet")
        edges.write_parquet(tmp_path / "edges.parquet")
        given = [spark.read.parquet(str(tmp_path / f"{name}.parquet")) for name in ("nodes", "edges")]
        rows = sorted(spark_jobs.around(spark, *given, features=["x"]).collect(), key=lambda row: row["id"])
        links = link(edges, ids=table["id"])
        seen = look(links, times=None, as_of=None, kinds_most=9).whole_seen
        column = np.full((links.nodes, 1), np.nan, np.float32)
        column[:200, 0] = table["x"].fill_null(float("nan")).to_numpy()
        wanted = aggregates.Wanted(far=2)
        expected = aggregates.around(seen, column, rows=np.arange(200), wanted=wanted)
        for place, recipe in enumerate(aggregates.recipes(wanted)):
            here = [row[f"{recipe.format('x')} of neighbours"] for row in rows]
            assert [np.nan if one is None else one for one in here] == pytest.approx(expected.values[:, place].tolist(), abs=2e-5, nan_ok=True)  # fmt: skip
        known = np.zeros(links.nodes, np.bool_)
        known[:200] = (table["split"] == "train").to_numpy()
        fraud = np.zeros(links.nodes, np.bool_)
        fraud[:200] = table["label"].to_numpy() == 1
        settings = label_features.Settings(4, in_force().features["prior_weight"], 2, 0.5)
        first = dict(list(label_features.columns(seen, seen, fraud=fraud, known=known, settings=settings, seed=1))[:3])
        for name, values in first.items():
            assert [row[name] for row in rows] == pytest.approx(values[:200].tolist(), rel=1e-6)

    def test_components_equal_those_of_the_sparse_matrix(self, spark: Any, tmp_path: Any) -> None:
        dice = np.random.default_rng(2)
        chain = np.arange(1_000, 1_060)
        src = np.concatenate([dice.integers(0, 300, 150), chain[:-1], [7]])
        dst = np.concatenate([dice.integers(0, 300, 150), chain[1:], [7]])
        edges = pl.DataFrame({"src": src, "dst": dst})
        edges.write_parquet(tmp_path / "edges.parquet")
        told = {row["node"]: row["component"] for row in spark_jobs.components(spark, spark.read.parquet(str(tmp_path / "edges.parquet"))).collect()}  # fmt: skip
        links = link(edges)
        found = rings.components_of(both_ways(links))
        ids = links.ids.to_numpy()
        least = {number: int(ids[found == number].min()) for number in np.unique(found)}
        assert told == {int(node): least[number] for node, number in zip(ids, found)}
