"""`puhui policy …` as a person runs it: from the shipped policy to a live one, a backtest, and bad input that moves nothing.

In process, on the run's own database; how a process attaches to one and ends with status 2 is told by test_commands.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puhui.cli import attachment
from puhui.cli.main import app
from puhui.kernel.refusal import Refused

PUHUI = str(Path(sys.executable).parent / "puhui")
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def puhui(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command; answers (status, output, errors). What is published is rolled back with the test."""
    monkeypatch.setattr(attachment, "platform", nullcontext)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, ["policy", *words])
        if isinstance(done.exception, Refused):
            return 2, done.stdout, done.stderr + str(done.exception.refusal)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


class TestThePolicyCommands:
    def test_lead_from_the_shipped_policy_to_a_live_one(self, puhui: Command, tmp_path: Path) -> None:
        assert puhui("draft", "shipped", "--by", "ann") == (0, "application@1\n", "")
        assert puhui("submit", "application@1", "--by", "ann")[:2] == (0, "application@1: in_review\n")
        status, _, told = puhui("approve", "application@1", "--by", "ann")
        assert (status, told.split(":")[0]) == (2, "SECOND_PERSON")
        assert puhui("approve", "application@1", "--by", "ben")[0] == 0
        assert puhui("publish", "application@1", "--by", "gao")[0] == 0
        rows = json.loads(puhui("list", "--json")[1])
        assert [(row["name"], row["state"], row["live"]) for row in rows] == [("application@1", "published", True)]
        status, _, told = puhui("backtest", "--old", "live", "--new", "application@1")
        assert (status, told.split(":")[0]) == (2, "NOTHING_ON_RECORD")
        (tmp_path / "rules.csv").write_text(
            "code,condition,outcome,severity,text_zh,text_en\nA,agee < 18,refuse,grave,x,x\n"
        )
        status, _, told = puhui("draft", "rules.csv", "--by", "ann")
        assert (status, told.split(":")[0]) == (2, "COLUMN_UNKNOWN")
        assert len(json.loads(puhui("list", "--json")[1])) == 1

    def test_check_needs_no_database(self, tmp_path: Path) -> None:
        done = subprocess.run([PUHUI, "policy", "check", "shipped", "--json"], capture_output=True, text=True, check=True, cwd=tmp_path,
                              env={**os.environ, "PUHUI_VAR": str(tmp_path / "none")})  # fmt: skip
        told = json.loads(done.stdout)
        assert told["rules"] == 55
        assert {finding["kind"] for finding in told["findings"]} == {"missing", "overlap", "whole_division"}
        assert not (tmp_path / "none").exists()
