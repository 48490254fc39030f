"""Front door, reads: what payment channels took by day and what reached the bank of it, from a shop's books (domain facts 4, tool 2).

Takings are day totals (some rows a day). An arrival is money that a bank account got from a channel: a move out of the channel's pocket, or a
bank's line that names the channel and was booked as something else (then the same money may count as sales twice; `as_income` says so).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import connection

from puhui.merchant.book_tables import chart, tie_rules
from puhui.merchant.core.settlement import Arrival, Taking

FEES = ("fees", "platform_fees")
_POCKETS = ("wechat", "alipay")


@dataclass(frozen=True, slots=True)
class Payout:
    """An arrival, and whether the books count it as income beside the sales behind it."""

    arrival: Arrival
    as_income: bool


def pocket(channel: str) -> str:
    """Where a channel's money lies until it is paid out."""
    return channel if channel in _POCKETS else f"platform:{channel}"


def takings(totals: Collection[Mapping[str, object]], channels: Collection[str]) -> list[Taking]:
    """What each channel took on each day. `totals` are day totals of the books."""
    accounts, names = chart(), {pocket(channel): channel for channel in channels}
    sums: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for row in totals:
        debit, credit, day = str(row["debit"]), str(row["credit"]), row["day"]
        assert isinstance(day, date)
        minor, count = int(str(row["amount_minor"])), int(str(row["entries"]))
        if debit in names:
            found = sums[names[debit], day]
            if accounts.of(credit).kind == "income":
                found[0], found[4] = found[0] + minor, found[4] + count
            elif credit in FEES:
                found[2], found[3] = found[2] - minor, found[3] + count
        if credit in names:
            found = sums[names[credit], day]
            if accounts.of(debit).kind == "income":
                found[1] += minor
            elif debit in FEES:
                found[2], found[3] = found[2] + minor, found[3] + count
    return [
        Taking(channel, day, gross, returned, fee if told else None, count)
        for (channel, day), (gross, returned, fee, told, count) in sorted(
            sums.items(), key=lambda each: (each[0][1], each[0][0])
        )
    ]


def payouts(shop_id: str, channels: Collection[str], *, since: date, until: date) -> list[Payout]:
    """Money that bank accounts got from the channels in [since, until], by day."""
    statement = """
        SELECT day, credit, amount_minor, concat_ws(' ', counterparty, note, kind) FROM merchant_entry
         WHERE shop_id = %s AND day >= %s AND day <= %s AND counted AND debit LIKE 'bank%%' AND credit NOT LIKE 'bank%%'
         ORDER BY day, id"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [shop_id, since, until])
        rows = cursor.fetchall()
    names = {pocket(channel): channel for channel in channels}
    found = []
    for day, credit, minor, text in rows:
        channel = names.get(credit) or _named(text, channels)
        if channel:
            found.append(Payout(Arrival(channel, day, minor), chart().of(credit).kind == "income"))
    return found


def _named(text: str, channels: Collection[str]) -> str:
    told = text.lower()
    named = tie_rules().channels
    return next((each for each in channels if any(word in told for word in named.get(each, (each,)))), "")
