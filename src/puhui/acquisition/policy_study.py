"""`puhui octopus evaluate`: a log with actions, chances and rewards, and a policy → IPS, SNIPS and DR with intervals, or a refusal by name.

A policy is named in one of these ways (the first that fits):
- `uniform` every action alike; `logged` what the log did; `always:ACTION`; `best` the action of the highest expected reward, learned across folds;
- the path of a JSON file of rules (core/target_policy.py);
- `column:NAME`: a column with the action the policy would take, or with the chance with which it would take the logged action;
- `chances:PREFIX`: columns PREFIX + action, the chances of all actions.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from puhui.acquisition import bid_policy_study
from puhui.acquisition.core import balance, target_policy
from puhui.acquisition.core.chances import arm_chances
from puhui.acquisition.core.off_policy import Weighed, by_weights, doubly_robust, effective_rows
from puhui.acquisition.core.outcome_model import Fitting, across_folds, folds_of
from puhui.acquisition.core.table_design import as_numbers, designed, tables
from puhui.acquisition.trial_table import Labelled, column, labelled, outcome_of, refused, told

Floats = NDArray[np.float64]
_NAMES = {
    "action": ("action", "arm", "treatment", "offer", "bid", "choice", "a"),
    "propensity": ("propensity", "propensity_density", "density", "pscore", "action_prob", "action_probability", "logging_prob", "logged_prob", "prob", "probability", "p"),
    "reward": ("reward", "outcome", "click", "y", "r", "target"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Options. Names left out are looked for under the usual words; `drop`: columns that are not features."""

    policy: str
    action: str | None = None
    propensity: str | None = None
    reward: str | None = None
    positive: str | None = None
    drop: tuple[str, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class _Log:
    """Rows that hold. `chance` of the logged action; `how` it is known."""

    frame: pl.DataFrame
    action: NDArray[np.int64]
    labels: tuple[str, ...]
    chance: Floats
    reward: Floats
    features: Floats
    fold: NDArray[np.int64]
    how: str
    left_out: dict[str, Any]
    names: dict[str, str]


def evaluate(frame: pl.DataFrame, asked: Asked) -> dict[str, Any]:
    """Raises Refused; the frame is not changed."""
    terms = tables()
    columns = _found_columns(frame, asked)
    if bid_policy_study.is_bid(columns.action):
        return bid_policy_study.evaluate(frame, columns)
    log = _log(frame, asked, columns)
    fitting = Fitting(terms["fitting"], asked.seed)
    expected = np.column_stack([across_folds(log.features, log.reward, log.action == one, log.fold, fitting) for one in range(len(log.labels))])  # fmt: skip
    policy, taken = _policy(asked.policy, log, expected)
    weighed = Weighed(taken / log.chance, log.reward)
    effective = effective_rows(weighed.weight)
    _check_support(effective, float(taken.mean()))
    level = terms["interval"]["level"]
    figures = by_weights(weighed, level=level)
    if policy is not None:
        expected_taken = expected[np.arange(len(log.action)), log.action]
        figures |= doubly_robust(weighed, expected_taken, (policy * expected).sum(axis=1), level=level)
    logged = by_weights(Weighed(np.ones(len(log.reward)), log.reward), level=level)["ips"]
    return {
        "rows": len(log.reward),
        "left_out": log.left_out,
        "columns": log.names,
        "policy": asked.policy,
        "actions": told(log.labels, np.bincount(log.action, minlength=len(log.labels)).tolist()),
        "policy_actions": None if policy is None else told(log.labels, policy.mean(axis=0).tolist()),
        "propensity": log.how,
        "logged": logged.told(),
        **{name: figure.told() for name, figure in figures.items()},
        "effective_sample_size": effective,
        "weights": {"mean": float(weighed.weight.mean()), "max": float(weighed.weight.max())},
        "warnings": _warnings(weighed, effective, policy),
        "seed": asked.seed,
        "terms": terms["version"],
    }


def _found_columns(frame: pl.DataFrame, asked: Asked) -> bid_policy_study.Columns:
    action, reward = _found(frame, "action", asked.action), _found(frame, "reward", asked.reward)
    chance = _found(frame, "propensity", asked.propensity, needed=asked.propensity is not None)
    assert action is not None
    assert reward is not None
    leave = frozenset(column(frame, name).name for name in asked.drop)
    return bid_policy_study.Columns(action, reward, chance, asked.policy, asked.positive, leave, asked.seed)


def _log(frame: pl.DataFrame, asked: Asked, columns: bid_policy_study.Columns) -> _Log:
    action_column, reward_column, chance_column = columns.action, columns.reward, columns.density
    actions = labelled(action_column, code="ACTION_MANY_VALUES")
    reward, _ = outcome_of(reward_column, positive=asked.positive)
    given = as_numbers(chance_column, tables()["reading"]) if chance_column is not None else None
    if chance_column is not None and given is None:
        raise refused("PROPENSITY_UNREADABLE", "倾向分须为数值 · propensities are numbers", chance_column.name)
    bad = [actions.code < 0, np.isnan(reward), np.zeros(len(reward), bool) if given is None else np.isnan(given)]
    rows = np.flatnonzero(~(bad[0] | bad[1] | bad[2]))
    if not len(rows):
        raise refused("LOG_EMPTY", "没有完整的行 · no row has action, reward and propensity", reward_column.name)
    seen = np.bincount(actions.code[rows], minlength=len(actions.labels)) > 0
    place = np.cumsum(seen) - 1
    labels = tuple(label for label, there in zip(actions.labels, seen) if there)
    kept = frame[rows.tolist()]
    spoken_for = _spoken_for(frame, [action_column, reward_column, chance_column], asked)
    design = designed(kept, leave=spoken_for, terms=tables()["reading"])
    action = place[actions.code[rows]]
    fold = folds_of(action, folds=tables()["fitting"]["folds"], seed=asked.seed)
    if given is None:
        chance, how = _shares(design, action, fold, action_column.name)
    else:
        chance, how = _checked(given[rows], chance_column.name if chance_column is not None else ""), "given"
    left_out = {"no_action": int(bad[0].sum()), "no_reward": int(bad[1].sum()), "no_propensity": int(bad[2].sum()), "columns": design.left_out}  # fmt: skip
    names = {"action": action_column.name, "reward": reward_column.name} | ({"propensity": chance_column.name} if chance_column is not None else {})  # fmt: skip
    return _Log(kept, action, labels, chance, reward[rows], design.values, fold, how, left_out, names)


def _found(frame: pl.DataFrame, what: str, given: str | None, *, needed: bool = True) -> pl.Series | None:
    if given is not None:
        return column(frame, given)
    lower = {name.strip().lower(): name for name in reversed(frame.columns)}
    for word in _NAMES[what]:
        if word in lower:
            return frame[lower[word]]
    if needed and what != "propensity":
        raise refused("COLUMN_ABSENT", f"找不到 {what} 列；用 --{what} 指明 · no {what} column; say which with --{what}: {', '.join(frame.columns[:20])}", what)  # fmt: skip
    return None


def _spoken_for(frame: pl.DataFrame, used: Sequence[pl.Series | None], asked: Asked) -> set[str]:
    found = {one.name for one in used if one is not None} | {column(frame, name).name for name in asked.drop}
    kind, _, rest = asked.policy.partition(":")
    if kind == "column":
        found.add(column(frame, rest).name)
    if kind == "chances":
        found |= {name for name in frame.columns if name.startswith(rest)}
    return found


def _checked(chance: Floats, where: str) -> Floats:
    bad = (chance <= 0) | (chance > 1)
    if bad.any():
        row = int(np.argmax(bad))
        raise refused("PROPENSITY_OUT_OF_RANGE", f"倾向分须在 (0, 1]；第 {row + 1} 行为 {chance[row]} · a propensity lies above 0 and at most 1; row {row + 1} has {chance[row]}", where)  # fmt: skip
    return chance


def _shares(design: Any, action: NDArray[np.int64], fold: NDArray[np.int64], where: str) -> tuple[Floats, str]:
    """Without propensities: the shares of the actions, only where the table shows that they were drawn by lot."""
    terms = tables()["balance"]
    suspects = balance.check(design, action, level=terms["level"], spread_min=terms["spread_sd_min"])
    if suspects:
        raise refused("PROPENSITY_MISSING", f"没有倾向分，且动作与 {', '.join(list(suspects)[:6])} 有关，不是随机分配 · no propensities, and the actions depend on these columns: log the chances, or drop columns known only afterwards with --drop", where)  # fmt: skip
    shares = arm_chances(design.values, action, fold, drawn=True, least=0.0)
    return shares[
        np.arange(len(action)), action
    ], "shares of the actions (drawn by lot: no column differs between them)"


def _policy(text: str, log: _Log, expected: Floats) -> tuple[Floats | None, Floats]:
    """(chances of all actions or None, chance of the logged action)."""
    rows, many = np.arange(len(log.action)), len(log.labels)
    kind, _, rest = text.partition(":")
    if text == "uniform":
        policy = np.full((len(rows), many), 1 / many)
    elif text == "best":
        policy = np.eye(many)[np.argmax(expected, axis=1)]
    elif text == "logged":
        return None, log.chance
    elif kind == "always" and rest:
        policy = np.tile(target_policy.spread(rest.strip(), log.labels), (len(rows), 1))
    elif kind == "column" and rest:
        return _from_column(column(log.frame, rest), log)
    elif kind == "chances" and rest:
        policy = _from_columns(rest, log)
    elif Path(text).is_file():
        policy = target_policy.chances(_json(Path(text)), log.frame, log.labels)
    elif text in log.labels:
        policy = np.tile(target_policy.spread(text, log.labels), (len(rows), 1))
    elif text in log.frame.columns:
        return _from_column(log.frame[text], log)
    else:
        raise refused("POLICY_UNKNOWN", f"不认识策略 {text} · unknown policy: uniform, best, logged, always:ACTION, column:NAME, chances:PREFIX or a JSON file", "--policy")  # fmt: skip
    return policy, policy[rows, log.action]


def _from_column(series: pl.Series, log: _Log) -> tuple[Floats | None, Floats]:
    if series.null_count():
        raise refused("POLICY_UNREADABLE", f"策略列有 {series.null_count()} 个缺失 · the policy column has missing values", series.name)  # fmt: skip
    numbers = as_numbers(series, tables()["reading"])
    fractions = numbers is not None and bool(((numbers > 0) & (numbers < 1)).any())
    if fractions and numbers is not None:
        if bool(((numbers < 0) | (numbers > 1)).any()):
            raise refused("POLICY_UNREADABLE", "概率须在 0 与 1 之间 · chances lie between 0 and 1", series.name)
        return None, numbers
    wanted: Labelled = labelled(series, code="ACTION_MANY_VALUES")
    strangers = {label: float((wanted.code == place).mean()) for place, label in enumerate(wanted.labels) if label not in log.labels}  # fmt: skip
    if strangers:
        raise target_policy.no_support(strangers, log.labels)
    place = np.array([log.labels.index(label) for label in wanted.labels])[wanted.code]
    policy = np.eye(len(log.labels))[place]
    return policy, policy[np.arange(len(place)), log.action]


def _from_columns(prefix: str, log: _Log) -> Floats:
    found = {name[len(prefix) :].strip(): log.frame[name] for name in log.frame.columns if name.startswith(prefix)}
    chances: dict[str, Floats] = {}
    for label, series in found.items():
        numbers = as_numbers(series, tables()["reading"])
        if numbers is None or np.isnan(numbers).any() or ((numbers < 0) | (numbers > 1)).any():
            raise refused("POLICY_UNREADABLE", "概率须在 0 与 1 之间且无缺失 · chances lie between 0 and 1, none missing", series.name)  # fmt: skip
        chances[label] = numbers
    strangers = {label: float(values.mean()) for label, values in chances.items() if label not in log.labels and values.sum() > 0}  # fmt: skip
    if strangers:
        raise target_policy.no_support(strangers, log.labels)
    policy = np.column_stack([chances.get(label, np.zeros(len(log.action))) for label in log.labels])
    if not np.allclose(policy.sum(axis=1), 1, atol=1e-4):
        row = int(np.argmax(np.abs(policy.sum(axis=1) - 1)))
        raise refused("POLICY_UNREADABLE", f"第 {row + 1} 行概率之和为 {policy[row].sum():.6g} · the chances of row {row + 1} add up to that, not 1", prefix)  # fmt: skip
    return policy / policy.sum(axis=1, keepdims=True)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, UnicodeDecodeError) as fault:
        raise refused("POLICY_UNREADABLE", f"策略文件不是 JSON · the policy file is not JSON: {fault}", path.name) from fault  # fmt: skip


