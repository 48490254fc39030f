"""Off-policy figures: known truths, every way to name a policy, refusals where the log cannot answer."""

import json

import numpy as np
import polars as pl
import pytest

from puhui.acquisition.policy_study import Asked, evaluate
from puhui.kernel.refusal import Refused


def log(rows=3000, seed=1):
    """Simulated: three bids drawn with chances that depend on x; the reward is best at bid "2" when x > 0, else at "1"."""
    dice = np.random.default_rng(seed)
    x = dice.normal(size=rows)
    tilt = np.column_stack((np.full(rows, 1.0), 1 + (x > 0), np.full(rows, 1.0)))
    chance = tilt / tilt.sum(axis=1, keepdims=True)
    action = (dice.random(rows)[:, None] > np.cumsum(chance, axis=1)).sum(axis=1)
    mean = np.column_stack((np.full(rows, 0.1), np.where(x > 0, 0.1, 0.3), np.where(x > 0, 0.4, 0.1)))
    reward = (dice.random(rows) < mean[np.arange(rows), action]).astype(int)
    return pl.DataFrame({"x": x, "action": action, "propensity": chance[np.arange(rows), action], "reward": reward})


BEST, UNIFORM = 0.5 * 0.3 + 0.5 * 0.4, (0.5 + 0.6) / 6


@pytest.mark.parametrize("name", ["ips", "snips", "dr"])
def test_the_value_of_a_known_policy_lies_in_the_interval(name, tmp_path):
    frame = log()
    rules = {"rules": [{"when": {"column": "x", "op": ">", "value": 0}, "choose": "2"}], "otherwise": "1"}
    (tmp_path / "policy.json").write_text(json.dumps(rules))
    found = evaluate(frame, Asked(str(tmp_path / "policy.json")))
    assert found[name]["low"] < BEST < found[name]["high"]
    assert found["dr"]["high"] - found["dr"]["low"] < found["ips"]["high"] - found["ips"]["low"]


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    hits = dict.fromkeys(("ips", "snips", "dr"), 0)
    for seed in range(20):
        frame = log(400, seed)
        found = evaluate(frame, Asked("uniform"))
        for name in hits:
            hits[name] += found[name]["low"] <= UNIFORM <= found[name]["high"]
    assert min(hits.values()) >= 16  # of 20 at a level of 0.95: fewer has a chance below 2 %


def test_every_way_to_name_a_policy_agrees():
    frame = log()
    frame = frame.with_columns(
        would=pl.lit("2"),
        **{f"pi_{one}": pl.lit(float(one == 2)) for one in range(3)},
        odds=pl.when(pl.col("action") == 2).then(0.999999).otherwise(0.0),
    )
    always = evaluate(frame, Asked("always:2", drop=("would", "pi_0", "pi_1", "pi_2", "odds")))["ips"]["value"]
    others = ["column:would", "chances:pi_", "would", "2"]
    for policy in others:
        assert evaluate(frame, Asked(policy))["ips"]["value"] == pytest.approx(always)
    taken_only = evaluate(frame, Asked("column:odds"))
    assert taken_only["ips"]["value"] == pytest.approx(always, rel=1e-5)
    assert "dr" not in taken_only
    assert any("DR" in warning for warning in taken_only["warnings"])


def test_the_logged_policy_is_worth_what_it_earned():
    frame = log()
    found = evaluate(frame, Asked("logged"))
    assert found["ips"]["value"] == pytest.approx(frame["reward"].mean())
    assert found["effective_sample_size"] == pytest.approx(frame.height)


def test_a_learned_policy_is_judged_on_rows_it_did_not_see():
    """Simulated noise: the best of three equal actions must not look better than they are."""
    frame = log(3000)
    noise = frame.with_columns(reward=pl.Series((np.random.default_rng(8).random(3000) < 0.2).astype(int)))
    assert evaluate(noise, Asked("best"))["dr"]["low"] < 0.2 < evaluate(noise, Asked("best"))["dr"]["high"] + 0.01


def test_shares_stand_for_propensities_only_where_actions_were_drawn_by_lot():
    frame = log()
    tied = frame.drop("propensity")
    with pytest.raises(Refused, match="PROPENSITY_MISSING"):
        evaluate(tied, Asked("uniform"))
    dice = np.random.default_rng(3)
    drawn = tied.with_columns(action=pl.Series(dice.integers(0, 3, tied.height)))
    assert evaluate(drawn, Asked("uniform"))["propensity"].startswith("shares")


@pytest.mark.parametrize(
    ("change", "policy", "code"),
    [
        ({}, "always:7", "NO_SUPPORT"),
        ({"would": pl.lit("9")}, "column:would", "NO_SUPPORT"),
        ({"propensity": pl.lit(0.0)}, "uniform", "PROPENSITY_OUT_OF_RANGE"),
        ({"propensity": pl.lit(1.2)}, "uniform", "PROPENSITY_OUT_OF_RANGE"),
        ({"propensity": pl.lit("often")}, "uniform", "PROPENSITY_UNREADABLE"),
        ({"reward": pl.lit("good")}, "uniform", "OUTCOME_UNREADABLE"),
        ({"action": pl.int_range(pl.len())}, "uniform", "ACTION_MANY_VALUES"),
        ({}, "nonsense", "POLICY_UNKNOWN"),
        ({"odds": pl.lit(None)}, "column:odds", "POLICY_UNREADABLE"),
        ({"odds": pl.lit(1e-9) + pl.when(pl.int_range(pl.len()) == 3).then(0.5).otherwise(0.0)}, "column:odds", "SUPPORT_TOO_THIN"),
    ],
)  # fmt: skip
def test_what_the_log_cannot_answer_is_refused_by_name(change, policy, code):
    frame = log(500)
    with pytest.raises(Refused) as refused:
        evaluate(frame.with_columns(**change), Asked(policy))
    assert refused.value.refusal.code == code


@pytest.mark.parametrize(
    "policy",
    [
        {"otherwise": {"0": 0.5}},
        {"rules": [{"when": {"column": "x"}}], "otherwise": "0"},
        {"rules": [{"when": {"column": "x", "op": ">", "value": "a"}, "choose": "1"}], "otherwise": "0"},
        {"rules": []},
        {"otherwise": {"0": 1.5, "1": -0.5}},
        [],
    ],
)
def test_a_policy_file_that_says_nothing_clear_is_refused(policy, tmp_path):
    (tmp_path / "p.json").write_text(json.dumps(policy))
    with pytest.raises(Refused, match="POLICY_UNREADABLE"):
        evaluate(log(300), Asked(str(tmp_path / "p.json")))
