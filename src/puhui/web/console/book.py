"""The loan book at the end of any closed business date: by lateness and funder, classes and stages with provisions, trial balance,
the balance over time, what each funder is owed; every table also as CSV. An institution sees its own book only.
"""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.funding import queries as funding
from puhui.servicing import book as books
from puhui.servicing.book import Book
from puhui.web import access, words
from puhui.web.charts import Chart, Series
from puhui.web.console.tables import Cell, Minor, Table
from puhui.web.templatetags.puhui import named


@require_GET
@access.staff_page(*access.EVERYBODY)
def index(request: HttpRequest) -> HttpResponse:
    """The page; `day` and `institution` choose what it shows."""
    dates = books.closed_dates()
    if not dates:
        return render(request, "console/book.html", {"dates": []})
    day, institution = _asked(request, dates)
    book, names = books.book_at(day, institution_id=institution), _names()
    if book is None:
        raise Http404
    roll = books.roll(until=day, institution_id=institution)
    tables = {table.name: table for table in _tables(book, roll, names, institution)}
    position = dates.index(day)
    context = {
        "dates": dates, "day": day, "institution": institution, "names": names, "book": book, "tables": tables,
        "loans": book.total("loans"), "late": book.total("overdue_loans"), "outstanding_minor": book.total("outstanding_minor"),
        "provision_minor": book.total("provision_minor"), "late_minor": _late(book), "chart": _chart(roll),
        "earlier": dates[position + 1] if position + 1 < len(dates) else None, "later": dates[position - 1] if position else None,
    }  # fmt: skip
    return render(request, "console/book.html", context)


@require_GET
@access.staff_page(*access.EVERYBODY)
def download(request: HttpRequest, name: str) -> HttpResponse:
    """One of the page's tables as CSV."""
    dates = books.closed_dates()
    day, institution = _asked(request, dates)
    book = books.book_at(day, institution_id=institution)
    if book is None:
        raise Http404
    roll = books.roll(until=day, institution_id=institution)
    table = next((each for each in _tables(book, roll, _names(), institution) if each.name == name), None)
    if table is None:
        raise Http404
    return table.download(dated=day)


def _asked(request: HttpRequest, dates: list[date]) -> tuple[date, str]:
    """The date asked for (the last closed one if none is), which must have a record; the funder asked for."""
    text = request.GET.get("day", "")
    if not text and dates:
        return dates[0], request.GET.get("institution", "")
    found = next((day for day in dates if day.isoformat() == text), None)
    if found is None:
        raise Http404
    return found, request.GET.get("institution", "")


def _tables(book: Book, roll: list[dict[str, Any]], names: dict[str, str], institution: str) -> list[Table]:
    return [
        _by(book, names, "buckets", _("余额按逾期天数与资金机构"), "by_bucket", words.BUCKETS),
        _by(book, names, "classes", _("五级分类"), "by_class", words.FIVE_CLASSES),
        _by(book, names, "stages", _("预期信用损失阶段"), "by_stage", words.STAGES_OF_LOSS),
        _provisions(book, names),
        _provided_by(book, "provisions-by-class", _("损失准备按五级分类"), "provision_by_class", words.FIVE_CLASSES),
        _provided_by(book, "provisions-by-stage", _("损失准备按阶段"), "provision_by_stage", words.STAGES_OF_LOSS),
        _provision_moves(book, names),
        _trial_balance(book),
        _settled(book, names, institution),
        _roll(roll),
    ]


def _by(book: Book, names: dict[str, str], name: str, title: str, group: str, said: dict[str, Any]) -> Table:
    """Outstanding principal, a line a group and a column a funder."""
    codes = list(getattr(book.funders[0], group))
    rows: list[list[Cell]] = []
    for code in codes:
        sums = [getattr(funder, group)[code] for funder in book.funders]
        rows.append([str(said.get(code, code)), *map(Minor, sums), Minor(sum(sums))])
    heads = ("", *(names.get(funder.institution_id, funder.institution_id) for funder in book.funders), _("合计"))
    totals = [sum(getattr(funder, group).values()) for funder in book.funders]
    return Table(name, title, heads, rows, (_("合计"), *map(Minor, totals), Minor(sum(totals))))


def _provisions(book: Book, names: dict[str, str]) -> Table:
    rows = [
        (
            names.get(each.institution_id, each.institution_id), each.loans, each.overdue_loans, Minor(each.outstanding_minor),
            Minor(each.provision_minor), _share(each.provision_minor, each.outstanding_minor),
            str(words.PROVISION_METHODS.get(each.provision_method, each.provision_method)),
        )
        for each in book.funders
    ]  # fmt: skip
    total = (
        _("合计"), book.total("loans"), book.total("overdue_loans"), Minor(book.total("outstanding_minor")),
        Minor(book.total("provision_minor")), _share(book.total("provision_minor"), book.total("outstanding_minor")), "",
    )  # fmt: skip
    heads = (_("资金机构"), _("在贷"), _("逾期笔数"), _("在贷余额"), _("损失准备"), _("准备占余额"), _("计提方法"))
    return Table("provisions", _("各资金机构与损失准备"), heads, rows, total)


