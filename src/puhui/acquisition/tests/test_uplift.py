"""Uplift: known truths in simulated trials, verdicts that stay silent about noise, and refusals by name."""

from datetime import time
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.acquisition import uplift_study
from puhui.acquisition.core.assignment import assign
from puhui.acquisition.core.ranking_luck import fold_luck
from puhui.acquisition.core.table_design import designed, tables
from puhui.acquisition.core.uplift_curve import auuc, qini, ranked
from puhui.acquisition.trial_table import control_of, costs_of, labelled
from puhui.acquisition.uplift_study import Asked, study
from puhui.kernel.refusal import Refused
from puhui.store import places

ASKED = Asked("offer", "bought")


def trial(rows=3000, seed=4, moved=0.24, random=True):
    """Simulated: the letter moves only shops of the east, by `moved`; the call moves everybody by 0.12."""
    dice = np.random.default_rng(seed)
    east, size = dice.integers(0, 2, rows), dice.normal(size=rows)
    lot = dice.integers(0, 3, rows)
    offer = lot if random else np.where(dice.random(rows) < 1 / (1 + np.exp(-1.5 * size)), 1 + east, 0)
    chance = 0.2 + 0.05 * np.tanh(size) + (offer == 1) * moved * east + (offer == 2) * 0.12
    return pl.DataFrame(
        {
            "offer": pl.Series(["nothing", "letter", "call"]).gather(offer),
            "region": pl.Series(["west", "east"]).gather(east),
            "size": size,
            "bought": (dice.random(rows) < chance).astype(int),
        }
    )


def test_a_known_effect_is_found_and_placed_where_it_is():
    found = study(trial(), Asked("offer", "bought", control="nothing"))
    letter = next(arm for arm in found.answer["arms"] if arm["arm"] == "letter")
    assert letter["average_effect"]["low"] < 0.12 < letter["average_effect"]["high"]
    assert letter["verdict"] == "measurable"
    assert found.answer["verdict"] == "measurable"
    # The best qini there is: half the people have all the effect, 0.24 × ½ × ¼.
    assert letter["qini"]["low"] < 0.24 / 8 < letter["qini"]["high"] + 0.006
    east = trial()["region"].to_numpy() == "east"
    letters = found.targets["offer"].to_numpy() == "letter"
    assert letters[east].mean() > 0.9
    assert letters[~east].mean() < 0.2


def test_an_effect_that_is_the_same_for_all_cannot_be_told_apart():
    """Twenty simulated trials without any difference between people: the verdict stays silent in nearly all of them."""
    loud = sum(study(trial(600, seed, moved=0.0), Asked("offer", "bought", control="nothing")).answer["verdict"] == "measurable" for seed in range(20))  # fmt: skip
    assert loud <= 3  # one expected at the level of 0.05; more than three has a chance below 2 %


def test_a_borderline_claim_must_hold_over_other_splits_and_a_clear_one_need_not():
    asked = Asked("offer", "bought", control="nothing")
    read = uplift_study._read(trial(600, moved=0.0), asked)
    arms: list[dict[str, Any]] = [{"qini": {"value": 1.0, "p": p}} for p in (0.0004, 1e-9)]
    uplift_study._confirm(arms, read, read.design, asked, drawn=True)
    borderline, clear = arms
    assert len(borderline["p_by_split"]) == 5
    assert borderline["p"] == min(1.0, 2 * float(np.median(borderline["p_by_split"])))
    assert borderline["p"] > 0.0005
    assert (clear["p_by_split"], clear["p"]) == ([1e-9], 1e-9)


def test_a_result_among_the_columns_is_left_out():
    frame = trial().with_columns(paid=pl.col("bought") * 10 + pl.lit(1))
    found = study(frame, Asked("offer", "bought", control="nothing"))
    assert found.answer["left_out"]["paid"].startswith("differs between arms")
    assert "paid" not in found.answer["features"]


