"""Who leaves at which rate: what our own offers showed, beside the curve that was given; which of them prices, and why.

A look changes nothing. Learning keeps a new curve; it prices only where the lending policy says so.
"""

import math
from typing import Any

import numpy as np
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.kernel.refusal import Refused
from puhui.underwriting import acceptance_queries, operations
from puhui.underwriting.acceptance_queries import AcceptanceShown
from puhui.web import access, clock
from puhui.web.charts import Chart, Series
from puhui.web.templatetags.puhui import spoken

_MAY = (access.ANALYST, access.ADMIN)
_MOST_POINTS = 36  # whole per cents on a chart: the law allows no yearly rate above 36 %


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """Charts by rating, the counts, and which curve prices now."""
    shown = acceptance_queries.acceptance_shown()
    context = {"shown": shown, "charts": _charts(shown), "newest": shown.learned[0] if shown.learned else None,
               "may": access.role_of(request) in _MAY}  # fmt: skip
    return render(request, "console/acceptance.html", context)


@require_POST
@access.staff_page(*_MAY)
def learn(request: HttpRequest) -> HttpResponse:
    """Fit a curve over all offers with an outcome and keep it; refused below the policy's counts."""
    try:
        operations.learn_acceptance(now=clock.now())
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    else:
        messages.success(request, _("曲线已估计并留存。"))
    return redirect("console:acceptance")


def _charts(shown: AcceptanceShown) -> list[Chart]:
    given, learned = shown.given, shown.learned[0].content["points"] if shown.learned else None
    ends = [*(given.rates if given else ()), *(learned["rates"] if learned else ()), *(band.from_rate for band in shown.bands)]  # fmt: skip
    if not ends:
        return []
    first = math.floor(min(ends) * 100 + 1e-9)
    floors = list(range(first, min(math.floor(max(ends) * 100 + 1e-9) + 1, first + _MOST_POINTS)))
    ratings = sorted({*(given.churn if given else ()), *(learned["by_rating"] if learned else ()), *(band.rating for band in shown.bands)})  # fmt: skip
    return [_chart(shown, rating, floors) for rating in ratings]


def _chart(shown: AcceptanceShown, rating: str, floors: list[int]) -> Chart:
    """All lines at the middle of each whole per cent, so that what was counted lies on the place where the curves are read."""
    middles = [floor / 100 + 0.005 for floor in floors]
    seen = {round(band.from_rate * 100): band for band in shown.bands if band.rating == rating}
    series = [Series(_("实际离开"), [_percent(seen[f].share) if f in seen else None for f in floors], kind="line")]
    if shown.given and rating in shown.given.churn:
        series.append(Series(_("给定曲线"), _read(middles, shown.given.rates, shown.given.churn[rating]), kind="line"))
    points = shown.learned[0].content["points"] if shown.learned else {"by_rating": {}}
    if rating in points["by_rating"]:
        row, names = (
            points["by_rating"][rating],
            {"churn": _("自己的曲线"), "low": _("区间下限"), "high": _("区间上限")},
        )
        series += [Series(name, _read(middles, points["rates"], row[key]), kind="line") for key, name in names.items()]
    offers, left = sum(band.offers for band in seen.values()), sum(band.left for band in seen.values())
    return Chart(
        id=f"acceptance-{rating}", title=_("评级 %(rating)s：各利率下离开的比例") % {"rating": rating}, unit="%",
        x_title=_("年利率（%）"), numeric_x=True, places=1, labels=[f"{middle * 100:g}" for middle in middles],
        series=series, note=_("有结果的报价 %(offers)s 份，离开 %(left)s 份。") % {"offers": offers, "left": left},
    )  # fmt: skip


def _read(places: list[float], rates: Any, shares: Any) -> list[float | None]:
    """A curve between its own rates, as the price reads it; nothing beyond its ends."""
    found = np.interp(places, rates, shares)
    return [
        _percent(float(share)) if rates[0] <= place <= rates[-1] else None
        for place, share in zip(places, found, strict=True)
    ]


def _percent(share: float) -> float:
    return round(share * 100, 2)
