"""`puhui octopus uplift`: a table of a campaign → what each offer did, whether anybody can be told apart, and whom to contact.

The order: read and check → balance (a draw by lot? columns that came afterwards?) → scores across folds → effects, rankings, the value
of the policy → verdicts in words. The same table, options and seed give the same answer.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import scipy
from numpy.typing import NDArray

from puhui.acquisition.core import balance
from puhui.acquisition.core.assignment import Plan, assign
from puhui.acquisition.core.chances import arm_chances
from puhui.acquisition.core.effects import Scores, Trial, mean_of, scores
from puhui.acquisition.core.outcome_model import Fitting, folds_of
from puhui.acquisition.core.ranking_luck import fold_luck
from puhui.acquisition.core.table_design import Design, designed, tables
from puhui.acquisition.core.uplift_curve import Ranking, ranked, within_folds
from puhui.acquisition.trial_table import (
    Labelled,
    column,
    control_of,
    cost_column,
    costs_of,
    labelled,
    mean_costs,
    outcome_of,
    refused,
    told,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """Options of a study. `cost`: "0.5" or "arm=0.5,…" a contact, or a column with what each row cost; `value`: money of one unit of outcome; `budget`: money for
    contacts, None for no limit; `keep`: columns used although they differ between arms."""  # fmt: skip

    treatment: str
    outcome: str
    control: str | None = None
    positive: str | None = None
    cost: str | None = None
    value: float = 1.0
    budget: float | None = None
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Study:
    """`answer` is what the command prints; `targets` one row a table row that was read, for the contact list."""

    answer: dict[str, Any]
    targets: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Read:
    """The table, checked. `rows`: numbers of the rows used; arm 0 is the control; `labels` in arm order; `cost` of one contact by each other arm."""

    rows: NDArray[np.int64]
    arm: NDArray[np.int64]
    outcome: Floats
    labels: tuple[str, ...]
    design: Design
    left_out_rows: dict[str, int]
    unanswered: dict[str, float]
    positive: str | None
    cost: Floats


def study(frame: pl.DataFrame, asked: Asked) -> Study:
    """Raises Refused; the frame is not changed."""
    terms = tables()
    read = _read(frame, asked)
    drawn, suspects, design = _balanced(read, asked)
    fitting = Fitting(terms["fitting"], asked.seed)
    fold = folds_of(read.arm, folds=terms["fitting"]["folds"], seed=asked.seed)
    chance = arm_chances(design.values, read.arm, fold, drawn=drawn, least=terms["fitting"]["propensity_min"])
    trial = Trial(design.values, read.arm, read.outcome, chance, fold)
    found = scores(trial, fitting)
    cost = read.cost
    plan = assign(asked.value * found.gain[:, 1:], cost, budget=float("inf") if asked.budget is None else asked.budget)
    plan = _worth_it(plan, found, cost, asked)
    arms = [_arm(found, read, fold, one, asked) for one in range(1, len(read.labels))]
    _confirm(arms, read, design, asked, drawn=drawn)
    answer = {
        "rows": len(read.rows),
        "left_out_rows": read.left_out_rows,
        "outcome_missing_by_arm": read.unanswered,
        "treatment": asked.treatment,
        "outcome": asked.outcome,
        "positive": read.positive,
        "control": {"arm": read.labels[0], "rows": int((read.arm == 0).sum()), "mean": float(read.outcome[read.arm == 0].mean())},
        "drawn_by_lot": drawn,
        "cost_of_a_contact": told(read.labels[1:], cost.tolist()),
        "features": sorted(set(design.source)),
        "left_out": design.left_out,
        "differs_between_arms": suspects,
        **_overall(found, cost, read, fold, asked),
        "verdict": _verdict(arms),
        "verdict_level": terms["interval"]["persons_level"],
        "arms": arms,
        "policy": _policy(found, plan, cost, read, asked),
        "seed": asked.seed,
        "terms": terms["version"],
    }  # fmt: skip
    targets = pl.DataFrame(
        {
            "row": read.rows + 1,
            "offer": [read.labels[one] if one else None for one in plan.arm.tolist()],
            "predicted_gain": np.max(found.gain[:, 1:], axis=1),
            "hold_out": _held_out(plan.arm > 0, asked.seed, terms["target"]["holdout_share"]),
        }
    )
    return Study(answer, targets)


def _read(frame: pl.DataFrame, asked: Asked) -> _Read:
    if not asked.value > 0 or asked.value == float("inf"):
        raise refused("VALUE_UNREADABLE", "结果的价值须大于零 · the value of an outcome is above zero", "--value")
    if asked.budget is not None and not asked.budget > 0:
        raise refused("BUDGET_ZERO", "预算须大于零 · the budget is above zero", "--budget")
    treatment, result = column(frame, asked.treatment), column(frame, asked.outcome)
    if treatment.name == result.name:
        raise refused("SAME_COLUMN", "处理列与结果列相同 · treatment and outcome are the same column", result.name)
    arms = labelled(treatment)
    outcome, positive = outcome_of(result, positive=asked.positive)
    no_arm, no_outcome = arms.code < 0, np.isnan(outcome)
    rows = np.flatnonzero(~no_arm & ~no_outcome)
    counts = np.bincount(arms.code[rows], minlength=len(arms.labels)).tolist()
    _check_arms(arms, counts, treatment.name)
    control = control_of(arms, counts, given=asked.control, where=treatment.name)
    order = [control, *(place for place in range(len(arms.labels)) if place != control)]
    if len(rows) and np.ptp(outcome[rows]) == 0:
        raise refused("OUTCOME_CONSTANT", f"结果全是 {outcome[rows][0]} · every outcome is {outcome[rows][0]}", result.name)  # fmt: skip
    spoken_for = {treatment.name, result.name, *(column(frame, name).name for name in asked.drop)}
    of_rows = cost_column(frame, asked.cost)
    spoken_for |= {of_rows.name} if of_rows is not None else set()
    arm = np.argsort(order)[arms.code[rows]]
    labels = tuple(arms.labels[place] for place in order)
    return _Read(
        rows,
        arm,
        outcome[rows],
        labels,
        designed(frame[rows.tolist()], leave=spoken_for, terms=tables()["reading"]),
        {"no_treatment": int(no_arm.sum()), "no_outcome": int((no_outcome & ~no_arm).sum())},
        _unanswered(arms, no_outcome),
        positive,
        costs_of(asked.cost, labels[1:]) if of_rows is None else mean_costs(of_rows[rows.tolist()], arm, labels=labels),
    )


def _unanswered(arms: Labelled, no_outcome: NDArray[np.bool_]) -> dict[str, float]:
    """Each arm's share of rows without an outcome, where the arms differ by more than chance: who answers is then no longer drawn by lot."""
    heads = np.bincount(arms.code[arms.code >= 0], minlength=len(arms.labels))
    gaps = np.bincount(arms.code[(arms.code >= 0) & no_outcome], minlength=len(arms.labels))
    if not gaps.any() or (gaps == heads).all():
        return {}
    chance = float(scipy.stats.chi2_contingency(np.array([gaps, heads - gaps])).pvalue)
    return dict(told(arms.labels, (gaps / heads).tolist())) if chance < tables()["balance"]["level"] else {}


