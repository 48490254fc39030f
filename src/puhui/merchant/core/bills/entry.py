"""What a bill comes to: entries in the order of the file, rows left out with the reason, rows that could not be read."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

DIRECTIONS = ("in", "out", "neutral")


@dataclass(slots=True)
class BillEntry:
    """One payment. `amount_minor` is above nought, in minor units of `currency`; `direction` is seen from the account's owner.

    `balance_minor` is the account's balance after it, where the file tells. `time` is `HH:MM:SS` or empty. `row` is the line of
    the file. `refund` marks money that comes back (or goes back); `fee_minor` is what the channel kept, where the row says so.
    """

    row: int
    date: date
    time: str
    direction: str
    amount_minor: int
    counterparty: str
    source: str
    external_id: str
    status: str
    description: str = ""
    kind: str = ""
    method: str = ""
    merchant_id: str = ""
    account: str = ""
    currency: str = "CNY"
    balance_minor: int | None = None
    fee_minor: int = 0
    refund: bool = False

    def same_as(self) -> tuple[Any, ...]:
        """Equal for two tellings of one row of the same source."""
        return (self.external_id, self.date, self.time, self.direction, self.amount_minor, self.counterparty,
                self.description, self.kind, self.balance_minor, self.currency)  # fmt: skip

    def told(self) -> dict[str, Any]:
        """As one line of `puhui books import`."""
        line: dict[str, Any] = {
            "date": self.date.isoformat(),
            "direction": self.direction,
            "amount_minor": self.amount_minor,
            "counterparty": self.counterparty,
            "source": self.source,
            "external_id": self.external_id,
            "status": self.status,
            "time": self.time,
            "description": self.description,
            "row": self.row,
        }
        if self.currency != "CNY":
            line["currency"] = self.currency
        if self.fee_minor:
            line["fee_minor"] = self.fee_minor
        return line


@dataclass(frozen=True, slots=True)
class Left:
    """A row that is no entry: `reason` is a code (closed, zero, cancelled_out, …) or a sentence for a rejected one."""

    row: int
    reason: str


@dataclass(slots=True)
class Bill:
    """One file as read. `rows` counts rows of payments: entries, duplicates, skipped and rejected together.

    `links` of the running balance were looked at and `links_agree` of them hold: the bill's own proof of its amounts.
    """

    source: str
    rows: int = 0
    entries: list[BillEntry] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    skipped: list[Left] = field(default_factory=list)
    rejected: list[Left] = field(default_factory=list)
    encoding: str = ""
    links: int = 0
    links_agree: int = 0
    recognised: bool = True
    card: bool = False
    layout: str = ""  # the names of the columns, in short

    def totals(self) -> dict[str, dict[str, int]]:
        """Rows and minor units by direction; currencies other than CNY under their own name."""
        rows: Counter[str] = Counter()
        minor: Counter[str] = Counter()
        for entry in self.entries:
            name = entry.direction if entry.currency == "CNY" else f"{entry.direction}_{entry.currency}"
            rows[name] += 1
            minor[name] += entry.amount_minor
        return {name: {"rows": rows[name], "amount_minor": minor[name]} for name in sorted(rows)}

    def summary(self) -> dict[str, Any]:
        """The last line of `puhui books import`."""
        return {
            "source": self.source,
            "rows": self.rows,
            "imported": len(self.entries),
            "duplicates": len(self.duplicates),
            "rejected": [{"row": left.row, "reason": left.reason} for left in self.rejected],
            "skipped": [{"row": left.row, "reason": left.reason} for left in self.skipped],
            "totals": self.totals(),
            "encoding": self.encoding,
            "balance_links": {"seen": self.links, "agree": self.links_agree},
        }
