"""The command line as a person uses it: real processes, an installation of their own, invented firms."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from puhui.cli import attachment
from puhui.cli.main import app, main

PUHUI = str(Path(sys.executable).parent / "puhui")


class Installation:
    """A folder of its own for PUHUI_VAR, and the commands run in it."""

    def __init__(self, home: Path, town: Path) -> None:
        self.home, self.town = home, town
        self.environment = os.environ | {"PUHUI_VAR": str(home), "PUHUI_DATA": str(home / "no-data")}
        self.environment["PUHUI_TOWN_FIRMS"] = "200"
        for name in ("DATABASE_URL", "PUHUI_OWNER_URL", "PUHUI_APP_URL", "PUHUI_SMS_URL"):
            self.environment.pop(name, None)

    def run(self, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [PUHUI, *arguments], env=self.environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == status, (arguments, done.returncode, done.stdout[-3000:], done.stderr[-3000:])
        return done

    def servers(self) -> int:
        """PostgreSQL postmasters of this installation that are running."""
        mine = str(self.home / "pg")
        return sum(
            1
            for process in psutil.process_iter(["cmdline"])
            if mine in (process.info["cmdline"] or []) and "-D" in (process.info["cmdline"] or [])
        )

    def in_transaction(self) -> bool:
        """The application's role has begun to write, as the titles of the server's processes say."""
        mine = str(self.home / "pg")
        servers = [each for each in psutil.process_iter(["cmdline"]) if mine in (each.info["cmdline"] or [])]
        titles = [" ".join(child.cmdline()) for server in servers for child in server.children()]
        return any(": puhui_app " in title and re.search("in transaction|COPY|INSERT", title) for title in titles)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("installation")
    for folder in (home, *home.parents[:2]):
        folder.chmod(0o755)
    made = Installation(home, home / "a-town")
    assert CliRunner().invoke(app, ["simulate", "town", str(made.town), "--firms", "200"]).exit_code == 0
    yield made
    made.run("down")


@pytest.fixture(scope="module")
def appraised(installation: Installation) -> list[dict]:
    done = installation.run("appraise", str(installation.town), "--json", "--budget-yuan", "5000000")
    return [json.loads(line) for line in done.stdout.splitlines()]


class TestAppraise:
    def test_prints_one_object_a_firm_and_a_summary_and_leaves_no_server(
        self, installation: Installation, appraised: list[dict]
    ) -> None:
        *firms, summary = appraised
        wanted = {"firm", "rating", "pd", "approved", "limit_cap_minor", "limit_minor", "rate", "expected_profit_minor"}
        assert all(wanted | {"reasons"} <= set(firm) and firm["reasons"] for firm in firms)
        assert (len(firms), summary["firms"], summary["budget_minor"]) == (200, 200, 500_000_000)
        assert set(summary["seconds"]) == {"load", "features", "model", "optimise"}
        assert sum(firm["limit_minor"] for firm in firms) <= summary["budget_minor"]
        assert sum(firm["approved"] for firm in firms) == summary["approved"]
        assert summary["origin"] == "invented"
        assert installation.servers() == 0

    def test_says_the_same_again(self, installation: Installation, appraised: list[dict]) -> None:
        again = installation.run("appraise", str(installation.town), "--json", "--budget-yuan", "5000000").stdout
        assert [json.loads(line) for line in again.splitlines()] == appraised

    def test_explains_a_decision_and_replays_it(self, installation: Installation, appraised: list[dict]) -> None:
        explained = json.loads(installation.run("explain", appraised[0]["decision"]).stdout)
        assert explained["replay"] == {"same": True}
        assert explained["policy"].endswith("@2026-11-22")
        assert installation.run("audit", "verify").stdout.startswith("200 decisions")

    def test_refuses_bad_input_in_one_line(self, installation: Installation) -> None:
        done = installation.run("appraise", ".", "--budget-yuan", "-1", status=2)
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)
        assert "BUDGET_NEGATIVE" in done.stderr


@pytest.mark.usefixtures("db")
class TestInProcess:
    """The same door without a process of its own, on the run's database."""

    @pytest.fixture
    def said(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple]:
        monkeypatch.setattr(attachment, "platform", nullcontext)

        def run(*arguments: str) -> tuple[int, str, str]:
            monkeypatch.setattr(sys, "argv", ["puhui", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
            return int(ended.value.code or 0), *capsys.readouterr()

        return run

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("no-such-folder",), "no-such-folder"),
            ((".", "--budget-yuan", "1,234.5元"), "--budget-yuan"),
            ((".", "--budget-yuan", "-1"), "BUDGET_NEGATIVE"),
            ((".", "--lgd", "2"), "--lgd"),
            ((".", "--as-of", "2019/13/01"), "--as-of"),
        ],
    )
    def test_refuses_bad_input_in_one_line(
        self, said: Callable[..., tuple], arguments: tuple[str, ...], says: str
    ) -> None:
        status, printed, errors = said("appraise", *arguments)
        assert (status, printed, errors.count("\n")) == (2, "", 1)
        assert says in errors

    def test_loads_programmes_once_and_names_what_is_wrong_with_a_file(
        self, said: Callable[..., tuple], tmp_path: Path
    ) -> None:
        from puhui.funding import operations

        sample = Path(operations.__file__).with_name("sample_programmes.toml").read_text(encoding="utf-8")
        mine, bad = tmp_path / "mine.toml", tmp_path / "bad.toml"
        mine.write_text(sample.replace('code = "sample', 'code = "mine'), encoding="utf-8")
        bad.write_text(sample.replace('methods = ["at_will"]', 'methods = ["whenever"]'), encoding="utf-8")
        programmes = sample.count("[[institution.programme]]")
        first = said("load-programmes", str(mine))
        assert first == (0, f"3 家机构 institutions, {programmes} 个方案 programmes added\n", "")
        assert said("load-programmes", str(mine))[1].startswith("0 家机构")
        status, _, errors = said("load-programmes", str(bad))
        assert (status, errors.split(":")[0]) == (2, "PROGRAMME_RULES_CROSSED")

    def test_refuses_an_unknown_decision(self, said: Callable[..., tuple]) -> None:
        status, printed, errors = said("explain", "dec_none")
        assert (status, printed) == (2, "")
        assert "DECISION_UNKNOWN" in errors


