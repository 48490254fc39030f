"""One loan as the console shows it, from its fold: instalments head by head against what was agreed, the picture, entries of the journal.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.fold import Fact, Policy, day_number, fold
>>> terms = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 8, 15))
>>> row = rows(terms, fold(terms, Policy(), [], day_number(date(2026, 9, 16))))[0]
>>> row.state, row.unpaid_minor, row.agreed_minor
('overdue', 888488, 888488)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from puhui.servicing.core.daycount import day_number, day_of
from puhui.servicing.core.dues import CHARGES, HEADS
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.schedule import build
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.papers.contents import PAYMENTS
from puhui.servicing.views import JournalLine
from puhui.web.charts import Chart, Series


@dataclass(frozen=True, slots=True)
class Row:
    """One instalment: asked and paid by head; `agreed_minor` is what the contract asked at that place, None for one that was added."""

    n: int
    due_on: date
    principal_minor: int
    interest_minor: int
    charges_minor: int
    asked_minor: int
    paid_minor: int
    unpaid_minor: int
    balance_minor: int
    paid_parts: dict[str, int]
    charge_parts: dict[str, int]
    agreed_minor: int | None
    agreed_due_on: date | None
    state: str

    @property
    def changed(self) -> bool:
        """Whether events changed what the contract asked (charges added beside it are shown as such)."""
        asked = self.principal_minor + self.interest_minor
        return self.agreed_minor is None or self.agreed_minor != asked or self.agreed_due_on != self.due_on


@dataclass(frozen=True, slots=True)
class EntryShown:
    """One entry of the journal with its postings."""

    entry_id: str
    kind: str
    effective_date: date
    recorded_at: datetime
    lines: tuple[JournalLine, ...]


def rows(terms: LoanTerms, told: Folded) -> list[Row]:
    """Every instalment, first to last."""
    plan = build([terms])
    agreed = dict(enumerate(zip(plan.due_minor.tolist(), plan.due_on.tolist(), strict=True)))
    dues, left = told.dues, sum(told.dues.asked["principal"])
    shown = []
    for k in range(len(dues)):
        asked = {head: dues.asked[head][k] for head in HEADS}
        left -= asked["principal"]
        paid = {head: dues.paid[head][k] for head in HEADS if dues.paid[head][k]}
        unpaid = 0 if told.state == "written_off" else dues.open_minor(k)
        late = dues.dues[k] - told.as_of
        shown.append(
            Row(
                n=k + 1,
                due_on=day_of(dues.dues[k]),
                principal_minor=asked["principal"],
                interest_minor=asked["interest"],
                charges_minor=sum(asked[head] for head in CHARGES),
                asked_minor=sum(asked.values()),
                paid_minor=sum(paid.values()),
                unpaid_minor=unpaid,
                balance_minor=left,
                paid_parts=paid,
                charge_parts={head: asked[head] for head in CHARGES if asked[head]},
                agreed_minor=agreed.get(k, (None, None))[0],
                agreed_due_on=agreed.get(k, (None, None))[1],
                state="paid" if not unpaid else "overdue" if late < 0 else "due" if late == 0 else "planned",
            )
        )
    return shown


def entries(lines: Sequence[JournalLine]) -> list[EntryShown]:
    """The journal, entry by entry, latest first."""
    grouped: dict[str, list[JournalLine]] = {}
    for line in lines:
        grouped.setdefault(line.entry_id, []).append(line)
    shown = [
        EntryShown(entry_id, group[0].kind, group[0].effective_date, group[0].recorded_at, tuple(group))
        for entry_id, group in grouped.items()
    ]
    return shown[::-1]


def balance_chart(terms: LoanTerms, told: Folded) -> Chart:
    """The principal as agreed and as it really went, and each payment as a bar."""
    plan = build([terms])
    agreed = dict(zip(map(day_number, plan.due_on.tolist()), plan.balance_minor.tolist(), strict=True))
    agreed[day_number(terms.disbursed_on)] = terms.principal_minor
    real = {each.on: each.balance_minor for each in told.transactions if not each.reversed} | {
        told.as_of: told.balance_minor
    }
    paid: dict[int, int] = {}
    for each in told.transactions:
        if each.kind in PAYMENTS and not each.reversed:
            paid[each.on] = paid.get(each.on, 0) + each.amount_minor
    days = sorted({*agreed, *real, *paid})
    return Chart(
        id="loan-balance", title=_("剩余本金：约定与实际"), labels=[day_of(day).isoformat() for day in days],
        unit=_("剩余本金（元）"), right_unit=_("还款（元）"), x_title=_("日期"), mark=day_of(told.as_of).isoformat(),
        series=[
            Series(_("约定剩余本金"), _steps(agreed, days), kind="line"),
            Series(_("实际剩余本金"), _steps(real, days, until=told.as_of), kind="line"),
            Series(_("收到的还款"), [paid[day] / 100 if day in paid else None for day in days], axis=1),
        ],
    )  # fmt: skip


def _steps(known: dict[int, int], days: Sequence[int], *, until: int | None = None) -> list[float | None]:
    """The last known figure on each day, in yuan; nothing after `until`."""
    figure: int | None = None
    values: list[float | None] = []
    for day in days:
        figure = known.get(day, figure)
        values.append(None if figure is None or (until is not None and day > until) else figure / 100)
    return values


def standing(told: Folded) -> dict[str, Any]:
    """The figures a person looks for first, of one fold: what is owed, what is due, what comes next."""
    dues = told.dues
    open_rows = [k for k in range(len(dues)) if dues.open_minor(k)] if told.state == "open" else []
    ahead = next((k for k in open_rows if dues.dues[k] >= told.as_of), None)
    return {
        "principal_minor": told.balance_minor,
        "due_minor": sum(dues.open_minor(k) for k in open_rows if dues.dues[k] <= told.as_of),
        "days_late": told.days_past_due,
        "next_on": None if ahead is None else day_of(dues.dues[ahead]),
        "next_minor": 0 if ahead is None else dues.open_minor(ahead),
        "last_on": day_of(dues.dues[open_rows[-1]]) if open_rows else None,
        "rest_minor": sum(dues.open_minor(k) for k in open_rows),
        "rest_interest_minor": sum(dues.open_of(k, "interest") for k in open_rows),
        "charges_minor": sum(dues.open_of(k, head) for k in open_rows for head in CHARGES),
        "credit_minor": told.credit_minor,
        "state": told.state,
    }
