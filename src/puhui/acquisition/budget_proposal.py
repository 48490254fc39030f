"""A proposal of daily limits: what each campaign's own days say, where the next yuan brings most, what is left as it is and why.

Only live campaigns take part. A campaign's curve comes from its daily cost and the daily count of one step of the chain, valued at what one such
result is worth; with too few days of cost it keeps its limit and the rest is shared among the others. A yuan that would
bring less than a yuan stays unspent. Nothing is changed here: a person applies it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection

from puhui.acquisition import campaigns
from puhui.acquisition.core.spend_plan import Curve, learned_curve, planned
from puhui.kernel import shipped
from puhui.kernel.refusal import Refusal, Refused

_CHINA = ZoneInfo("Asia/Shanghai")
_SEED = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """`kind`: the step that counts as a result; `worth_minor`: fen one is worth; `budget_minor`: fen a day over all live campaigns."""

    kind: str
    worth_minor: int
    budget_minor: int


@dataclass(frozen=True, slots=True)
class Share:
    """One campaign. `days` with cost; `next_yuan` what one more yuan a day would bring in yuan; `bound_price` that beyond the price of money
    where the campaign stands at its bound; `kept` why it keeps its limit, empty where it was planned."""  # fmt: skip

    campaign_id: str
    media: str
    name: str
    now_minor: int
    proposed_minor: int
    days: int
    next_yuan: float | None
    bound_price: float
    kept: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """`price_of_money`: what one more yuan of the whole budget would bring; `gain_*`: value a day of the planned ones, mean and 95 % of draws."""

    asked: Asked
    since: date
    until: date
    shares: list[Share]
    price_of_money: float
    gain: float
    gain_low: float
    gain_high: float
    gain_now: float

    @property
    def limits(self) -> dict[str, int]:
        """Daily limits by campaign id, as `campaigns.apply_proposal` takes them."""
        return {share.campaign_id: share.proposed_minor for share in self.shares}

    @property
    def binds(self) -> bool:
        """Whether more budget would still earn itself back."""
        return self.price_of_money > 1.0

    @property
    def total_minor(self) -> int:
        return sum(share.proposed_minor for share in self.shares)


def terms() -> dict[str, Any]:
    """[plan] of tables/decision.toml."""
    return rules("plan")


def rules(section: str) -> dict[str, Any]:
    """A section of tables/decision.toml."""
    found: dict[str, Any] = shipped.tree("puhui.acquisition", "tables/decision.toml")[section]
    return found


def propose(asked: Asked, *, until: date) -> Proposal:
    """From the days before `until`. Refused: no worth, no budget, no live campaign, or limits that are kept already pass the budget."""
    _check(asked)
    live = [one for one in campaigns.campaigns(on=until) if one.state == campaigns.LIVE]
    if not live:
        raise Refused(Refusal("NO_LIVE_CAMPAIGN", "没有投放中的计划 · no campaign is live", where="campaigns"))
    since = until - timedelta(days=terms()["history_days"])
    history = _history(since, until, asked.kind)
    known = {
        one.id: _curve(history[one.media, one.name], asked)
        for one in live
        if _days(history, one) >= terms()["days_min"]
    }
    kept = [one for one in live if one.id not in known]
    left = asked.budget_minor - sum(one.daily_minor or 0 for one in kept)
    if left < 0:
        raise Refused(Refusal("BUDGET_BELOW_KEPT", f"历史不足而保持不变的计划已占 {(asked.budget_minor - left) / 100:.2f} 元 · campaigns that keep their limit already take more than the budget", where="budget"))  # fmt: skip
    plan = planned(
        list(known.values()), budget=left / 100, least_price=1.0
    )  # a yuan that brings less than a yuan is not spent
    spend = dict(zip(known, plan.spend))
    bound = dict(zip(known, plan.bound_price))
    shares = []
    for one in live:
        curve, now_minor = known.get(one.id), one.daily_minor or 0
        proposed = now_minor if curve is None else int(spend[one.id] * 100 + 1e-6)
        shares.append(
            Share(one.id, one.media, one.name, now_minor, proposed, _days(history, one),
                  None if curve is None else curve.next_yuan(proposed / 100), bound.get(one.id, 0.0),
                  "" if curve is not None else "days")
        )  # fmt: skip
    at_now = sum(float(curve.value(min((share.now_minor / 100), curve.high)).mean()) for share in shares if (curve := known.get(share.campaign_id)))  # fmt: skip
    return Proposal(asked, since, until, shares, plan.price_of_money, *plan.gain, at_now)


def _check(asked: Asked) -> None:
    if asked.worth_minor <= 0:
        raise Refused(
            Refusal("WORTH_ZERO", "一个结果的价值须大于零 · a result is worth more than nothing", where="worth")
        )
    if asked.budget_minor <= 0:
        raise Refused(Refusal("BUDGET_ZERO", "预算须大于零 · the budget is above zero", where="budget"))


def _days(history: Mapping[tuple[str, str], Any], one: campaigns.CampaignView) -> int:
    found = history.get((one.media, one.name))
    return 0 if found is None else len(found)


def _curve(days: list[tuple[int, int]], asked: Asked) -> Curve:
    spend = np.array([cost for cost, _ in days], dtype=np.float64) / 100
    results = np.array([count for _, count in days], dtype=np.float64)
    bounds = (0.0, float(spend.max()) * terms()["reach_times"])
    return learned_curve(spend, results, worth=asked.worth_minor / 100, bounds=bounds, draws=terms()["draws"], dice=np.random.default_rng(_SEED))  # fmt: skip


def _history(since: date, until: date, kind: str) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """(media, campaign) → (fen, results) of every day with a cost above zero. A result stands on the day its click came, where the money went."""
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.channel, c.campaign, c.minor, coalesce(r.number, 0)
              FROM (SELECT channel, campaign, "on", sum(amount_minor) AS minor FROM acquisition_cost
                     WHERE "on" >= %s AND "on" < %s GROUP BY 1, 2, 3 HAVING sum(amount_minor) > 0) c
              LEFT JOIN (SELECT o.media, o.campaign, (k.happened_at AT TIME ZONE 'Asia/Shanghai')::date AS "on",
                                count(DISTINCT s.subject) AS number
                           FROM acquisition_owed o
                           JOIN acquisition_signal k ON k.id = o.click_id
                           JOIN acquisition_signal s ON s.subject = o.subject AND s.kind = %s
                          WHERE k.happened_at >= %s AND k.happened_at < %s GROUP BY 1, 2, 3) r
                ON r.media = c.channel AND r.campaign = c.campaign AND r."on" = c."on"
             ORDER BY 1, 2, c."on"
            """,
            [since, until, kind, opens, closes],
        )
        found: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for media, campaign, minor, number in cursor.fetchall():
            found.setdefault((media, campaign), []).append((int(minor), int(number)))
        return found
