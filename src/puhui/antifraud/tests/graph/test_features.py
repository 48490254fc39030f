"""Features of a neighbourhood: equal to a plain computation, and blind to its own label and to the future."""

import numpy as np
import polars as pl
import pytest

from puhui.antifraud.core.graph import aggregates, label_features, nodes
from puhui.antifraud.core.graph.blocks import NAMES, Asked, blocks_of
from puhui.antifraud.core.graph.links import link
from puhui.antifraud.core.graph.neighbourhood import Times, look
from puhui.antifraud.core.graph.terms import in_force
from puhui.antifraud.tests.graph.made_graphs import planted


def seen_of(edges, ids=None, times=None):
    links = link(edges, ids=ids)
    return links, look(links, times=times, as_of=None, kinds_most=9)


def test_mean_spread_least_and_greatest_equal_a_loop():
    dice = np.random.default_rng(4)
    edges = pl.DataFrame({"src": dice.integers(0, 30, 90), "dst": dice.integers(0, 30, 90)})
    links, near = seen_of(edges, ids=pl.Series(range(30)))
    values = dice.normal(1e6, 3.0, (30, 2)).astype(np.float32)
    values[dice.random((30, 2)) < 0.3] = np.nan
    made = aggregates.around(near.whole_seen, values, rows=np.arange(30), wanted=aggregates.Wanted(far=0))
    whole = near.whole_seen.toarray() > 0
    for node in range(30):
        for place in range(2):
            around = values[whole[node], place].astype(float)
            around = around[np.isfinite(around)]
            told = made.values[node, place::2]
            if not len(around):
                assert np.isnan(told).all()
                continue
            expected = [around.mean(), around.std(), around.min(), around.max()]
            assert told == pytest.approx(expected, rel=1e-6, abs=0.02)
    assert links.nodes == 30


def test_no_label_tells_on_its_own_node():
    table, edges = planted(nodes=200)
    _, near = seen_of(edges, ids=table["id"])
    fraud = table["label"].to_numpy() == 1
    known = (table["split"] == "train").to_numpy()
    settings = label_features.Settings(5, 2.0, 6, 0.8)

    def told(truth):
        made = label_features.columns(
            near.whole_seen, near.labels_seen, fraud=truth, known=known, settings=settings, seed=2
        )
        return np.column_stack([column for _, column in made])

    before = told(fraud)
    for node in np.flatnonzero(known)[:10]:
        turned = fraud.copy()
        turned[node] = ~turned[node]
        # the overall share moves a little with any label, so columns are compared where that share is not mixed in
        assert told(turned)[node, [0, 1]].tolist() == before[node, [0, 1]].tolist()
        assert told(turned)[node] == pytest.approx(before[node], abs=0.02)


def test_labels_outside_training_change_nothing():
    table, edges = planted(nodes=200)
    blind = table.with_columns(label=pl.when(pl.col("split") == "train").then("label").otherwise(1 - pl.col("label")))
    assert (labels_block(table, edges) == labels_block(blind, edges)).all()


def labels_block(table, edges):
    listed = nodes.nodes_of(table, in_force(), seed=1)
    links, near = seen_of(edges, ids=table["id"])
    asked = Asked(np.arange(table.height), in_force(), 1)
    return blocks_of(listed, links, near, asked).block("labels").values


def test_what_comes_after_a_node_changes_none_of_its_features():
    """Edges, labels and whole nodes later than a node are shuffled; its features stay (to rounding: sums are centred)."""
    dice = np.random.default_rng(6)
    table, edges = planted(nodes=150)
    at = dice.permutation(150).astype(float)
    when = np.maximum(at[edges["src"].to_numpy()], at[edges["dst"].to_numpy()]) + dice.choice(
        [0, 0, 20, 60], edges.height
    )
    edges = edges.with_columns(at=pl.Series(when), kind=pl.Series(dice.choice(["phone", "card"], edges.height)))
    label_at = at + dice.integers(1, 40, 150)
    now = 90.0
    past = at <= now
    later_edges = when > now
    shuffled = edges.with_columns(dst=pl.Series(np.where(later_edges, dice.permutation(edges["dst"].to_numpy()), edges["dst"].to_numpy())))  # fmt: skip
    later_labels = label_at > now
    turned = table.with_columns(
        label=pl.Series(
            np.where(later_labels, 1 - table["label"].to_numpy(), table["label"].to_numpy()).astype(np.int8)
        ),
        x=pl.Series(np.where(past, table["x"].to_numpy(), dice.normal(size=150)).astype(np.float32)),
    )
    before, after = (timed_blocks(one, two, at, label_at) for one, two in ((table, edges), (turned, shuffled)))
    for name in NAMES:
        assert np.allclose(before[name][past], after[name][past], atol=1e-5, equal_nan=True), name
        assert not before[name].size or np.isfinite(before[name][past]).any(), name
    assert not np.allclose(before["near"], after["near"], atol=1e-3, equal_nan=True)


