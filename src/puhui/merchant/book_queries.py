"""Front door, reads: a shop's books in plain words: the board of a day, profit, what is owned and owed, cash flow, entries, imports.

Everything is summed from day totals (some rows a day), so a shop of half a million entries answers as fast as a small one.
Amounts are minor units. Sums are signed so that a plus is what the name says (income earned, cost spent, money held, debt owed).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from puhui.kernel.periods import Period
from puhui.merchant import ledger_folding, models
from puhui.merchant.bill_tables import bill_words
from puhui.merchant.book_tables import chart

_PAGE = 50
_TAKEN_AWAY = {  # tables that are not told as they lie: records with when they were taken back, papers without their bytes (which go along as files)
    "merchant_tool_record": "SELECT told.*, revoked_at FROM merchant_tool_record told LEFT JOIN merchant_tool_revocation ON record_id = told.id WHERE shop_id = %s ORDER BY told.id",
    "merchant_attachment": "SELECT id, shop_id, entry_id, bill_import_id, name, media_type, size, sha256, added_at FROM merchant_attachment WHERE shop_id = %s ORDER BY id",
}
_ENTRY = ("id", "day", "clock", "direction", "amount_minor", "currency", "debit", "credit", "why", "sure_percent", "counterparty",
          "note", "source", "origin", "live", "tied_to", "counted", "external_id", "status", "method")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One account of a statement."""

    code: str
    zh: str
    en: str
    kind: str
    amount_minor: int
    entries: int = 0

    @property
    def names(self) -> tuple[str, str]:
        """(Chinese, English), for a reader's tongue."""
        return self.zh, self.en


@dataclass(frozen=True, slots=True)
class Profit:
    """Profit and loss of a period; what the owner took home stands apart and is no cost."""

    period: Period
    income: tuple[Line, ...]
    costs: tuple[Line, ...]
    income_minor: int
    cost_minor: int
    taken_home_minor: int

    @property
    def profit_minor(self) -> int:
        return self.income_minor - self.cost_minor


@dataclass(frozen=True, slots=True)
class Balance:
    """What the shop has and owes at the end of a day: money and other assets on one side, debts and what is the owner's on the other."""

    as_of: date
    money: tuple[Line, ...]
    assets: tuple[Line, ...]
    debts: tuple[Line, ...]
    owned_minor: int
    owed_minor: int
    own_minor: int


@dataclass(frozen=True, slots=True)
class DayLine:
    """Sales and costs of one day, with the number of payments."""

    day: date
    sales_minor: int
    cost_minor: int
    sales_count: int


@dataclass(frozen=True, slots=True)
class Board:
    """What an owner looks at first: today, this month, the last weeks, the same weekday a week ago."""

    as_of: date
    today: DayLine
    week_ago: DayLine
    month: Profit
    days: tuple[DayLine, ...]
    money: tuple[Line, ...]
    unsorted: int


def are_open(shop_id: str) -> bool:
    """Whether the shop keeps books that may be worked with."""
    return models.Books.objects.filter(shop_id=shop_id, restricted_at=None).exists()


def board(shop_id: str, *, as_of: date, weeks: int = 5) -> Board:
    """The daily board."""
    first = min(as_of - timedelta(days=7 * weeks - 1), as_of.replace(day=1))
    days = {day: DayLine(day, 0, 0, 0) for day in _days(first, as_of)}
    for row in _totals(shop_id, Period(first, as_of + timedelta(days=1))):
        days[row["day"]] = _added(days[row["day"]], row)
    week_ago = days.get(as_of - timedelta(days=7), DayLine(as_of - timedelta(days=7), 0, 0, 0))
    shown = tuple(days[day] for day in _days(as_of - timedelta(days=7 * weeks - 1), as_of))
    month = profit(shop_id, Period(as_of.replace(day=1), as_of + timedelta(days=1)))
    held = balance(shop_id, as_of=as_of).money
    unsorted = sum(line.entries for line in (*month.income, *month.costs) if line.code.startswith("unsorted"))
    return Board(as_of, days[as_of], week_ago, month, shown, held, unsorted)


def profit(shop_id: str, period: Period) -> Profit:
    """Money earned and spent in a period, by category."""
    sums, counts = _sums(shop_id, since=period.start, until=period.end)
    income = _lines(sums, counts, ("income",))
    costs = _lines(sums, counts, ("cost", "expense"))
    home = sum(minor for code, minor in sums.items() if code == "owner_out")
    return Profit(
        period, income, costs, sum(line.amount_minor for line in income), sum(line.amount_minor for line in costs), home
    )


