"""No institution sees another's rows, in any table, by raw SQL as the application's own role.

The tables are read from the database's catalogue, so that a new one cannot be forgotten.
"""

import pytest
from django.db import DatabaseError, connection
from psycopg import sql

from puhui.journeys import close_day, disburse
from puhui.servicing import queries as servicing
from puhui.store import tenancy
from tests.journeys.conftest import NOW, Lender

# Ours, but not an institution's: who a log-in is must be known before the tenant can be (web.access).
BEFORE_THE_TENANT = ("web_",)
OURS = ("acquisition_", "antifraud_", "arrears_", "funding_", "insight_", "journeys_", "merchant_", "parties_", "policy_",
        "servicing_", "underwriting_")  # fmt: skip


def rows(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def protected() -> list[str]:
    """Tables with a row policy, by the catalogue."""
    return [name for (name,) in rows("SELECT DISTINCT tablename FROM pg_policies ORDER BY 1")]


def count(table: str, condition: str = "true", *values: object) -> int:
    with connection.cursor() as cursor:
        statement = sql.SQL("SELECT count(*) FROM {} AS t WHERE ").format(sql.Identifier(table)) + sql.SQL(condition)  # type: ignore[arg-type]
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])


@pytest.fixture
def two(committed: Lender) -> tuple[str, str]:
    """Two institutions, each with a loan that was paid out and lived through an end of day."""
    found: list[str] = []
    for skip in range(len(committed.approved)):
        accepted = committed.booked(committed.applied(skip=skip), key=f"accept/{skip}")
        disburse.disburse(accepted.loan_id, now=NOW)
        if accepted.institution_id not in found:
            found.append(accepted.institution_id)
        if len(found) == 2:
            close_day.close_day(now=NOW)
            return found[0], found[1]
    raise AssertionError("the town's loans all went to one institution; change the samples")


class TestTheRole:
    def test_is_no_superuser_owns_nothing_and_bypasses_nothing(self, committed: Lender) -> None:
        assert rows(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ) == [(False, False, False, False)]
        assert rows("SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
                    "WHERE r.rolname = current_user AND c.relnamespace = 'public'::regnamespace") == [(0,)]  # fmt: skip


class TestEveryTable:
    def test_of_ours_has_a_row_policy(self, committed: Lender) -> None:
        tables = [name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        bare = sorted(name for name in tables if name.startswith(OURS) and name not in protected())
        assert [name for name in bare if name not in ALLOWED_BARE] == []

    def test_that_names_an_institution_has_a_row_policy(self, committed: Lender) -> None:
        views = (
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v' AND reloptions @> '{security_invoker=true}'"
        )
        named = rows("SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND "
                     f"column_name = 'institution_id' AND table_name NOT IN ({views})")  # fmt: skip
        forgotten = {name for (name,) in named} - set(protected())
        assert [name for name in sorted(forgotten) if not name.startswith(BEFORE_THE_TENANT)] == []


class TestAnInstitution:
    def test_sees_its_own_and_nothing_that_names_another(self, two: tuple[str, str]) -> None:
        for own, other in (two, two[::-1]):
            with tenancy.scope(own):
                assert count("servicing_loan") >= 1
                assert count("servicing_posting") >= 1
                assert count("funding_allotment") >= 2
                assert count("parties_person") >= 1
                leaks = {name: count(name, "t::text LIKE %s", f"%{other}%") for name in protected()}
                assert {name: found for name, found in leaks.items() if found} == {}
                assert servicing.loans().total == count("servicing_loan", "institution_id = %s", own)

    def test_sees_nothing_where_nobody_asks(self, two: tuple[str, str]) -> None:
        with tenancy.scope(tenancy.NOBODY):
            seen = {name: count(name) for name in protected()}
        assert {name: found for name, found in seen.items() if found} == {}

    def test_cannot_write_in_another_name(self, two: tuple[str, str]) -> None:
        own, other = two
        with tenancy.scope(own), connection.cursor() as cursor:
            cursor.execute("UPDATE servicing_loan SET provision_minor = 99 WHERE institution_id = %s", [other])
            assert cursor.rowcount == 0
            with pytest.raises(DatabaseError, match="row-level security"):
                cursor.execute(
                    "INSERT INTO funding_institution (id, code, name, name_en, lender_type, sample, recorded_at) "
                    "VALUES ('inst_z', 'z', 'z', 'z', 'bank', true, now())"
                )


# Tables of ours that hold nobody's rows; each with its reason.
ALLOWED_BARE = {
    "servicing_business_day": "one calendar for all institutions, no amounts",
    "servicing_day_slice": "ranges of loan numbers of one end of day, no names and no amounts",
}
