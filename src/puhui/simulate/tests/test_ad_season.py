"""The invented weeks fill every page of Octopus, say of themselves that they are invented, and come once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection

from puhui.acquisition import (
    board,
    campaigns,
    conversions,
    creative_watch,
    experiment_book,
    late_answers,
    touch_paths,
    unit_costs,
    vintages,
)
from puhui.acquisition.channels.callbacks import Call
from puhui.simulate import ad_season

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
COUNTS = "SELECT (SELECT count(*) FROM acquisition_signal), (SELECT count(*) FROM acquisition_cost), (SELECT count(*) FROM acquisition_campaign)"


def asked(question: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_invented_weeks_fill_every_page_once(tmp_path: Path) -> None:
    assert ad_season.advertise(tmp_path, seed=1, now=NOW) > 20_000
    today = NOW.date()
    until, since = today + timedelta(days=1), today - timedelta(days=30)
    found = board.board(since, until)
    assert {line.campaign[:3] for line in found.lines if line.media} == {"虚构·"}
    assert found.total.counts["click"] > 1000
    assert {alarm.alarm for alarm in board.alarms(today, now=NOW)} >= {"loss"}
    assert len(touch_paths.credited(touch_paths.Asked("complete", since, until)).longest) > 1
    assert late_answers.answers(since, until, kind="draw", now=NOW).half_hours is not None
    assert unit_costs.unit_costs(since, until, by="creative")[0].stages[2].minor is not None
    assert vintages.vintage(since, today - timedelta(days=10), by="media", as_of=today)[0].returns[1].ratio is not None
    assert experiment_book.seen(experiment_book.experiments_now()[0].id, now=NOW).says == "new_owner"
    live = {each.name: each for each in campaigns.campaigns(on=today)}
    verdicts = {each.creative: each.verdict for each in creative_watch.verdicts_of(live["虚构·春季小店"].id)}
    assert verdicts["老照片"] == "tired"
    assert asked("SELECT DISTINCT raw->>'simulated' FROM acquisition_signal") == [("true",)]
    before = asked(COUNTS)
    assert ad_season.advertise(tmp_path, seed=1, now=NOW + timedelta(days=1)) == 0
    assert asked(COUNTS) == before

    called: list[str] = []

    def send(call: Call) -> httpx.Response:
        called.append(call.url)
        return httpx.Response(200, content=b"{}")

    assert set(conversions.send_due(conversions.Way({}), now=NOW, most=20, send=send)) == {"refused"}
    assert called == []
