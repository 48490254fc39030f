"""The worklist and contacts: limits hold, nothing moves on a refusal, institutions see their own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, connections

from puhui.arrears import models, operations, queries
from puhui.arrears.core.buckets import LateLoan
from puhui.arrears.operations import ContactDraft
from puhui.kernel.refusal import Refused
from puhui.store import tenancy

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)  # 12:00 in Beijing
AS_OF = date(2026, 2, 28)
LOANS = [
    LateLoan("loan_1", "inst_a", "person_1", 3, 88_849),
    LateLoan("loan_2", "inst_b", "person_2", 45, 10_000),
    LateLoan("loan_3", "inst_a", "person_3", 0, 0),
]
CALL = ContactDraft("loan_1", "inst_a", "person_1", "call", "operator", "no_answer")


@pytest.mark.django_db
class TestTheWorklist:
    def test_holds_the_late_loans_in_order(self) -> None:
        assert operations.refresh_worklist(LOANS, as_of=AS_OF) == 2
        rows = queries.worklist(AS_OF)
        assert [(row.place, row.loan_id, row.bucket, row.overdue_minor) for row in rows] == [
            (1, "loan_2", "M2", 10_000),
            (2, "loan_1", "M1", 88_849),
        ]
        assert queries.latest_date() == AS_OF

    def test_is_replaced_whole_for_its_own_date_only(self) -> None:
        operations.refresh_worklist(LOANS, as_of=AS_OF)
        operations.refresh_worklist(LOANS, as_of=AS_OF + timedelta(days=1))
        operations.refresh_worklist([], as_of=AS_OF)
        assert queries.worklist(AS_OF) == []
        assert len(queries.worklist(AS_OF + timedelta(days=1))) == 2

    def test_counts_the_contacts_made(self) -> None:
        operations.refresh_worklist(LOANS, as_of=AS_OF)
        operations.record_contact(CALL, key="k1", now=NOON)
        assert {row.loan_id: row.contacts for row in queries.worklist(AS_OF)} == {"loan_1": 1, "loan_2": 0}


@pytest.mark.django_db
class TestAContact:
    def test_is_recorded_once_under_its_key(self) -> None:
        first = operations.record_contact(CALL, key="k1", now=NOON)
        assert operations.record_contact(CALL, key="k1", now=NOON + timedelta(minutes=1)) == first
        assert [contact.id for contact in queries.contacts_of("loan_1")] == [first]

    def test_is_refused_in_quiet_hours_and_nothing_is_stored(self) -> None:
        night = datetime(2026, 3, 1, 14, tzinfo=UTC)  # 22:00 in Beijing
        with pytest.raises(Refused, match="QUIET_HOURS"):
            operations.record_contact(CALL, key="k1", now=night)
        assert models.Contact.objects.count() == 0

    def test_is_refused_after_the_third_of_the_day_and_allowed_on_the_next(self) -> None:
        for n in range(3):
            draft = replace(CALL, loan_id=f"loan_{n}", channel="message" if n == 1 else "call")
            operations.record_contact(draft, key=f"k{n}", now=NOON + timedelta(hours=n))
        refusal = queries.contact_allowed("person_1", "call", now=NOON + timedelta(hours=4))
        with pytest.raises(Refused, match="CALLS_EXHAUSTED") as refused:
            operations.record_contact(CALL, key="k9", now=NOON + timedelta(hours=4))
        assert refused.value.refusal == refusal
        assert models.Contact.objects.count() == 3
        operations.record_contact(CALL, key="k9", now=NOON + timedelta(days=1))
        assert models.Contact.objects.count() == 4

    def test_counts_visits_apart_from_calls(self) -> None:
        visit = replace(CALL, channel="visit", result="promised", promised_on=date(2026, 3, 5))
        operations.record_contact(visit, key="v1", now=NOON)
        with pytest.raises(Refused, match="VISITS_EXHAUSTED"):
            operations.record_contact(visit, key="v2", now=NOON)
        operations.record_contact(CALL, key="k1", now=NOON)
        assert models.Contact.objects.count() == 2

    @pytest.mark.parametrize(
        ("draft", "code"),
        [
            (replace(CALL, result="shouted"), "RESULT_UNKNOWN"),
            (replace(CALL, result="promised"), "PROMISE_INCOMPLETE"),
            (replace(CALL, promised_on=date(2026, 3, 5)), "PROMISE_INCOMPLETE"),
            (replace(CALL, result="promised", promised_on=date(2026, 2, 28)), "PROMISE_IN_PAST"),
            (replace(CALL, channel="pigeon"), "CHANNEL_UNKNOWN"),
        ],
    )
    def test_is_refused_by_name_and_nothing_is_stored(self, draft: ContactDraft, code: str) -> None:
        with pytest.raises(Refused, match=code):
            operations.record_contact(draft, key="k1", now=NOON)
        assert models.Contact.objects.count() == 0

    def test_is_refused_under_a_key_used_for_another(self) -> None:
        operations.record_contact(CALL, key="k1", now=NOON)
        with pytest.raises(Refused, match="KEY_REUSED"):
            operations.record_contact(replace(CALL, result="reached"), key="k1", now=NOON)
        assert models.Contact.objects.count() == 1


class TestTheDatabase:
    def test_shows_each_institution_its_own_and_lets_nobody_edit_a_contact(self, fresh_database: object) -> None:
        operations.refresh_worklist(LOANS, as_of=AS_OF)
        operations.record_contact(CALL, key="k1", now=NOON)
        expected = {
            tenancy.PLATFORM: (2, 1),
            "inst_a": (1, 1),
            "inst_b": (1, 0),
            "inst_c": (0, 0),
            tenancy.NOBODY: (0, 0),
        }
        for tenant, seen in expected.items():
            assert self._counts(tenant) == seen
        with tenancy.scope("inst_b"), pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO arrears_worklist (as_of, loan_id, institution_id, person_id, days_past_due, bucket,"
                " overdue_minor, place) VALUES ('2026-02-28', 'loan_9', 'inst_a', 'p', 1, 'M1', 1, 1)"
            )
        for link in (connection, connections["owner"]):
            with pytest.raises(DatabaseError), link.cursor() as cursor:
                cursor.execute("UPDATE arrears_contact SET result = 'reached'")
        assert self._counts(tenancy.PLATFORM) == (2, 1)

    @staticmethod
    def _counts(tenant: str) -> tuple[int, ...]:
        counts = []
        with tenancy.scope(tenant), connection.cursor() as cursor:
            for table in ("arrears_worklist", "arrears_contact"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                counts.append(cursor.fetchone()[0])
        return tuple(counts)


class TestTwoOperatorsAtOnce:
    def test_cannot_both_make_the_last_call_of_the_day(self, fresh_database: object) -> None:
        for n in range(2):
            operations.record_contact(CALL, key=f"k{n}", now=NOON)
        started = threading.Barrier(4)

        def dial(n: int) -> str:
            try:
                with tenancy.scope(tenancy.PLATFORM):
                    started.wait(timeout=10)
                    operations.record_contact(CALL, key=f"race{n}", now=NOON)
                return "made"
            except Refused as refused:
                return refused.refusal.code
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(dial, range(4)))
        assert answers == ["CALLS_EXHAUSTED"] * 3 + ["made"]
        assert models.Contact.objects.count() == 3
