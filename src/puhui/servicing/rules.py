"""The dated rules that the loan book keeps, read once a day and lender type from the rule table, as core values.

Rule kept: no threshold in code (card 26). The core takes these values; the table says where each comes from. A day
without a rule raises `RuleAbsent`: missing is not false.

>>> today = rules_on(date(2026, 8, 1), "bank")
>>> today.stages, today.penalty.overdue_max, today.provisions.substandard, today.non_accrual_over
(StageLimits(stage_two_over=30, stage_three_over=90), 1500000, 300000, 90)
"""

from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache

from puhui.policy import rule_table
from puhui.servicing.core.classification import ClassLimits
from puhui.servicing.core.provision import PenaltyBand, ProvisionRates, StageLimits
from puhui.servicing.core.terms import RATE_SCALE


@dataclass(frozen=True, slots=True)
class BookRules:
    """What one business date asks of one type of lender."""

    classes: ClassLimits
    stages: StageLimits
    provisions: ProvisionRates
    penalty: PenaltyBand
    non_accrual_over: int  # interest stops being income when a loan is late by more than so many days


@lru_cache(maxsize=512)
def rules_on(day: date, lender_type: str = "any") -> BookRules:
    """The rules in force on `day`; the lender type's own rows go before those for any."""
    table = _Table(day, lender_type)
    classes = [f"{name.name.removesuffix('_over')}_dpd" for name in fields(ClassLimits)]
    return BookRules(
        classes=ClassLimits(*(table.late_over("FIVE_CLASS", metric) for metric in classes)),
        stages=StageLimits(*(table.late_over("ECL_STAGE", metric) for metric in ("stage_two_dpd", "stage_three_dpd"))),
        provisions=ProvisionRates(*(table.millionths("PROVISION", name.name) for name in fields(ProvisionRates))),
        penalty=PenaltyBand(
            overdue_min=table.millionths("PENAL_MULT", "overdue_min"),
            overdue_max=table.millionths("PENAL_MULT", "overdue_max"),
            diversion_min=table.millionths("PENAL_MULT", "diversion_min"),
            diversion_max=table.millionths("PENAL_MULT", "diversion_max"),
            cap=table.millionths("CAP_PENAL", "total_overdue_rate"),
        ),
        non_accrual_over=table.late_over("NON_ACCRUAL", "interest_dpd"),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    day: date
    lender_type: str

    def late_over(self, code: str, metric: str) -> int:
        """A limit as “more than so many days late”, whether the row says > or >=."""
        rule = rule_table.find(code, metric=metric, on=self.day, lender_type=self.lender_type)
        return int(rule.value) - (1 if rule.op == ">=" else 0)

    def millionths(self, code: str, metric: str) -> int:
        return int(rule_table.find(code, metric=metric, on=self.day, lender_type=self.lender_type).value * RATE_SCALE)
