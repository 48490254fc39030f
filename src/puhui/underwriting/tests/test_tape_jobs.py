"""A tape brought on a page: queued with its job, fitted and registered by the worker, re-binned, watched, refused with why.

The model that most tests start from is fitted once, in a database of this file; each of them rolls back in it.
"""

import io
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.policy import scorers
from puhui.underwriting import live_scoring, model_queries, model_watch, models, registry, tape_jobs
from puhui.underwriting.core.modelling import binning, daily_figures, rebinning
from puhui.underwriting.tape_jobs import TapeSent
from tests import databases

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ASKED = {"target": "bad", "kind": "scorecard", "seed": 1}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape_jobs, "tapes_folder", lambda: tmp_path)


def tape(rows: int = 3000) -> pl.DataFrame:
    chance = np.random.default_rng(8)
    months, trade = chance.integers(0, 60, rows), chance.choice(["餐饮", "零售", "批发"], rows)
    odds = -1.0 - 0.04 * (months - 30) + (trade == "餐饮") * 0.7
    bad = (chance.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    return pl.DataFrame({"months": months, "trade": trade, "noise": chance.normal(size=rows), "bad": bad})


def sent(frame: pl.DataFrame | None = None, name: str = "tape.csv") -> TapeSent:
    text = io.BytesIO()
    (tape() if frame is None else frame).write_csv(text)
    return TapeSent(name, text.getvalue())


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """A database in which the tape is fitted: its name, the model, the folder that keeps the tape."""
    name, folder = f"fitted_{os.getpid()}", tmp_path_factory.mktemp("tapes")
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):
        with databases.moved_to(name), pytest.MonkeyPatch.context() as patch:
            patch.setattr(tape_jobs, "tapes_folder", lambda: folder)
            fit_id = tape_jobs.ask_for_fit(sent(), ASKED, name="小店", by="an", now=NOW)
            assert tape_jobs.run(fit_id, now=NOW) == "done", model_queries.fit(fit_id).told
            model = model_queries.fit(fit_id).told["models"][0]
        yield name, model, folder


@pytest.fixture
def fitted(kept: tuple, tmp_path: Path, django_db_blocker) -> Iterator[str]:
    """The model, in a transaction that is rolled back."""
    name, model, folder = kept
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with django_db_blocker.unblock(), databases.rolled_back_in(name):
        yield model


class TestFits:
    @pytest.mark.usefixtures("db")
    def test_queued_fitted_registered_and_once(self):
        fit_id = tape_jobs.ask_for_fit(sent(), ASKED, name="小店", by="an", now=NOW)
        assert model_queries.fit(fit_id).step == "queued"
        assert tape_jobs.run(fit_id, now=NOW) == tape_jobs.run(fit_id, now=NOW) == "done"
        (view,) = model_queries.fitted_models()
        assert (view.name, view.version, view.kind, view.state, view.registered_by) == (
            "小店",
            1,
            "scorecard",
            "registered",
            "an",
        )
        assert (view.tape_name, view.card["name"]) == ("tape.csv", "小店")
        assert 0.6 < view.evaluation["auc"] < 0.9
        assert [step.step for step in models.FitStep.objects.order_by("id")] == ["queued", "started", "done"]

    def test_the_stored_model_scores_as_the_fitted_one(self, fitted):
        view = model_queries.fitted_model(fitted)
        pd = live_scoring.score(view, tape()).pd.to_numpy()
        assert len(pd) == 3000
        assert 0 < pd.min() < pd.max() < 1
        with pytest.raises(model_watch.ModelCannotScore, match="months"):
            live_scoring.score(view, tape().drop("months"))

    def test_a_policy_may_name_it_once_a_second_person_approved(self, fitted):
        model_id = fitted
        with pytest.raises(Refused, match="SCORER_UNKNOWN"):
            scorers.find(f"underwriting.model@{model_id}")
        registry.move_model(model_id, "approve", by="bo", now=NOW)
        scorer = scorers.find(f"underwriting.model@{model_id}")
        assert scorer is not None
        assert {"months", "trade"} <= set(scorer.columns)
        scored = live_scoring.score(model_queries.fitted_model(model_id), tape()).pd
        assert scorer.over(tape())["pd"].to_list() == scored.to_list()
        assert scorer.over(tape()[:1])["pd"][0] == scored[0]
        with pytest.raises(Refused, match="SCORER_UNKNOWN"):
            scorers.find("underwriting.model@model_none")

    @pytest.mark.usefixtures("db")
    def test_what_the_workbench_refuses_is_told_and_registers_nothing(self):
        fit_id = tape_jobs.ask_for_fit(sent(), ASKED | {"target": "badd"}, name="小店", by="an", now=NOW)
        assert tape_jobs.run(fit_id, now=NOW) == "refused"
        assert model_queries.fit(fit_id).told["code"] == "TARGET_ABSENT"
        assert model_queries.fitted_models() == []

    @pytest.mark.usefixtures("db")
    @pytest.mark.parametrize(
        ("tape_sent", "asked", "name", "code"),
        [
            (TapeSent("x.exe", b"1"), ASKED, "n", "TAPE_KIND_UNKNOWN"), (TapeSent("x.csv", b""), ASKED, "n", "TAPE_SIZE_INVALID"),
            (sent(), ASKED, " ", "MODEL_NAME_INVALID"), (sent(), {"kind": "both"}, "n", "TARGET_MISSING"),
            (sent(), {"target": "bad", "kind": "net"}, "n", "KIND_UNKNOWN"),
        ],
    )  # fmt: skip
    def test_refusals_queue_nothing(self, tape_sent, asked, name, code):
        with pytest.raises(Refused) as no:
            tape_jobs.ask_for_fit(tape_sent, asked, name=name, by="an", now=NOW)
        assert no.value.refusal.code == code
        assert models.FitRequest.objects.count() == 0


