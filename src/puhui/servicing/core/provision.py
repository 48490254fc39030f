"""Loss allowances and the price of being late, in columns: stages, provisions, expected loss, penalty rates.

Three methods say what stands as provision in a legal entity's books: the rate of the five classes, the expected credit loss of
the three stages, or the greater of both (expected loss with the classes as a floor). Both targets are worked out for every loan;
the method chooses, entity by entity.

Rule kept: every limit and rate comes in as data (dated rows of the rule table, read by `servicing/rules.py`); money is
integer minor units, rates are integer millionths, and each amount is rounded once, half up. A provision is a target:
the caller posts the difference to what stands.

>>> rates = ProvisionRates(15_000, 30_000, 300_000, 600_000, 1_000_000)
>>> provision_minor(np.array([100_000_00, 50_000_00]), np.array([0, 2]), rates).tolist()
[150000, 1500000]
>>> ecl_stage(np.array([30, 31, 90, 91]), StageLimits(30, 90)).tolist()
[1, 2, 2, 3]
>>> standing(np.array([150, 150, 150]), np.array([135, 135, 200]), np.array([0, 1, 2])).tolist()
[150, 135, 200]
>>> penalty_rate_millionths(np.array([120_000, 180_000]), 1_500_000, 240_000).tolist()
[180000, 240000]
"""

from dataclasses import astuple, dataclass

import numpy as np

from puhui.kernel.refusal import Refusal
from puhui.servicing.core.rounding import divide, widen
from puhui.servicing.core.terms import RATE_SCALE, Whole

STAGES = {1: "第一阶段", 2: "第二阶段", 3: "第三阶段"}
METHODS = {"class": "五级分类", "ecl": "预期信用损失", "greater": "两者取高"}


@dataclass(frozen=True, slots=True)
class StageLimits:
    """A loan is in the stage when it is late by more than that many days (rebuttable presumptions of CAS 22)."""

    stage_two_over: int
    stage_three_over: int


@dataclass(frozen=True, slots=True)
class ProvisionRates:
    """Share of the balance to set aside, in millionths, in the order of `classification.CLASSES`."""

    normal: int
    special_mention: int
    substandard: int
    doubtful: int
    loss: int


@dataclass(frozen=True, slots=True)
class EclRates:
    """Chance of default within twelve months and loss given default, in millionths; one figure, or one a loan."""

    pd_12m: Whole | int
    lgd: Whole | int


@dataclass(frozen=True, slots=True)
class EclTable:
    """The rates in force: (product, stage, rates); the product "any" stands for those that have no row of their own."""

    rows: tuple[tuple[str, int, EclRates], ...]

    def of(self, product: np.ndarray, stage: Whole) -> EclRates:
        """The rates of each loan by its product and stage."""
        chance, loss = np.zeros(len(stage), np.int64), np.zeros(len(stage), np.int64)
        for name, at_stage, rates in sorted(self.rows, key=lambda row: row[0] != "any"):
            mine = (stage == at_stage) & ((product == name) | (name == "any"))
            chance[mine], loss[mine] = rates.pd_12m, rates.lgd
        return EclRates(chance, loss)


@dataclass(frozen=True, slots=True)
class PenaltyBand:
    """What a contract may multiply its rate by when late (overdue) or misused (diversion), and the cap on the result.

    Multipliers and the cap are millionths: 1.5 times is 1_500_000, 24 % a year is 240_000.
    """

    overdue_min: int
    overdue_max: int
    diversion_min: int
    diversion_max: int
    cap: int


def provision_minor(balance_minor: Whole, class_position: Whole, rates: ProvisionRates) -> Whole:
    """Provision target: balance × rate of the class, half up. `class_position` as `classification.five_class` gives."""
    rate = np.array(astuple(rates), np.int64)[class_position]
    product = widen(balance_minor, _largest(balance_minor), _largest(rate)) * rate
    return _whole(divide(product, RATE_SCALE, half_even=False))


