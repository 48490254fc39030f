"""The sample file of applications: readable by the intake, invented owners, the same bytes for a seed."""

import csv
from pathlib import Path

import pytest

from puhui.kernel import china_ids
from puhui.simulate.applications import sample_applications
from puhui.simulate.town import build_town

REQUIRED = {"name", "id_number", "phone", "shop_name", "requested_yuan", "months", "consent"}


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return build_town(tmp_path / "town", firms=20, seed=1).folder


class TestTheSample:
    def test_has_good_rows_of_invented_owners(self, town: Path, tmp_path: Path) -> None:
        file = sample_applications(tmp_path, evidence=town, count=8, seed=1)
        with file.open(encoding="utf-8") as table:
            rows = list(csv.DictReader(table))
        assert len({row["evidence_code"] for row in rows}) == 8
        assert set(rows[0]) >= REQUIRED
        for row in rows:
            assert row["name"].startswith("虚构·")
            assert china_ids.check_id_card(row["id_number"]).severity == "ok"
            assert 100_000 <= int(row["requested_yuan"]) <= 500_000
            assert row["months"] in ("6", "9", "12")

    def test_is_the_same_for_a_seed_and_no_longer_than_the_town(self, town: Path, tmp_path: Path) -> None:
        one, two = (sample_applications(tmp_path / name, evidence=town, count=99, seed=1) for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
        assert len(one.read_text(encoding="utf-8").splitlines()) == 21
