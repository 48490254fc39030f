"""`puhui model segments | register | list | move | watch`, in process, on the run's own database."""

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from puhui.cli import attachment
from puhui.cli.main import app
from puhui.kernel.refusal import Refused
from puhui.underwriting import model_queries, models, tape_jobs

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _attached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(attachment, "platform", nullcontext)
    monkeypatch.setattr(tape_jobs, "tapes_folder", lambda: kept)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up loans of two trades in which one column means the opposite."""
    chance = np.random.default_rng(8)
    months, trade, x = chance.integers(0, 60, 4000), chance.choice(["a", "b"], 4000), chance.normal(size=4000)
    odds = -1 - 0.04 * (months - 30) + np.where(trade == "a", 1.5, -1.5) * x
    bad = (chance.random(4000) < 1 / (1 + np.exp(-odds))).astype(int)
    path = tmp_path_factory.mktemp("tape") / "loans.csv"
    pl.DataFrame({"months": months, "trade": trade, "x": x.round(3), "bad": bad}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def model(tape: Path) -> Path:
    """The folder of the model that the command fits to it; the tests read it only."""
    folder = tape.with_name("model")
    run("fit", tape, "--target", "bad", "--out", folder)
    return folder


def run(*words: object) -> str:
    done = CliRunner().invoke(app, ["model", *map(str, words)])
    if isinstance(done.exception, Refused):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


class TestSegments:
    def test_a_proposal_is_kept_only_for_a_named_person(self, tape: Path) -> None:
        with pytest.raises(Refused, match="PERSON_NEEDED"):
            run("segments", tape, "--target", "bad", "--record")
        assert models.SplitProposal.objects.count() == 0
        study = json.loads(run("segments", tape, "--target", "bad", "--columns", "trade", "--json"))
        assert (study["proposal"]["candidate"], study["proposal"]["way"]) == ("trade", "separate")
        assert models.SplitProposal.objects.count() == 0
        assert "trade (separate)" in run("segments", tape, "--target", "bad", "--record", "--by", "lin")
        (kept,) = model_queries.split_proposals()
        assert (kept.proposed_by, kept.accepted, kept.target) == ("lin", None, "bad")

    def test_a_column_that_is_no_input_is_named(self, tape: Path) -> None:
        with pytest.raises(Refused, match="SEGMENT_COLUMN_ABSENT"):
            run("segments", tape, "--target", "bad", "--columns", "colour")


class TestRegister:
    def test_from_a_folder_to_a_live_model_that_is_watched(self, tape: Path, model: Path) -> None:
        model_id = run("register", model, "--name", "shops", "--by", "lin", "--tape", tape).strip()
        assert run("register", model, "--name", "shops", "--by", "lin").strip() == model_id
        with pytest.raises(Refused, match="SECOND_PERSON_NEEDED"):
            run("move", model_id, "approve", "--by", "lin")
        assert run("move", model_id, "approve", "--by", "gao").strip() == "approved"
        assert run("move", model_id, "go_live", "--by", "gao").strip() == "live"
        (listed,) = [json.loads(line) for line in run("list", "--json").splitlines()]
        assert (listed["id"], listed["state"], listed["version"]) == (model_id, "live", 1)
        told = json.loads(run("watch", "--day", "2026-11-24", "--json"))
        assert (told["model"], told["figures"]["decisions"], told["missing"]["approval_rate"]) == (
            model_id,
            0.0,
            "FEW_ROWS",
        )

    def test_another_tape_and_an_unreadable_day_are_refused(self, tape: Path, model: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.csv"
        other.write_text(tape.read_text() + "1,a,0.1,0\n")
        with pytest.raises(Refused, match="TAPE_DIFFERS"):
            run("register", model, "--name", "shops", "--by", "lin", "--tape", other)
        with pytest.raises(Refused, match="DAY_UNREADABLE"):
            run("watch", "--day", "yesterday")
        assert model_queries.fitted_models() == []


class TestReport:
    def test_by_segment_beside_the_whole(self, tape: Path, model: Path) -> None:
        told = json.loads(run("report", model, tape, "--by", "trade", "--json"))
        assert [row["segment"] for row in told["segments"]] == ["a", "b"]
        assert sum(row["bads"] for row in told["segments"]) == told["bads"]
        assert all(row["auc_low"] < row["auc"] < row["auc_high"] for row in told["segments"])
        assert "segments" not in json.loads(run("report", model, tape, "--json"))

    @pytest.mark.parametrize(("by", "code"), [("colour", "SEGMENT_COLUMN_ABSENT"), ("x", "SEGMENTS_TOO_MANY")])
    def test_a_column_that_is_no_segment_is_refused(self, tape: Path, model: Path, by: str, code: str) -> None:
        with pytest.raises(Refused, match=code):
            run("report", model, tape, "--by", by)