def _check_arms(arms: Labelled, counts: list[int], where: str) -> None:
    if len(arms.labels) < 2:
        only = arms.labels[0] if arms.labels else "—"
        raise refused("ONE_ARM_ONLY", f"只有一组（{only}），无法比较 · only one arm ({only}): there is nothing to compare", where)  # fmt: skip
    least = tables()["fitting"]["arm_rows_min"]
    small = [f"{label} {count}" for label, count in zip(arms.labels, counts) if count < least]
    if small:
        raise refused("ARM_TOO_SMALL", f"组内行数不足 {least}：{', '.join(small)} · arms with fewer than {least} rows", where)  # fmt: skip


def _balanced(read: _Read, asked: Asked) -> tuple[bool, dict[str, str], Design]:
    """(drawn by lot, suspects, the design without what came afterwards)."""
    terms = tables()["balance"]
    suspects = balance.check(read.design, read.arm, level=terms["level"], spread_min=terms["spread_sd_min"])
    sources = set(read.design.source)
    if not suspects:
        return True, suspects, read.design
    if len(suspects) > terms["afterwards_share_max"] * len(sources):
        return False, suspects, read.design
    gone = [name for name in suspects if name not in asked.keep]
    return True, suspects, read.design.without(gone, "differs between arms: known only afterwards?")


def _overall(found: Scores, cost: Floats, read: _Read, fold: NDArray[np.int64], asked: Asked) -> dict[str, Any]:
    """Ranking of people by the best offer's net gain, whatever the number of offers."""
    net = asked.value * found.gain[:, 1:] - cost
    best = 1 + np.argmax(net, axis=1)
    rows = np.arange(len(best))
    effect = found.value[rows, best] - found.value[:, 0]
    ranking = _ranking(effect, net[rows, best - 1], fold, asked, read.design.values.shape[1])
    return {
        "qini": ranking.qini.value, "qini_interval": [ranking.qini.low, ranking.qini.high], "qini_p": ranking.qini.chance,
        "auuc": ranking.auuc.value, "auuc_interval": [ranking.auuc.low, ranking.auuc.high],
        "average_effect": mean_of(effect, level=tables()["interval"]["level"]).told(),
    }  # fmt: skip


def _arm(found: Scores, read: _Read, fold: NDArray[np.int64], one: int, asked: Asked) -> dict[str, Any]:
    effect, given = found.effect(one), read.arm == one
    ranking = _ranking(effect, found.gain[:, one], fold, asked, read.design.values.shape[1])
    return {
        "arm": read.labels[one],
        "rows": int(given.sum()),
        "mean": float(read.outcome[given].mean()),
        "difference": float(read.outcome[given].mean() - read.outcome[read.arm == 0].mean()),
        "average_effect": mean_of(effect, level=tables()["interval"]["level"]).told(),
        "qini": ranking.qini.told(),
        "auuc": ranking.auuc.told(),
        "curve": ranking.curve,
    }


