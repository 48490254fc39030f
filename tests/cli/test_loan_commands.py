"""`puhui loan …` as a person uses it: lines in, lines out, refusals named and counted in the exit status.

The command runs in this process; one test starts a real one and finds the same answers, errors and status.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from puhui.cli.main import app

PUHUI = str(Path(sys.executable).parent / "puhui")
LOAN = {
    "id": "a",
    "currency": "CNY",
    "principal_minor": 10_000_000,
    "annual_rate": "0.12",
    "periods": 12,
    "disbursed_on": "2026-01-15",
    "method": "equal_installment",
}


def run(command: str, *lines: Any) -> tuple[int, list[dict[str, Any]], str]:
    done = CliRunner().invoke(app, ["loan", command], input=typed(lines), catch_exceptions=False)
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def typed(lines: tuple[Any, ...]) -> str:
    return "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)


def test_a_real_process_says_the_same() -> None:
    lines = (LOAN | {"method": "balloon"}, LOAN | {"id": "good"}, "{")
    done = subprocess.run([PUHUI, "loan", "schedule"], input=typed(lines), capture_output=True, text=True, check=False)
    status, answers, errors = run("schedule", *lines)
    assert (done.returncode, [json.loads(line) for line in done.stdout.splitlines()]) == (status, answers)
    assert (done.stderr, status, len(answers)) == (errors, 2, 3)


def test_one_answer_a_line_in_the_same_order() -> None:
    status, answers, errors = run("schedule", LOAN, LOAN | {"id": "b", "periods": 6})
    assert status == 0
    assert errors == ""
    assert [(answer["id"], len(answer["installments"])) for answer in answers] == [("a", 12), ("b", 6)]
    assert answers[0]["installments"][0] == {
        "n": 1, "due_on": "2026-02-15", "days": 31, "principal_minor": 788_488, "interest_minor": 100_000,
        "fee_minor": 0, "due_minor": 888_488, "balance_minor": 9_211_512,
    }  # fmt: skip
    assert (answers[0]["apr_simple"], answers[0]["apr_compound"]) == ("0.120000", "0.126825")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"method": "balloon"}, "METHOD_UNKNOWN"),
        ({"principal_minor": -1}, "PRINCIPAL_NOT_POSITIVE"),
        ({"principal_minor": 100.5}, "AMOUNT_NOT_WHOLE"),
        ({"annual_rate": "-0.01"}, "RATE_NEGATIVE"),
        ({"annual_rate": "twelve"}, "RATE_NOT_EXACT"),
        ({"annual_rate": "0.1234567890123"}, "RATE_TOO_FINE"),
        ({"first_due_on": "2026-01-14"}, "DATES_OUT_OF_ORDER"),
        ({"disbursed_on": "15.1.2026"}, "DATE_UNREADABLE"),
        ({"periods": 0}, "PERIODS_OUT_OF_RANGE"),
        ({"day_count": "actual/364"}, "DAY_COUNT_UNKNOWN"),
        ({"ballon_minor": 5}, "FIELD_UNKNOWN"),
    ],
)
def test_bad_terms_are_named_and_the_other_lines_still_answered(change: dict[str, Any], code: str) -> None:
    status, answers, errors = run("schedule", LOAN | change, LOAN | {"id": "good"})
    assert status == 2
    assert answers[0]["refusal"]["code"] == code
    assert answers[0]["id"] == "a"
    assert f"line 1: {code}" in errors
    assert len(answers[1]["installments"]) == 12


def test_any_rate_from_zero_on_is_computed() -> None:
    status, answers, _ = run("schedule", LOAN | {"annual_rate": "7.5"}, LOAN | {"annual_rate": "0"})
    assert status == 0
    assert answers[1]["total_interest_minor"] == 0
    assert answers[0]["total_interest_minor"] > 0


def test_what_is_no_json_is_named() -> None:
    status, answers, errors = run("apr", "{", "[]")
    assert status == 2
    assert [answer["refusal"]["code"] for answer in answers] == ["JSON_UNREADABLE", "OBJECT_EXPECTED"]
    assert "line 1: JSON_UNREADABLE" in errors


STORY = {
    "id": 1,
    "terms": LOAN,
    "policy": {"waterfall": ["penalty", "interest", "fee", "principal"], "prepayment": "next_installment",
               "overpayment": "credit", "interest_recalculation": False},
    "events": [{"on": "2026-02-15", "kind": "repay", "amount_minor": 888_488, "ref": "p1"}],
    "as_of": "2026-03-20",
}  # fmt: skip


def test_a_story_is_told() -> None:
    status, (answer,), _ = run("story", STORY)
    assert status == 0
    assert answer["transactions"][1] == {
        "on": "2026-02-15", "kind": "repay", "amount_minor": 888_488, "principal_minor": 788_488,
        "interest_minor": 100_000, "fee_minor": 0, "penalty_minor": 0, "balance_minor": 9_211_512, "ref": "p1",
    }  # fmt: skip
    assert (answer["days_past_due"], answer["trial_balance_minor"], answer["overpaid_minor"]) == (5, 0, 0)


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([{"on": "2026-01-14", "kind": "repay", "amount_minor": 1}], "PAYMENT_BEFORE_DISBURSEMENT"),
        ([{"on": "2026-02-15", "kind": "repay", "amount_minor": 0}], "AMOUNT_NOT_POSITIVE"),
        ([{"on": "2026-02-15", "kind": "repay", "amount_minor": 10.5}], "AMOUNT_NOT_WHOLE"),
        ([{"on": "2026-02-15", "kind": "repay"}], "FIELD_MISSING"),
        ([{"on": "2026-02-15", "kind": "forgive"}], "EVENT_UNKNOWN"),
        ([{"on": "2026-02-15", "kind": "reverse", "ref": "none"}], "REVERSES_NOTHING"),
        (
            [
                {"on": "2026-02-15", "kind": "payoff", "ref": "a"},
                {"on": "2026-02-16", "kind": "repay", "amount_minor": 1},
            ],
            "LOAN_CLOSED",
        ),
        (
            [
                {"on": "2026-02-15", "kind": "repay", "amount_minor": 5, "ref": "a"},
                {"on": "2026-02-15", "kind": "repay", "amount_minor": 6, "ref": "a"},
            ],
            "DUPLICATE_KEY_OTHER_CONTENT",
        ),
    ],
)
def test_events_that_cannot_be_are_named(events: list[dict[str, Any]], code: str) -> None:
    status, (answer,), _ = run("story", STORY | {"events": events})
    assert status == 2
    assert answer["refusal"]["code"] == code


def test_the_same_event_twice_counts_once() -> None:
    event = {"on": "2026-02-15", "kind": "repay", "amount_minor": 888_488, "ref": "p1"}
    once, twice = (run("story", STORY | {"events": events})[1][0] for events in ([event], [event, event]))
    assert once == twice
