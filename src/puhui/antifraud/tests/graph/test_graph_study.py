"""`puhui mirror graph` and `rings` on odd tables: what is refused, what is told, and that the graph is used where it helps."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from puhui.antifraud.core.graph import judging
from puhui.antifraud.core.graph.terms import Terms, in_force
from puhui.antifraud.graphs import graph_study, ring_study
from puhui.antifraud.tests.graph.made_graphs import planted, write
from puhui.kernel.refusal import Refused


def quick():
    """The terms in force, with few rounds and one seed."""
    stored = json.loads(json.dumps({**in_force().stored, "effective_from": ""}))
    stored["trees"]["small"] |= {"rounds": 30, "patience": 5, "seeds": 1, "eta": 0.2}
    stored["net"] |= {"passes": 5, "seeds": 1}
    stored["features"]["embedding"] = 8
    return Terms(stored)


def run(folder, **more):
    return graph_study.study(graph_study.Question(folder, 1, **more), terms=quick())


class TestStudy:
    def test_finds_planted_fraud_through_the_graph(self, tmp_path):
        answer = run(write(tmp_path, *planted())).answer
        assert answer["auroc"] > answer["without_graph"]["auroc"] + 0.1
        assert {"nodes", "edges", "auroc", "auprc", "recall_at_k", "seconds", "peak_mb"} <= set(answer)
        assert set(answer["seconds"]) >= {"features", "fit", "score"}
        assert answer["nodes"] == 600

    def test_the_same_seed_gives_the_same_figures(self, tmp_path):
        folder = write(tmp_path, *planted(nodes=300))
        first, again = run(folder).answer, run(folder).answer
        assert (first["auroc"], first["auprc"], first["members"]) == (again["auroc"], again["auprc"], again["members"])

    def test_text_ids_kinds_times_and_no_features(self, tmp_path):
        table, edges = planted(nodes=300)
        dice = np.random.default_rng(0)
        table = table.drop("x").with_columns(id="n" + pl.col("id").cast(pl.String))
        edges = edges.select(
            src="n" + pl.col("src").cast(pl.String), dst="n" + pl.col("dst").cast(pl.String),
            kind=pl.Series(dice.choice(["phone", "card", "address"], edges.height)), at=pl.Series(dice.integers(0, 99, edges.height)),
        )  # fmt: skip
        answer = run(write(tmp_path, table, edges)).answer
        assert (answer["features"], answer["kinds"], answer["time"], answer["without_graph"]) == (0, 3, "edges", None)
        assert answer["auroc"] > 0.7

    def test_odd_edges_are_told_and_nothing_is_lost(self, tmp_path):
        table, edges = planted(nodes=300)
        odd = pl.DataFrame({"src": [5, 7, 900, None], "dst": [5, 901, 8, 3]}, schema=edges.schema)
        answer = run(write(tmp_path, table, pl.concat([edges, edges.head(3), odd]))).answer
        told = answer["told"]
        assert (told["self_loops"], told["unknown_nodes"], told["without_end"]) == (1, 2, 1)
        assert told["parallel_edges"] >= 3
        assert answer["nodes"] == 300

    def test_labels_that_are_missing_or_known_later_are_not_used(self, tmp_path):
        table, edges = planted(nodes=300)
        table = table.with_columns(
            label_at=pl.when(pl.col("id") % 5 == 0).then(pl.lit("2026-06-01")).otherwise(pl.lit("2026-01-01"))
        )
        answer = run(write(tmp_path, table, edges), as_of="2026-03-01").answer
        assert answer["told"]["labels_after_as_of"] == 60
        assert sum(sum(pair) for pair in answer["labels"].values()) == 240

    def test_nothing_to_judge_is_said_and_every_node_is_still_scored(self, tmp_path):
        table, edges = planted(nodes=300)
        table = table.with_columns(label=pl.when(pl.col("split") != "test").then("label"))
        found = run(write(tmp_path, table, edges), all_nodes=True)
        assert (found.answer["auroc"], found.answer["recall_at_k"], found.answer["k"]) == (None, None, 0)
        assert graph_study.scores(found).height == 300

    def test_scores_of_every_node_with_chances_that_come_true_and_reasons(self, tmp_path):
        found = run(write(tmp_path, *planted()), all_nodes=True)
        told = graph_study.scores(found)
        assert told.height == 600
        assert told["score"].is_sorted(descending=True)
        assert told["chance"].is_sorted(descending=True)
        assert told["score"].is_finite().all()
        fitted = found.answer["calibration"]
        assert (fitted["rows"], fitted["frauds"]) == tuple(np.array([[1, 1], [0, 1]]) @ found.answer["labels"]["val"])
        assert fitted["test_error"] < 0.1
        assert abs(told.filter(split="test")["chance"].to_numpy().mean() - 0.2) < 0.05
        assert told["reasons"].head(20).str.contains("欺诈占比 fraud share").sum() > 10
        assert told["reasons"][0].count("(+") <= 3
        assert told["reasons"][0].count("; ") == told["reasons"][0].count("(+") - 1
        assert told["reasons"].null_count() == 0

    def test_training_without_fraud_is_put_together_with_validation(self, tmp_path):
        table, edges = planted(nodes=300)
        moved = (pl.col("label") == 1) & (pl.col("split") == "train")
        table = table.with_columns(split=pl.when(moved).then(pl.lit("val")).otherwise("split"))
        answer = run(write(tmp_path, table, edges)).answer
        frauds = table.filter((pl.col("label") == 1) & (pl.col("split") != "test")).height
        assert answer["labels"]["train"][1] + answer["labels"]["val"][1] == frauds
        assert min(answer["labels"]["train"] + answer["labels"]["val"]) > 0
        assert answer["auroc"] > 0.7
        assert "training lacks a label: it is put together with validation, and split anew" in answer["notes"]

    def test_one_fraud_in_all_gives_scores_and_no_judgement_of_members(self, tmp_path):
        table, edges = planted(nodes=200)
        keep = (pl.col("label") == 0) | (pl.col("split") == "test") | (pl.col("id") == table.filter((pl.col("label") == 1) & (pl.col("split") == "train"))["id"][0])  # fmt: skip
        found = run(write(tmp_path, table.filter(keep), edges), all_nodes=True)
        assert (found.answer["validation"], found.answer["calibration"]["rows"]) == (None, 0)
        assert {one["weight"] for one in found.answer["members"]} == {1}
        assert graph_study.scores(found)["score"].is_finite().all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda table: table.drop("label"), "NODE_COLUMNS_MISSING"),
        (lambda table: table.with_columns(id=pl.col("id") // 2), "NODE_ID_TWICE"),
        (lambda table: table.with_columns(id=pl.when(pl.col("id") > 3).then("id")), "NODE_ID_EMPTY"),
        (lambda table: table.with_columns(label=pl.col("label") + 1), "LABEL_NOT_BINARY"),
        (lambda table: table.with_columns(split=pl.lit("holdout")), "SPLIT_UNKNOWN"),
        (lambda table: table.with_columns(label=pl.lit(0)), "SPLIT_EMPTY"),
        (lambda table: table.head(0), "GRAPH_EMPTY"),
    ],
)
def test_a_node_table_that_cannot_be_used_is_refused_by_name(tmp_path, change, code):
    table, edges = planted(nodes=60)
    with pytest.raises(Refused) as refused:
        run(write(tmp_path, change(table), edges))
    assert refused.value.refusal.code == code


def test_a_time_that_cannot_be_read_is_refused_with_its_row(tmp_path):
    table, edges = planted(nodes=60)
    edges = edges.with_columns(at=pl.Series(["2026-01-01"] * (edges.height - 1) + ["soon"]))
    with pytest.raises(Refused, match=f"row {edges.height} cannot be read: 'soon'"):
        run(write(tmp_path, table, edges))


def test_figures_equal_scikit_learn():
    dice = np.random.default_rng(3)
    for _ in range(20):
        label = (dice.random(80) < 0.3).astype(np.int8)
        score = np.round(dice.normal(size=80) + label, 1)
        told = judging.judged(label, score)
        assert told.auroc == pytest.approx(roc_auc_score(label, score))
        assert told.auprc == pytest.approx(average_precision_score(label, score))


class TestRings:
    def test_sizes_in_full(self, tmp_path):
        pairs = pl.DataFrame({"source": ["a", "b", "x"], "target": ["b", "c", "y"], "amount": [1, 2, 3]})
        pairs.write_csv(tmp_path / "pairs.csv")
        answer = ring_study.study(tmp_path / "pairs.csv", seed=1).answer
        assert answer["components"] == {"count": 2, "largest": 3, "sizes": [3, 2], "histogram": [[3, 1], [2, 1]]}
        assert "source → src" in answer["notes"]


class TestStrangeFolders:
    """What other tools write: the same graph under other types and names gives the same figures."""

    def test_ids_beyond_64_signed_bits_names_of_others_and_masks(self, tmp_path):
        table, edges = planted()
        plain = run(write(tmp_path / "plain", table, edges)).answer
        far = 2**63
        masks = [(pl.col("split") == part).alias(f"{part}_mask") for part in ("train", "val", "test")]
        strange = table.with_columns(
            pl.col("id").cast(pl.UInt64) + far, pl.int_range(pl.len()).alias("__index_level_0__"), *masks
        )
        strange = strange.drop("split").rename({"id": "node_id", "label": "Y"})
        found = run(write(tmp_path / "strange", strange, edges.select(pl.all().cast(pl.UInt64) + far))).answer
        assert (found["auroc"], found["auprc"], found["features"]) == (plain["auroc"], plain["auprc"], 1)
        assert found["notes"][:2] == ["nodes: node_id → id", "nodes: Y → label"]
        assert "a row's number is no feature, left out: '__index_level_0__'" in found["notes"]
        assert "the split is read from train_mask, val_mask, test_mask" in found["notes"]

    def test_a_gap_in_an_end_joins_nobody_and_great_numbers_stay_a_feature(self, tmp_path):
        table, edges = planted()
        gaps = edges.with_columns(pl.all().cast(pl.Float64)).with_columns(
            dst=pl.when(pl.int_range(pl.len()) < 5).then(float("nan")).otherwise("dst")
        )
        told = run(write(tmp_path / "gaps", table.with_columns(pl.col("x").cast(pl.Float64) * 1e300), gaps))
        assert (told.answer["told"]["without_end"], told.answer["told"]["unknown_nodes"], told.answer["features"]) == (
            5,
            0,
            1,
        )
        again = run(write(tmp_path / "fewer", table, edges.tail(-5)))
        assert told.answer["without_graph"] == again.answer["without_graph"]

    def test_ids_that_are_lists_are_refused_and_chinese_files_read(self, tmp_path):
        table, edges = planted()
        nested = edges.select(pl.concat_list("src").alias("src"), "dst")
        with pytest.raises(Refused, match="NODE_ID_KIND"):
            run(write(tmp_path / "nested", table, nested))
        file = tmp_path / "edges.csv"
        file.write_bytes("src,dst\n甲,乙\n乙,丙\n".encode("gb18030"))
        found = ring_study.study(file, seed=1)
        assert (found.answer["nodes"], found.links.ids.to_list()) == (3, ["丙", "乙", "甲"])
