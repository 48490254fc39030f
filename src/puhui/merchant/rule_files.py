"""Reads the room's dated tables (`rules/*.csv`): brackets, health scales, deadlines, insurance rates, signs of a scam.

Rule kept: whatever a law, a city or a habit of the trade sets is a row with dates and a source, never code (card 26). A day for
which a table has no row is an answer: `rule_table.RuleAbsent`.

>>> [str(row["rate"]) for row in in_force("brackets", on=date(2026, 3, 31), code="business")]
['0.05', '0.10', '0.20', '0.30', '0.35']
"""

from datetime import date

from puhui.kernel import shipped
from puhui.kernel.shipped import Row
from puhui.policy.rule_table import RuleAbsent


def in_force(table: str, *, on: date, **where: str) -> list[Row]:
    """Rows of a table in force on a day (both ends inclusive) that match `where`, in the file's order.

    Raises RuleAbsent when there is none.
    """
    found = [
        row
        for row in every(table)
        if shipped.holds(row, on) and all(row[name] == value for name, value in where.items())
    ]
    if not found:
        raise RuleAbsent(f"no row of {table} for {where or 'anything'} is in force on {on.isoformat()}")
    return found


def every(table: str) -> tuple[Row, ...]:
    """All rows of a table, whatever their dates."""
    return shipped.rows("puhui.merchant", f"rules/{table}.csv")