def test_dates_are_read_as_days_and_tell_whom_the_offer_moves():
    """Simulated: the letter moves whoever joined in the first hundred days; the table tells the day as text, one in ten gaps."""
    dice = np.random.default_rng(7)
    joined, lot = dice.integers(0, 400, 3000), dice.integers(0, 2, 3000)
    days = pl.Series("joined", (np.datetime64("2025-01-01") + joined).astype("datetime64[ms]")).dt.to_string(
        "%Y-%m-%d %H:%M:%S"
    )
    frame = pl.DataFrame(
        {
            "offer": pl.Series(["control", "letter"]).gather(lot),
            "joined": days.set(pl.Series(dice.random(3000) < 0.1), None),
            "left": pl.Series(["3.1.2025", "04.01.2025", "unknown"] * 1000),
            "hour": pl.Series([time(9)] * 3000),
            "bought": (dice.random(3000) < 0.1 + 0.6 * lot * (joined < 100)).astype(int),
        }
    )
    made = designed(frame[:3], leave=(), terms=tables()["reading"])
    assert made.values[:2, made.names.index("left")].tolist() == [20091.0, 20092.0]
    found = study(frame, ASKED)
    assert found.answer["left_out"] == {"hour": "not a number and not words (Time)"}
    assert found.answer["verdict"] == "measurable"
    early = found.targets["predicted_gain"].to_numpy()[joined < 50].mean()
    assert early > 0.2 + found.targets["predicted_gain"].to_numpy()[joined > 350].mean()


def test_arms_not_drawn_by_lot_are_weighed_by_their_chances():
    """East only gets calls, size decides who is contacted: the plain difference is biased, the answer says it was no lot."""
    found = study(trial(random=False), Asked("offer", "bought", control="nothing"))
    assert found.answer["drawn_by_lot"] is False


def test_a_contact_that_costs_more_than_it_brings_is_not_made():
    found = study(trial(), Asked("offer", "bought", control="nothing", cost="letter=0.05,call=0.9"))
    assert found.answer["policy"]["contacted"]["call"] == 0
    assert found.answer["policy"]["gain_over"]["everybody call"]["low"] > 0
    held = found.targets.filter(pl.col("hold_out"))
    assert held["offer"].null_count() == 0
    assert 0.07 < len(held) / found.targets["offer"].drop_nulls().len() < 0.13


def test_a_budget_for_contacts_is_kept_and_the_same_seed_gives_the_same_list():
    asked = Asked("offer", "bought", control="nothing", cost="0.05", budget=40.0)
    one, other = study(trial(), asked), study(trial(), asked)
    assert one.answer["policy"]["cost"] <= 40.0
    assert one.answer["policy"]["price_of_money"] > 1
    assert one.targets.equals(other.targets)


@settings(max_examples=150, deadline=None)
@given(
    gain=st.lists(st.lists(st.integers(-5, 9), min_size=2, max_size=2), min_size=1, max_size=5),
    cost=st.lists(st.integers(0, 4), min_size=2, max_size=2),
    budget=st.integers(0, 12),
)
def test_an_assignment_keeps_the_budget_and_is_one_step_from_the_best(gain, cost, budget):
    gains, costs = np.array(gain, float), np.array(cost, float)
    plan = assign(gains, costs, budget=float(budget))
    assert plan.cost <= budget
    assert plan.cost == sum(costs[arm - 1] for arm in plan.arm if arm)
    assert plan.gain == sum(gains[row, arm - 1] for row, arm in enumerate(plan.arm) if arm)
    best = max(
        sum(gains[row, arm - 1] for row, arm in enumerate(arms) if arm)
        for arms in product(range(3), repeat=len(gain))
        if sum(costs[arm - 1] for arm in arms if arm) <= budget
    )
    assert plan.gain <= best <= plan.gain + max(0.0, gains.max()) + 1e-9


