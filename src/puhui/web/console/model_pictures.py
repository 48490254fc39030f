"""Pictures of a model's columns for the console, drawn by the same hand as the card's.

>>> columns({"kind": "scorecard"}) is None
True
"""

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from puhui.underwriting.workbench import card_pictures
from puhui.web.charts import Chart, Series

_MOST = 40


@dataclass(frozen=True, slots=True)
class FeatureShown:
    """One column of a scorecard: its bins as a picture (which escapes what the tape named) and as rows."""

    name: str
    iv: float
    trend: str
    picture: SafeString
    rows: list[dict[str, Any]]


def features(own: dict[str, Any]) -> list[FeatureShown]:
    """The columns of a scorecard, the strongest first."""
    card = own.get("scorecard")
    if not card:
        return []
    ordered = sorted(card["features"], key=lambda one: -one["bins"]["iv"])
    return [
        FeatureShown(one["name"], one["bins"]["iv"], one["bins"].get("trend", ""), bins(one["bins"]["table"], one["points"]),
                     rows(one["bins"]["table"], one["points"]))
        for one in ordered[:_MOST]
    ]  # fmt: skip


def bins(table: list[dict[str, Any]], points: list[int]) -> SafeString:
    """Bins that have rows, as a picture."""
    drawn = [(row, point) for row, point in zip(table, points) if row["rows"] > 0]
    return mark_safe(card_pictures.bins([row for row, _point in drawn], [point for _row, point in drawn]))


def rows(table: list[dict[str, Any]], points: list[int]) -> list[dict[str, Any]]:
    """The same bins as rows of a table, with shares and rates."""
    total = sum(row["rows"] for row in table) or 1
    return [
        row
        | {"points": point, "share": row["rows"] / total, "rate": row["bads"] / row["rows"] if row["rows"] else None}
        for row, point in zip(table, points)
    ]


def columns(own: dict[str, Any]) -> Chart | None:
    """Shares of the columns of boosted trees."""
    shares = own.get("importance")
    if not shares:
        return None
    top = shares[:20]
    return Chart(
        id="columns", title=_("各变量在 SHAP 贡献中的份额"), unit="%", places=1, labels=[one["name"] for one in top],
        series=[Series(_("份额"), [100 * one["share"] for one in top])],
    )  # fmt: skip
