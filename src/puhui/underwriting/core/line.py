"""How much to lend a small owner (定额): the least of several bounds, in whole fen, and which of them binds.

    INFLOW           k · verified monthly inflow (the prudent end of the estimate)
    AFFORDABILITY    (disposable cash · DSR_max − existing instalments) · annuity factor(rate, months)
    WORKING_CAPITAL  sales·(1−margin)·(1+growth)/turnover − own funds − other working-capital loans   [流动资金 need]
    FARM_FORMULA     base(grade) + 10 % of assets + 30 % of income, at most 200,000 yuan              [惠农e贷 type]
    CROP_LOAN        min(half the crop, 0.8 of inputs, net cash discounted)                            [domain.md 2.10]
    LOSS_BUDGET      the loss we accept on one owner / (PD · LGD)
    PRODUCT_CAP, GRADE_CAP, WANTED

Rules kept: integer arithmetic; a bound that does not apply is absent, never zero; the first of equal bounds binds; the
answer is cut down to whole steps of the policy. Formulas: reference/domain.md 2.7.

>>> int(farm_formula(np.array([8_000_000]), np.array([50_000_000]), np.array([30_000_000]), assets_bps=1_000, income_bps=3_000,
...                  cap_minor=20_000_000)[0])
20000000
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

Fen = npt.NDArray[np.int64]
Columns = npt.NDArray[np.float64]
ABSENT = np.iinfo(np.int64).max
_MICRO = 1_000_000
_MONTHS = 12
_MOST_ROOM_MINOR = 10**11  # a billion yuan a month: beyond any bound of the policy, and 36 of them still fit 64 bits


@dataclass(frozen=True, slots=True)
class Line:
    """`limit_minor` in whole steps; `binding` the bound that made it; `bounds` what each bound said (ABSENT: did not apply)."""

    limit_minor: Fen
    binding: tuple[str, ...]
    bounds: dict[str, Fen]

    def as_json(self, row: int) -> dict[str, int]:
        """The bounds that applied to one applicant, tightest first."""
        said = {name: int(column[row]) for name, column in self.bounds.items() if column[row] != ABSENT}
        return dict(sorted(said.items(), key=lambda pair: pair[1]))


def least(bounds: Mapping[str, Fen], *, step_minor: int) -> Line:
    """The least bound of each applicant, cut down to whole steps; negative bounds are zero."""
    names = list(bounds)
    block = np.maximum(np.column_stack([bounds[name] for name in names]), 0)
    first = np.argmin(block, axis=1)
    limit = block[np.arange(len(block)), first] // step_minor * step_minor
    return Line(limit, tuple(names[i] for i in first), dict(bounds))


def by_inflow(monthly_minor: Fen, *, k_milli: int) -> Fen:
    return np.where(
        monthly_minor == ABSENT, ABSENT, np.where(monthly_minor == ABSENT, 0, monthly_minor) * k_milli // 1_000
    )


def by_affordability(disposable_minor: Fen, instalments_minor: Fen, rate: Columns, months: Fen, *, dsr_bps: int) -> Fen:
    """What the room for instalments repays over the term at the rate; ABSENT where disposable cash is unknown."""
    known = disposable_minor != ABSENT
    room = np.maximum(np.where(known, disposable_minor, 0) * dsr_bps // 10_000 - instalments_minor, 0)
    room = np.minimum(room, _MOST_ROOM_MINOR)
    return np.where(known, room * annuity_micro(rate, months) // _MICRO, ABSENT)


def annuity_micro(rate: Columns, months: Fen) -> Fen:
    """Σ (1 + rate/12)^−k over the months, in millionths rounded down: what one yuan a month repays.

    >>> annuity_micro(np.array([0.12, 0.0]), np.array([12, 12])).tolist()
    [11255077, 12000000]
    """
    pairs = sorted({(float(r), int(m)) for r, m in zip(np.nan_to_num(rate), months, strict=True)})
    factor = {pair: _annuity(Decimal(repr(pair[0])), pair[1]) for pair in pairs}
    return np.array(
        [factor[float(r), int(m)] for r, m in zip(np.nan_to_num(rate), months, strict=True)], dtype=np.int64
    )


def _annuity(rate: Decimal, months: int) -> int:
    with localcontext() as context:
        context.prec = 40
        monthly = rate / _MONTHS
        factor = (1 - (1 + monthly) ** -months) / monthly if monthly else Decimal(months)
        return int(factor * _MICRO)


def farm_formula(base_minor: Fen, assets_minor: Fen, income_minor: Fen, *, assets_bps: int, income_bps: int,
                 cap_minor: int) -> Fen:  # fmt: skip
    """惠农e贷 type: base by grade, a tenth of the household's assets, three tenths of its operating income, capped."""
    return np.minimum(base_minor + assets_minor * assets_bps // 10_000 + income_minor * income_bps // 10_000, cap_minor)


def working_capital(
    sales_year_minor: Fen, margin: Columns, growth: Columns, turnover_days: Columns, held_minor: Fen
) -> Fen:
    """流动资金 need less what is there already (own funds, other working-capital loans); turnover = 360 / days.

    >>> need = working_capital(np.array([120_000_000]), np.array([0.12]), np.array([0.05]), np.array([75.0]), np.array([3_100_000]))
    >>> int(need[0])
    20000000
    """
    known = sales_year_minor != ABSENT
    need = np.where(known, sales_year_minor, 0) * (1 - margin) * (1 + growth) * turnover_days / 360
    return np.where(known, np.floor(need + 1e-6).astype(np.int64) - held_minor, ABSENT)


def by_loss_budget(pd: Columns, *, lgd_micro: int, budget_minor: Fen) -> Fen:
    """The amount whose expected loss spends the budget; ABSENT where no loss is expected."""
    pd_micro = np.rint(np.where(np.isnan(pd), 0.0, pd) * _MICRO).astype(np.int64)
    loss = pd_micro * lgd_micro // _MICRO
    return np.where(loss > 0, budget_minor * _MICRO // np.maximum(loss, 1), ABSENT)
