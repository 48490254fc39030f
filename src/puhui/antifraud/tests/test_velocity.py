"""Windows and the graph in PostgreSQL: counted at their edges, the same for one and for many, blind to the future."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from puhui.antifraud import arrivals
from puhui.antifraud.core import neighbourhood, velocity
from puhui.antifraud.core.entity_kind import KINDS, key_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def row(n: int, day: float, **keys: str | None) -> dict[str, Any]:
    told = {kind: None if value is None else key_of(kind, value.encode()) for kind, value in keys.items()}
    at = START + timedelta(days=day)
    return {
        "application": n,
        "application_key": f"app_{n}",
        "applied_at": at,
        "recorded_at": at,
        "amount_minor": 100 * n,
    } | told


def label(n: int, *, fraud: bool, day: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO antifraud_label (application, application_key, fraud, known_at, source, by, recorded_at)"
            " VALUES (%s, %s, %s, %s, 'test', 'test', now())",
            [n, f"app_{n}", fraud, START + timedelta(days=day)],
        )


def seen(positions: list[int]) -> list[dict[str, Any]]:
    """All that the database says of these arrivals: windows and graph."""
    counted = arrivals.velocities(positions)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position, application, person, amount_minor FROM antifraud_arrival WHERE position = ANY(%s)",
            [positions],
        )
        known = {place: rest for place, *rest in cursor.fetchall()}
    around = arrivals.neighbourhoods({place: known[place][0] for place in positions})
    return [
        counted[place] | neighbourhood.features(around[place], application=known[place][0], person=known[place][1], amount_minor=known[place][2])
        for place in positions
    ]  # fmt: skip


@pytest.mark.django_db
class TestAWindow:
    def test_counts_people_not_applications_and_is_open_at_its_far_end(self) -> None:
        days = [(0, "a"), (1, "a"), (30, "b"), (29.9, "c")]
        places = arrivals.join([row(n, day, person=who, phone="p") for n, (day, who) in enumerate(days)])
        told = arrivals.velocities(places)
        assert [told[place]["people_on_phone_30d"] for place in places] == [1, 1, 2, 2]

    def test_does_not_know_an_unknown_device_and_sums_amounts(self) -> None:
        places = arrivals.join(
            [row(1, 0, person="a"), row(2, 0, person="b", device="d"), row(3, 1, person="c", device="d")]
        )
        first, _, third = seen(places)
        assert (first["people_on_device_30d"], first["device_age_days"]) == (None, None)
        assert (third["people_on_device_30d"], third["amount_on_device_7d_minor"], third["device_age_days"]) == (
            2,
            500,
            1,
        )

    def test_counts_confirmed_fraud_only_once_it_is_known(self) -> None:
        places = arrivals.join([row(n, n, person=f"p{n}", agent="x") for n in range(4)])
        label(0, fraud=True, day=2.5)
        label(1, fraud=True, day=1.5)
        label(1, fraud=False, day=2.5)
        assert [each["bad_of_agent_90d"] for each in seen(places)] == [0, 0, 1, 1]

    def test_looks_at_the_newest_of_a_hub_only(self) -> None:
        hub = KINDS["phone"].hub
        places = arrivals.join([row(n, n / 1000, person=f"p{n}", phone="hub") for n in range(hub + 20)])
        told = arrivals.velocities(places[-1:])
        assert told[places[-1]]["people_on_phone_30d"] == hub


@pytest.mark.django_db
class TestTheGraph:
    def test_follows_strong_entities_hop_by_hop_and_not_weak_ones(self) -> None:
        rows = [
            row(1, 0, person="a", phone="1", device="x"),
            row(2, 1, person="b", phone="2", device="x", address="market"),
            row(3, 2, person="c", phone="2", device="y"),
            row(4, 3, person="d", phone="4", device="z", address="market"),
        ]
        places = arrivals.join(rows)
        label(1, fraud=True, day=0.5)
        told = seen(places)
        assert [each["ring_people"] for each in told] == [1, 2, 3, 1]
        assert [each["fraud_distance"] for each in told] == [99, 1, 2, 99]
        assert (told[2]["people_1hop"], told[2]["people_2hop"], told[2]["bad_share_2hop"]) == (1, 2, 0.5)
        assert told[2]["ring_amount_minor"] == 600

    def test_says_how_fast_the_ring_grows(self) -> None:
        days = (0, 20, 24, 28, 29, 60)
        places = arrivals.join([row(n, day, person=f"p{n}", device="x") for n, day in enumerate(days)])
        grown = [(each["ring_people"], each["ring_people_7d"], each["ring_people_30d"], each["ring_speed"]) for each in seen(places)]  # fmt: skip
        assert grown[0] == (1, 1, 1, 4.2857)
        assert grown[4] == (5, 3, 5, 2.5714)
        assert grown[5] == (6, 1, 1, 4.2857)  # the newest one begins anew: nobody else came within the month


def invented(count: int, dice: random.Random, *, first: int = 0, day: float | None = None) -> list[dict[str, Any]]:
    """Arrivals that share much; all on later days than `day` where it is given."""
    kinds = ("phone", "device", "card", "address", "agent", "wifi")
    rows = []
    for n in range(count):
        keys: dict[str, Any] = {kind: dice.choice([None, *"abcdef"]) for kind in kinds}
        rows.append(
            row(
                first + n,
                dice.uniform(0, 60) if day is None else day + dice.uniform(0.1, 40),
                person=dice.choice("pqrstuvwxyz"),
                **keys,
            )
        )
    return rows  # fmt: skip


@pytest.mark.django_db
class TestLeakage:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_shuffling_everything_after_as_of_changes_no_feature(self, seed: int) -> None:
        dice = random.Random(seed)
        early = arrivals.join(invented(60, dice))
        for n in range(0, 60, 7):
            label(n, fraud=True, day=dice.uniform(0, 60))
        before, as_of = seen(early), 61.0
        for _ in range(2):
            with transaction.atomic():
                arrivals.join(invented(50, dice, first=1_000, day=as_of))
                arrivals.join(invented(20, dice, first=2_000))  # back-dated arrivals too
                for n in range(60):
                    label(n, fraud=dice.random() < 0.5, day=as_of + dice.uniform(0, 9))
                assert seen(early) == before
                transaction.set_rollback(True)

    def test_one_by_one_equals_one_batch(self) -> None:
        rows = invented(40, random.Random(3))
        with transaction.atomic():
            alone = [seen(arrivals.join([each]))[0] for each in rows]
            transaction.set_rollback(True)
        assert seen(arrivals.join(rows)) == alone


def test_every_feature_is_a_column_that_rules_may_name() -> None:
    from puhui.antifraud.core.signals import COLUMNS, SOURCES

    assert set(velocity.NAMES) == {name for name, source in SOURCES.items() if source == "velocity"}
    assert all(COLUMNS[name].kind == feature.kind for name, feature in velocity.FEATURES.items())
