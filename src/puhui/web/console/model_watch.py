"""Monitoring 监控: each live model day by day, and how the loans turned out (vintages, first payments, roll rates).

What has no source yet is said to be missing, with why; nothing is shown as nought that is not known.
"""

from datetime import date
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.servicing import book, performance
from puhui.underwriting import model_queries
from puhui.underwriting.core.modelling import roll_rate, segments, vintage, watching
from puhui.underwriting.model_queries import DayView
from puhui.web import access
from puhui.web.charts import Chart, Series
from puhui.web.console.tables import Minor, Table
from puhui.web.model_words import WORDS

_MOST_COHORTS = 12  # lines that a reader can still tell apart


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def one(request: HttpRequest, model_id: str) -> HttpResponse:
    """One model's days."""
    model, days = model_queries.fitted_model(model_id), model_queries.model_days(model_id)
    last = days[-1] if days else None
    context = {
        "model": model, "days": days, "last": last, "charts": _charts(days), "alerts": model_queries.alerts(model_id=model_id, limit=20),
        "rows": _rows(last), "segments": _segments(last), "policy": watching.in_force(),
    }  # fmt: skip
    return render(request, "console/model_watch.html", context)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def loans(request: HttpRequest) -> HttpResponse:
    """How the whole book performs: vintages by amount, first-payment default, roll rates and ratios."""
    closed = book.closed_dates(limit=1)
    if not closed:
        return render(request, "console/performance.html", {"as_of": None})
    as_of, policy = closed[0], watching.in_force()
    shots, firsts = performance.snapshots(as_of=as_of), performance.first_payments(as_of=as_of)
    rates = roll_rate.roll_rates(shots)
    context = {
        "as_of": as_of, "charts": [_vintages(shots, line, as_of) for line in policy.vintage_lines],
        "tables": [_first_payments(firsts, policy.first_payment_days, as_of), _rolls(rates), _ratios(shots)],
        "loss": roll_rate.expected_loss_rate(rates), "months": shots["month"].n_unique(), "loans": shots["loan"].n_unique(),
    }  # fmt: skip
    return render(request, "console/performance.html", context)


def _charts(days: list[DayView]) -> list[Chart]:
    if not days:
        return []
    labels = [day.day.isoformat() for day in days]

    def line(name: str, title: Any, by: float = 1.0) -> Series:
        return Series(title, [None if (v := day.figures.get(name)) is None else by * v for day in days], kind="line")

    return [
        Chart(id="psi", title=_("PSI：评分与最大变量"), labels=labels, places=3, series=[line("psi_score", _("评分")), line("psi_inputs_most", _("最大变量"))]),
        Chart(id="approval", title=_("通过率与人工改判率"), labels=labels, unit="%", series=[line("approval_rate", _("通过率"), 100), line("override_rate", _("人工改判率"), 100)]),
        Chart(id="ranking", title=_("已到期贷款上的 AUC 与 KS"), labels=labels, places=3, series=[line("auc_matured", "AUC"), line("ks_matured", "KS")]),
        Chart(id="price", title=_("利率分布（年化）"), labels=labels, unit="%",
              series=[line("rate_p10", "P10", 100), line("rate_median", _("中位数"), 100), line("rate_p90", "P90", 100)]),
    ]  # fmt: skip


def _rows(last: DayView | None) -> list[tuple[str, float | None, str]]:
    """Figure, value, and why it is missing, in the order of the words."""
    if last is None:
        return []
    order = [
        *(name for name in WORDS["figure"] if name in last.figures),
        *(name for name in last.figures if name not in WORDS["figure"]),
    ]
    return [(name, last.figures[name], last.missing.get(name, "")) for name in order]


def _segments(last: DayView | None) -> list[dict[str, Any]]:
    """Decisions of the segments, named in both languages."""
    told, table = (last.details.get("segments", []) if last else []), segments.table()
    return [row | {"name": table.name(row["dimension"], row["segment"])} for row in told]


def _vintages(shots: pl.DataFrame, line: int, as_of: date) -> Chart:
    found = vintage.vintage(shots, over_days=line, as_of=as_of)
    cohorts = found["funded_month"].unique().sort().to_list()[-_MOST_COHORTS:]
    ages = found["month_on_book"].unique().sort().to_list()
    rate = {(row[0], row[1]): 100 * row[2] for row in found.select("funded_month", "month_on_book", "rate").iter_rows()}
    series = [
        Series(cohort.strftime("%Y-%m"), [rate.get((cohort, age)) for age in ages], kind="line") for cohort in cohorts
    ]
    title = _("账龄曲线：逾期超过 %(days)s 天的本金（已扣收回）占放款额") % {"days": line}
    return Chart(
        id=f"vintage-{line}",
        title=title,
        labels=[str(age) for age in ages],
        series=series,
        unit="%",
        x_title=_("账龄（月）"),
    )


def _first_payments(firsts: pl.DataFrame, days: tuple[int, ...], as_of: date) -> Table:
    rows: dict[date, list[Any]] = {}
    for place, late in enumerate(days):
        for row in vintage.first_payment_default(firsts, days=late, as_of=as_of).iter_rows(named=True):
            cells = rows.setdefault(
                row["funded_month"], [row["funded_month"].strftime("%Y-%m"), *[None] * (2 * len(days))]
            )
            cells[1 + 2 * place : 3 + 2 * place] = [row["mature"], f"{100 * row['rate']:.2f}%"]
    heads = [
        _("放款月"),
        *(text for late in days for text in (_("已到期（%(days)s 天）") % {"days": late}, f"FPD{late}")),
    ]
    return Table("fpd", _("首期逾期率"), heads, [rows[month] for month in sorted(rows)])


def _rolls(rates: pl.DataFrame) -> Table:
    rows = [
        (month, f"{start} → {into}", Minor(a), Minor(b), f"{100 * rate:.2f}%")
        for month, start, into, a, b, rate in rates.iter_rows()
    ]
    return Table("roll", _("迁徙率"), (_("月份"), _("迁徙"), _("月末余额"), _("次月余额"), _("迁徙率")), rows)


def _ratios(shots: pl.DataFrame) -> Table:
    found = roll_rate.delinquency_ratios(shots)
    rows = [(month, bucket, Minor(minor), f"{100 * now:.2f}%", "—" if lagged is None else f"{100 * lagged:.2f}%")
            for month, bucket, minor, now, lagged in found.iter_rows()]  # fmt: skip
    return Table("ratio", _("逾期率（即期与滞后）"), (_("月份"), _("逾期阶段"), _("余额"), _("即期"), _("滞后")), rows)
