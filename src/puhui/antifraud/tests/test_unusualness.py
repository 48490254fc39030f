"""Unusualness beside peers and one's own past, inside the request: what is far out is noted, what is unknown is not strange, and a sealed past stays."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from puhui.antifraud import models, operations
from puhui.antifraud.core import unusualness
from puhui.antifraud.tests.test_assess import NOW, facts


def peers(count: int = 2_000) -> list[dict[str, float]]:
    dice = np.random.default_rng(3)
    return [
        {"fill_seconds": float(fill), "queries_1m": int(asked), "void_share": 0.0}
        for fill, asked in zip(np.exp(dice.normal(5.3, 0.5, count)), dice.poisson(1.1, count), strict=True)
    ]


class TestUnusualness:
    def test_is_a_share_of_peers_and_grows_outward_on_both_sides(self) -> None:
        rows = peers()
        learned = unusualness.learn(
            rows, ("fill_seconds", "queries_1m", "void_share", "red_share"), known_least=200, knots=200
        )
        assert learned.signals == ("fill_seconds", "queries_1m")  # one is the same for all, one nobody has
        shares = [float(share) for share in learned.unusualness(rows) if share is not None]
        assert len(shares) == 2_000
        assert all(abs(float(np.mean(np.array(shares) <= at)) - at) < 0.01 for at in (0.5, 0.9, 0.995))
        middle = float(np.exp(5.3))
        values = (middle, middle * 2, middle * 50, middle / 50)
        plain, double, above, below = (
            share or -1.0
            for share in learned.unusualness([{"fill_seconds": value, "queries_1m": 1} for value in values])
        )
        assert 0 <= plain < double < 0.995 < min(above, below)

    def test_does_not_take_what_is_unknown_for_strange_and_is_the_same_for_one_and_many(self) -> None:
        learned = unusualness.learn(peers(), ("fill_seconds", "queries_1m"), known_least=200, knots=200)
        again = unusualness.read(learned.as_json())
        rows: list[dict[str, float]] = [
            {"fill_seconds": 200.0},
            {},
            {"queries_1m": 30},
            {"fill_seconds": 200.0, "queries_1m": 1},
        ]
        together = again.unusualness(rows)
        assert together == [learned.unusualness([row])[0] for row in rows]
        assert together[1] is None
        assert together[0] < 0.9 < together[2]  # type: ignore[operator]


@pytest.mark.django_db
class TestInTheRequest:
    def test_what_is_far_from_peers_and_from_the_own_past_is_noted(self) -> None:
        first = operations.assess(replace(facts(1), amount_minor=1_000_000), now=NOW)
        assert (first.signals["unusualness"], first.signals["own_amount_ratio"]) == (None, None)
        assert operations.learn_peers(now=NOW) is None
        models.PeerPicture.objects.create(
            content=unusualness.learn(
                [row | {"own_amount_ratio": 0.5 + n % 100 / 50} for n, row in enumerate(peers())],
                ("fill_seconds", "queries_1m", "own_amount_ratio"), known_least=200, knots=200,
            ).as_json(),
            applications=2_000, learned_at=NOW,
        )  # fmt: skip
        again = replace(facts(1), application_key="app_1b", applied_at=NOW + timedelta(days=60))
        seen = replace(again, amount_minor=90_000_000, evidence={"fill_seconds": 4.0, "queries_1m": 40})
        odd = operations.assess(seen, now=NOW + timedelta(days=60))
        assert odd.signals["own_amount_ratio"] == 90.0
        assert odd.signals["unusualness"] >= 0.995
        assert "UNUSUAL" in {hit.code for hit in odd.hits}
        plain = replace(facts(2), evidence={"fill_seconds": 200.0, "queries_1m": 1})
        told = operations.assess(plain, now=NOW)
        assert told.signals["unusualness"] < 0.9
        assert "UNUSUAL" not in {hit.code for hit in told.hits}
