"""What every page shows around its content: who is in, where they may go, the business date, whether data is invented."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from puhui.web import access, reading

PLATFORM = access.PLATFORM_ROLES


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the side navigation."""

    name: str
    title: Any
    icon: str
    roles: tuple[str, ...]


PLACES = (
    Place("home", _("总览"), "home", access.EVERYBODY),
    Place("firms", _("企业"), "shop", PLATFORM),
    Place("offer_book", _("授信方案"), "scale", PLATFORM),
    Place("models", _("模型管理"), "chart", PLATFORM),
    Place("policies", _("策略"), "rules", PLATFORM),
    Place("decisions", _("决策记录"), "scroll", PLATFORM),
    Place("loans", _("贷款"), "coins", access.EVERYBODY),
    Place("octopus", _("获客"), "horn", PLATFORM),
    Place("institutions", _("资金机构"), "bank", access.EVERYBODY),
    Place("book", _("账簿"), "ledger", access.EVERYBODY),
    Place("closing", _("日终"), "moon", PLATFORM),
    Place("reviews", _("人工复核"), "check", (access.OPERATOR, access.ADMIN)),
    Place("mirror", _("反欺诈"), "shield", PLATFORM),
    Place("alerts", _("告警"), "bell", PLATFORM),
    Place("keepers", _("外部查询"), "scroll", (access.OPERATOR, access.ADMIN)),
    Place("people", _("查人"), "person", (access.OPERATOR, access.ADMIN)),
)


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Lazy, so that an error page or a fragment asks the database nothing it does not show."""
    role = SimpleLazyObject(lambda: access.role_of(request))
    return {
        "role": role,
        "profile": SimpleLazyObject(lambda: access.profile_of(request)),
        "places": SimpleLazyObject(lambda: _places(request)),
        "business_date": SimpleLazyObject(lambda: reading.business_date()),
        "invented_people": SimpleLazyObject(lambda: reading.invented_people()),
        "invented_data": SimpleLazyObject(lambda: reading.invented_data()),
    }


def _places(request: HttpRequest) -> list[dict[str, Any]]:
    role = access.role_of(request)
    shown = []
    for place in PLACES:
        if role in place.roles:
            address = reverse(f"console:{place.name}")
            here = request.path == address if place.name == "home" else request.path.startswith(address)
            shown.append({"title": place.title, "icon": place.icon, "address": address, "here": here})
    return shown