def balance(shop_id: str, *, as_of: date) -> Balance:
    """All accounts at the end of a day."""
    sums, counts = _sums(shop_id, since=None, until=as_of + timedelta(days=1))
    money = _lines(sums, counts, ("money",))
    assets = _lines(sums, counts, ("asset", "transit"))
    debts = _lines(sums, counts, ("liability",))
    owned = sum(line.amount_minor for line in (*money, *assets))
    owed = sum(line.amount_minor for line in debts)
    return Balance(as_of, money, assets, debts, owned, owed, owned - owed)


def cash_flow(shop_id: str, period: Period) -> dict[str, int]:
    """Money in less money out by part: operating, investing, financing, moves between own pockets, and their sum."""
    parts: dict[str, int] = defaultdict(int)
    accounts = chart()
    for row in _totals(shop_id, period):
        into, out_of = accounts.is_money(row["debit"]), accounts.is_money(row["credit"])
        if into == out_of:
            continue
        other = accounts.of(row["credit"] if into else row["debit"])
        parts[other.statement or "moves"] += row["amount_minor"] if into else -row["amount_minor"]
    return {"operating": 0, "investing": 0, "financing": 0, "moves": 0} | parts | {"net": sum(parts.values())}


def trial_balance(shop_id: str) -> dict[str, int]:
    """Debits less credits of every account; they sum to nought."""
    sums: dict[str, int] = defaultdict(int)
    for row in _totals(shop_id, None):
        sums[row["debit"]] += row["amount_minor"]
        sums[row["credit"]] -= row["amount_minor"]
    return {code: minor for code, minor in sorted(sums.items()) if minor}


