"""Fraud models day by day: drift against training, alerts until seen, retraining when due, a second person approves. Rows are made up."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from puhui.antifraud import models, operations, queries
from puhui.antifraud.core.entity_kind import key_of
from puhui.kernel.refusal import Refused
from tests import databases

START = datetime(2026, 1, 1, tzinfo=UTC)
TRAINED = START + timedelta(days=80)
DAY = date(2026, 4, 20)
NIGHT = datetime(2026, 4, 20, 19, tzinfo=UTC)  # three in the morning of the 21st in Beijing


def fill(count: int, *, since: datetime, days: int, seed: int, moved: float = 0.0) -> None:
    """Assessments on record; who shares a device with many is fraud more often. `moved`: everybody shares with so many more."""
    dice = np.random.default_rng(seed)
    on_device = dice.poisson(1.0 + moved, count).tolist()
    fraud = (dice.random(count) < np.where(np.array(on_device) >= 3, 0.8, 0.01)).tolist()
    rows, labels = [], []
    for n in range(count):
        at, name = since + timedelta(days=days * n / count), f"made_{seed}_{n}"
        signals = {"people_on_device_30d": on_device[n], "fill_seconds": float(dice.integers(60, 300))}
        rows.append(
            models.Assessment(
                application_key=name,
                input_hash="h",
                person_index=b"p",
                phone_index=b"",
                applied_at=at,
                signals=signals,
                outcome="pass",
                unknown=[],
                rulebook="made",
                recorded_at=at,
            )
        )
        if fraud[n]:
            labels.append(
                models.Label(
                    application=key_of("application", name.encode()),
                    application_key=name,
                    fraud=True,
                    known_at=at + timedelta(days=3),
                    source="made",
                    by="test",
                    recorded_at=at + timedelta(days=3),
                )
            )
    models.Assessment.objects.bulk_create(rows)
    models.Label.objects.bulk_create(labels)


@pytest.fixture(scope="module")
def trained(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, str]]:
    """A database in which a champion was trained and approved, and the model."""
    name = f"trained_{os.getpid()}"
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):
        with databases.moved_to(name):
            fill(800, since=START, days=75, seed=1)
            made = operations.train_model(seed=1, by="lin", now=TRAINED)
            operations.approve_model(made, by="gao")
        yield name, made


@pytest.fixture
def champion(trained: tuple[str, str], django_db_blocker: Any) -> Iterator[str]:
    """The model; what a test does with it is rolled back."""
    name, made = trained
    with django_db_blocker.unblock(), databases.rolled_back_in(name):
        yield made


def states() -> dict[str, str]:
    return dict(models.FraudModel.objects.values_list("id", "state"))


class TestADay:
    def test_like_training_raises_nothing(self, champion: str) -> None:
        fill(400, since=datetime(2026, 3, 26, tzinfo=UTC), days=25, seed=2)
        assert operations.watch_models(DAY, now=NIGHT) == 0
        told = queries.model_days()[champion]
        assert (told["day"], told["policy_version"], told["details"]["rows"]) == (DAY, "2026-11-29", 400)
        assert told["figures"]["psi_score"] < 0.1
        assert told["figures"]["psi_signals_most"] < 0.25

    def test_unlike_training_raises_an_alert_that_stands_until_seen(self, champion: str) -> None:
        fill(400, since=datetime(2026, 3, 26, tzinfo=UTC), days=25, seed=3, moved=2.0)
        assert operations.watch_models(DAY, now=NIGHT) == 2
        told = queries.model_days()[champion]
        assert told["figures"]["psi_score"] > 0.25
        assert told["details"]["signals"][0]["signal"] in ("fraud_chance", "people_on_device_30d")
        alerts = queries.open_model_alerts()
        assert [(alert["level"], alert["model_id"]) for alert in alerts] == [("act", champion), ("watch", champion)]
        assert operations.watch_models(DAY, now=NIGHT + timedelta(hours=1)) == 0  # kept once
        operations.mark_alert_seen(alerts[0]["alert_id"], by="lin", now=NIGHT)
        operations.mark_alert_seen(alerts[0]["alert_id"], by="gao", now=NIGHT + timedelta(hours=1))
        assert [alert["alert_id"] for alert in queries.open_model_alerts()] == [alerts[1]["alert_id"]]
        assert models.FraudModelAlert.objects.get(id=alerts[0]["alert_id"]).seen_by == "lin"

    def test_with_few_applications_has_no_figure(self, champion: str) -> None:
        fill(99, since=datetime(2026, 3, 26, tzinfo=UTC), days=25, seed=4, moved=5.0)
        assert operations.watch_models(DAY, now=NIGHT) == 0
        assert queries.model_days()[champion]["figures"]["psi_score"] is None

    def test_judges_on_what_has_matured_and_on_nothing_later(self, champion: str) -> None:
        assert operations.watch_models(date(2026, 3, 31), now=NIGHT) == 0
        told = queries.model_days()[champion]
        inside = models.Assessment.objects.filter(
            applied_at__gte=datetime(2025, 12, 31, 16, tzinfo=UTC), applied_at__lt=datetime(2026, 1, 30, 16, tzinfo=UTC)
        )
        names = list(inside.values_list("application_key", flat=True))
        frauds = models.Label.objects.filter(application_key__in=names).count()
        assert (told["details"]["matured"], told["details"]["frauds"]) == (len(names), frauds)
        assert told["figures"]["auroc"] > 0.9

    def test_an_alert_that_is_none_is_refused(self, db: Any) -> None:
        with pytest.raises(Refused) as refused:
            operations.mark_alert_seen(1, by="lin", now=NIGHT)
        assert refused.value.refusal.code == "ALERT_UNKNOWN"


class TestTrainingAgain:
    def test_waits_for_its_day_and_for_frauds(self, champion: str) -> None:
        assert operations.retrain_if_due(now=TRAINED + timedelta(days=27)) == "trained 2026-03-22, again after 28 days"
        assert operations.retrain_if_due(now=TRAINED + timedelta(days=28)) == "0 newly confirmed frauds, 20 needed"
        assert states() == {champion: "champion"}

    def test_makes_a_challenger_beside_the_champion_which_a_person_approves(self, champion: str) -> None:
        fill(400, since=TRAINED + timedelta(days=1), days=20, seed=5)
        made = operations.retrain_if_due(now=TRAINED + timedelta(days=40))
        assert states() == {champion: "champion", made: "challenger"}
        beside = models.FraudModel.objects.get(id=made).measures["beside_champion"]
        assert (beside["champion"], beside["rows"], beside["champion_saw"]) == (champion, 150, 0)
        assert beside["low"] <= beside["difference"] <= beside["high"]
        assert beside["difference"] == pytest.approx(beside["auprc_challenger"] - beside["auprc_champion"], abs=1e-4)
        again = operations.train_model(seed=2, by="lin", now=TRAINED + timedelta(days=41))
        assert states() == {champion: "champion", made: "superseded", again: "challenger"}
        for by in ("lin", " "):
            with pytest.raises(Refused) as refused:
                operations.approve_model(again, by=by)
            assert refused.value.refusal.code == "SECOND_PERSON"
        assert states()[again] == "challenger"
        operations.approve_model(again, by="gao")
        assert states() == {champion: "retired", made: "superseded", again: "champion"}
