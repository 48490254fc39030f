"""Made-up gangs among made-up honest people: found early, and the honest mostly left alone."""

import statistics
from datetime import UTC, datetime

import pytest

from puhui.simulate import adversaries, detection

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.django_db
class TestAdversaries:
    def test_of_every_kind_are_found_and_leave_nothing_behind(self) -> None:
        from django.db import connection

        found = detection.study(dict.fromkeys(adversaries.SCHEMES, 20), honest=3_000, seed=1, start=START, judged=500)
        late = {scheme: member for scheme, member in found.found_by.items() if member is None or member > 5}
        assert set(late) <= {"ab_loans", "fake_flows", "sleepers", "adaptive"}, found.found_by
        assert all(found.recall[scheme] > 0.1 for scheme in adversaries.SCHEMES if scheme != "sleepers"), found.recall
        assert found.false_alarm_share < 0.05
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM antifraud_arrival")
            assert cursor.fetchone()[0] == 0

    @pytest.mark.nightly
    def test_gangs_of_forty_in_a_hundred_thousand_are_found_by_the_fifth_member_in_the_median_run(self) -> None:
        runs = [detection.study({"device_gang": 40}, honest=100_000, seed=seed, start=START) for seed in range(50)]
        members = [run.found_by["device_gang"] or 41 for run in runs]
        assert statistics.median(members) <= 5
