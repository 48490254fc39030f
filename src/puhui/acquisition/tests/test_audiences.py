"""Audiences kept in PostgreSQL: moves as facts, the present as a fold, what is handed to the servers written down."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from puhui.acquisition import audiences, models
from puhui.acquisition.core import device_ids
from puhui.acquisition.rta import counters, source, tables
from puhui.acquisition.rta.engine import Engine
from puhui.acquisition.tests.test_rta_adapters import ask_tencent, from_tencent
from puhui.kernel.refusal import Refused

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)


def keys(*oaids: str) -> set[int]:
    return audiences.keys_of([("oaid", each) for each in oaids], device_ids.DOUBTFUL)[0]


@pytest.mark.django_db
class TestAnAudience:
    def test_writes_only_what_changed_and_keeps_the_history(self):
        first = audiences.replace("declined", keys("a", "b"), why="file", now=NOW)
        again = audiences.replace("declined", keys("b", "c"), why="file", now=NOW + timedelta(days=1))
        assert (first.entered, first.left) == (len(keys("a", "b")), 0)
        assert (again.entered, again.left, again.kept) == (len(keys("c")), len(keys("a")), len(keys("b")))
        assert audiences.replace("declined", keys("b", "c"), why="file", now=NOW).entered == 0
        key = device_ids.asked("OAID", "a")
        assert key is not None
        assert [(audience, inside, why) for audience, inside, why, _ in audiences.history_of(key)] == [
            ("declined", True, "file"), ("declined", False, "file")
        ]  # fmt: skip

    def test_holds_a_device_while_any_of_its_lists_has_it(self):
        audiences.replace("declined", keys("a"), why="file", now=NOW)
        audiences.replace("declined", keys("a", "b"), why="rooms", now=NOW)
        audiences.replace("declined", set(), why="rooms", now=NOW)
        assert set(audiences.build().keys.tolist()) == keys("a")

    def test_is_published_to_the_servers_and_the_handing_over_written_down(self, tmp_path: Path):
        strategies = tables.SHIPPED_STRATEGIES.read_text(encoding="utf-8")
        with pytest.raises(Refused, match="AUDIENCE_EMPTY"):
            audiences.publish(tmp_path, strategies, by="analyst", now=NOW)
        audiences.replace("declined", keys("a"), why="", now=NOW)
        audiences.replace("lookalike", keys("a", "b"), why="", now=NOW)
        audiences.publish(tmp_path, strategies, by="analyst", now=NOW)
        engine = Engine(tmp_path, counters.Counters(1).row(0), workers=1, today=date(2026, 11, 29))
        engine.look(date(2026, 11, 29))
        codes = [ask_tencent(engine, from_tencent(oaid)).code for oaid in ("a", "b", "new")]
        assert codes == [1, 0, 0]
        row = models.AudiencePublication.objects.get()
        assert (row.generation, row.by, set(row.sizes)) == (1, "analyst", {"declined", "lookalike"})

    def test_with_a_name_that_tables_cannot_hold_is_refused(self):
        for name in ("", "a|b", "x" * 65):
            with pytest.raises(Refused, match="AUDIENCE_NAME"):
                audiences.replace(name, set(), why="", now=NOW)
        assert models.AudienceMove.objects.count() == 0


def test_a_list_of_lookalikes_is_read_as_octopus_lookalike_writes_it(tmp_path: Path):
    file = tmp_path / "list.csv"
    pl.DataFrame({"person": ["a", "b"], "score": [0.9, 0.8]}).write_csv(file)
    found = source.read(file, audience="lookalike", doubtful=device_ids.DOUBTFUL)
    assert (set(found.table.keys.tolist()), found.left_out) == (keys("a", "b"), 0)
    assert found.table.names == ("lookalike",)