@settings(max_examples=100, deadline=None)
@given(effects=st.lists(st.integers(-3, 3), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_qini_of_a_ranking_and_its_reverse_cancel_out(effects, seed):
    effect = np.array(effects, float)
    order = np.random.default_rng(seed).integers(0, 5, len(effect)).astype(float)
    assert qini(effect, order) == pytest.approx(-qini(effect, -order), abs=1e-9)
    assert auuc(effect, order) - qini(effect, order) == pytest.approx(effect.mean() / 2)


def test_the_interval_of_a_qini_covers_the_truth():
    """Simulated: effect 1 for half of the people, the ranking knows them: qini = ½ × ½ × ½ = 0.125."""
    dice, inside = np.random.default_rng(2), 0
    for seed in range(30):
        known = np.repeat([0.0, 1.0], 150)
        found = ranked(known + dice.normal(size=300), known, resamples=200, level=0.95, seed=seed)
        inside += found.qini.low <= 0.125 <= found.qini.high
    assert inside >= 25


@pytest.mark.parametrize(
    ("frame", "asked", "code"),
    [
        (trial(300).filter(pl.col("offer") == "call"), ASKED, "ONE_ARM_ONLY"),
        (trial(300).with_columns(bought=pl.lit(0)), Asked("offer", "bought", control="nothing"), "OUTCOME_CONSTANT"),
        (trial(300), ASKED, "CONTROL_UNKNOWN"),
        (trial(300), Asked("offer", "bought", control="nobody"), "CONTROL_UNKNOWN"),
        (trial(300), Asked("offers", "bought"), "COLUMN_ABSENT"),
        (trial(300), Asked("size", "bought"), "TREATMENT_MANY_VALUES"),
        (trial(60), Asked("offer", "bought", control="nothing"), "ARM_TOO_SMALL"),
        (trial(300), Asked("offer", "bought", control="nothing", cost="post=1"), "ARM_UNKNOWN"),
        (trial(300), Asked("offer", "bought", control="nothing", cost="postage"), "COLUMN_ABSENT"),
        (trial(300), Asked("offer", "bought", control="nothing", cost="region"), "COST_UNREADABLE"),
        (
            trial(300).with_columns(paid=pl.lit(-1.0)),
            Asked("offer", "bought", control="nothing", cost="paid"),
            "COST_UNREADABLE",
        ),
        (trial(300), Asked("offer", "bought", control="nothing", cost="-1"), "COST_UNREADABLE"),
        (trial(300), Asked("offer", "bought", control="nothing", budget=0.0), "BUDGET_ZERO"),
        (trial(300), Asked("offer", "offer"), "SAME_COLUMN"),
        (trial(300), Asked("bought", "region"), "OUTCOME_UNREADABLE"),
        (trial(300).with_columns(bought=pl.lit("")), Asked("offer", "bought"), "OUTCOME_UNREADABLE"),
    ],
)
def test_a_table_that_answers_nothing_is_refused_by_name(frame, asked, code):
    with pytest.raises(Refused) as refused:
        study(frame, asked)
    assert refused.value.refusal.code == code


def test_a_messy_table_of_text_is_read():
    """Everything as text, gaps in features, arms as 0/1 written as floats, a missing treatment."""
    frame = trial(800).with_columns(offer=(pl.col("offer") != "nothing").cast(pl.Float64).cast(pl.String))
    frame = frame.with_columns(bought=pl.when(pl.col("bought") == 1).then(pl.lit("yes")).otherwise(pl.lit("no")),
                               size=pl.when(pl.col("size") > 1).then(None).otherwise(pl.col("size").cast(pl.String)))  # fmt: skip
    frame = frame.with_columns(offer=pl.when(pl.int_range(800) == 5).then(pl.lit(" ")).otherwise(pl.col("offer")))
    found = study(frame, ASKED).answer
    assert found["control"]["arm"] == "0"
    assert found["positive"] == "yes"
    assert found["left_out_rows"] == {"no_treatment": 1, "no_outcome": 0}
    assert "size" in found["features"]


def test_without_features_there_is_an_effect_and_no_ranking():
    found = study(trial().select("offer", "bought"), Asked("offer", "bought", control="nothing")).answer
    assert found["verdict"] == "cannot be told from chance"
    assert found["qini"] == pytest.approx(0.0)


def test_labels_and_controls_are_read_as_a_person_would():
    arms = labelled(pl.Series("t", ["Womens E-Mail", "No E-Mail", "Mens E-Mail"]))
    assert arms.labels[control_of(arms, [1, 1, 1], given=None, where="t")] == "No E-Mail"
    assert labelled(pl.Series("t", [1.0, 0.0, None])).labels == ("0", "1")
    assert costs_of("a=0.5", ["a", "b"]).tolist() == [0.5, 0.0]


def test_a_column_of_costs_is_what_each_offer_cost_and_no_feature():
    paid = pl.when(pl.col("offer") == "call").then(0.9).when(pl.col("offer") == "letter").then(0.05).otherwise(0.0)
    one = study(trial().with_columns(paid=paid), Asked("offer", "bought", control="nothing", cost="paid")).answer
    other = study(trial(), Asked("offer", "bought", control="nothing", cost="letter=0.05,call=0.9")).answer
    assert one["cost_of_a_contact"] == {"call": pytest.approx(0.9), "letter": pytest.approx(0.05)}
    assert "paid" not in one["features"]
    assert one["policy"]["contacted"] == other["policy"]["contacted"]
    assert one["policy"]["value"] == pytest.approx(other["policy"]["value"])
    assert one["policy"]["cost"] == pytest.approx(other["policy"]["cost"])


def test_outcomes_missing_in_one_arm_are_told():
    frame = trial(900)
    gone = (pl.col("offer") == "call") & (pl.int_range(900) % 2 == 0)
    found = study(frame.with_columns(bought=pl.when(~gone).then("bought")), Asked("offer", "bought", control="nothing"))
    assert found.answer["outcome_missing_by_arm"]["letter"] == 0.0
    assert 0.4 < found.answer["outcome_missing_by_arm"]["call"] < 0.6
    even = frame.with_columns(bought=pl.when(pl.int_range(900) % 10 != 0).then("bought"))
    assert study(even, Asked("offer", "bought", control="nothing")).answer["outcome_missing_by_arm"] == {}


def test_luck_of_folds_has_twice_the_variance_and_never_claims_much():
    """Against plain draws of the folds' directions; one column has the same law by |·| alone."""
    dice = np.random.default_rng(8)
    for directions in (1, 3, 20):
        folds = dice.normal(size=(20_000, 5, directions)) / 5**0.5
        others = folds.sum(axis=1, keepdims=True) - folds
        plain = ((folds * others).sum(axis=2) / np.linalg.norm(others, axis=2)).sum(axis=1)
        luck = fold_luck(directions=directions, folds=5)
        assert luck.drawn.var() == pytest.approx(plain.var(), rel=0.05)
        assert 1.85 < luck.drawn.var() < 2.15
        assert np.quantile(luck.drawn, [0.025, 0.25, 0.75, 0.975]) == pytest.approx(
            np.quantile(plain, [0.025, 0.25, 0.75, 0.975]), abs=0.08
        )
        chances = [luck.chance(z) for z in (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0)]
        assert chances == sorted(chances, reverse=True)
        assert 0 < chances[-1] < 1e-4
        assert luck.chance(luck.reach(level=0.95)[1]) == pytest.approx(0.05, abs=0.001)


def test_words_of_a_shop_name_the_control():
    assert (
        labelled(pl.Series("t", ["发券", "不发"])).labels[
            control_of(labelled(pl.Series("t", ["发券", "不发"])), [1, 1], given=None, where="t")
        ]
        == "不发"
    )


@pytest.mark.nightly
def test_hillstrom_says_what_it_can_and_no_more():
    """Real: visits +7.66 and +4.52 points; on conversion nobody can be told apart at this size."""
    data = places.data_dir()
    if data is None or not (data / "marketing/hillstrom.parquet").is_file():
        pytest.skip("PUHUI_DATA has no marketing/hillstrom.parquet")
    frame = pl.read_parquet(data / "marketing/hillstrom.parquet")
    visit, conversion = (study(frame, Asked("segment", name)).answer for name in ("visit", "conversion"))
    assert [round(100 * arm["difference"], 2) for arm in visit["arms"]] == [7.66, 4.52]
    assert visit["verdict"] == "measurable"
    assert conversion["verdict"] == "cannot be told from chance"
    low, high = conversion["qini_interval"]
    assert low < 0 < high
    assert set(visit["left_out"]) == {"conversion", "spend"}