class TestRebinning:
    def test_other_bins_are_the_next_version_fitted_again(self, fitted):
        first = model_queries.fitted_model(fitted)
        assert first.picture is not None
        fine = {name: binning.Bins.of(one) for name, one in first.picture["fine"].items()}
        card = first.content["model"]["scorecard"]
        before = next(binning.Bins.of(one["bins"]) for one in card["features"] if one["name"] == "months")
        after = rebinning.merged(fine["months"], before, 0)
        fit_id = tape_jobs.ask_for_rebin(first.id, {"months": {"edges": list(after.edges)}}, by="bo", now=NOW)
        assert tape_jobs.run(fit_id, now=NOW) == "done", model_queries.fit(fit_id).told
        second = model_queries.fitted_model(model_queries.fit(fit_id).told["models"][0])
        assert (second.name, second.version, second.made_from, second.registered_by) == ("小店", 2, first.id, "bo")
        kept = next(one["bins"] for one in second.content["model"]["scorecard"]["features"] if one["name"] == "months")
        assert (tuple(kept["edges"]), tuple(kept["rows"]), tuple(kept["bads"])) == (after.edges, after.rows, after.bads)
        assert second.evaluation["auc"] != first.evaluation["auc"]

    def test_refuses_without_the_tape_and_without_bins(self, fitted):
        for path in tape_jobs.tapes_folder().iterdir():
            path.unlink()
        for cuts, code in [({"months": {"edges": [30.0]}}, "TAPE_NOT_KEPT"), ({}, "NOTHING_TO_REBIN")]:
            with pytest.raises(Refused) as no:
                tape_jobs.ask_for_rebin(fitted, cuts, by="bo", now=NOW)
            assert no.value.refusal.code == code
        assert models.FitRequest.objects.count() == 1


def seen(rows: int = 400, shift: int = 0) -> model_watch.Seen:
    frame, day = tape(rows), date(2026, 11, 24)
    own = {"approved": [True] * rows, "reason": ["OK"] * rows, "rate": [0.1] * rows, "overridden": [None] * rows,
           "latency_ms": [5.0] * rows, "pd": [0.1] * rows}  # fmt: skip
    decisions = pl.DataFrame(own, schema=daily_figures.DECISIONS).with_columns(
        decided_on=pl.lit(day), application_id=pl.int_range(rows).cast(pl.String), months=frame["months"] + shift, trade=frame["trade"], noise=frame["noise"],
    )  # fmt: skip
    return model_watch.Seen(day, decisions, frame.with_columns(bad=frame["bad"].cast(pl.Int64)))


class TestWatching:
    @pytest.fixture
    def live(self, fitted) -> model_queries.ModelView:
        registry.move_model(fitted, "approve", by="bo", now=NOW)
        registry.move_model(fitted, "go_live", by="bo", now=NOW)
        (view,) = model_queries.live_models()
        return view

    def test_the_same_people_raise_nothing_and_the_day_is_kept_once(self, live):
        view = live
        told = model_watch.watch_day(view, seen(), score=live_scoring.score, now=NOW)
        assert told.figures["psi_score"] == pytest.approx(0.02, abs=0.08)
        assert told.figures["auc_matured"] == pytest.approx(view.evaluation["auc"], abs=0.1)
        assert told.missing["override_rate"] == "NOT_RECORDED"
        again = model_watch.watch_day(view, seen(shift=40), score=live_scoring.score, now=NOW + timedelta(hours=1))
        assert again.figures == told.figures
        assert models.ModelDay.objects.count() == 1
        assert model_queries.alerts() == []

    def test_others_raise_an_alert_that_names_the_figure(self, live):
        view = live
        told = model_watch.watch_day(view, seen(shift=40), score=live_scoring.score, now=NOW)
        assert told.details["columns"][0]["column"] == "months"
        raised = {alert.figure: alert.level for alert in model_queries.alerts(model_id=view.id)}
        assert raised["psi_inputs_most"] == "act"
        assert "psi_score" in raised

    def test_decisions_without_the_models_columns_are_said_to_lack_them(self, live):
        view, told = live, seen()
        bare = model_watch.Seen(told.day, told.decisions.drop("months"), told.outcomes.clear().drop("months"))
        day = model_watch.watch_day(view, bare, score=live_scoring.score, now=NOW)
        assert (day.missing["psi_score"], day.details["columns_missing"]) == ("COLUMNS_MISSING", ["months"])
        assert (day.figures["psi_score"], day.missing["auc_matured"]) == (None, "NOT_MATURED")
