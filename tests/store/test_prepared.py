"""Prepared statements read and write what the ORM reads and writes."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, transaction
from psycopg.types.numeric import Int8

from puhui.parties import models as parties
from puhui.store import prepared
from puhui.underwriting import models as underwriting

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 29, 8, 30, 0, 123456, tzinfo=UTC)


def _person(name: str = "王小店") -> parties.Person:
    return parties.Person(id=f"person_{name}", name=name, id_number="11", phone="138", id_number_index=name.encode(),
                          phone_index=b"p", name_index=b"n", invented=True, recorded_at=NOW)  # fmt: skip


def _application(number: int, state: str = "submitted") -> underwriting.Application:
    return underwriting.Application(id=f"app_{number}", key=f"k{number}", input_hash="h", entrance="phone", person_id="p", shop_id="s",
                                    requested_minor=number * 10**10, months=12, state=state, submitted_at=NOW)  # fmt: skip


class TestAPreparedStatement:
    def test_stores_what_the_orm_reads_sealed_fields_and_json_included(self) -> None:
        prepared.add(_person())
        found = parties.Person.objects.get()
        assert (found.name.reveal(), bytes(found.id_number_index)) == ("王小店", "王小店".encode())
        assert (found.invented, found.recorded_at) == (True, NOW)
        application = _application(1)
        prepared.add(application)
        application.answer = {"rate": 0.1, "words": ["一", None]}
        application.state = "approved"
        prepared.change(application, ["answer"])
        stored = underwriting.Application.objects.get()
        assert (stored.answer, stored.state) == ({"rate": 0.1, "words": ["一", None]}, "submitted")

    def test_stores_under_a_unique_value_unless_it_is_taken(self) -> None:
        first, second = _application(1), _application(2)
        assert prepared.added_all([first], unless="key")
        assert not first._state.adding
        other = _application(1)
        other.id, other.months = "app_other", 24
        assert not prepared.added_all([other], unless="key")
        assert prepared.added_all([second], unless="key")
        found = underwriting.Application.objects.order_by("id").values_list("id", "months")
        assert list(found) == [("app_1", 12), ("app_2", 12)]

    def test_reads_what_the_orm_stored(self) -> None:
        person = _person()
        person.save()
        read = prepared.one(parties.Person, "id_number_index = %s FOR UPDATE", [bytes(person.id_number_index)])
        assert read == person
        assert read is not None
        assert read.phone.reveal() == "138"
        assert prepared.one(parties.Person, "id = %s", ["nobody"]) is None
        for number in (3, 1, 2):
            _application(number).save()
        found = prepared.instances(underwriting.Application, "key = ANY(%s) ORDER BY id", [["k1", "k3"]])
        assert [(each.id, each.requested_minor) for each in found] == [("app_1", 10**10), ("app_3", 3 * 10**10)]

    def test_counts_keys_in_the_order_given_and_leaves_the_orm_an_instance_that_it_knows(self) -> None:
        application = _application(1)
        prepared.add(application)
        moves = [
            underwriting.ApplicationMove(application=application, move=move, state_before="a", state_after="b", moved_at=NOW)
            for move in ("approve", "offer")
        ]  # fmt: skip
        prepared.add_all(moves)
        assert [each.move for each in application.moves.order_by("id")] == ["approve", "offer"]
        assert moves[0].pk + 1 == moves[1].pk
        application.months = 24
        application.save()
        assert underwriting.Application.objects.get().months == 24

    def test_raises_djangos_errors_and_moves_nothing(self) -> None:
        prepared.add(_application(1))
        with pytest.raises(IntegrityError), transaction.atomic():
            prepared.add_all([_application(2), _application(1)])
        assert underwriting.Application.objects.count() == 1
        with pytest.raises(LookupError, match="Application app_9 is not there"):
            prepared.change(_application(9), ["state"])
        assert prepared.moved("UPDATE underwriting_application SET state = %s WHERE id = %s", ["x", "app_9"]) == 0
        assert prepared.rows("SELECT 1, %s::numeric", [Decimal("0.10")]) == [(1, Decimal("0.10"))]

    def test_stores_nothing_where_there_is_nothing(self) -> None:
        none: list[underwriting.Offer] = []
        prepared.add_all(none)
        assert prepared.first("SELECT id FROM underwriting_offer") is None
        assert underwriting.Offer.objects.count() == 0


class TestAStatementOfMyOwn:
    def test_binds_by_place_and_by_name_and_leaves_bare_text_alone(self) -> None:
        assert prepared.rows("SELECT %s::text, %s::bigint, '5%%'", ["a", Int8(2)]) == [("a", 2, "5%")]
        assert prepared.rows("SELECT %(b)s::text, %(a)s::text, %(b)s::text", {"a": "x", "b": "y"}) == [("y", "x", "y")]
        assert prepared.rows("SELECT '5%%', '%s'") == [("5%%", "%s")]

    def test_says_how_many_rows_it_touched(self) -> None:
        prepared.rows("CREATE TEMPORARY TABLE touched (n int) ON COMMIT DROP")
        assert prepared.moved("INSERT INTO touched SELECT generate_series(1, %s::int)", [Int8(3)]) == 3
        assert prepared.moved("UPDATE touched SET n = n WHERE n > %s", [Int8(1)]) == 2

    def test_is_prepared_once_survives_a_rollback_and_the_longest_unused_is_dropped(self) -> None:
        def names() -> set[str]:
            return {
                name for (name,) in prepared.rows("SELECT name FROM pg_prepared_statements WHERE name LIKE 'puhui%'")
            }

        with transaction.atomic():
            prepared.rows("SELECT 'kept'::text, %s::text", ["1"])
            before = names()
            transaction.set_rollback(True)
        prepared.rows("SELECT 'kept'::text, %s::text", ["2"])
        assert names() == before
        for number in range(prepared._MOST_PREPARED):
            prepared.rows(f"SELECT {number}")
        assert len(names()) == prepared._MOST_PREPARED
        assert prepared.rows("SELECT 'kept'::text, %s::text", ["3"]) == [("kept", "3")]

    def test_fails_as_a_queryset_does(self) -> None:
        with pytest.raises(DataError), transaction.atomic():
            prepared.rows("SELECT 1 / %s::int", [Int8(0)])
        with pytest.raises(ProgrammingError), transaction.atomic():
            prepared.rows("SELECT no_such_column")
        assert prepared.rows("SELECT 1") == [(1,)]
