"""How groups of clicks are named on Octopus's pages, and what may be asked of them: by media, campaign, creative or audience."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from puhui.acquisition import click_groups, steps
from puhui.acquisition.click_groups import Label
from puhui.web import words

SHOWN = 8


def text(label: Label, by: str) -> str:
    """A group as a reader names it; the total has no label.

    >>> from django.utils import translation
    >>> with translation.override("zh-hans"):
    ...     text(("tencent", "春季"), "campaign"), text((), "media"), text(("",), "audience"), text((click_groups.NOBODY,), "audience")
    ('腾讯广告 / 春季', '合计', '不在任何人群', '没有点击')
    """
    if not label:
        return str(_("合计"))
    if label[-1] == click_groups.NOBODY:
        label = (*label[:-1], str(_("没有点击")))
    if by == "audience":
        return str(words.word("audience", label[0])) if label[0] else str(_("不在任何人群"))
    media, *rest = label
    return " / ".join(
        [str(words.word("media", media)) if media else str(_("自然到访")), *(each or "—" for each in rest)]
    )


def unit_text(unit: str) -> str:
    """The same of a unit of attribution, whose parts are parted by a slash."""
    media, slash, rest = unit.partition(" / ")
    return f"{words.word('media', media)}{slash}{rest}"


def by_of(request: HttpRequest, *, allowed: tuple[str, ...] = click_groups.BY, usual: str = "campaign") -> str:
    """What was asked, or what is usual."""
    asked = request.GET.get("by", "")
    return asked if asked in allowed else usual


def choices(allowed: tuple[str, ...] = click_groups.BY) -> list[tuple[str, str]]:
    """(code, name) for the form."""
    names = {"media": _("媒体"), "campaign": _("计划"), "creative": _("素材"), "audience": _("人群")}
    return [(code, str(names[code])) for code in allowed]


def step_names(as_of: Any) -> dict[str, str]:
    """kind → its name in the reader's language, in the order of the chain."""
    english = (get_language() or "").startswith("en")
    return {step.kind: step.en if english else step.zh for step in steps.steps(as_of)}


def kind_of(request: HttpRequest, names: dict[str, str], usual: str) -> str:
    """The step asked for."""
    asked = request.GET.get("kind", "")
    return asked if asked in names else usual
