"""Front door, reads: what a year's invoices come to, sold and bought, and how much of what was bought has no invoice yet (domain facts 4, tool 15)."""

from dataclasses import dataclass
from datetime import date, timedelta

from puhui.kernel.periods import Period
from puhui.merchant import book_queries, models
from puhui.merchant.book_tables import chart
from puhui.merchant.core.invoices import totals

_BOUGHT = ("goods", "stock")


@dataclass(frozen=True, slots=True)
class InvoicesOfYear:
    """Fen. `other_minor` are invoices in which the shop is neither side, or whose side is unknown; `bought_minor` is what the books paid or owe for goods."""

    sales_minor: int
    purchases_minor: int
    other_minor: int
    bought_minor: int

    @property
    def missing_minor(self) -> int:
        """Goods bought without an invoice in the folder."""
        return max(0, self.bought_minor - self.purchases_minor)


def invoices_of_year(shop_id: str, own_id: str, *, as_of: date) -> InvoicesOfYear:
    """From the first of January to a day; void invoices left out, red ones taken off. `own_id` is the shop's own tax number, or empty."""
    period = Period(as_of.replace(month=1, day=1), as_of + timedelta(days=1))
    kept = models.KeptInvoice.objects.filter(shop_id=shop_id, issued_on__gte=period.start, issued_on__lt=period.end)
    found = totals(kept, own_id)
    accounts = chart()
    bought = sum(
        row["amount_minor"]
        for row in book_queries.day_totals(shop_id, period)
        if row["debit"] in _BOUGHT and (accounts.is_money(row["credit"]) or row["credit"] == "payable")
    )
    return InvoicesOfYear(found["sales_minor"], found["purchases_minor"], found["other_minor"], bought)
