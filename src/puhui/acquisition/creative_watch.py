"""The nightly look at what runs: which creatives are tired, which lose money, how much of the traffic each deserves; and what is done about it.

A creative of a live campaign is judged by its own days (core/exploration.py): stopped when it spent several target costs without a result, tired when
its click rate fell far below its best week. Shares by Thompson sampling say how often each of the rest may be the best. A campaign that loses as a whole,
or whose creatives are all stopped, is stopped here and its gate shuts; a single creative is paused at the media by a person, who reads it on the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection, transaction

from puhui.acquisition import budget_proposal, campaigns, day_counts, models
from puhui.acquisition.campaigns import CampaignView
from puhui.acquisition.core import exploration
from puhui.acquisition.core.exploration import CreativeDays
from puhui.acquisition.evaluation_terms import terms
from puhui.kernel.rounding import split

_CHINA = ZoneInfo("Asia/Shanghai")
BY = "creative watch"
STOP_LOSS, TIRED = "stopped", "tired"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one creative on a day; an empty name is the campaign as a whole. `share` of the traffic it deserves; `done`: what was done by itself."""

    creative: str
    verdict: str
    share: float | None
    figures: dict[str, int]
    done: str
    on: date


def watch(*, now: datetime) -> int:
    """Judge the days before today of every live campaign, once a day; answers how many campaigns were stopped."""
    today = now.astimezone(_CHINA).date()
    live = [one for one in campaigns.campaigns(on=today) if one.state == campaigns.LIVE]
    return sum(_judge(one, today, now) for one in live)


def verdicts_of(campaign_id: str) -> list[Verdict]:
    """The newest look: the whole first, then the creative that deserves most."""
    rows = models.CreativeVerdict.objects.filter(campaign_id=campaign_id).order_by("-on", "creative")
    newest = [row for row in rows if row.on == rows[0].on] if rows else []
    found = [Verdict(row.creative, row.verdict, row.share, row.figures, row.done, row.on) for row in newest]
    return sorted(found, key=lambda each: (each.creative != "", -(each.share or 0.0), each.creative))


def history_of(campaign_id: str, *, now: datetime) -> dict[str, list[tuple[date, int, int]]]:
    """creative → (day, impressions, clicks) of the days looked back on, today the last, for a picture of how each tires."""
    campaign = models.Campaign.objects.filter(id=campaign_id).first()
    if campaign is None:
        return {}
    until = now.astimezone(_CHINA).date() + timedelta(days=1)
    days = _days(campaign.media, campaign.name, until)
    since = until - timedelta(days=terms()["creatives"]["back_days"])
    return {
        creative: [(since + timedelta(days=place), shown, clicked) for place, (shown, clicked) in enumerate(zip(each.shown, each.clicked, strict=True))]
        for creative, each in days.items()
    }  # fmt: skip


@transaction.atomic
def _judge(one: CampaignView, today: date, now: datetime) -> int:
    if models.CreativeVerdict.objects.filter(campaign_id=one.id, on=today).exists():
        return 0
    days = _days(one.media, one.name, today)
    if not days:
        return 0
    named = sorted(name for name in days if name)
    said = {name: _verdict(days[name], one.target_minor) for name in named}
    whole = _verdict(_summed(list(days.values())), one.target_minor)
    every_stopped = bool(named) and all(said[name] == STOP_LOSS for name in named)
    done = "campaign stopped" if whole == STOP_LOSS or every_stopped else ""
    runs = [name for name in named if said[name] != STOP_LOSS]
    shares = dict(zip(runs, _shares([days[name] for name in runs], today), strict=True))
    rows: list[tuple[str, str, float | None, CreativeDays, str]] = [
        ("", STOP_LOSS if done else whole, None, _summed(list(days.values())), done)
    ]
    rows += [(name, said[name], shares.get(name), days[name], "") for name in named]
    models.CreativeVerdict.objects.bulk_create(
        models.CreativeVerdict(campaign_id=one.id, creative=name, verdict=verdict, share=share, figures=_figures(each), done=did, on=today, at=now)
        for name, verdict, share, each, did in rows
    )  # fmt: skip
    if done:
        why = "止损：花费超过目标成本数倍而没有结果 · stop-loss: several target costs spent without a result"
        campaigns.move(one.id, campaigns.STOPPED, why=why, by=BY, now=now)
    return int(bool(done))


def _verdict(days: CreativeDays, target_minor: int | None) -> str:
    """Without a target cost nobody can say what is too dear; fatigue is seen all the same."""
    return exploration.verdict(days, target_cost_minor=10**15 if target_minor is None else target_minor, rules=budget_proposal.rules("creative"))  # fmt: skip


def _shares(days: Sequence[CreativeDays], today: date) -> list[float]:
    if not days:
        return []
    clicks = np.array([sum(each.clicked) for each in days], dtype=np.float64)
    results = np.minimum(np.array([sum(each.converted) for each in days], dtype=np.float64), clicks)
    dice = np.random.default_rng(today.toordinal())
    return [float(share) for share in exploration.thompson_shares(results, clicks, draws=terms()["creatives"]["draws"], dice=dice)]  # fmt: skip


def _figures(days: CreativeDays) -> dict[str, int]:
    return {"shown": sum(days.shown), "clicked": sum(days.clicked), "spent_minor": sum(days.spent_minor), "converted": sum(days.converted)}  # fmt: skip


def _summed(days: Sequence[CreativeDays]) -> CreativeDays:
    columns = ("shown", "clicked", "spent_minor", "converted")
    return CreativeDays(**{name: [sum(place) for place in zip(*(getattr(each, name) for each in days), strict=True)] for name in columns})  # fmt: skip


def _days(media: str, campaign: str, until: date) -> dict[str, CreativeDays]:
    """creative → its days before `until`; a cost without a creative is shared by the day's clicks, or stands under the empty name."""
    length = terms()["creatives"]["back_days"]
    since = until - timedelta(days=length)
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    found: dict[str, list[list[int]]] = {}

    def add(creative: str, column: int, on: date, number: int) -> None:
        found.setdefault(creative, [[0] * length for _ in range(4)])[column][(on - since).days] += number

    with connection.cursor() as cursor:
        for creative, kind, on, number in day_counts.of_campaign(cursor, (media, campaign), since, until):
            add(creative, kind == "click", on, number)
        cursor.execute(
            """
            SELECT creative, (clicked_at AT TIME ZONE 'Asia/Shanghai')::date, count(*) FROM acquisition_owed
             WHERE %s = ANY (kinds) AND media = %s AND campaign = %s AND clicked_at >= %s AND clicked_at < %s GROUP BY 1, 2
            """,
            [terms()["creatives"]["result"], media, campaign, opens, closes],
        )
        for creative, on, number in cursor.fetchall():
            add(creative, 3, on, number)
        cursor.execute(
            'SELECT creative, "on", sum(amount_minor)::bigint FROM acquisition_cost'
            ' WHERE channel = %s AND campaign = %s AND "on" >= %s AND "on" < %s GROUP BY 1, 2 ORDER BY 1, 2',
            [media, campaign, since, until],
        )
        costs = cursor.fetchall()
    for creative, on, minor in costs:
        clicks = {name: columns[1][(on - since).days] for name, columns in sorted(found.items())}
        if creative or not sum(clicks.values()):
            add(creative, 2, on, minor)
            continue
        for name, part in zip(clicks, split(minor, list(clicks.values())), strict=True):
            add(name, 2, on, part)
    return {name: CreativeDays(*columns) for name, columns in found.items()}
