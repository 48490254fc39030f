"""What a borrower cost, by media and campaign, for the clicks of a period: registered, credited, funded and good, each with an interval.

A period's people are those whose click fell into it, whenever they took a later step; its cost is what the media charged on its days. *Good* is a
funded person who paid a first instalment and has not defaulted so far. Young clicks have not answered yet: their cost of a good borrower falls with time.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection

from puhui.acquisition.core.table_design import tables
from puhui.acquisition.core.unit_cost import UnitCost, cost_per

_CHINA = ZoneInfo("Asia/Shanghai")
STAGES = ("register", "credit", "draw", "good")


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign: cost in fen, and the cost of one person at each of STAGES, in that order."""

    media: str
    campaign: str
    cost_minor: int
    stages: tuple[UnitCost, ...]


def unit_costs(since: date, until: date) -> list[Line]:
    """Clicks from `since` to before `until` (China time); campaigns with a cost or a person, the total first."""
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH people AS (
                SELECT o.media, o.campaign, o.subject, array_agg(DISTINCT s.kind) AS kinds
                  FROM acquisition_owed o
                  JOIN acquisition_signal k ON k.id = o.click_id AND k.happened_at >= %s AND k.happened_at < %s
                  JOIN acquisition_signal s ON s.subject = o.subject
                 GROUP BY 1, 2, 3),
            counted AS (
                SELECT media, campaign,
                       count(*) FILTER (WHERE 'register' = ANY (kinds)) AS register,
                       count(*) FILTER (WHERE 'credit' = ANY (kinds)) AS credit,
                       count(*) FILTER (WHERE 'draw' = ANY (kinds)) AS draw,
                       count(*) FILTER (WHERE 'draw' = ANY (kinds) AND 'first_payment' = ANY (kinds) AND NOT 'default' = ANY (kinds)) AS good
                  FROM people GROUP BY 1, 2),
            spent AS (
                SELECT channel AS media, campaign, sum(amount_minor) AS cost
                  FROM acquisition_cost WHERE "on" >= %s AND "on" < %s GROUP BY 1, 2)
            SELECT media, campaign, coalesce(cost, 0), coalesce(register, 0), coalesce(credit, 0), coalesce(draw, 0), coalesce(good, 0)
              FROM counted FULL JOIN spent USING (media, campaign) ORDER BY 1, 2
            """,
            [opens, closes, since, until],
        )
        rows = [(media, campaign, int(cost), [int(count) for count in counts]) for media, campaign, cost, *counts in cursor.fetchall()]  # fmt: skip
    lines = [_line(*row) for row in rows]
    if not rows:
        return []
    total = [sum(row[3][place] for row in rows) for place in range(len(STAGES))]
    return [_line("", "", sum(row[2] for row in rows), total), *lines]


def _line(media: str, campaign: str, cost_minor: int, counts: list[int]) -> Line:
    level = tables()["interval"]["level"]
    return Line(media, campaign, cost_minor, tuple(cost_per(cost_minor=cost_minor, count=count, level=level) for count in counts))  # fmt: skip
