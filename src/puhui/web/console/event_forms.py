"""What staff fill in to record an event of a loan: one form a kind, made of the fields that kind asks for.

Rule kept: what is typed becomes an amount, a date, a rate or a number here, or is refused beside its field; whether the event can be is
the fold's to say. A reason is always asked for, and is recorded with the fact.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from puhui.funding import queries as funding
from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.web.templatetags.puhui import named


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event as staff choose it: its name, what it does in a sentence, what it asks."""

    kind: str
    title: Any
    told: Any
    asks: tuple[str, ...] = ()


class YuanField(forms.CharField):
    """Yuan as typed → fen."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            minor = parse_yuan(text.strip())
        except MoneyUnreadable as unread:
            raise forms.ValidationError(_("金额请写数字，最多两位小数，例如 1234.50。")) from unread
        if minor <= 0:
            raise forms.ValidationError(_("金额须大于零。"))
        return minor


class PercentField(forms.CharField):
    """A yearly rate in percent as typed → a decimal as text: 7.2 → 0.072."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            rate = Decimal(text.strip().removesuffix("%")) / 100
        except InvalidOperation as unread:
            raise forms.ValidationError(_("年利率请写百分数，例如 7.2。")) from unread
        if not rate.is_finite() or not 0 <= rate <= 4:
            raise forms.ValidationError(_("年利率请写百分数，例如 7.2。"))
        return f"{rate.normalize():f}"


def _date_field(label: Any, *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d"],
    )


class EventForm(forms.Form):
    """The form of one kind; `given()` is what the fact says."""

    def __init__(self, event: EventKind, *, today: date, first: date, data: Any = None) -> None:
        super().__init__(data, initial={"on": today.isoformat()})
        self.today, self.first, self.event = today, first, event
        for name in event.asks:
            self.fields[name] = _FIELDS[name]()
        self.fields["on"] = _date_field(_("哪一天发生的"))
        self.fields["on"].widget.attrs |= {"min": first.isoformat(), "max": today.isoformat()}
        self.fields["reason"] = forms.CharField(label=_("原因或凭证号"), min_length=4, max_length=200)

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError(_("不能晚于营业日 %(day)s；以后的事到那天再记。") % {"day": self.today})
        if on < self.first:
            raise forms.ValidationError(_("不能早于放款日 %(day)s。") % {"day": self.first})
        return on

    @property
    def on(self) -> date:
        day: date = self.cleaned_data["on"]
        return day

    @property
    def amount_minor(self) -> int | None:
        minor: int | None = self.cleaned_data.get("amount")
        return minor

    def details(self) -> dict[str, Any]:
        """What the fact says beyond its day and amount."""
        names = ("annual_rate", "periods", "first_due_on", "prepayment", "guarantor", "how")
        given = {name: self.cleaned_data.get(name) for name in names}
        known: dict[str, Any] = {name: value for name, value in given.items() if value not in (None, "")}
        if self.cleaned_data.get("how_much"):
            known["prepayment"] = self.cleaned_data["how_much"]
        if "first_due_on" in known:
            known["first_due_on"] = known["first_due_on"].isoformat()
        return known | {"reason": self.cleaned_data["reason"]}

    def kept(self) -> list[tuple[str, str]]:
        """The values as they were typed, for the hidden fields of the confirmation."""
        return [(name, str(self.data.get(name, ""))) for name in self.fields]


_FIELDS = {
    "amount": lambda: YuanField(label=_("金额（元）"), widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})),
    "annual_rate": lambda: PercentField(label=_("新年利率（%）"), widget=forms.TextInput(attrs={"inputmode": "decimal"})),
    "periods": lambda: forms.IntegerField(label=_("期数"), min_value=1, max_value=480),
    "first_due_on": lambda: _date_field(_("新的首个还款日（不填则不变）"), required=False),
    "prepayment": lambda: forms.ChoiceField(
        label=_("多还的钱怎么用"),
        choices=[
            ("reduce_installment", _("以后每期少还")),
            ("last_installment", _("从最后一期往前还，早点还完")),
            ("next_installment", _("先还下一期")),
        ],
    ),
    "guarantor": lambda: forms.ChoiceField(
        label=_("担保方"), required=False,
        choices=[("", _("平台外的担保方（不在这里记它的账）")), *((row.id, named(row)) for row in funding.institutions())],
    ),
    "how_much": lambda: forms.ChoiceField(
        label=_("代偿多少"), choices=[("", _("只代偿到期未还的")), ("payoff_only", _("全部代偿，金额为当日结清金额"))], required=False,
    ),
    "how": lambda: forms.CharField(label=_("怎样通知的（挂号信号、短信编号等）"), max_length=200),
}  # fmt: skip

EVENTS = {
    event.kind: event
    for event in (
        EventKind("repay", _("登记还款"), _("收到一笔钱：先还到期的，按冲账顺序。可以补记以前的日子。"), ("amount",)),
        EventKind("prepay", _("提前还一部分"), _("还没到期的钱先还，后面的计划跟着变。"), ("amount", "prepayment")),
        EventKind("payoff", _("提前结清"), _("按那一天的结清金额一次还清，利息只算到那天。")),
        EventKind("disburse", _("再放一笔款"), _("合同约定了额度的贷款，在额度内再放一笔（分笔放款，或随借随还的支用）。钱放出后按合同利率计息。"), ("amount",)),
        EventKind("refund", _("退还溢缴款"), _("把多收的钱退给店主。"), ("amount",)),
        EventKind("charge_fee", _("收费"), _("只可收取成本明示表上写明的费用。"), ("amount",)),
        EventKind("charge_penalty", _("计收罚息"), _("在自动计算之外补记罚息，须有依据。"), ("amount",)),
        EventKind("waive", _("减免"), _("免掉已到期未还的罚息、复利或费用，先免最早的。"), ("amount",)),
        EventKind("holiday", _("延期还款"), _("几期之内不用还，利息照算，顺延到后面。"), ("periods",)),
        EventKind("reschedule", _("调整还款日"), _("换还款日或期数，从下一期起重新排计划。"), ("periods", "first_due_on")),
        EventKind("rate_change", _("利率调整"), _("从那天起按新利率，还款日不变。"), ("annual_rate",)),
        EventKind("restructure", _("重组"), _("全部欠款按新条件重排；五级分类至少为关注。"), ("periods", "first_due_on")),
        EventKind("compensate", _("担保代偿"), _("担保方替店主还的钱。担保方取得追偿权，记在它自己的账上。"), ("amount", "guarantor", "how_much")),
        EventKind("write_off", _("核销"), _("放弃账面债权；之后收回的钱记为收回。")),
        EventKind("write_off_part", _("部分核销"), _("核销一部分到期未还的本金，其余照常管理。"), ("amount",)),
        EventKind("recover", _("追偿与收回"), _("代偿以后追偿到的钱，或核销以后又收到的钱；先还给谁按当日规则。"), ("amount",)),
        EventKind("notify_transfer", _("债权转让通知"), _("登记已通知店主债权转让；转让自通知起对店主生效（民法典第546条）。"), ("how",)),
        EventKind("reverse", _("冲正"), _("撤销一笔记错的事：就当没有发生过，账按差额更正，原记录保留。")),
    )
}  # fmt: skip
