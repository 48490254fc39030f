"""Selling claims (债权转让): which loans, by whom, to whom, for how much; what would go over and with which result, then confirmed.

Rule kept: nothing is recorded before its effect was shown; the preview is the sale itself, rolled back. The confirmation carries a key,
so that pressed twice it records once. What cannot be is refused in words and nothing moves.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from puhui.funding import queries as funding
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refused
from puhui.servicing import book
from puhui.servicing import operations as servicing
from puhui.servicing import queries as loans
from puhui.servicing.operations.transfer_loans import OUTSIDE, Sale, Sold, quote_transfer
from puhui.web import access, clock
from puhui.web.console.event_forms import YuanField
from puhui.web.console.tables import Cell, Minor, Table
from puhui.web.templatetags.puhui import named

_MAY = (access.OPERATOR, access.ADMIN)


class SaleForm(forms.Form):
    """What is sold, by whom, to whom, for how much in all."""

    def __init__(self, *, today: date, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.today = today
        firms = [(row.id, named(row)) for row in funding.institutions()]
        date_input = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "max": today.isoformat()})
        self.fields["loan_ids"] = forms.CharField(
            label=_("转让哪些贷款（每行一个编号）"), widget=forms.Textarea(attrs={"rows": 3, "class": "mono"})
        )
        self.fields["seller"] = forms.ChoiceField(label=_("转让方"), choices=firms)
        self.fields["buyer"] = forms.ChoiceField(label=_("受让方"), choices=[*firms, (OUTSIDE, _("平台外的受让方"))])
        self.fields["buyer_name"] = forms.CharField(label=_("平台外受让方名称"), max_length=120, required=False)
        self.fields["price"] = YuanField(
            label=_("转让价合计（元）"), widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        )
        self.fields["notified_on"] = forms.DateField(
            label=_("已通知店主的日期（没有就空着，以后登记）"),
            required=False,
            widget=date_input,
            input_formats=["%Y-%m-%d"],
        )
        self.fields["reason"] = forms.CharField(label=_("原因或合同号"), min_length=4, max_length=200)

    def sale(self, by: str) -> Sale:
        given = self.cleaned_data
        return Sale(
            loan_ids=tuple(given["loan_ids"].split()),
            seller=given["seller"],
            buyer=given["buyer"],
            price_minor=given["price"],
            on=self.today,
            buyer_name=given["buyer_name"],
            notified_on=given["notified_on"],
            reason=given["reason"],
            by=by,
        )

    def kept(self) -> list[tuple[str, str]]:
        """The values as they were typed, for the hidden fields of the confirmation."""
        return [(name, str(self.data.get(name, ""))) for name in self.fields]


@require_http_methods(["GET", "POST"])
@access.staff_page(*_MAY)
def page(request: HttpRequest) -> HttpResponse:
    """GET the form; POST `preview` shows what would go over, POST `confirm` records the sale on the open business date."""
    today = loans.business_date()
    if today is None:
        raise Http404
    given = request.POST if request.method == "POST" else None
    form = SaleForm(today=today, data=given, initial=_asked_for(request))
    context: dict[str, Any] = {"form": form, "today": today}
    if given is None or not form.is_valid():
        return render(request, "console/sale.html", context, status=200 if given is None else 422)
    sale = form.sale(request.user.get_username())
    try:
        if given.get("step") == "confirm":
            sold = servicing.transfer_loans(sale, key=given.get("key", ""), now=clock.now())
            messages.success(request, _("已转让 %(n)d 笔贷款。") % {"n": len(sold)})
            return redirect("console:loan", loan_id=sold[0].loan_id)
        quoted = quote_transfer(sale, now=clock.now())
    except Refused as no:
        return render(request, "console/sale.html", context | {"refused": no.refusal}, status=409)
    return render(
        request, "console/sale.html", context | {"table": _table(quoted), "key": new_id("ask", now=clock.now())}
    )


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    """A sale that starts from one loan: its number, and who holds it."""
    loan_id = request.GET.get("loan", "")
    if not loan_id:
        return {}
    return {"loan_ids": loan_id, "seller": book.shares(loan_id)[0][0]}


def _table(quoted: list[Sold]) -> Table:
    rows = [
        (
            each.loan_id,
            Minor(each.claim_minor),
            Minor(each.provision_minor),
            Minor(each.price_minor),
            Minor(each.result_minor),
        )
        for each in quoted
    ]
    names = ("claim_minor", "provision_minor", "price_minor", "result_minor")
    total: Sequence[Cell] = (str(_("合计")), *(Minor(sum(getattr(each, name) for each in quoted)) for name in names))
    heads = (_("贷款"), _("表内债权（面值）"), _("已提损失准备"), _("转让价"), _("转让方损益"))
    return Table(
        "sale",
        _("转让以后会怎样"),
        heads,
        rows,
        total,
        note=_("店主的合同条件不变；转让方损益＝转让价－（面值－准备）。"),
    )
