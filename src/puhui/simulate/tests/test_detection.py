"""Made-up gangs among made-up honest people who share things as people do: found early, and the honest mostly left alone."""

import statistics
from datetime import UTC, datetime

import pytest

from puhui.simulate import adversaries, detection

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.django_db
class TestAdversaries:
    def test_of_every_kind_are_found_and_leave_nothing_behind(self) -> None:
        from django.db import connection

        world = detection.World(honest=3_000, seed=1, start=START, judged=300)
        runs = detection.studies(dict.fromkeys(adversaries.SCHEMES, 12), world, gang_seeds=[1, 2])
        for found in runs:
            late = {scheme: member for scheme, member in found.found_by.items() if member is None or member > 5}
            assert set(late) <= {"ab_loans", "fake_flows", "sleepers", "adaptive", "packaging_agent", "agent_for_months"}, found.found_by  # fmt: skip
            assert found.caught["TRADE_CIRCLE"]["circular_invoices"] > 2
            assert set(found.caught["SAME_COUNTERPARTIES"]) <= {"circular_invoices", "shell_companies"}
            assert found.found_by["adaptive"] == 5  # it knows every rule but the ring of five
            assert (found.found_by["sleepers"] or 99) <= 5
            for code, rule in found.rules.items():
                assert rule["hits"] == sum(found.caught.get(code, {}).values()) + found.honest_hits.get(code, 0)
            assert found.honest_judged == 300 == sum(looked for looked, _, _ in found.honest.values())
            assert 0 < found.false_alarm_share < 0.08
        assert runs[0].honest == runs[1].honest
        assert runs[0].recall != runs[1].recall
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), (SELECT count(*) FROM antifraud_trade) FROM antifraud_arrival")
            assert cursor.fetchone() == (0, 0)

    @pytest.mark.nightly
    def test_gangs_of_forty_in_a_hundred_thousand_are_found_by_the_fifth_member_in_the_median_run(self) -> None:
        worlds = [detection.World(honest=100_000, seed=seed, start=START, judged=400) for seed in range(5)]
        runs = [run for world in worlds for run in detection.studies({"device_gang": 40}, world, gang_seeds=range(world.seed, 50, 5))]  # fmt: skip
        assert statistics.median(run.found_by["device_gang"] or 41 for run in runs) <= 5
        assert statistics.mean(run.false_alarm_share for run in runs) < 0.03
