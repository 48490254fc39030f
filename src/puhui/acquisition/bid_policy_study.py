"""`puhui octopus evaluate` where the logged action is a number (a bid, a price, a coefficient): kernel IPS, SNIPS and cross-fitted DR.

A policy is named by `column:NAME` (the bid it would make, from what was known before), `always:40` or `logged`. A bid computed from the
logged bid is no policy here: it would never be near its own row.
`propensity` is the density with which the log drew its bid; without it the bids must have been drawn alike for everybody.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import scipy
from numpy.typing import NDArray

from puhui.acquisition.core import balance, kernel_policy
from puhui.acquisition.core.off_policy import Weighed, by_weights, doubly_robust, effective_rows
from puhui.acquisition.core.outcome_model import Fitting, fit, folds_of
from puhui.acquisition.core.table_design import Design, as_numbers, designed, tables
from puhui.acquisition.trial_table import column, outcome_of, refused

Floats = NDArray[np.float64]
_FOLLOWS = 0.999  # of rank correlation
_PARTS = 4  # parts of the bids that are compared when nothing is said of their density


@dataclass(frozen=True, slots=True)
class Columns:
    """What the log holds and what is asked; `leave`: columns that are no features."""

    action: pl.Series
    reward: pl.Series
    density: pl.Series | None
    policy: str
    positive: str | None
    leave: frozenset[str]
    seed: int


@dataclass(frozen=True, slots=True)
class _Bids:
    """Complete rows; `taken` and `wanted` on the scale they are compared on, `density` of `taken` on it."""

    taken: Floats
    wanted: Floats
    density: Floats
    reward: Floats
    design: Design
    how: str
    left_out: dict[str, int]


def is_bid(action: pl.Series) -> bool:
    """Whether the actions are amounts and not names: many numbers, with fractions or under a bid's name."""
    numbers = as_numbers(action, tables()["reading"])
    if numbers is None:
        return False
    known = numbers[~np.isnan(numbers)]
    many = len(np.unique(known)) > tables()["reading"]["arms_max"]
    named = action.name.strip().lower() in tables()["reading"]["bid_names"]
    return many and (named or bool((known != np.floor(known)).any()))


def evaluate(frame: pl.DataFrame, columns: Columns) -> dict[str, Any]:
    """Raises Refused; the frame is not changed."""
    terms, level = tables(), tables()["interval"]["level"]
    bids = _read(frame, columns)
    width = kernel_policy.bandwidth(bids.taken)
    if not width > 0:
        raise refused("BID_CONSTANT", "日志只出过一个价，无法评估别的策略 · the log bid one amount only: nothing can be said of another", columns.action.name)  # fmt: skip
    outside = float(
        ((bids.wanted < bids.taken.min() - width / 2) | (bids.wanted > bids.taken.max() + width / 2)).mean()
    )
    if outside > terms["policy"]["bids_outside_max"]:
        raise refused("NO_SUPPORT", f"策略有 {outside:.1%} 的出价超出日志范围 · {outside:.1%} of the policy's bids lie outside what the log ever bid", "--policy")  # fmt: skip
    if (
        columns.policy != "logged"
        and np.ptp(bids.wanted) > 0
        and float(scipy.stats.spearmanr(bids.wanted, bids.taken).statistic) > _FOLLOWS
    ):
        raise refused("POLICY_FOLLOWS_LOG", "策略出价由日志出价算出；应由事前已知的列算出 · the policy's bids are computed from the logged bids; compute them from what was known before", "--policy")  # fmt: skip
    fold = folds_of(np.zeros(len(bids.taken), np.int64), folds=terms["fitting"]["folds"], seed=columns.seed)
    expected_taken, expected = _expected(bids, fold, Fitting(terms["fitting"], columns.seed))
    found: dict[str, dict[str, Any]] = {}
    for name, part in (("half", 0.5), ("chosen", 1.0), ("twice", 2.0)):
        weight = kernel_policy.weights(bids.wanted, bids.taken, density=bids.density, bandwidth=part * width)
        weight = np.ones(len(fold)) if columns.policy == "logged" else weight
        weighed = Weighed(weight, bids.reward)
        found[name] = by_weights(weighed, level=level) | doubly_robust(weighed, expected_taken, expected, level=level)
        if name == "chosen":
            chosen = weighed
    effective = effective_rows(chosen.weight)
    if effective < terms["policy"]["effective_rows_min"]:
        raise refused("SUPPORT_TOO_THIN", f"有效样本量只有 {effective:.1f}，至少 {terms['policy']['effective_rows_min']} · the log is worth only {effective:.1f} rows of this policy, at least {terms['policy']['effective_rows_min']}", "--policy")  # fmt: skip
    logged = by_weights(Weighed(np.ones(len(bids.reward)), bids.reward), level=level)["ips"]
    names = {"action": columns.action.name, "reward": columns.reward.name} | ({} if columns.density is None else {"propensity": columns.density.name})  # fmt: skip
    return {
        "rows": len(bids.reward),
        "left_out": bids.left_out | {"columns": bids.design.left_out},
        "columns": names,
        "policy": columns.policy,
        "actions": "continuous",
        "propensity": bids.how,
        "logged": logged.told(),
        **{name: figure.told() for name, figure in found["chosen"].items()},
        "bandwidth": {
            "value": width,
            "dr_at_half": found["half"]["dr"].value,
            "dr_at_twice": found["twice"]["dr"].value,
        },
        "effective_sample_size": effective,
        "weights": {"mean": float(chosen.weight.mean()), "max": float(chosen.weight.max())},
        "warnings": _warnings(chosen, effective, found),
        "seed": columns.seed,
        "terms": terms["version"],
    }


