"""Contact rules as a table a collections colleague could have written."""

from datetime import date, time

import pytest

from puhui.arrears.core.buckets import LateLoan, bucket, in_order
from puhui.arrears.core.contact_rules import Contacts, may_contact

DAY = date(2026, 3, 1)
TABLE = [
    # channel, local time, calls and visits so far, answer
    ("call", time(8, 0), 0, 0, None),
    ("call", time(7, 59, 59), 0, 0, "QUIET_HOURS"),
    ("call", time(21, 59, 59), 0, 0, None),
    ("call", time(22, 0), 0, 0, "QUIET_HOURS"),
    ("call", time(0, 0), 0, 0, "QUIET_HOURS"),
    ("call", time(12, 0), 2, 9, None),
    ("call", time(12, 0), 3, 0, "CALLS_EXHAUSTED"),
    ("message", time(12, 0), 3, 0, "CALLS_EXHAUSTED"),
    ("message", time(23, 0), 0, 0, "QUIET_HOURS"),
    ("visit", time(12, 0), 3, 0, None),
    ("visit", time(12, 0), 0, 1, "VISITS_EXHAUSTED"),
    ("visit", time(22, 30), 0, 0, "QUIET_HOURS"),
    ("pigeon", time(12, 0), 0, 0, "CHANNEL_UNKNOWN"),
]


class TestMayContact:
    @pytest.mark.parametrize(("channel", "at", "calls", "visits", "code"), TABLE)
    def test_answers_by_hour_and_count(self, channel: str, at: time, calls: int, visits: int, code: str | None) -> None:
        found = may_contact(channel, at, Contacts(calls, visits), on=DAY)
        assert (found.code if found else None) == code

    @pytest.mark.parametrize("day", [date(2025, 2, 27), date(2025, 2, 28), date(2020, 2, 22)])
    def test_holds_before_and_after_the_standard(self, day: date) -> None:
        assert may_contact("call", time(22, 0), Contacts(), on=day) is not None
        assert may_contact("call", time(12, 0), Contacts(), on=day) is None

    def test_refuses_on_a_day_without_a_rule(self) -> None:
        found = may_contact("call", time(12, 0), Contacts(), on=date(1999, 12, 31))
        assert found is not None
        assert found.code == "CONTACT_RULE_ABSENT"


class TestBuckets:
    def test_cannot_be_asked_for_negative_days(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            bucket(-1)

    def test_order_the_worklist_later_and_larger_first(self) -> None:
        loans = [
            LateLoan("loan_a", "inst_a", "p", 5, 100),
            LateLoan("loan_b", "inst_a", "p", 31, 50),
            LateLoan("loan_c", "inst_a", "p", 30, 900),
            LateLoan("loan_d", "inst_a", "p", 0, 0),
            LateLoan("loan_e", "inst_a", "p", 1, 900),
        ]
        assert [loan.loan_id for loan in in_order(loans)] == ["loan_b", "loan_c", "loan_e", "loan_a"]
