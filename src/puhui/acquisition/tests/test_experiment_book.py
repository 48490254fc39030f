"""Experiments on live delivery: what the servers get, who is compared, what is said, how one ends; and what is refused without a trace."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from puhui.acquisition import audiences, data_link, experiment_book, models
from puhui.acquisition.core import signals
from puhui.acquisition.core.rta import bucket_of
from puhui.acquisition.experiment_book import Arm, Draft
from puhui.acquisition.rta import publication, tables
from puhui.kernel.refusal import Refused

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=4)
MEMBERS = set(range(1, 2001))
pytestmark = pytest.mark.django_db
ARMS = (Arm("hold-out", "", (0, 1)), Arm("new_owner", "new_owner", (2, 3, 4, 5, 6, 7, 8, 9)))
DRAFT = Draft("留出", "tencent", ARMS, "lookalike", "complete", 2000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    audiences.replace("lookalike", MEMBERS, why="list", now=NOW - timedelta(days=1))
    audiences.replace("vulnerable", {5}, why="list", now=NOW - timedelta(days=1))
    return tmp_path / "rta"


def buckets(folder: Path, name: str = "new_owner") -> tuple[frozenset[int], bool]:
    held = publication.current(folder)
    assert held is not None
    found = {(each.media, each.name): each for each in tables.strategies(held.strategies, NOW.date())}
    return found["tencent", name].buckets, found["tencent", name].live


def completed(devices: list[int], *, at: datetime = NOW + timedelta(days=1)) -> None:
    rows: list[dict[str, Any]] = [
        {"kind": "complete", "subject": f"p{device}", "device": device, "happened_at": at} for device in devices
    ]
    assert data_link.take_signals(signals.frame_of(rows), now=LATER).new == len(rows)


def test_the_servers_get_the_arms_buckets_and_lose_them_at_the_end(folder: Path) -> None:
    found = experiment_book.start(DRAFT, folder, by="lin", now=NOW)
    assert buckets(folder) == (frozenset(range(2, 10)), True)
    assert buckets(folder, "lookalike_owner") == (frozenset(), True)
    experiment_book.stop(found, folder, keep="hold-out", by="lin", now=LATER)
    assert buckets(folder) == (frozenset(), False)
    shown = experiment_book.one(found)
    assert (shown.state, shown.kept, shown.stopped_at) == ("stopped", "hold-out", LATER)
    before = publication.current(folder)
    experiment_book.stop(found, folder, keep="", by="lin", now=LATER)
    assert publication.current(folder) == before


def test_devices_are_compared_by_intention_to_treat(folder: Path) -> None:
    found = experiment_book.start(DRAFT, folder, by="lin", now=NOW)
    held_out = sorted(each for each in MEMBERS - {5} if bucket_of(each) in (0, 1))
    treated = sorted(each for each in MEMBERS - {5} if bucket_of(each) > 1)
    completed([*held_out[:4], *treated[:400]])
    completed([10_001], at=NOW + timedelta(days=2))  # nobody of the audience
    audiences.replace("lookalike", MEMBERS | {9_999}, why="list", now=NOW + timedelta(days=1))  # too late to be in it
    seen = experiment_book.seen(found, now=LATER)
    control, arm = seen.arms
    assert (control.heads, arm.heads) == (len(held_out), len(treated))
    assert (control.took, arm.took, control.plain) == (4, 400, None)
    assert arm.plain is not None
    assert arm.plain.difference == pytest.approx(400 / len(treated) - 4 / len(held_out))
    assert 0 < arm.plain.low < arm.plain.difference < arm.plain.high
    assert seen.says == "new_owner"
    days = seen.days["new_owner"]
    assert [day for day, _look in days] == [date(2026, 11, 20) + timedelta(days=number) for number in range(5)]
    assert days[0][1].difference == 0.0
    assert days[-1][1] == arm.adjusted


def test_cuped_takes_out_what_earlier_clicks_explain(folder: Path) -> None:
    eager = list(range(1, 1001))
    clicks = [
        {"kind": "click", "media": "baidu", "click_id": f"c{device}", "device": device, "happened_at": NOW - timedelta(days=9)}
        for device in eager
    ]  # fmt: skip
    data_link.take_signals(signals.frame_of(clicks), now=NOW)
    found = experiment_book.start(DRAFT, folder, by="lin", now=NOW)
    completed([each for each in eager if each % 10])
    arm = experiment_book.seen(found, now=LATER).arms[1]
    assert arm.plain is not None
    assert arm.adjusted is not None
    assert arm.adjusted.high - arm.adjusted.low < 0.5 * (arm.plain.high - arm.plain.low)
    assert experiment_book.seen(found, now=LATER).says == "WAIT"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "EXPERIMENT_NAME"),
        ({"media": "weibo"}, "MEDIA_UNKNOWN"),
        ({"kind": "marry"}, "SIGNAL_KIND_UNKNOWN"),
        ({"planned": 1}, "PLANNED_HEADS"),
        ({"audience": "declined"}, "AUDIENCE_TOO_SMALL"),
        ({"audience": "vulnerable"}, "AUDIENCE_TOO_SMALL"),
        ({"arms": (ARMS[0],)}, "ARM_BUCKETS"),
        ({"arms": (ARMS[0], replace(ARMS[1], buckets=(1, 2)))}, "ARM_BUCKETS"),
        ({"arms": (ARMS[0], replace(ARMS[1], buckets=(10,)))}, "ARM_BUCKETS"),
        ({"arms": (ARMS[0], replace(ARMS[1], name="hold-out"))}, "ARM_NAME"),
        ({"arms": (ARMS[0], replace(ARMS[1], strategy="elsewhere"))}, "STRATEGY_UNKNOWN"),
    ],
)
def test_a_faulty_one_is_refused_and_nothing_moves(folder: Path, change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        experiment_book.start(replace(DRAFT, **change), folder, by="lin", now=NOW)
    assert refused.value.refusal.code == code
    assert (models.Experiment.objects.count(), publication.current(folder)) == (0, None)


def test_one_strategy_is_in_one_experiment_at_a_time(folder: Path) -> None:
    experiment_book.start(DRAFT, folder, by="lin", now=NOW)
    served = publication.current(folder)
    with pytest.raises(Refused, match="EXPERIMENT_KNOWN"):
        experiment_book.start(DRAFT, folder, by="lin", now=NOW)
    with pytest.raises(Refused, match="EXPERIMENT_OVERLAPS"):
        experiment_book.start(replace(DRAFT, name="另一个"), folder, by="lin", now=NOW)
    assert publication.current(folder) == served
    with pytest.raises(Refused, match="EXPERIMENT_UNKNOWN"):
        experiment_book.one("exp_none")


def test_an_assignment_that_does_not_fit_is_said_before_any_result(tmp_path: Path) -> None:
    lopsided = {each for each in MEMBERS if bucket_of(each) > 1} | {
        each for each in range(1, 400) if bucket_of(each) == 0
    }
    audiences.replace("lookalike", lopsided, why="list", now=NOW - timedelta(days=1))
    found = experiment_book.start(DRAFT, tmp_path / "rta", by="lin", now=NOW)
    assert experiment_book.seen(found, now=LATER).says == "UNEQUAL"