def _read(frame: pl.DataFrame, columns: Columns) -> _Bids:
    reading = tables()["reading"]
    action = _numbers(columns.action, "ACTION_UNREADABLE", "出价须为数值 · bids are numbers")
    reward, _ = outcome_of(columns.reward, positive=columns.positive)
    density = None if columns.density is None else _numbers(columns.density, "PROPENSITY_UNREADABLE", "倾向密度须为数值 · densities are numbers")  # fmt: skip
    wanted, used = _wanted(columns.policy, action, frame)
    bad = {"no_action": np.isnan(action), "no_reward": np.isnan(reward), "no_policy": np.isnan(wanted)}
    if density is not None:
        bad["no_propensity"] = np.isnan(density)
        below = density <= 0
        if below.any():
            row = int(np.argmax(below))
            raise refused("PROPENSITY_OUT_OF_RANGE", f"倾向密度须大于零；第 {row + 1} 行为 {density[row]} · a density is above zero; row {row + 1} has {density[row]}", columns.density.name if columns.density is not None else "")  # fmt: skip
    rows = np.flatnonzero(~np.any(list(bad.values()), axis=0))
    if len(rows) < tables()["policy"]["effective_rows_min"]:
        raise refused(
            "LOG_EMPTY", f"完整的行只有 {len(rows)} 行 · only {len(rows)} rows have everything", columns.reward.name
        )
    names = {one.name for one in (columns.action, columns.reward, columns.density) if one is not None}
    design = designed(frame[rows.tolist()], leave=names | columns.leave | used, terms=reading)
    taken, wanted = action[rows], wanted[rows]
    logarithmic = bool((taken > 0).all() and (wanted > 0).all())
    scale = np.log if logarithmic else np.asarray
    given = None if density is None else density[rows] * (taken if logarithmic else 1.0)
    taken, wanted = scale(taken), scale(wanted)
    how = "given (a density)"
    if given is None:
        given, how = (
            _alike(design, taken, columns),
            "density of the bids (drawn alike for everybody: no column differs with them)",
        )
    return _Bids(taken, wanted, given, reward[rows], design, how, {name: int(gone.sum()) for name, gone in bad.items()})


def _wanted(policy: str, action: Floats, frame: pl.DataFrame) -> tuple[Floats, set[str]]:
    """(the policy's bid of every row, columns that belong to it)."""
    kind, _, rest = policy.partition(":")
    if policy == "logged":
        return action, set()
    if kind == "column" or (policy in frame.columns and not rest):
        own = column(frame, rest or policy)
        return _numbers(own, "POLICY_UNREADABLE", "策略列须为出价数值 · the policy column holds bids"), {own.name}
    if kind == "always":
        try:
            amount = float(rest)
        except ValueError:
            amount = float("nan")
        if np.isfinite(amount):
            return np.full(len(action), amount), set()
    raise refused("POLICY_UNKNOWN", f"不认识策略 {policy} · unknown policy for bids: column:NAME, always:40 or logged", "--policy")  # fmt: skip


def _numbers(series: pl.Series, code: str, message: str) -> Floats:
    found = as_numbers(series, tables()["reading"])
    if found is None:
        raise refused(code, message, series.name)
    return found


def _alike(design: Design, taken: Floats, columns: Columns) -> Floats:
    """The density of the bids, where no column differs between low and high ones."""
    terms = tables()["balance"]
    part = np.searchsorted(np.quantile(taken, np.arange(1, _PARTS) / _PARTS), taken, side="right")
    suspects = balance.check(
        design, np.unique(part, return_inverse=True)[1], level=terms["level"], spread_min=terms["spread_sd_min"]
    )
    if suspects:
        raise refused("PROPENSITY_MISSING", f"没有倾向密度，且出价与 {', '.join(list(suspects)[:6])} 有关 · no densities, and the bids depend on these columns: log the density of each bid, or drop columns known only afterwards with --drop", columns.action.name)  # fmt: skip
    return kernel_policy.density_of(taken, width=kernel_policy.bandwidth(taken))


def _expected(bids: _Bids, fold: NDArray[np.int64], fitting: Fitting) -> tuple[Floats, Floats]:
    """(reward expected at the logged bid, at the policy's), by models of the other folds."""
    at_taken, at_wanted = (np.column_stack((bids.design.values, bid, (bid - bids.taken.mean()) ** 2)) for bid in (bids.taken, bids.wanted))  # fmt: skip
    taken, wanted = np.zeros(len(fold)), np.zeros(len(fold))
    for one in np.unique(fold):
        inside = fold == one
        model = fit(at_taken[~inside], bids.reward[~inside], fitting)
        taken[inside], wanted[inside] = model(at_taken[inside]), model(at_wanted[inside])
    return taken, wanted


def _warnings(chosen: Weighed, effective: float, found: dict[str, dict[str, Any]]) -> list[str]:
    told = []
    if effective < tables()["policy"]["effective_share_low"] * len(chosen.weight):
        told.append("有效样本量低，区间可能过窄 · low effective sample size: intervals may be too narrow")
    mean, spread = float(chosen.weight.mean()), float(chosen.weight.std()) / len(chosen.weight) ** 0.5
    if abs(mean - 1) > 4 * spread + 0.05:
        told.append(f"权重均值 {mean:.3f} 偏离 1：倾向列可能不是密度，或策略出价在日志边缘之外 · weights average {mean:.3f}, not 1: the propensities are no densities, or the policy bids beyond the edge of the log")  # fmt: skip
    dr = found["chosen"]["dr"]
    if any(not dr.low <= found[name]["dr"].value <= dr.high for name in ("half", "twice")):
        told.append(
            "换一个带宽，DR 就落在区间之外：偏差不小 · at half or twice the bandwidth DR leaves its interval: bias matters here"
        )
    return told
