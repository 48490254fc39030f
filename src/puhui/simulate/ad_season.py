"""Ten invented weeks of advertising (虚构): campaigns of four media with their creatives, what they cost, whom they brought, an experiment.

Every name says 虚构, every fact carries `"simulated": true`, and what is simulated never leaves for a real media (acquisition.conversions). All of it goes
through the same operations as real facts; a second call finds the first campaign and adds nothing. The figures in CAMPAIGNS are our assumptions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import transaction

from puhui.acquisition import audiences, campaigns, creative_watch, data_link, experiment_book, operations, vintages
from puhui.acquisition.core import signals
from puhui.acquisition.core.rta import bucket_of
from puhui.acquisition.experiment_book import Draft
from puhui.acquisition.rta import publication

_CHINA = ZoneInfo("Asia/Shanghai")
BY = "puhui up 虚构"
DAYS, EXPERIMENT_DAYS, AUDIENCE = 70, 10, 3000
CLICK_RATE, TIRING_DAYS = 0.15, 28
_WORDING = "虚构示例：普惠小店经营贷，由示例银行股份有限公司提供，经营性贷款，年化综合融资成本 6%-12%，具体以审批为准。理性借贷，按时还款，注意风险。"
_STEPS = ("register", "complete", "credit", "draw")
_DELAY_HOURS = (0.3, 4.0, 20.0, 40.0)


@dataclass(frozen=True, slots=True)
class _Assumed:
    """One campaign: clicks a day, fen a click, chances of the four steps each after the one before, share that fails; `creatives` with
    their weights, the last of which tires."""  # fmt: skip

    media: str
    name: str
    strategy: str
    clicks: float
    click_minor: int
    chances: tuple[float, float, float, float]
    bad: float
    creatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class _World:
    """What the weeks are drawn with, and what its loans earned by person and day."""

    dice: np.random.Generator
    earned: dict[tuple[str, date], int]
    now: datetime


CAMPAIGNS = (
    _Assumed("tencent", "虚构·春季小店", "new_owner", 16, 3200, (0.20, 0.55, 0.45, 0.7), 0.006, (("账期", 0.45), ("备货", 0.25), ("老照片", 0.3))),
    _Assumed("tencent", "虚构·餐饮周转", "", 8, 2800, (0.22, 0.50, 0.40, 0.7), 0.012, (("后厨", 0.6), ("外卖", 0.4))),
    _Assumed("ocean_engine", "虚构·短视频门店", "", 14, 2100, (0.26, 0.42, 0.25, 0.6), 0.03, (("探店", 0.7), ("口播", 0.3))),
    _Assumed("ocean_engine", "虚构·直播间", "", 6, 1800, (0.32, 0.30, 0.12, 0.5), 0.06, (("连麦", 1.0),)),
    _Assumed("kuaishou", "虚构·县域小店", "", 8, 1900, (0.24, 0.50, 0.35, 0.7), 0.015, (("集市", 0.6), ("农资", 0.4))),
    _Assumed("baidu", "虚构·搜索经营贷", "", 5, 6500, (0.30, 0.62, 0.50, 0.75), 0.008, (("词包", 1.0),)),
)  # fmt: skip


@transaction.atomic
def advertise(folder: Path, *, seed: int, now: datetime) -> int:
    """Make the ten weeks that end now; answers how many facts came of it, 0 where it stands already. `folder`: where publications stand."""
    if any(each.name == CAMPAIGNS[0].name for each in campaigns.campaigns(on=_day(now))):
        return 0
    dice = np.random.default_rng(seed)
    begins = now - timedelta(days=DAYS)
    for each in CAMPAIGNS:
        _launch(each, now=begins)
    facts: list[dict[str, Any]] = []
    world = _World(dice, {}, now)
    for number, each in enumerate(CAMPAIGNS):
        for day in range(DAYS):
            facts += _one_day(each, begins + timedelta(days=day), (number, day), world)
    facts += _experiment(folder, dice, now=now)
    for fact in facts:
        fact["raw"] = fact.get("raw") or '{"simulated": true}'
    frame = signals.frame_of(facts)
    taken = data_link.take_signals(frame, now=now)
    vintages.tell(world.earned, subjects={subject for subject, _on in world.earned}, now=now)
    for each in CAMPAIGNS:
        _charge(each, frame, dice, now=now)
    creative_watch.watch(now=now)
    campaigns.obey(folder, now=now)
    return taken.new


def _launch(each: _Assumed, *, now: datetime) -> None:
    campaign = campaigns.create(each.media, each.name, strategy=each.strategy, by=BY, now=now)
    wording = campaigns.Wording("虚构·小店周转", _WORDING, "https://loans.example/m/")
    campaigns.word(campaign, wording, by=BY, now=now)
    daily, target = (
        round(2 * each.clicks * each.click_minor, -3),
        round(3 * each.click_minor / (each.chances[0] * each.chances[1]), -3),
    )
    campaigns.set_budget(campaign, int(daily), target_minor=int(target), by=BY, now=now)
    campaigns.move(campaign, campaigns.LIVE, by=BY, now=now)


def _one_day(each: _Assumed, begins: datetime, place: tuple[int, int], world: _World) -> list[dict[str, Any]]:
    """The twenty-four hours from `begins`: impressions, clicks, and the whole way of everybody who came by one of them, as far as it is past."""
    (number, day), dice = place, world.dice
    tired = max(0.0, 1 - (DAYS - day) / TIRING_DAYS)
    weights = np.array([weight for _name, weight in each.creatives])
    rates = np.full(len(weights), CLICK_RATE)
    if len(weights) > 1:
        rates[-1] = 1.5 * CLICK_RATE * (1 - 0.8 * tired)  # the last creative is a favourite at first and wears out
    shown = dice.multinomial(dice.poisson(each.clicks / CLICK_RATE), weights / weights.sum())
    found: list[dict[str, Any]] = []
    for (creative, _weight), impressions, rate in zip(each.creatives, shown, rates, strict=True):
        clicked = int(dice.binomial(impressions, rate))
        common = {"media": each.media, "campaign": each.name, "creative": creative}
        name = f"虚构-{number}-{day}-{creative}"
        for kind, count in (("impression", int(impressions)), ("click", clicked)):
            for n, hours in enumerate(np.sort(24 * dice.random(count)).tolist()):
                moment = begins + timedelta(hours=hours)
                fact = common | {"kind": kind, "happened_at": moment}
                if kind == "impression":
                    found.append(fact | {"name": f"{name}-i{n}"})
                    continue
                # Some devices were seen before, by another campaign: their way has more than one touch.
                device = int(dice.integers(1, 900)) if dice.random() < 0.5 else int(dice.integers(10**6, 10**12))
                found.append(
                    fact | {"click_id": f"{name}-c{n}", "device": device, "raw": _callback(each.media, f"{name}-c{n}")}
                )
                found += _way(each, f"{name}-p{n}", device, moment, world)
    return [fact for fact in found if fact["happened_at"] < world.now]


def _way(each: _Assumed, subject: str, device: int, clicked_at: datetime, world: _World) -> Iterator[dict[str, Any]]:
    dice, at = world.dice, clicked_at
    consents = bool(dice.random() < 0.3)
    for kind, chance, hours in zip(_STEPS, each.chances, _DELAY_HOURS, strict=True):
        if dice.random() >= chance:
            return
        at += timedelta(hours=float(dice.exponential(hours)))
        limit = int(dice.integers(1, 10)) * 1_000_000
        yield {"kind": kind, "subject": subject, "device": device, "happened_at": at, "consent": consents} | (
            {"value_minor": limit} if kind in ("credit", "draw") else {}
        )
    _earn(each, subject, at, limit, world)
    if at + timedelta(days=31) < world.now and dice.random() >= each.bad:
        yield {"kind": "first_payment", "subject": subject, "device": device, "happened_at": at + timedelta(days=30), "consent": consents}  # fmt: skip


def _earn(each: _Assumed, subject: str, drawn_at: datetime, principal: int, world: _World) -> None:
    """Expected loss on the day of the draw, interest every day since; who fails loses four tenths a month later."""
    if drawn_at >= world.now:
        return
    earned, first, last = world.earned, _day(drawn_at), _day(world.now)
    earned[subject, first] = -int(principal * each.bad * 0.15)
    for number in range(1, (last - first).days + 1):
        earned[subject, first + timedelta(days=number)] = principal * 8 // 36_500
    failed_on = first + timedelta(days=28)
    if failed_on <= last and world.dice.random() < each.bad:
        earned[subject, failed_on] -= principal * 4 // 10


def _experiment(folder: Path, dice: np.random.Generator, *, now: datetime) -> list[dict[str, Any]]:
    """A tenth of an invented audience is left out for ten days; those who are sought come a little more often."""
    devices = np.unique(dice.integers(2**40, 2**62, AUDIENCE)).tolist()
    starts = now - timedelta(days=EXPERIMENT_DAYS)
    audiences.replace("lookalike", set(devices), why="虚构", now=starts - timedelta(days=5))
    if publication.current(folder) is not None:
        return []  # somebody delivers here already: a demonstration changes nothing of that
    arms = experiment_book.two_arms("虚构·留出两成", "new_owner", "", buckets=2)
    draft = Draft("虚构·留出两成", "tencent", arms, "lookalike", "complete", AUDIENCE)
    experiment_book.start(draft, folder, by=BY, now=starts)
    facts: list[dict[str, Any]] = []
    for number, device in enumerate(devices):
        chance = 0.01 if bucket_of(device) in arms[0].buckets else 0.045
        if dice.random() < chance:
            at = starts + timedelta(days=float(dice.random() * EXPERIMENT_DAYS))
            facts += [{"kind": kind, "subject": f"虚构-x{number}", "device": device, "happened_at": at} for kind in ("register", "complete")]  # fmt: skip
    return facts


def _charge(each: _Assumed, frame: Any, dice: np.random.Generator, *, now: datetime) -> None:
    """What the media charged by day and creative, and what it says it counted; on the last day it counts a good deal more than reached us."""
    mine = frame.filter((frame["campaign"] == each.name) & (frame["kind"] == "click"))
    counts: dict[tuple[date, str], int] = {}
    for creative, at in mine.select("creative", "happened_at").rows():
        counts[_day(at), creative] = counts.get((_day(at), creative), 0) + 1
    days: dict[date, int] = {}
    for (on, creative), number in sorted(counts.items()):
        minor = int(number * each.click_minor * dice.uniform(0.9, 1.1))
        key = f"虚构/{each.media}/{each.name}/{creative}/{on}"
        operations.record_cost(operations.CostDraft(each.media, each.name, on, minor, creative), key=key, now=now)
        days[on] = days.get(on, 0) + number
    for on, number in days.items():
        told = round(number * (1.35 if on >= max(days) - timedelta(days=1) and each.media == "ocean_engine" else 1.01))
        report = operations.MediaReportDraft(each.media, each.name, on, 12 * told, told, 0)
        operations.record_media_report(report, key=f"虚构/{each.media}/{each.name}/{on}", now=now)


def _callback(media: str, click: str) -> str:
    """What a click brings so that its media's sandbox recognises it."""
    if media == "tencent":
        return '{"simulated": true, "callback": "https://tracking.e.qq.com/conv?cb=simulated"}'
    return f'{{"simulated": true, "callback": "{click}", "bd_vid": "{click}"}}'


def _day(moment: datetime) -> date:
    return moment.astimezone(_CHINA).date()