def _ranking(effect: Floats, gain: Floats, fold: NDArray[np.int64], asked: Asked, directions: int) -> Ranking:
    terms = tables()["interval"]
    predicted = within_folds(gain, fold)
    luck = fold_luck(directions=max(directions, 1), folds=tables()["fitting"]["folds"])
    return ranked(effect, predicted, resamples=terms["resamples"], level=terms["level"], seed=asked.seed, luck=luck)


def _confirm(arms: list[dict[str, Any]], read: _Read, design: Design, asked: Asked, *, drawn: bool) -> None:
    """Each arm's `p`: of the one split, or where that would be a claim, of several.

    A split into folds is a draw too, and one of many may please. Twice the median over splits is a valid p-value whatever they share
    (Chernozhukov, Demirer, Duflo and Fernández-Val 2018, NBER 24678); a p below the level over a hundred is beyond any luck of the split.
    """
    terms, fitting = tables(), Fitting(tables()["fitting"], asked.seed)
    level = terms["interval"]["persons_level"] / len(arms)
    seen = [[arm["qini"]["p"]] for arm in arms]
    doubted = [place for place, arm in enumerate(arms) if arm["qini"]["value"] > 0 and level / terms["interval"]["splits_bonferroni"] <= seen[place][0] < level]  # fmt: skip
    for split in range(1, terms["interval"]["splits"] if doubted else 1):
        seed = asked.seed + split * 1_000_003
        fold = folds_of(read.arm, folds=terms["fitting"]["folds"], seed=seed)
        chance = arm_chances(design.values, read.arm, fold, drawn=drawn, least=terms["fitting"]["propensity_min"])
        found = scores(Trial(design.values, read.arm, read.outcome, chance, fold), fitting)
        for place in doubted:
            ranking = _ranking(found.effect(place + 1), found.gain[:, place + 1], fold, asked, design.values.shape[1])
            seen[place].append(ranking.qini.chance if ranking.qini.value > 0 else 1.0)
    for arm, chances in zip(arms, seen):
        arm["p_by_split"] = chances
        arm["p"] = chances[0] if len(chances) == 1 else min(1.0, 2 * float(np.median(chances)))


def _verdict(arms: list[dict[str, Any]]) -> str:
    """Can anybody be told apart? One arm's ranking is above chance at the level shared out over the arms; each arm says its own."""
    level = tables()["interval"]["persons_level"]
    for arm in arms:
        sure = arm["qini"]["value"] > 0 and arm["p"] < level / len(arms)
        arm["verdict"] = "measurable" if sure else "cannot be told from chance"
    return "measurable" if any(arm["verdict"] == "measurable" for arm in arms) else "cannot be told from chance"


def _worth_it(plan: Plan, found: Scores, cost: Floats, asked: Asked) -> Plan:
    """Without a binding budget a contact must still earn what it costs: a price of money of at least one."""
    if plan.price >= 1.0 or not cost.any():
        return plan
    net = asked.value * found.gain[:, 1:] - cost
    arm = np.where(net.max(axis=1) > 0, 1 + np.argmax(net, axis=1), 0)
    spent = float(cost[arm[arm > 0] - 1].sum())
    if asked.budget is not None and spent > asked.budget:
        return plan
    rows = np.flatnonzero(arm)
    return Plan(arm, spent, float(asked.value * found.gain[rows, arm[rows]].sum()), 0.0)


def _policy(found: Scores, plan: Plan, cost: Floats, read: _Read, asked: Asked) -> dict[str, Any]:
    """Value a head of contacting as planned, beside contacting nobody and everybody with one offer; costs taken off."""
    level = tables()["interval"]["level"]
    rows = np.arange(len(plan.arm))
    spend = np.concatenate(([0.0], cost))
    net = asked.value * found.value - spend
    planned = net[rows, plan.arm]
    beside = {"nobody": mean_of(planned - net[:, 0], level=level).told()}
    for one in range(1, len(read.labels)):
        beside[f"everybody {read.labels[one]}"] = mean_of(planned - net[:, one], level=level).told()
    return {
        **mean_of(planned, level=level).told(),
        "contacted": told(read.labels[1:], np.bincount(plan.arm, minlength=len(read.labels))[1:].tolist()),
        "contacted_share": float((plan.arm > 0).mean()),
        "cost": plan.cost,
        "budget": asked.budget,
        "price_of_money": plan.price,
        "gain_over": beside,
    }


def _held_out(contacted: NDArray[np.bool_], seed: int, share: float) -> NDArray[np.bool_]:
    """A draw by lot among those to be contacted: left alone, so that the effect can be measured afterwards."""
    return contacted & (np.random.default_rng([seed, 7]).random(len(contacted)) < share)