class TestInterrupted:
    def test_ctrl_c_in_mid_load_leaves_no_row_and_no_server(
        self, installation: Installation, appraised: list[dict], tmp_path: Path
    ) -> None:
        town = tmp_path / "big"
        installation.run("simulate", "town", str(town), "--firms", "4000", "--seed", "5")
        process = subprocess.Popen(
            [PUHUI, "appraise", str(town), "--json"],
            env=installation.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not installation.in_transaction():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, "")
        assert "中断" in err
        assert installation.servers() == 0
        again = installation.run("appraise", str(installation.town), "--json", "--budget-yuan", "5000000").stdout
        assert json.loads(again.splitlines()[-1])["firms"] == 200


class TestUpAndDown:
    def test_up_serves_lends_and_repeats_nothing_and_down_stops_all(self, installation: Installation) -> None:
        port = str(_free_port())
        first = installation.run("up", "--port", port)
        address = f"http://127.0.0.1:{port}"
        assert address in first.stdout
        assert "虚构" in first.stdout  # no real data here: it says the town is invented
        with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
            assert json.loads(answer.read())["status"] == "ok"
        _counts_of_all_workers_add_up(address)
        decided = installation.run("audit", "verify").stdout
        booked = installation.run("ledger", "verify").stdout
        started = time.monotonic()
        installation.run("up", "--port", port)
        assert time.monotonic() - started < 60  # the bench states the figure; this only catches a repeated main job
        assert installation.run("audit", "verify").stdout == decided
        assert installation.run("ledger", "verify").stdout == booked
        _closes_the_next_day(installation)
        assert len(installation.run("users", "code", "analyst").stdout.strip()) == 6
        assert installation.servers() == 1
        stopped = installation.run("down").stdout
        assert all(name in stopped for name in ("web", "worker", "database"))
        assert installation.servers() == 0
        assert installation.run("down").stdout == "nothing was running\n"

    def test_backup_restores_elsewhere_and_reset_keeps_backups_only(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        decided = installation.run("audit", "verify").stdout
        installation.run("backup", str(tmp_path / "kept"))
        elsewhere = Installation(_open_folder(tmp_path / "elsewhere"), installation.town)
        assert "restored and compared" in elsewhere.run("restore", str(tmp_path / "kept")).stdout
        assert elsewhere.run("audit", "verify").stdout == decided
        assert "DATABASE_NOT_EMPTY" in elsewhere.run("restore", str(tmp_path / "kept"), status=2).stderr
        elsewhere.run("backup")
        elsewhere.run("reset", "--yes")
        assert [path.name for path in elsewhere.home.iterdir()] == ["backups"]


def _open_folder(path: Path) -> Path:
    """The embedded server runs as another user when we are root: it must reach its folder."""
    path.mkdir()
    for folder in (path, *path.parents[:3]):
        folder.chmod(0o755)
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _counts_of_all_workers_add_up(address: str) -> None:
    """Each request below is a connection of its own, so every worker of the web server gets some."""
    before = _homes_counted(address)
    for _ in range(16):
        urllib.request.urlopen(f"{address}/m/", timeout=10).close()
    assert _homes_counted(address) == before + 16


def _homes_counted(address: str) -> float:
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    mine = [line for line in lines if line.startswith("puhui_http_requests_total") and 'view="phone:home"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in mine)


def _closes_the_next_day(installation: Installation) -> None:
    """One object a day, then the same day in the history; a day that cannot be read is refused."""
    closed = json.loads(installation.run("day", "close", "--json").stdout)
    newest = json.loads(installation.run("day", "history", "--limit", "1").stdout)
    assert newest["business_date"] == closed["day"]["business_date"]
    assert newest["loans"] == closed["day"]["loans"] > 0
    assert "DATE_UNREADABLE" in installation.run("day", "close", "--through", "soon", status=2).stderr
