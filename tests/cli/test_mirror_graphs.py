"""`puhui mirror graph | rings` as a person runs them: JSON on standard output, files where asked, refusals by name."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from puhui.cli.main import app
from puhui.kernel.refusal import Refused


def run(*arguments):
    return CliRunner().invoke(app, ["mirror", *map(str, arguments)], catch_exceptions=False)


def test_rings_of_a_text_file_with_comments(tmp_path):
    (tmp_path / "snap.txt").write_text("# from to\n1\t2\n2\t3\n9\t9\n")
    done = run("rings", tmp_path / "snap.txt", "--out", tmp_path / "members.csv", "--json")
    assert json.loads(done.stdout)["components"]["sizes"] == [3, 1]
    assert pl.read_csv(tmp_path / "members.csv").columns == ["node", "component", "community", "core"]


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refused, match="GRAPH_FILE_ABSENT"):
        run("rings", tmp_path / "none.parquet")
    with pytest.raises(Refused, match="GRAPH_FOLDER_ABSENT"):
        run("graph", tmp_path / "none")