def _check_support(effective: float, agreed: float) -> None:
    least = tables()["policy"]["effective_rows_min"]
    if agreed <= 0:
        raise refused(
            "NO_SUPPORT", "日志从未做过该策略会做的事 · the log never did what the policy would do", "--policy"
        )
    if effective < least:
        raise refused("SUPPORT_TOO_THIN", f"有效样本量只有 {effective:.1f}，至少 {least} · the log is worth only {effective:.1f} rows of this policy, at least {least}", "--policy")  # fmt: skip


def _warnings(weighed: Weighed, effective: float, policy: Floats | None) -> list[str]:
    found = []
    if effective < tables()["policy"]["effective_share_low"] * len(weighed.weight):
        found.append("有效样本量低，区间可能过窄 · low effective sample size: intervals may be too narrow")
    mean, spread = float(weighed.weight.mean()), float(weighed.weight.std()) / len(weighed.weight) ** 0.5
    if abs(mean - 1) > 4 * spread + 1e-9:
        found.append(f"权重均值 {mean:.3f} 偏离 1：倾向分可能有误，或策略有日志没有的动作 · weights average {mean:.3f}, not 1: propensities are wrong, or the policy acts where the log never did")  # fmt: skip
    if policy is None:
        found.append(
            "只知道所记动作的概率，无法算 DR · only chances of logged actions are known: no doubly robust figure"
        )
    return found
