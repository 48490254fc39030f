"""`puhui merchant`: flags and files in, JSON out, refusals by name; nothing here needs a database."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from puhui.cli.main import app
from puhui.kernel.refusal import Refused


def answer(*arguments: str, typed: str = "", status: int = 0) -> list[dict[str, Any]]:
    done = CliRunner().invoke(
        app, ["merchant", *arguments, "--json"] if "file" not in arguments else ["merchant", *arguments], input=typed
    )
    assert done.exit_code == status, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


class TestTax:
    def test_by_flags(self) -> None:
        found = answer("tax", "vat", "--quarter-gross", "303000", "--on", "2026-03-31")[0]
        assert (found["tax"], found["tax_minor"], found["exempt"]) == ("3000.00", 300_000, False)
        assert answer("tax", "iit", "--taxable", "240000", "--on", "2026-12-31")[0]["due"] == "18750.00"
        assert (
            answer("tax", "iit", "--revenue", "100000", "--loss", "2024=3000", "--on", "2026-12-31")[0]["taxable"]
            == "37000.00"
        )
        assert (
            answer("tax", "wage", "--gross", "10000", "--gross", "12000", "--on", "2026-12-31")[0]["year"] == "360.00"
        )

    def test_by_file_answers_each_line_in_order(self) -> None:
        lines = '{"id": 1, "tax": "cit", "taxable": 3000000, "on": "2026-12-31"}\n{"id": 2, "tax": "salt"}\n'
        first, second = answer("tax", "file", "-", typed=lines, status=2)
        assert (first["id"], first["due"]) == (1, "150000.00")
        assert (second["id"], second["refusal"]["code"]) == (2, "TAX_UNKNOWN")

    def test_is_refused_by_name(self) -> None:
        done = CliRunner().invoke(app, ["merchant", "tax", "vat", "--quarter-gross", "many"])
        assert isinstance(done.exception, Refused)
        assert done.exception.refusal.code == "AMOUNT_UNREADABLE"


class TestHealth:
    def test_by_flags_and_by_file(self, tmp_path: Path) -> None:
        flags = answer(
            "health",
            "--cash-days",
            "20",
            "--surplus-rate",
            "8%",
            "--on-time-rate",
            "85%",
            "--booked-days",
            "60",
            "--on",
            "2026-11-01",
        )
        file = tmp_path / "shop.json"
        file.write_text(
            '[{"id": "a", "cash_days": 20, "surplus_rate": 0.08, "on_time_rate": "85%", "booked_days": 60, "on": "2026-11-01"}]'
        )
        by_file = answer("health", str(file))
        assert flags[0]["dimensions"] == by_file[0]["dimensions"]
        assert (by_file[0]["id"], flags[0]["dimensions"]["daily"]["points"]) == ("a", "24.6")


class TestOthers:
    def test_forecast_calendar_and_scam(self, tmp_path: Path) -> None:
        file = tmp_path / "sales.csv"
        file.write_text(
            "day,amount\n" + "".join(f"2026-{month:02d}-{day:02d},700\n" for month in (1, 2, 3) for day in range(1, 29))
        )
        found = answer("forecast", str(file))[0]
        assert (len(found["weeks"]), found["whole_weeks"]) == (13, 12)
        due = answer("calendar", "--from", "2026-10-01", "--months", "1")[0]["deadlines"]
        assert {each["due_on"] for each in due} == {"2026-10-26"}
        assert answer("scam", "放款前先交保证金")[0]["colour"] == "red"

    @pytest.mark.parametrize(
        "text", ["", "day,amount\n", "day,amount\n2026-01-01\n", "day,amount\n2026-01-01,x\n", "2026-01-01,5\n"]
    )
    def test_forecast_of_nothing_is_refused(self, text: str) -> None:
        done = CliRunner().invoke(app, ["merchant", "forecast", "-"], input=text)
        assert isinstance(done.exception, Refused)