def ecl_stage(days_past_due: Whole, limits: StageLimits) -> Whole:
    """Stage 1, 2 or 3 of each loan (CAS 22 / IFRS 9: significantly worse beyond 30 days, in default beyond 90)."""
    return np.searchsorted(np.array(astuple(limits)), days_past_due, side="left") + 1


def ecl_minor(balance_minor: Whole, stage: Whole, months_left: Whole, rates: EclRates) -> Whole:
    """Expected credit loss = PD × LGD × EAD, rounded once, half up.

    PD is that of twelve months in stage 1, of the remaining life in stage 2, and one in stage 3. EAD is the balance
    of principal now: the instalments that will lower it and the discounting are left out, so the figure errs upwards
    (decision 0056 says why interest receivable is not in it). Source: CAS 22 (财会〔2017〕7号), 银保监规〔2022〕10号; ECL = Σ PD·LGD·EAD·DF with one term
    (domain facts 1.10). For a portfolio with a fitted model, pass that model's rates.
    """
    chance = np.where(stage >= 3, RATE_SCALE, np.where(stage == 2, lifetime_pd(months_left, rates), rates.pd_12m))
    loss_rate = chance * np.asarray(rates.lgd)
    product = widen(balance_minor, _largest(balance_minor), _largest(loss_rate)) * loss_rate
    return _whole(divide(product, RATE_SCALE**2, half_even=False))


def lifetime_pd(months_left: Whole, rates: EclRates) -> Whole:
    """Chance of default over the remaining life, in millionths: 1 − (1 − PD)^years, years begun counted whole.

    A constant yearly hazard; at least one year, so the lifetime figure is never below the twelve-month one.
    """
    years = np.maximum(-(-np.asarray(months_left) // 12), 1)
    chance, found = np.broadcast_to(rates.pd_12m, years.shape), np.zeros(years.shape, np.int64)
    for pd_12m in np.unique(chance).tolist():
        mine = chance == pd_12m
        by_years = [0] + [_default_within(begun, pd_12m) for begun in range(1, _largest(years[mine]) + 1)]
        found[mine] = np.array(by_years, np.int64)[years[mine]]
    return found


def standing(class_minor: Whole, ecl_minor: Whole, method: Whole) -> Whole:
    """What is provided under each row's method, a position in METHODS: one of the two targets, or the greater."""
    return np.choose(method, [class_minor, ecl_minor, np.maximum(class_minor, ecl_minor)])


def penalty_rate_millionths(
    contract_rate_millionths: Whole,
    multiplier_millionths: Whole | int,
    cap_millionths: Whole | int,
    other_cost_millionths: Whole | int = 0,
) -> Whole:
    """Yearly penalty rate: min(contract × multiplier, cap − other yearly costs), never below zero (domain facts 2.3).

    Rounded down to a millionth: half up could pass the multiplier that was agreed.
    """
    product = np.asarray(contract_rate_millionths) * np.asarray(multiplier_millionths)
    room = np.asarray(cap_millionths) - np.asarray(other_cost_millionths)
    return _whole(np.maximum(np.minimum(product // RATE_SCALE, room), 0))


def refuse_multiplier(multiplier_millionths: int, band: PenaltyBand, *, diversion: bool = False) -> Refusal | None:
    """Refuses a multiplier outside the band of the rule table; 0 says that no penalty is charged, which is allowed."""
    least, most = (band.diversion_min, band.diversion_max) if diversion else (band.overdue_min, band.overdue_max)
    if multiplier_millionths == 0 or least <= multiplier_millionths <= most:
        return None
    text = f"罚息倍数须在 {least}–{most} 之间（百万分之一）· penalty multiplier in millionths: {multiplier_millionths}"
    return Refusal("PENALTY_MULTIPLIER_OUT_OF_RANGE", text, where="diversion" if diversion else "overdue")


def _default_within(years: int, pd_12m: int) -> int:
    alive = divide((RATE_SCALE - pd_12m) ** years, RATE_SCALE ** (years - 1), half_even=False)
    return RATE_SCALE - int(alive)


def _largest(column: Whole) -> int:
    return int(column.max(initial=0))


def _whole(column: object) -> Whole:
    return np.asarray(column).astype(np.int64)
