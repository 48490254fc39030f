"""`puhui fairness` and `puhui acceptance`, in process, on the run's own database."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puhui.cli import attachment
from puhui.cli.main import app
from puhui.kernel.refusal import Refused
from puhui.underwriting import loading, models, operations
from puhui.underwriting.tests.invented_folder import Town, write_folder

NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _attached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachment, "platform", nullcontext)


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [*map(str, words)])
    if isinstance(done.exception, Refused):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


class TestFairness:
    def test_prints_each_group_of_the_standing_appraisal_and_keeps_the_report(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "town", Town(firms=80, labelled=60, sales_yuan=9_000_000))
        load_id = loading.load_folder(folder, now=NOW).load_id
        operations.appraise(load_id, terms=operations.AppraisalTerms(budget_minor=300_000_000), now=NOW)
        groups = tmp_path / "groups.csv"
        rows = [f"E{n + 1},{'甲' if n < 40 else '乙'}" for n in range(80)]
        groups.write_text("subject,group\n" + "\n".join(rows), encoding="utf-8")
        told = json.loads(run("fairness", groups, "--appraisal", "standing", "--json"))
        assert [(g["group"], g["subjects"]) for g in told["groups"]] == [("乙", 40), ("甲", 40)]
        assert models.FairnessReport.objects.count() == 1
        assert run("fairness", groups, "--appraisal", "standing").splitlines()[1].startswith("乙\t40\t")

    @pytest.mark.parametrize(
        ("words", "code"), [(("--appraisal", "run_none"), "APPRAISAL_UNKNOWN"), ((), "NO_SUBJECT_FOUND")]
    )
    def test_refuses_by_name_and_keeps_nothing(self, tmp_path: Path, words: tuple[str, ...], code: str) -> None:
        groups = tmp_path / "groups.csv"
        groups.write_text("subject,group\nE1,a\n", encoding="utf-8")
        with pytest.raises(Refused, match=code):
            run("fairness", groups, *words)
        with pytest.raises(Refused, match="FILE_UNREADABLE"):
            run("fairness", tmp_path / "absent.csv")
        assert models.FairnessReport.objects.count() == 0


class TestAcceptance:
    def test_is_refused_from_too_few_offers(self) -> None:
        with pytest.raises(Refused, match="TOO_FEW_OFFERS"):
            run("acceptance")
        assert models.AcceptanceCurve.objects.count() == 0
