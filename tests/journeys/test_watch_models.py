"""The nightly look at live models, over decisions that the house really recorded in an invented town."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from puhui.journeys import watch_models
from puhui.underwriting import model_queries, models, registry, tape_jobs
from puhui.underwriting.tape_jobs import TapeSent
from tests.journeys.conftest import NOW, Lender

TODAY = date(2026, 3, 2)


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lender: Lender) -> str:
    """A model of two columns that applications carry, fitted on invented rows, approved by another and live."""
    monkeypatch.setattr(tape_jobs, "tapes_folder", lambda: tmp_path)
    chance = np.random.default_rng(5)
    wanted, months = chance.integers(100_000, 100_000_000, 3000), chance.integers(3, 25, 3000)
    bad = (chance.random(3000) < 1 / (1 + np.exp(2 - wanted / 5e7))).astype(int)
    tape = pl.DataFrame({"wanted_minor": wanted, "months": months, "bad": bad}).write_csv().encode()
    asked = {"target": "bad", "kind": "scorecard", "seed": 1}
    fit_id = tape_jobs.ask_for_fit(TapeSent("t.csv", tape), asked, name="小店", by="an", now=NOW)
    assert tape_jobs.run(fit_id, now=NOW) == "done"
    model_id = model_queries.fit(fit_id).told["models"][0]
    for move in ("approve", "go_live"):
        registry.move_model(model_id, move, by="bo", now=NOW)
    return model_id


class TestTheNight:
    def test_reads_what_was_decided_that_day_and_nothing_later(self, lender: Lender) -> None:
        for skip in range(3):
            lender.applied(skip=skip, now=NOW + timedelta(days=skip))
        frames = [
            watch_models.decision_frame(since=TODAY - timedelta(days=60), until=TODAY + timedelta(days=k))
            for k in (-1, 0, 1, 9)
        ]
        counts = [frame.height for frame in frames]
        assert counts[0] == 0
        assert counts == sorted(counts)
        assert 1 <= counts[1] < counts[3]
        assert set(frames[1]["decided_on"]) == {TODAY}
        assert {"wanted_minor", "approved", "reason", "rate"} <= set(frames[3].columns)
        assert frames[3]["approved"].all()
        assert set(frames[3]["segment_history"]) == {"first"}
        assert set(frames[3]["segment_owner"]) <= {"company", "shop", "unknown"}
        assert not [name for name in frames[3].columns if name.startswith("fact of")]

    def test_a_thin_window_is_said_and_the_day_kept_once(self, lender: Lender, live: str) -> None:
        lender.applied(now=NOW)
        told = watch_models.watch_models(TODAY, now=NOW)[live]
        assert told.figures["decisions"] == 1.0
        assert told.missing["approval_rate"] == "FEW_ROWS"
        assert told.missing["auc_matured"] == "NOT_MATURED"
        again = watch_models.watch_models(TODAY, now=datetime(2026, 3, 9, tzinfo=UTC))[live]
        assert again == told
        assert models.ModelDay.objects.count() == 1

    def test_without_live_models_nothing_is_read_or_kept(self, lender: Lender) -> None:
        assert watch_models.watch_models(TODAY, now=NOW) == {}
        assert models.ModelDay.objects.count() == 0
