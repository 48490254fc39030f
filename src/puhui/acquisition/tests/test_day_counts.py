"""Sums kept as facts are stored are the sums of the facts: whatever the order, the batches, repeats and facts that come late."""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from puhui.acquisition import board, data_link, models, touch_paths
from puhui.acquisition.core import signals
from puhui.acquisition.touch_paths import Asked

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
CHINA = ZoneInfo("Asia/Shanghai")
pytestmark = pytest.mark.django_db
Fact = dict[str, Any]


def made_up(chance: random.Random) -> list[Fact]:
    """Clicks with and without ids of a few devices, impressions, and people with shared devices; some facts twice."""
    media = ("tencent", "baidu")
    facts: list[Fact] = []
    for number in range(80):
        facts.append({
            "kind": "click", "media": chance.choice(media), "campaign": chance.choice("ab"), "creative": chance.choice(["", "x"]),
            "name": f"n{number}", "click_id": f"c{number}" if number % 3 else "", "device": chance.choice([None, *range(12)]),
            "happened_at": NOW - timedelta(hours=chance.uniform(0, 200)),
        })  # fmt: skip
        facts.append({
            "kind": "impression", "media": chance.choice(media), "campaign": "a", "name": f"i{number}",
            "happened_at": NOW - timedelta(seconds=chance.uniform(0, 9000)),
        })  # fmt: skip
    for person in range(12):
        for kind, hours in (("register", chance.uniform(0, 150)), ("complete", chance.uniform(0, 150))):
            facts.append({
                "kind": kind, "subject": f"p{person}", "click_id": f"c{chance.randrange(90)}", "device": chance.choice([None, person, 3]),
                "happened_at": NOW - timedelta(hours=hours), "value_minor": 100 + person,
            })  # fmt: skip
    return facts + chance.sample(facts, 20)


def day_of(fact: Fact) -> date:
    return fact["happened_at"].astimezone(CHINA).date()