def _provided_by(book: Book, name: str, title: str, group: str, said: dict[str, Any]) -> Table:
    """Provision and the balance it is for, a line a group, all funders together."""
    balance = group.removeprefix("provision_")
    sums = {
        code: [sum(getattr(each, part)[code] for each in book.funders) for part in (balance, group)]
        for code in getattr(book.funders[0], group)
    }
    rows = [
        (str(said.get(code, code)), Minor(owed), Minor(provided), _share(provided, owed))
        for code, (owed, provided) in sums.items()
    ]
    owed, provided = (sum(pair[place] for pair in sums.values()) for place in (0, 1))
    total = (_("合计"), Minor(owed), Minor(provided), _share(provided, owed))
    return Table(name, title, ("", _("在贷余额"), _("损失准备"), _("准备占余额")), rows, total)


def _provision_moves(book: Book, names: dict[str, str]) -> Table:
    """How each funder's provision came from the day before's to this one's."""
    rows: list[list[Cell]] = []
    for each in book.funders:
        moves = each.provision_moves
        up, down = moves["provided"] + moves["restored"], moves["released"] + moves["used"]
        opening = -each.balances.get("loan_loss_provision", 0) - up + down
        figures = map(Minor, (opening, *moves.values(), opening + up - down))
        rows.append([names.get(each.institution_id, each.institution_id), *figures])
    heads = (_("资金机构"), _("期初"), *(str(word) for word in words.PROVISION_MOVES.values()), _("期末"))
    return Table(
        "provision-moves",
        _("损失准备变动"),
        heads,
        rows,
        note=_("当日变动：期初＋计提＋冲正恢复－转回－核销与转让使用＝期末。"),
    )


def _trial_balance(book: Book) -> Table:
    lines = [line for line in book.trial_balance if line.debit_minor or line.credit_minor]
    rows = [
        (str(words.word("account", line.account)), _or_empty(line.debit_minor), _or_empty(line.credit_minor))
        for line in lines
    ]
    debit, credit = sum(line.debit_minor for line in lines), sum(line.credit_minor for line in lines)
    heads = (_("科目"), _("借方余额"), _("贷方余额"))
    return Table("trial-balance", _("试算平衡"), heads, rows, (_("合计"), Minor(debit), Minor(credit)))


def _settled(book: Book, names: dict[str, str], institution: str) -> Table:
    rows = [
        (
            line.business_date, names.get(line.institution_id, line.institution_id), line.loans, Minor(line.principal_minor),
            Minor(line.interest_minor), Minor(line.penalty_minor), Minor(line.fee_minor), Minor(line.other_minor),
            Minor(line.total_minor),
        )
        for line in books.settled(until=book.as_of, institution_id=institution)
    ]  # fmt: skip
    heads = (
        _("营业日"),
        _("资金机构"),
        _("笔数"),
        _("本金"),
        _("利息"),
        _("罚息"),
        _("费用"),
        _("其他"),
        _("应付资金方"),
    )
    return Table(
        "settlement", _("资金方清算"), heads, rows, note=_("当日收到的钱里，每家资金机构应得多少；“其他”含溢缴款。")
    )


def _roll(roll: list[dict[str, Any]]) -> Table:
    rows = [
        (
            day["business_date"], day["loans"], day["overdue_loans"], Minor(day["outstanding_minor"]), Minor(_late_of(day)),
            Minor(day["provision_minor"]), Minor(day["accrued_minor"]),
        )
        for day in roll[::-1]
    ]  # fmt: skip
    heads = (_("营业日"), _("在贷"), _("逾期笔数"), _("在贷余额"), _("逾期余额"), _("损失准备"), _("当日计息"))
    return Table("roll", _("余额走势"), heads, rows)


def _chart(roll: list[dict[str, Any]]) -> Chart | None:
    if len(roll) < 2:
        return None
    labels = [f"{day['business_date']:%Y-%m-%d}" for day in roll]
    return Chart(
        id="book-roll", title=_("余额走势"), labels=labels, unit=_("万元"),
        x_title=_("营业日"), series=[
            Series(_("在贷余额"), [day["outstanding_minor"] / 1_000_000 for day in roll], kind="line"),
            Series(_("逾期余额"), [_late_of(day) / 1_000_000 for day in roll]),
        ],
    )  # fmt: skip


def _late(book: Book) -> int:
    return sum(minor for funder in book.funders for bucket, minor in funder.by_bucket.items() if bucket != "M0")


def _late_of(day: dict[str, Any]) -> int:
    return sum(minor for bucket, minor in day["by_bucket"].items() if bucket != "M0")


def _share(part: int, whole: int) -> str:
    """A share in percent with two decimals, cut."""
    return f"{part * 10_000 // whole / 100:.2f}%" if whole else "—"


def _or_empty(minor: int) -> Minor | str:
    return Minor(minor) if minor else ""


def _names() -> dict[str, str]:
    return {row.id: named(row) for row in funding.institutions()}
