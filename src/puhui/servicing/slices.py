"""The columns of one slice of the book (loan numbers first to last), as an end of day reads them.

Rule kept: most loans only earn, and for them the running period on the loan's own row is enough; instalments are read only
of loans that have to be looked at (`look_on` has come or is not known). Both kinds go through the same core.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from puhui.servicing.core.classification import CLASSES
from puhui.servicing.core.day import DayLoans, DayRows
from puhui.servicing.core.lifecycle import SERVICED
from puhui.servicing.core.loan_policy import YEAR_DAYS, LoanPolicy
from puhui.servicing.core.penalty import Counted, LateTerms
from puhui.servicing.core.provision import penalty_rate_millionths
from puhui.servicing.core.settlement import OpenLoans
from puhui.servicing.core.shares import Holdings
from puhui.servicing.core.terms import RATE_SCALE, Days, Flags, Whole
from puhui.servicing.core.waterfall import Waterfall
from puhui.store import arrays


@dataclass(frozen=True, slots=True)
class Range:
    """Which loans of which day: numbers `first` to `last`, without those that were closed early."""

    day: date
    first: int
    last: int
    without: tuple[int, ...] = ()

    @property
    def where(self) -> str:
        but = " AND NOT number = ANY(%s)" if self.without else ""
        return f"number BETWEEN %s AND %s{but}"

    @property
    def parameters(self) -> list[Any]:
        return [self.first, self.last, *([list(self.without)] if self.without else [])]


_WATCHED: Mapping[str, Any] = {
    "number": pl.Int64,
    "id": pl.String,
    "institution_id": pl.String,
    "state": pl.String,
    "half_even": pl.Int64,
    "outstanding_minor": pl.Int64,
    "credit_minor": pl.Int64,
    "provision_minor": pl.Int64,
    "ecl_minor": pl.Int64,
    "stage": pl.Int64,
    "class_position": pl.Int64,
    "oldest_due_on": pl.Date,
    "non_accrual_on": pl.Date,
    "restructured_on": pl.Date,
    "look_on": pl.Date,
    "final_due_on": pl.Date,
    "product": pl.String,
    "rate_millionths": pl.Int64,
    "day_count": pl.String,
    "waterfall": pl.String,
    "policy": pl.String,
}
_ROWS: Mapping[str, Any] = {
    "loan_id": pl.String,
    "n": pl.Int64,
    "starts_on": pl.Date,
    "earned_before_minor": pl.Int64,
    "due_on": pl.Date,
    "penalty_to": pl.Date,
    **dict.fromkeys(
        (
            *("principal_minor", "interest_minor", "fee_minor", "planned_fee_minor"),
            *("penalty_minor", "penalty_carry", "compound_minor", "compound_carry", "charged_penalty_minor"),
            *(f"paid_{head}_minor" for head in ("principal", "interest", "fee", "penalty", "compound")),
        ),
        pl.Int64,
    ),
}
_NO_DATE = -(2**31)
_SPECIAL = {
    "half_even": "(rounding = 'half_even')::int",
    "rate_millionths": f"(annual_rate * {RATE_SCALE})",
    "policy": "policy::text",
    "class_position": f"array_position(ARRAY{list(CLASSES)}, five_class) - 1",
}


def _selected(schema: Mapping[str, Any]) -> str:
    """Dates leave as days since 1970."""
    dates = {name: f"coalesce({name} - date '1970-01-01', {_NO_DATE})" for name in schema if schema[name] == pl.Date}
    known = _SPECIAL | dates
    return ", ".join(f"{known[name]} AS {name}" if name in known else name for name in schema)


@dataclass(frozen=True, slots=True, eq=False)
class Quiet:
    """Loans in service that only earn on this day, in the order of their numbers."""

    number: Whole
    owner: np.ndarray
    half_even: Flags
    outstanding_minor: Whole
    credit_minor: Whole
    provision_minor: Whole
    ecl_minor: Whole
    class_position: Whole
    starts_on: Days
    ends_on: Days
    interest_minor: Whole

    def __len__(self) -> int:
        return len(self.number)


def quiet_loans(wanted: Range, *, none: bool = False) -> Quiet:
    """Read them, one row an institution with a column an array."""
    names = (
        "number",
        "half_even",
        "outstanding_minor",
        "credit_minor",
        "provision_minor",
        "ecl_minor",
        "class_position",
    )
    asked = [*(_SPECIAL.get(name, name) for name in names), *(f"{name} - date '1970-01-01'" for name in _PERIOD)]
    rows = arrays.fetch(
        f"SELECT institution_id, {', '.join(f'array_agg(({each})::int8)' for each in asked)}, "
        f"array_agg(period_interest_minor) FROM servicing_loan "
        f"WHERE {wanted.where} AND state = 'active' AND look_on > %s AND %s GROUP BY institution_id ORDER BY 1",
        [*wanted.parameters, wanted.day, not none],
    )
    columns_found = [np.concatenate([row[at] for row in rows] or [np.zeros(0, np.int64)]) for at in range(1, 11)]
    owner = np.repeat(np.array([row[0] for row in rows], object), [len(row[1]) for row in rows])
    order = np.argsort(columns_found[0], kind="stable")
    number, half_even, *figures = (c[order] for c in columns_found)
    outstanding, credit, provision, ecl, places, starts, ends, interest = figures
    dates = (starts.astype("datetime64[D]"), ends.astype("datetime64[D]"))
    return Quiet(number, owner[order], half_even == 1, outstanding, credit, provision, ecl, places, *dates, interest)


_PERIOD = ("period_from", "period_to")


def watched_loans(wanted: Range, *, every: bool = False) -> pl.DataFrame:
    """Loans to look at: in service, or out of it with a balance left. `every` takes the quiet ones too."""
    statement = (
        f"SELECT {_selected(_WATCHED)} FROM servicing_loan "
        f"WHERE {wanted.where} AND (%s OR state <> 'active' OR look_on IS NULL OR look_on <= %s) AND "
        f"(state IN {SERVICED} OR outstanding_minor <> 0 OR credit_minor <> 0 OR provision_minor <> 0 OR ecl_minor <> 0) ORDER BY number"
    )
    return arrays.read_columns(statement, _WATCHED, [*wanted.parameters, every, wanted.day]).with_row_index("loan")


def begun_rows(loans: pl.DataFrame, day: date) -> pl.DataFrame:
    """Unsettled instalments of these loans whose period has begun by `day`, sorted by loan and number."""
    serviced = loans.filter(pl.col("state").is_in(list(SERVICED)))["id"].to_list()
    statement = (
        f"SELECT {_selected(_ROWS)} FROM servicing_instalment "
        "WHERE loan_id = ANY(%s) AND settled_on IS NULL AND starts_on <= %s"
    )
    found = arrays.read_columns(statement, _ROWS, [serviced, day])
    return found.join(loans.select("loan", loan_id="id"), on="loan_id").sort("loan", "n")


def day_loans(loans: pl.DataFrame) -> tuple[DayLoans, dict[str, Waterfall]]:
    """The watched loans as the core takes them, and the orders of allocation their policies name."""
    policies = _policies(loans)
    orders = {order.name: order for policy in policies for order in (policy.performing, policy.non_performing)}
    which = _policy_of(loans)
    return (
        DayLoans(
            held=OpenLoans(
                whole(loans, "credit_minor"), np.array([p.performing.name for p in policies], object)[which]
            ),
            outstanding_minor=whole(loans, "outstanding_minor"),
            state=loans["state"].to_numpy().astype(str),
            oldest_due_on=days(loans, "oldest_due_on"),
            class_position=whole(loans, "class_position"),
            stage=whole(loans, "stage"),
            provision_minor=whole(loans, "provision_minor"),
            ecl_minor=whole(loans, "ecl_minor"),
            non_accrual=~np.isnat(days(loans, "non_accrual_on")),
            restructured=~np.isnat(days(loans, "restructured_on")),
            product=loans["product"].to_numpy().astype(str),
            final_due_on=days(loans, "final_due_on"),
            order_late=np.array([p.non_performing.name for p in policies], object)[which],
            late_over=np.array([p.non_performing_over for p in policies], np.int64)[which],
        ),
        orders,
    )


def running_due(loans: pl.DataFrame, rows: pl.DataFrame, day: date) -> list[str]:
    """Loans whose interest follows the real balance and that have an instalment due on the day: their plan ahead may change."""
    runs = np.array([policy.recalculation for policy in _policies(loans)])[_policy_of(loans)]
    due = days(rows, "due_on") == np.datetime64(day)
    return [loans["id"][int(place)] for place in np.unique(whole(rows, "loan")[due]) if runs[place]]


def day_rows(loans: pl.DataFrame, rows: pl.DataFrame) -> DayRows:
    """Their instalments as the core takes them."""
    loan = whole(rows, "loan")
    return DayRows(
        loan=loan,
        starts_on=days(rows, "starts_on"),
        due_on=days(rows, "due_on"),
        asked={head: whole(rows, f"{head}_minor") for head in ("interest", "principal", "fee")},
        planned_fee_minor=whole(rows, "planned_fee_minor"),
        paid={
            head: whole(rows, f"paid_{head}_minor") for head in ("fee", "penalty", "compound", "interest", "principal")
        },
        penalty=Counted(whole(rows, "penalty_minor"), whole(rows, "penalty_carry")),
        compound=Counted(whole(rows, "compound_minor"), whole(rows, "compound_carry")),
        counted_to=days(rows, "penalty_to"),
        half_even=(loans["half_even"].to_numpy() == 1)[loan],
        late_terms=late_terms(loans).of_rows(loan),
        earned_before_minor=whole(rows, "earned_before_minor"),
        charged_penalty_minor=whole(rows, "charged_penalty_minor"),
    )


def late_terms(loans: pl.DataFrame) -> LateTerms:
    """What being late costs each loan, from its rate and the policy frozen with it."""
    policies, which = _policies(loans), _policy_of(loans)

    def of_policy(values: list[int]) -> Whole:
        return np.array(values, np.int64)[which]

    year = loans["day_count"].replace_strict(YEAR_DAYS, default=360, return_dtype=pl.Int64)
    return LateTerms(
        rate_millionths=penalty_rate_millionths(
            whole(loans, "rate_millionths"),
            of_policy([policy.penalty_multiplier for policy in policies]),
            of_policy([policy.penalty_cap for policy in policies]),
        ),
        year_days=year.to_numpy(),
        grace_days=of_policy([policy.grace_days for policy in policies]),
        compounds=of_policy([policy.compounds for policy in policies]) == 1,
    )


def holdings(wanted: Range, numbers: Whole, institutions: Sequence[str]) -> tuple[Holdings, list[str]]:
    """Who holds the loans at these positions, and the names that `Holdings.institution` points into."""
    shared = shares_of(wanted)
    everyone = pl.Series([*institutions, *shared["institution_id"]], dtype=pl.String)
    names = everyone.unique().sort().to_list()
    own = everyone.head(len(institutions)).cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
    if shared.is_empty():
        return Holdings.whole(own), names
    place = pl.DataFrame({"loan": np.arange(len(numbers)), "loan_number": numbers})
    positions = pl.col("institution_id").cast(pl.Enum(names)).to_physical().cast(pl.Int64)
    parts = shared.join(place, on="loan_number").with_columns(institution=positions)
    alone = np.setdiff1d(place["loan"].to_numpy(), parts["loan"].to_numpy())
    ones = np.ones(len(alone), np.int64)
    whole_rows = pl.DataFrame(
        {"loan": alone, "institution": own[alone], "from_weight": 0 * ones, "to_weight": ones, "of_weight": ones}
    )
    held = pl.concat([parts.select(whole_rows.columns), whole_rows]).sort("loan", "from_weight")
    return Holdings(*(held[name].to_numpy() for name in held.columns)), names


def shares_of(wanted: Range) -> pl.DataFrame:
    """The shares of the slice's loans that have several funders."""
    schema = {
        "loan_number": pl.Int64,
        "institution_id": pl.String,
        "from_weight": pl.Int64,
        "to_weight": pl.Int64,
        "of_weight": pl.Int64,
    }
    statement = f"SELECT {', '.join(schema)} FROM servicing_share share WHERE loan_number BETWEEN %s AND %s "
    statement += "AND NOT EXISTS (SELECT FROM servicing_share_end gone WHERE gone.share_id = share.id)"
    return arrays.read_columns(statement, schema, [wanted.first, wanted.last])


def whole(frame: pl.DataFrame, name: str) -> Whole:
    """A column of whole numbers."""
    return frame[name].to_numpy().astype(np.int64)


def days(frame: pl.DataFrame, name: str) -> np.ndarray:
    """A column of dates that was read as days since 1970."""
    values = frame[name].to_numpy().astype(np.int64)
    return np.where(values == _NO_DATE, np.datetime64("NaT", "D"), values.astype("datetime64[D]"))


def _policies(loans: pl.DataFrame) -> list[LoanPolicy]:
    pairs = loans.select("policy", "waterfall").unique(maintain_order=True).rows()
    return [_read_policy(policy, waterfall) for policy, waterfall in pairs] or [LoanPolicy()]


def _policy_of(loans: pl.DataFrame) -> Whole:
    """The position of each loan's policy in `_policies`."""
    pairs = loans.select("policy", "waterfall").unique(maintain_order=True).with_row_index("which")
    return whole(loans.join(pairs, on=["policy", "waterfall"], how="left", maintain_order="left"), "which")


@lru_cache(maxsize=4096)
def _read_policy(record: str, waterfall: str) -> LoanPolicy:
    return LoanPolicy.of_record(json.loads(record), waterfall=waterfall)
