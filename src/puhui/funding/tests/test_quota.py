"""Quotas: reserved, confirmed, voided; never exceeded, also when threads want the last money at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from puhui.funding import models, operations, queries
from puhui.funding.core import allotment
from puhui.funding.operations import MatchRequest
from puhui.kernel.refusal import Refused
from puhui.store import tenancy

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
ON = date(2026, 3, 1)
FILE = """
[[institution]]
code = "b"
name = "某银行（虚构）"
name_en = "A Bank (invented)"
lender_type = "bank"
sample = true
  [[institution.programme]]
  code = "b-1"
  name = "一号"
  rate_min = "0.04"
  rate_max = "0.10"
  rate_discount = "0"
  limit_min_yuan = "1000"
  limit_max_yuan = "1000000"
  ratings = ["A"]
  months = [12]
  quota_yuan = "50000"
  valid_from = "2026-01-01"
  valid_until = "2027-01-01"
  whitelisted = true
"""


def wanted(number: int, amount_minor: int = 1_000_000) -> MatchRequest:
    return MatchRequest(f"app_{number}", f"offer_{number}", amount_minor, Decimal("0.08"), 12, "A")


def matched(number: int, amount_minor: int = 1_000_000) -> str:
    return operations.match(wanted(number, amount_minor), as_of=ON, now=NOW).id


def use() -> tuple[int, int]:
    row = queries.quota_use()[0]
    return row.used_minor, row.confirmed_minor


@pytest.fixture
def programme(db: None) -> None:
    operations.load_programmes(FILE, now=NOW)


@pytest.mark.django_db
class TestLoading:
    def test_twice_adds_nothing(self) -> None:
        assert operations.load_programmes(FILE, now=NOW) == operations.LoadedProgrammes(1, 1)
        assert operations.load_programmes(FILE, now=NOW) == operations.LoadedProgrammes(0, 0)

    def test_changed_rules_under_a_known_code_are_refused(self) -> None:
        operations.load_programmes(FILE, now=NOW)
        with pytest.raises(Refused, match=r"PROGRAMME_CHANGED.*b-1"):
            operations.load_programmes(FILE.replace("50000", "60000"), now=NOW)
        assert queries.quota_use()[0].quota_minor == 5_000_000

    def test_brings_the_samples(self) -> None:
        assert operations.load_sample_programmes(now=NOW) == operations.LoadedProgrammes(3, 5)
        assert [row.sample for row in queries.institutions()] == [True, True, True]

    def test_rules_cannot_be_edited_in_the_table(self, programme: None) -> None:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE funding_programme SET quota_minor = 1")


@pytest.mark.django_db
class TestAnAllotment:
    def test_uses_quota_from_reserve_to_void(self, programme: None) -> None:
        held = operations.reserve(matched(1), as_of=ON, now=NOW)
        assert use() == (1_000_000, 0)
        operations.void(held, reason="客户放弃", now=NOW)
        assert use() == (0, 0)

    def test_is_final_once_confirmed(self, programme: None) -> None:
        held = operations.reserve(matched(1), as_of=ON, now=NOW)
        operations.confirm(held, now=NOW)
        operations.confirm(held, now=NOW)
        with pytest.raises(Refused, match="ALLOTMENT_MOVE_NOT_ALLOWED"):
            operations.void(held, reason="too late", now=NOW)
        assert use() == (1_000_000, 1_000_000)
        assert queries.allotment_of("offer_1") == (held, "confirmed")

    def test_is_made_once_a_match(self, programme: None) -> None:
        first = matched(1)
        assert operations.reserve(first, as_of=ON, now=NOW) == operations.reserve(first, as_of=ON, now=NOW)
        assert use() == (1_000_000, 0)

    def test_is_refused_when_the_quota_went_meanwhile(self, programme: None) -> None:
        late, early = matched(1, 3_000_000), matched(2, 3_000_000)
        operations.reserve(early, as_of=ON, now=NOW)
        with pytest.raises(Refused, match="QUOTA_EXHAUSTED"):
            operations.reserve(late, as_of=ON, now=NOW)
        assert use() == (3_000_000, 0)


@pytest.mark.django_db
class TestAMatch:
    def test_is_kept_while_it_holds(self, programme: None) -> None:
        assert matched(1) == matched(1)
        assert models.Match.objects.count() == 1

    def test_says_why_nobody_funds_an_offer(self, programme: None) -> None:
        shown = operations.match(wanted(1, 6_000_000), as_of=ON, now=NOW)
        assert (shown.institution_id, [each["refusal"] for each in shown.candidates]) == (None, ["QUOTA_EXHAUSTED"])
        assert "剩余额度不足" in shown.candidates[0]["text"]
        with pytest.raises(Refused, match="MATCH_UNKNOWN"):
            operations.reserve(shown.id, as_of=ON, now=NOW)


class TestConcurrentMatches:
    def test_never_exceed_the_quota(self, fresh_database: object) -> None:
        operations.load_programmes(FILE, now=NOW)
        ids = [matched(number) for number in range(12)]  # twelve want 10,000 yuan each of 50,000

        def reserve(match_id: str) -> str:
            try:
                with tenancy.scope(tenancy.PLATFORM):
                    return operations.reserve(match_id, as_of=ON, now=NOW)
            except Refused as refused:
                return refused.refusal.code
            finally:
                connection.close()

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(reserve, ids))
        assert sum(answer.startswith("allot_") for answer in answers) == 5
        assert answers.count("QUOTA_EXHAUSTED") == 7
        assert use() == (5_000_000, 0)


class TestAnInstitution:
    def test_sees_its_own_rows_and_no_match(self, fresh_database: object) -> None:
        operations.load_programmes(FILE, now=NOW)
        operations.reserve(matched(1), as_of=ON, now=NOW)
        operations.load_sample_programmes(now=NOW)  # one of them would take so small a loan too
        own = next(row.id for row in queries.institutions() if row.code == "b")
        other = next(row.id for row in queries.institutions() if row.code == "sample-bank")
        assert (self._counts(own), self._counts(other)) == ((1, 1, 1, 0), (1, 2, 0, 0))
        assert self._counts(tenancy.NOBODY) == (0, 0, 0, 0)

    @staticmethod
    def _counts(tenant: str) -> tuple[int, ...]:
        counts = []
        with tenancy.scope(tenant), connection.cursor() as cursor:
            for table in ("institution", "programme", "allotment", "match_record"):
                cursor.execute(f"SELECT count(*) FROM funding_{table}")
                counts.append(cursor.fetchone()[0])
        return tuple(counts)


class TestTheDiagram:
    def test_in_the_readme_is_the_table_of_moves(self) -> None:
        readme = Path(models.__file__).with_name("README.md").read_text(encoding="utf-8")
        assert allotment.mermaid() in readme

    def test_of_moves_refuses_what_it_does_not_draw(self) -> None:
        assert str(allotment.after("confirmed", "void")).startswith("ALLOTMENT_MOVE_NOT_ALLOWED")
