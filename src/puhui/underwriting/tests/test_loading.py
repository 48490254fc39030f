"""Loading a folder: once, whole, or not at all."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting import loading, models, queries
from puhui.underwriting.tests.invented_folder import Town, write_folder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = (models.Load, models.Firm, models.Invoice, models.Rejection, models.ChurnPoint)


def rows() -> list[int]:
    return [table.objects.count() for table in TABLES]


class TestLoadFolder:
    @pytest.mark.usefixtures("db")
    def test_counts_what_it_stored(self, tmp_path: Path) -> None:
        summary = loading.load_folder(write_folder(tmp_path, Town(firms=10, labelled=5)), now=NOW)
        assert (summary.already_loaded, summary.origin) == (False, "invented")
        assert rows() == [1, 10, 10 * 26 * 3 * 2, 0, 5]
        assert summary.counts == {"firms": 10, "invoices": 1560, "rows_read": 1560}

    @pytest.mark.usefixtures("db")
    def test_loading_twice_changes_nothing(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path, Town(firms=10, labelled=5))
        first, before = loading.load_folder(folder, now=NOW), rows()
        again = loading.load_folder(folder, now=NOW)
        assert (again.already_loaded, again.load_id, again.counts) == (True, first.load_id, first.counts)
        assert rows() == before

    @pytest.mark.usefixtures("db")
    def test_another_content_is_another_load(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path, Town(firms=10, labelled=5))
        first = loading.load_folder(folder, now=NOW)
        (folder / "firms.csv").write_text((folder / "firms.csv").read_text() + "E11,虚构企业11,,\n")
        second = loading.load_folder(folder, now=NOW)
        assert second.load_id != first.load_id
        assert [load.counts["firms"] for load in queries.loads()].count(10) == 1

    @pytest.mark.usefixtures("db")
    def test_rejections_are_kept_and_told_again(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path, Town(firms=3, labelled=0))
        with (folder / "sales.csv").open("a") as file:
            file.write('E1,x,2019-01-01,B1,"1,234.5元",0,0,有效发票\n')
        first = loading.load_folder(folder, now=NOW)
        assert [(f.file, f.row, f.column, f.value) for f in first.rejections] == [
            ("sales.csv", 3 * 78 + 2, "net_yuan", "1,234.5元")
        ]
        assert loading.load_folder(folder, now=NOW).rejections == first.rejections

    @pytest.mark.usefixtures("db")
    def test_a_refused_folder_leaves_no_row(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path, Town(firms=3, labelled=0))
        (folder / "purchases.csv").unlink()
        before = rows()
        with pytest.raises(Refused, match="FILE_MISSING"):
            loading.load_folder(folder, now=NOW)
        assert rows() == before


class TestBrokenOff:
    @pytest.mark.usefixtures("fresh_database")
    def test_ctrl_c_in_mid_load_leaves_the_database_as_it_was(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = write_folder(tmp_path, Town(firms=10, labelled=5))
        monkeypatch.setattr(loading, "_SLICE", 500)

        def interrupt(stage: str, done: int, total: int) -> None:
            if stage == loading.STORING and done >= 1000:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            loading.load_folder(folder, now=NOW, progress=interrupt)
        assert rows() == [0, 0, 0, 0, 0]
        assert not loading.load_folder(folder, now=NOW).already_loaded

    @pytest.mark.usefixtures("fresh_database")
    def test_a_kill_in_mid_load_leaves_the_database_as_it_was(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path, Town(firms=10, labelled=5))
        script = f"""
import django, sys
django.setup()
from datetime import UTC, datetime
from puhui.store import tenancy
from puhui.underwriting import loading
loading._SLICE = 500
def wait(stage, done, total):
    if stage == loading.STORING and done >= 1000:
        print("storing", flush=True)
        sys.stdin.read()
with tenancy.scope("platform"):
    loading.load_folder({str(folder)!r}, now=datetime(2026, 1, 1, tzinfo=UTC), progress=wait)
"""
        child = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
        )
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == b"storing\n"
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        child.stdin.close()
        child.stdout.close()
        assert rows() == [0, 0, 0, 0, 0]


@pytest.mark.usefixtures("fresh_database")
def test_an_institution_sees_none_of_it(tmp_path: Path) -> None:
    from django.db import connection

    from puhui.store import tenancy

    loading.load_folder(write_folder(tmp_path, Town(firms=3, labelled=0)), now=NOW)
    with tenancy.scope("inst_somebody"), connection.cursor() as cursor:
        for table in ("load", "firm", "invoice", "churn", "verdict", "application", "offer"):
            cursor.execute(f"SELECT count(*) FROM underwriting_{table}")
            assert cursor.fetchone() == (0,)
