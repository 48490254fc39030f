"""Pages of the workbench: register, a model, bins moved on screen, monitoring, how loans perform; who may do what.

The model is brought and fitted once, in a database of this file; the tests that start from it roll back in it.
"""

import io
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from puhui.underwriting import live_scoring, model_queries, model_watch, registry, tape_jobs
from puhui.underwriting.core.modelling import daily_figures
from puhui.web.tests import visitors
from tests import databases

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape_jobs, "tapes_folder", lambda: tmp_path)


def tape() -> bytes:
    chance = np.random.default_rng(8)
    months, trade = chance.integers(0, 60, 2000), chance.choice(["餐饮", "<b>零售</b>", "批发"], 2000)
    bad = (chance.random(2000) < 1 / (1 + np.exp(1.0 + 0.04 * (months - 30) - (trade == "餐饮") * 0.7))).astype(int)
    text = io.BytesIO()
    pl.DataFrame({"months": months, "trade": trade, "bad": bad}).write_csv(text)
    return text.getvalue()


@pytest.fixture
def analyst(db):
    visitors.staff("lin", "analyst")
    return visitors.enter("lin")


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """A database in which lin brought the tape: its name, the model, the folder that keeps the tape."""
    name, folder = f"brought_{os.getpid()}", tmp_path_factory.mktemp("tapes")
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):
        with databases.moved_to(name), pytest.MonkeyPatch.context() as patch:
            patch.setattr(tape_jobs, "tapes_folder", lambda: folder)
            visitors.staff("lin", "analyst")
            file = SimpleUploadedFile("tape.csv", tape())
            sent = {"tape": file, "name": "小店", "target": "bad", "kind": "scorecard"}
            answer = visitors.enter("lin").post("/models/upload/", sent)
            assert (answer.status_code, answer["Location"]) == (302, "/models/")
            (fit,) = model_queries.fits()
            assert (fit.step, fit.requested_by) == ("queued", "lin")
            assert tape_jobs.run(fit.id, now=NOW) == "done"
            model = model_queries.fit(fit.id).told["models"][0]
        yield name, model, folder


@pytest.fixture
def model_id(kept: tuple, tmp_path: Path, django_db_blocker) -> Iterator[str]:
    """The model, in a transaction that is rolled back."""
    name, model, folder = kept
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with django_db_blocker.unblock(), databases.rolled_back_in(name):
        yield model


@pytest.fixture
def lin(model_id):
    """The analyst who brought the model, with the next code: each is taken once."""
    return visitors.enter("lin", drift=1)


class TestRegisterPage:
    def test_empty_and_closed_to_institutions(self, analyst) -> None:
        assert "还没有登记的模型" in analyst.get("/models/").content.decode()
        visitors.staff("bank", "institution", "inst_1")
        assert visitors.enter("bank").get("/models/").status_code == 403

    def test_an_operator_looks_and_does_nothing(self, model_id) -> None:
        visitors.staff("he", "operator")
        client = visitors.enter("he")
        assert "上传并排队" not in client.get("/models/").content.decode()
        assert client.post(f"/models/{model_id}/move/", {"move": "approve"}).status_code == 403
        assert model_queries.fitted_model(model_id).state == "registered"

    def test_a_bad_upload_is_told_and_queues_nothing(self, analyst) -> None:
        answer = analyst.post("/models/upload/", {"name": "x", "target": "bad", "kind": "scorecard"}, follow=True)
        assert "请上传" in answer.content.decode()
        assert model_queries.fits() == []

    def test_a_split_is_answered_by_a_person(self, analyst) -> None:
        study = {
            "proposal": {"candidate": "trade", "way": "separate", "gain": 9.0, "low": 3.0, "high": 15.0, "segments": []}
        }
        proposal = registry.record_proposal(
            study, tape=("t.csv", "ab"), target="bad", terms_version="v", by="an", now=NOW
        )
        page = analyst.get("/models/").content.decode()
        assert "同意拆分" in page
        analyst.post(f"/models/splits/{proposal}/", {"accepted": "yes", "note": "够了"})
        (split,) = model_queries.split_proposals()
        assert (split.accepted, split.said_by, split.note) == (True, "lin", "够了")