def timed_blocks(table, edges, at, label_at):
    listed = nodes.nodes_of(table, in_force(), seed=1)
    links, near = seen_of(edges, ids=table["id"], times=Times(at, label_at))
    made = blocks_of(listed, links, near, Asked(np.arange(table.height), in_force(), 1))
    # out-of-fold draws and overall shares belong to the study as a whole; what a node sees of others' labels must not
    return {name: made.block(name).values[:, :2] if name == "labels" else made.block(name).values for name in NAMES}


def test_walks_from_labels_equal_walks_of_the_other_folds_alone():
    """Every fold's columns, worked out one after another with dense matrices and without the fold's own labels."""
    table, edges = planted(nodes=120)
    _, near = seen_of(edges, ids=table["id"])
    dice = np.random.default_rng(8)
    fraud, known = table["label"].to_numpy() == 1, dice.random(120) < 0.6
    folds, keep, steps, weight = 3, 0.7, 4, 2.0
    settings = label_features.Settings(folds, weight, steps, keep)
    told = label_features.columns(
        near.whole_seen, near.labels_seen, fraud=fraud, known=known, settings=settings, seed=5
    )
    made = np.column_stack([column for _, column in told])[:, 3:]
    whole = near.whole_seen.toarray()
    many = np.maximum(whole.sum(axis=1), 1)[:, None]
    fold = np.where(known, np.random.default_rng(5).integers(0, folds, 120), -1)
    prior = (fraud & known).sum() / known.sum()
    for number in (-1, *range(folds)):
        there = known & (fold != number) if number >= 0 else known
        marks = np.column_stack([fraud & there, there]).astype(float)
        out = [whole @ marks / many]
        inwards = [whole @ (marks / many)]
        for _ in range(steps - 1):
            out.append(whole @ out[-1] / many)
            inwards.append(whole @ (inwards[-1] / many))
        total_out, total_in = (sum(keep**step * one for step, one in enumerate(part)) for part in (out, inwards))
        share, second = there.mean(), whole @ out[0]
        faint = 0.01 * share
        expected = np.column_stack([
            (second[:, 0] + 0.5 * prior) / (second[:, 1] + 0.5), second[:, 1],
            (total_out[:, 0] + faint * prior) / (total_out[:, 1] + faint), total_out[:, 0] / share,
            (total_in[:, 0] + faint * prior) / (total_in[:, 1] + faint),
        ])  # fmt: skip
        assert made[fold == number] == pytest.approx(expected[fold == number], rel=1e-4, abs=1e-5)


def test_features_of_some_rows_are_those_of_all():
    dice = np.random.default_rng(9)
    edges = pl.DataFrame({"src": dice.integers(0, 40, 90), "dst": dice.integers(0, 40, 90)})
    _, near = seen_of(edges, ids=pl.Series(range(40)))
    values = dice.normal(size=(40, 7)).astype(np.float32)
    values[dice.random(40) < 0.3, 5:] = np.nan
    asked = np.array([3, 4, 17, 39])
    for wanted in (aggregates.Wanted(), aggregates.Wanted(extremes=False, spread=True, far=0)):
        every = aggregates.around(near.whole_seen, values, rows=np.arange(40), wanted=wanted)
        some = aggregates.around(near.whole_seen, values, rows=asked, wanted=wanted)
        assert some.names == every.names
        assert np.array_equal(some.values, every.values[asked], equal_nan=True)