def months(shop_id: str, *, until: date, count: int = 12) -> list[tuple[date, int, int]]:
    """(month, income, costs) of the last months, oldest first."""
    first = date(until.year, until.month, 1)
    for _ in range(count - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in _totals(shop_id, Period(first, until + timedelta(days=1))):
        line = _added(DayLine(row["day"], 0, 0, 0), row)
        month = row["day"].replace(day=1)
        sums[month][0] += line.sales_minor
        sums[month][1] += line.cost_minor
    found = []
    while first <= until:
        found.append((first, sums[first][0], sums[first][1]))
        first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return found


def day_totals(shop_id: str, period: Period) -> list[dict[str, Any]]:
    """`day, debit, credit, amount_minor, entries` of a period: what tools compute from."""
    return list(_totals(shop_id, period))


def entries(
    shop_id: str, *, page: int = 1, category: str = "", search: str = "", day: date | None = None
) -> list[dict[str, Any]]:
    """A page of entries, newest first, those that do not count included (they say why)."""
    rows = models.Entry.objects.filter(shop_id=shop_id)
    if category:
        rows = rows.filter(debit=category) | rows.filter(credit=category)
    if search:
        rows = rows.filter(counterparty__icontains=search) | rows.filter(note__icontains=search)
    if day:
        rows = rows.filter(day=day)
    return list(rows.order_by("-day", "-id").values(*_ENTRY)[(page - 1) * _PAGE : page * _PAGE])


def entry(shop_id: str, entry_id: int) -> dict[str, Any] | None:
    """One entry with its papers and what it is tied to."""
    row = models.Entry.objects.filter(shop_id=shop_id, id=entry_id).values(*_ENTRY).first()
    if row is None:
        return None
    papers = models.Attachment.objects.filter(shop_id=shop_id, entry_id=entry_id)
    return dict(row) | {"papers": list(papers.values("id", "name", "media_type", "size"))}


def paper(shop_id: str, paper_id: str) -> models.Attachment | None:
    """A paper with its content."""
    return models.Attachment.objects.filter(shop_id=shop_id, id=paper_id).first()


def imports(shop_id: str) -> list[models.BillImport]:
    """All files handed in, newest first, those undone included."""
    return list(models.BillImport.objects.filter(shop_id=shop_id).order_by("-imported_at", "-id"))


def an_import(shop_id: str, import_id: str) -> models.BillImport | None:
    return models.BillImport.objects.filter(shop_id=shop_id, id=import_id).first()


def tied(shop_id: str, *, limit: int = 200) -> list[dict[str, Any]]:
    """Entries that are the same payment as another, newest first, with the other's words."""
    statement = """
        SELECT l.id, l.day, l.source, l.amount_minor, l.counterparty, l.tie_why, m.id, m.source, m.counterparty
          FROM merchant_entry l JOIN merchant_entry m ON m.id = l.tied_to
         WHERE l.shop_id = %s AND l.live ORDER BY l.day DESC, l.id DESC LIMIT %s"""
    names = (
        "id",
        "day",
        "source",
        "amount_minor",
        "counterparty",
        "why",
        "main_id",
        "main_source",
        "main_counterparty",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [shop_id, limit])
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def invoices(shop_id: str, *, limit: int = 200) -> list[models.KeptInvoice]:
    """The folder of invoices, newest first."""
    return list(models.KeptInvoice.objects.filter(shop_id=shop_id).order_by("-issued_on", "-id")[:limit])


def closings(shop_id: str) -> set[date]:
    """Months that are closed."""
    return ledger_folding.closed_months(shop_id)


def coverage(shop_id: str, period: Period) -> tuple[int, date | None, date | None]:
    """(days with an entry, first day, last day) within a period."""
    days = sorted({row["day"] for row in _totals(shop_id, period)})
    return len(days), (days[0] if days else None), (days[-1] if days else None)


def everything(shop_id: str) -> Iterator[tuple[str, list[str], Iterator[Sequence[Any]]]]:
    """All a shop's books hold, table by table, for the owner to take away: (name, columns, rows)."""
    with connection.cursor() as cursor:
        for table in (
            "merchant_import",
            "merchant_entry",
            "merchant_correction",
            "merchant_day_total",
            "merchant_month_closing",
            "merchant_tool_record",
            "merchant_invoice",
            "merchant_attachment",
            "merchant_column_mapping",
        ):
            statement = _TAKEN_AWAY.get(table, f"SELECT * FROM {table} WHERE shop_id = %s ORDER BY id")
            cursor.execute(statement, [shop_id])
            names = [column[0] for column in cursor.description or ()]
            yield table.removeprefix("merchant_"), names, iter(cursor.fetchall())


def papers(shop_id: str) -> Iterator[models.Attachment]:
    """Every kept paper."""
    yield from models.Attachment.objects.filter(shop_id=shop_id).order_by("id").iterator()


def _totals(shop_id: str, period: Period | None) -> list[dict[str, Any]]:
    rows = models.DayTotal.objects.filter(shop_id=shop_id)
    if period:
        rows = rows.filter(day__gte=period.start, day__lt=period.end)
    return [dict(row) for row in rows.values("day", "debit", "credit", "amount_minor", "entries")]


def _sums(shop_id: str, *, since: date | None, until: date) -> tuple[dict[str, int], dict[str, int]]:
    """Debits less credits, and entries, by account; `since` None: from the beginning. Summed by PostgreSQL."""
    statement = """
        SELECT code, sum(minor)::bigint, sum(entries)::bigint FROM (
            SELECT debit AS code, amount_minor AS minor, entries FROM merchant_day_total
             WHERE shop_id = %(shop)s AND day >= %(since)s AND day < %(until)s
            UNION ALL
            SELECT credit, -amount_minor, entries FROM merchant_day_total
             WHERE shop_id = %(shop)s AND day >= %(since)s AND day < %(until)s) sides GROUP BY code"""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"shop": shop_id, "since": since or date(1900, 1, 1), "until": until})
        rows = cursor.fetchall()
    return {code: minor for code, minor, _ in rows}, {code: count for code, _, count in rows}


def _lines(sums: dict[str, int], counts: dict[str, int], kinds: tuple[str, ...]) -> tuple[Line, ...]:
    accounts = chart()
    found = []
    for code, minor in sums.items():
        account = accounts.of(code)
        if account.kind in kinds and minor:
            zh, en = _place(code, account.zh, account.en)
            found.append(Line(code, zh, en, account.kind, minor * accounts.sign(code), counts.get(code, 0)))
    return tuple(sorted(found, key=lambda line: -line.amount_minor))


def _place(code: str, zh: str, en: str) -> tuple[str, str]:
    """The name of an account that names its bank: 工商银行, 招商银行 信用卡."""
    bank = next((source for source in bill_words().sources if source.code == code.partition(":")[2]), None)
    if bank is None:
        return zh, en
    return (bank.zh, bank.en) if code.startswith(("bank:", "platform:")) else (f"{bank.zh} {zh}", f"{bank.en} {en}")


def _added(line: DayLine, row: dict[str, Any]) -> DayLine:
    accounts = chart()
    debit, credit, minor = accounts.of(row["debit"]).kind, accounts.of(row["credit"]).kind, row["amount_minor"]
    sales = (minor if credit == "income" else 0) - (minor if debit == "income" else 0)
    cost = (minor if debit in ("cost", "expense") else 0) - (minor if credit in ("cost", "expense") else 0)
    count = row["entries"] if credit == "income" else 0
    return DayLine(line.day, line.sales_minor + sales, line.cost_minor + cost, line.sales_count + count)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