class TestModelPage:
    def test_shows_figures_bins_and_escapes_what_the_tape_named(self, lin, model_id) -> None:
        page = lin.get(f"/models/{model_id}/").content.decode()
        assert f"{model_queries.fitted_model(model_id).evaluation['auc']:.4f}" in page
        assert "<b>零售" not in page
        assert "&lt;b&gt;零售" in page
        assert page.count("<svg viewBox") == 2
        card = lin.get(f"/models/{model_id}/card.html")
        assert card["Content-Disposition"].startswith("attachment")
        assert "<!doctype html>" in card.content.decode()

    def test_a_second_person_approves(self, lin, model_id) -> None:
        lin.post(f"/models/{model_id}/move/", {"move": "approve"})
        assert model_queries.fitted_model(model_id).state == "registered"
        visitors.staff("gao", "admin")
        visitors.enter("gao").post(f"/models/{model_id}/move/", {"move": "approve", "note": "看过"})
        assert model_queries.fitted_model(model_id).state == "approved"

    def test_monitoring_says_that_there_is_no_data_yet(self, lin, model_id) -> None:
        assert "还没有数据" in lin.get(f"/models/{model_id}/watch/").content.decode()
        assert "尚未开账" in lin.get("/models/performance/").content.decode()

    def test_monitoring_shows_a_day_by_segment_and_says_what_is_missing(self, lin, model_id) -> None:
        own = {"approved": [True, False] * 20, "reason": ["OK"] * 40, "rate": [0.1, None] * 20, "overridden": [None] * 40,
               "latency_ms": [None] * 40, "pd": [0.1] * 40}  # fmt: skip
        frame = pl.DataFrame(own, schema=daily_figures.DECISIONS).with_columns(
            decided_on=pl.lit(NOW.date()), segment_history=pl.lit("first")
        )
        seen = model_watch.Seen(NOW.date(), frame, frame.clear().with_columns(bad=pl.lit(0)))
        model_watch.watch_day(model_queries.fitted_model(model_id), seen, score=live_scoring.score, now=NOW)
        page = lin.get(f"/models/{model_id}/watch/").content.decode()
        for text in ("首贷", "50.0%", "暂无数据：决策记录里没有这一项", "决策记录里缺少模型要用的列"):
            assert text in page


class TestBins:
    def test_moved_on_screen_and_saved_as_the_next_version(self, lin, model_id) -> None:
        content = model_queries.fitted_model(model_id).content["model"]["scorecard"]["features"]
        place = next(k for k, one in enumerate(content) if one["name"] == "months")
        edges = content[place]["bins"]["edges"]
        address = f"/models/{model_id}/bins/{place}/"
        page = lin.get(address)
        assert f'value="{edges}"' in page.content.decode()
        assert "保存为下一版本" not in page.content.decode()
        merged = lin.post(f"{address}tried/", {"cuts": str(edges), "change": "merge:0"}, headers={"HX-Request": "true"})
        assert f'value="{edges[1:]}"' in merged.content.decode()
        assert "保存为下一版本" in merged.content.decode()
        assert "<html" not in merged.content.decode()
        whole = lin.post(f"{address}tried/", {"cuts": str(edges), "change": "merge:0"})
        assert "<html" in whole.content.decode()
        assert model_queries.fitted_models()[0].version == 1
        lin.post(f"{address}save/", {"cuts": str(edges[1:])})
        fit = model_queries.fits()[0]
        assert fit.asked["cuts"] == {"months": {"edges": edges[1:]}}
        assert tape_jobs.run(fit.id, now=NOW) == "done"
        assert [model.version for model in model_queries.fitted_models()] == [2, 1]

    def test_what_cannot_be_done_is_told_and_the_bins_stay(self, lin, model_id) -> None:
        content = model_queries.fitted_model(model_id).content["model"]["scorecard"]["features"]
        edges = content[0]["bins"]["edges"] or content[1]["bins"]["edges"]
        place = 0 if content[0]["bins"]["edges"] else 1
        address = f"/models/{model_id}/bins/{place}/tried/"
        page = lin.post(
            address, {"cuts": str(edges), "change": "merge:99"}, headers={"HX-Request": "true"}
        ).content.decode()
        assert "不能再这样分" in page
        assert f'value="{edges}"' in page
        assert lin.get(f"/models/{model_id}/bins/99/").status_code == 404
