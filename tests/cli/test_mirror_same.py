"""`puhui mirror same`: records of one party from a file, and what is left unread is told."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from puhui.cli.main import app
from puhui.kernel.refusal import Refused


def test_joins_the_records_of_one_party(tmp_path: Path) -> None:
    rows = pl.DataFrame({
        "name": ["王伟芳", "王伟芳", *(f"李{place}" for place in range(60))],
        "phone": ["13800000001", "13800000001", *(f"139{place:08d}" for place in range(60))],
        "address": ["人民路1号", "人民路1", *(f"解放路{place}号" for place in range(60))],
        "customer": range(62),
    })  # fmt: skip
    rows.write_csv(tmp_path / "people.csv")
    done = CliRunner().invoke(
        app, ["mirror", "same", str(tmp_path / "people.csv"), "--out", str(tmp_path / "out.csv"), "--json"]
    )
    told = json.loads(done.stdout)
    assert (told["records"], told["notes"]) == (62, ["left unread: customer"])
    parties = pl.read_csv(tmp_path / "out.csv")["party"]
    assert parties.n_unique() == told["parties"]
    assert parties[0] == parties[1]


def test_refuses_a_file_with_nothing_to_compare(tmp_path: Path) -> None:
    pl.DataFrame({"colour": ["red"]}).write_csv(tmp_path / "odd.csv")
    with pytest.raises(Refused, match="NOTHING_TO_COMPARE"):
        CliRunner().invoke(app, ["mirror", "same", str(tmp_path / "odd.csv")], catch_exceptions=False)