def kept() -> tuple[Any, ...]:
    """Everything that is kept, slots added up."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for row in models.DayCount.objects.all():
        counts[row.on, row.media, row.campaign, row.creative, row.kind] += row.facts
    delays: Counter[tuple[Any, ...]] = Counter()
    for delay in models.DayDelay.objects.all():
        delays[delay.on, delay.media, delay.delay_s] += delay.clicks
    ways = {
        row.subject: (dict(zip(row.kinds, row.first_at, strict=True)), row.click_ids, row.devices, row.click and row.click.happened_at == row.clicked_at)
        for row in models.Owed.objects.select_related("click")
    }  # fmt: skip
    return counts, delays, ways


@pytest.mark.parametrize("order", [1, 2, 3])
def test_sums_are_those_of_the_facts_and_counting_again_changes_nothing(order: int) -> None:
    facts = made_up(random.Random(7))
    once = {(fact["kind"], fact.get("name") or fact["subject"], fact["happened_at"]): fact for fact in facts}.values()
    random.Random(order).shuffle(facts)
    for at in range(0, len(facts), 9 + order):
        assert data_link.take_signals(signals.frame_of(facts[at : at + 9 + order]), now=NOW).refused == []
    of_media = [fact for fact in once if fact["kind"] in signals.FROM_MEDIA]
    counts, delays, ways = kept()
    assert counts == Counter((day_of(f), f["media"], f["campaign"], f.get("creative", ""), f["kind"]) for f in of_media)
    clicks = [fact for fact in of_media if fact["kind"] == "click"]
    assert delays == Counter((day_of(f), f["media"], rounded_up(NOW - f["happened_at"])) for f in clicks)
    firsts: dict[str, dict[str, datetime]] = defaultdict(dict)
    for fact in once:
        if "subject" in fact:
            held = firsts[fact["subject"]]
            held[fact["kind"]] = min(held.get(fact["kind"], NOW), fact["happened_at"])
    assert {subject: way[0] for subject, way in ways.items()} == firsts
    for subject, (_firsts, click_ids, devices, same) in ways.items():
        own = [fact for fact in once if fact.get("subject") == subject]
        named = [fact for fact in clicks if fact["click_id"] in {step["click_id"] for step in own}]
        assert click_ids == sorted(fact["click_id"] for fact in named if fact["device"] is None)
        assert devices == sorted({fact["device"] for fact in own + named} - {None})
        assert same in (True, None)
    assert data_link.fold_again() == 12
    assert kept() == (counts, delays, ways)


def rounded_up(delay: timedelta) -> int:
    seconds = -(-delay // timedelta(seconds=1))
    figure = 10 ** max(len(str(seconds)) - 3, 0)
    return -(-seconds // figure) * figure


def test_ninety_five_of_a_hundred_clicks_came_within_the_delay() -> None:
    facts = [
        {"kind": "click", "media": "tencent", "click_id": f"c{number}", "happened_at": NOW - timedelta(seconds=seconds)}
        for number, seconds in enumerate([0.2] * 18 + [7.5, 3601])
    ]
    data_link.take_signals(signals.frame_of(facts), now=NOW)
    seen = dict(board.seen_on(date(2026, 11, 29)))["tencent"]
    assert (seen.clicks, seen.delay_s, seen.newest_at, seen.unidentified) == (20, 8.0, NOW, 0)
    more = [{"kind": "click", "media": "tencent", "name": "n", "happened_at": NOW - timedelta(seconds=3602)}]
    data_link.take_signals(signals.frame_of(more), now=NOW)
    seen = dict(board.seen_on(date(2026, 11, 29)))["tencent"]
    assert (seen.clicks, seen.delay_s, seen.unidentified) == (21, 3610.0, 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ways_are_those_of_the_facts(seed: int) -> None:
    """Every way with and without a result, counted click by click."""
    facts = made_up(random.Random(seed))
    data_link.take_signals(signals.frame_of(facts), now=NOW)
    asked = Asked("complete", date(2026, 11, 24), date(2026, 11, 29), "creative", 7)
    found = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for path in touch_paths.credited(asked).paths:
        found[0][path.channels] += path.results
        found[1][path.channels] += path.without
    assert (+found[0], +found[1]) == by_hand(facts, asked)


def by_hand(facts: list[Fact], asked: Asked) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """Click by click, with the clicks' keys as stored only to break ties of time."""
    clicks = list({fact["name"]: fact for fact in facts if fact["kind"] == "click"}.values())
    clicks.sort(key=lambda fact: fact["happened_at"])
    units = lambda some: tuple(f"{f['media']} / {f['campaign']} / {f['creative']}" for f in some)  # noqa: E731
    asked_for = lambda fact: asked.since <= day_of(fact) < asked.until  # noqa: E731
    ways: Counter[tuple[str, ...]] = Counter()
    touched, devices_met = set(), set()
    for person in range(12):
        own = [fact for fact in facts if fact.get("subject") == f"p{person}"]
        results = [fact["happened_at"] for fact in own if fact["kind"] == asked.kind and asked_for(fact)]
        if not results:
            continue
        ids = {fact["click_id"] for fact in own}
        devices = {fact["device"] for fact in own} | {
            click["device"] for click in clicks if click["click_id"] in ids and click["click_id"]
        }
        devices -= {None}
        devices_met |= devices
        since = min(fact["happened_at"] for fact in own) - timedelta(days=asked.window_days)
        way = [
            click for click in clicks
            if (click["device"] in devices or (click["click_id"] and click["click_id"] in ids)) and since < click["happened_at"] <= min(results)
        ]  # fmt: skip
        touched |= {click["name"] for click in way}
        if way:
            ways[units(way)] += 1
    vain: dict[Any, list[Fact]] = defaultdict(list)
    for click in clicks:
        if asked_for(click) and click["name"] not in touched and click["device"] not in devices_met:
            vain[click["name"] if click["device"] is None else click["device"]].append(click)
    return ways, Counter(units(way) for way in vain.values())
