"""How values are written on pages: money, rates, bilingual texts, charts with their tables, icons.

>>> yuan(123450), percent("0.0825"), percent(None)
('¥1,234.50', '8.25%', '—')
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from puhui.kernel import china_ids
from puhui.kernel.money import format_yuan
from puhui.kernel.refusal import tongues
from puhui.servicing.core.true_cost import shown_percent
from puhui.web import words
from puhui.web.charts import Chart

register = template.Library()
_NOTHING = "—"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_AGAINST = ("RISK_UP", "RATING_REFUSED", "RECORDED_DEFAULT", "NO_INVOICES", "CAP_BELOW", "RISK_ABOVE", "BUDGET_BETTER",
            "WANTED_BELOW")  # fmt: skip


@register.filter
def yuan(minor: int | None) -> str:
    """Fen → ¥ with grouping and two decimals."""
    return _NOTHING if minor is None else f"¥{format_yuan(int(minor))}".replace("¥-", "−¥")


@register.filter
def yuan_large(minor: int | None) -> str:
    """Fen → 万元 in Chinese, million yuan in English; for key figures, where fen do not matter."""
    if minor is None:
        return _NOTHING
    whole = Decimal(int(minor)) / 100
    if _english():
        return f"¥{_short(whole / 1_000_000, 2)} M" if abs(whole) >= 1_000_000 else f"¥{whole:,.0f}"
    if abs(whole) >= 100_000_000:
        return f"¥{_short(whole / 100_000_000, 2)} 亿"
    return f"¥{_short(whole / 10_000, 1)} 万" if abs(whole) >= 10_000 else f"¥{whole:,.0f}"


@register.filter
def day_or_text(value: Any) -> str:
    """A date as 2026-09-15, anything else as it is written."""
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)


@register.filter
def plain_day(day: Any) -> str:
    """A date as it is said: 2026年9月15日（周二）, Tue 15 Sep 2026.

    >>> from datetime import date; from django.utils import translation
    >>> with translation.override("zh-hans"):
    ...     plain_day(date(2026, 9, 15))
    '2026年9月15日（周二）'
    """
    if day is None:
        return _NOTHING
    if _english():
        return f"{_DAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日（周{'一二三四五六日'[day.weekday()]}）"


@register.filter
def short_day(day: Any) -> str:
    """A date as it is said, without the day of the week: 2026年9月15日, 15 Sep 2026."""
    if _english():
        return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"


@register.filter
def percent(rate: Any, places: int = 2) -> str:
    """A share or a rate → percent."""
    if rate is None or rate == "":
        return _NOTHING
    try:
        return f"{Decimal(str(rate)) * 100:.{places}f}%"
    except InvalidOperation:
        return str(rate)


@register.filter
def elapsed(seconds: float) -> str:
    """A span of time as people say it: seconds below two minutes, minutes below two hours, then hours.

    >>> elapsed(90), elapsed(3600), elapsed(42_400)
    ('90 秒', '60 分钟', '11.8 小时')
    """
    if seconds < 120:
        return in_tongue((f"{seconds:.0f} 秒", f"{seconds:.0f} s"))
    if seconds < 7_200:
        return in_tongue((f"{seconds / 60:.0f} 分钟", f"{seconds / 60:.0f} min"))
    return in_tongue((f"{seconds / 3600:.1f} 小时", f"{seconds / 3600:.1f} h"))


@register.filter
def spoken(text: Any) -> str:
    """`中文 · English` → the half in the reader's language; any other text stays as it is."""
    chinese, english = tongues(str(text))
    return english if english and _english() else chinese


@register.filter
def basis(source: Any) -> str:
    """What a rule rests on, as a reader wants it: the paper and its article, without our remarks; a rule of thumb is called one.

    >>> basis("个人所得税法实施条例 Art. 15: without comprehensive income [found]"), basis("domain facts 4 tool 20")
    ('个人所得税法实施条例 第 15 条', '经验值，供参考')
    """
    paper = re.split(r"[:;] | \[", str(source))[0]
    if paper.startswith(("domain facts", "decision ", "habit", "between ")):
        return "a rule of thumb" if _english() else "经验值，供参考"
    return paper if _english() else re.sub(r"Art\. (\d+)", r"第 \1 条", paper).replace("PBoC", "中国人民银行")


@register.filter
def in_tongue(pair: Any) -> str:
    """A reason (text_zh, text_en) or a pair (zh, en) → the reader's text; a plain text → `spoken`."""
    if isinstance(pair, dict):
        return str(pair["text_en" if _english() else "text_zh"])
    if isinstance(pair, tuple | list):
        return str(pair[1 if _english() else 0])
    return spoken(pair)


def in_tongue_later(zh: str, en: str) -> Any:
    """The same, of a text said once in a module and read in many tongues."""
    return lazy(lambda: in_tongue((zh, en)), str)()


@register.filter
def named(institution: Any) -> str:
    """An institution's name in the reader's language."""
    return str(institution.name_en if _english() else institution.name) if institution else ""


@register.filter
def division(code: str) -> str:
    """An administrative division by its code."""
    return china_ids.division_name(code)


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """mapping[key], or nothing."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing from the sprite; decorative, so hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("puhui/icons.svg"), name,
    )  # fmt: skip


@register.inclusion_tag("parts/chart.html")
def chart(drawn: Chart) -> dict[str, Any]:
    """A figure with its data, and the same data as a table in a <details>."""
    return {"chart": drawn}


@register.inclusion_tag("parts/pages.html", takes_context=True)
def pages(context: template.Context, page: Any) -> dict[str, Any]:
    """Links to the neighbouring pages that keep the filters."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    return {"page": page, "kept": query.urlencode()}


def _short(number: Decimal, places: int) -> str:
    """Grouped, with at most so many decimals, and no noughts at the end."""
    return f"{number:,.{places}f}".rstrip("0").rstrip(".")


def _english() -> bool:
    return (get_language() or "").startswith("en")


@register.filter
def word(code: Any, kind: str) -> Any:
    """A room's code in the reader's words: `{{ loan.state|word:"loan" }}`."""
    return words.word(kind, str(code))


@register.filter
def tone(code: Any) -> str:
    """The colour class of a state's tag."""
    return words.TONES.get(str(code), "")


@register.filter
def yearly(rate: Any) -> str:
    """A yearly rate in percent with as many decimals as it needs, at least two."""
    text = percent(rate, 4)
    return text[:-3] + "%" if text.endswith("00%") else text


@register.filter
def against(code: Any) -> bool:
    """Whether a reason's code speaks against the firm."""
    return str(code).startswith(_AGAINST)


@register.filter
def percent_up(rate: Any) -> str:
    """A yearly cost in percent, two decimals, rounded up: never shown cheaper than it is."""
    if rate is None or rate == "":
        return _NOTHING
    return f"{shown_percent(Decimal(str(rate)))}%"
