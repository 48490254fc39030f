"""People: sealed at rest, found by blind index, masked on screen, revealed only with a logged reason."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from puhui.kernel.refusal import Refused
from puhui.parties import models, operations, queries
from puhui.parties.operations import ConsentDraft, PersonDraft, ShopDraft
from puhui.store import keyring, tenancy

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
WANG = PersonDraft("王小明", "11010519491231002X", "13800138000", invented=True)


@pytest.mark.django_db
class TestAPerson:
    def test_lies_sealed_in_the_table(self) -> None:
        operations.register_person(WANG, now=NOW)
        with connection.cursor() as cursor:
            cursor.execute("SELECT name || id_number || phone FROM parties_person")
            stored = bytes(cursor.fetchone()[0])
        assert stored.count(b"k1\x1f") == 3
        assert not any(text.encode() in stored for text in ("王", "110105", "138"))

    def test_is_found_by_whole_phone_or_id_number_and_shown_masked(self) -> None:
        person_id = operations.register_person(WANG, now=NOW)
        for text in ("138 0013 8000", "11010519491231002x"):
            found = queries.find_person(text)
            assert found == queries.PersonShown(person_id, "王**", "110***********002X", "138****8000", True)
        assert queries.find_person("1380013800") is None

    def test_is_the_same_person_under_the_same_id_number(self) -> None:
        first = operations.register_person(WANG, now=NOW)
        again = operations.register_person(PersonDraft("王小明", WANG.id_number, "13900139000"), now=NOW)
        assert again == first
        assert queries.find_person("13900139000") is not None
        assert queries.find_person("13800138000") is None

    @pytest.mark.parametrize(
        ("draft", "where"),
        [
            (PersonDraft("", WANG.id_number, WANG.phone), "name"),
            (PersonDraft("王", "110105194912310021", WANG.phone), "id_number"),
            (PersonDraft("王", WANG.id_number, "138001380001234"), "phone"),
        ],
    )
    def test_is_refused_by_field_and_nothing_is_stored(self, draft: PersonDraft, where: str) -> None:
        with pytest.raises(Refused) as refused:
            operations.register_person(draft, now=NOW)
        assert refused.value.refusal.where == where
        assert models.Person.objects.count() == 0


@pytest.mark.django_db
class TestARevealedValue:
    def test_is_logged_before_it_is_given(self) -> None:
        person_id = operations.register_person(WANG, now=NOW)
        seen = operations.reveal(person_id, ["phone"], reason="回访客户", by="operator", now=NOW)
        assert seen == {"phone": "13800138000"}
        assert list(models.Reveal.objects.values_list("field", "reason", "seen_by")) == [
            ("phone", "回访客户", "operator")
        ]

    def test_needs_a_reason(self) -> None:
        person_id = operations.register_person(WANG, now=NOW)
        with pytest.raises(Refused, match="REASON_MISSING"):
            operations.reveal(person_id, ["phone"], reason=" ", by="operator", now=NOW)
        assert models.Reveal.objects.count() == 0


@pytest.mark.django_db
class TestKeyRotation:
    def test_opens_the_old_and_seals_with_the_new(self) -> None:
        person_id = operations.register_person(WANG, now=NOW)
        keyring.add_key()
        person = models.Person.objects.get(id=person_id)
        assert person.name.reveal() == "王小明"
        person.save()
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM parties_person")
            assert bytes(cursor.fetchone()[0]).startswith(keyring.load().current.encode() + b"\x1f")
        assert queries.person(person_id) is not None


class TestConsentIsTheIsolationRule:
    def test_an_institution_sees_a_person_only_while_consent_stands(self, fresh_database: object) -> None:
        person_id = operations.register_person(WANG, now=NOW)
        operations.register_shop(person_id, ShopDraft("小卖部"), now=NOW)
        consent_id = operations.give_consent(
            person_id, ConsentDraft("funding", ("identity",), "v1", "phone", institution_id="inst_a"), now=NOW
        )
        assert self._rows_seen_by("inst_a") == (1, 1, 1)
        assert self._rows_seen_by("inst_b") == (0, 0, 0)
        assert self._rows_seen_by(tenancy.NOBODY) == (0, 0, 0)
        operations.withdraw_consent(consent_id, now=NOW)
        assert self._rows_seen_by("inst_a")[:2] == (0, 0)

    @staticmethod
    def _rows_seen_by(tenant: str) -> tuple[int, ...]:
        with tenancy.scope(tenant), connection.cursor() as cursor:
            counts = []
            for table in ("parties_person", "parties_shop", "parties_consent"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                counts.append(cursor.fetchone()[0])
        return tuple(counts)


@pytest.mark.django_db
class TestAFirmsEvidence:
    def test_speaks_for_one_owner_only(self) -> None:
        wang = operations.register_person(WANG, now=NOW)
        li = operations.register_person(
            PersonDraft("李丽", "110101199003078056", "13900139000", invented=True), now=NOW
        )
        shop = operations.register_shop(wang, ShopDraft("小卖部", evidence_code="E7"), now=NOW)
        assert operations.register_shop(wang, ShopDraft("小卖部", evidence_code="E7"), now=NOW) == shop
        with pytest.raises(Refused, match="EVIDENCE_CLAIMED"):
            operations.register_shop(li, ShopDraft("别家店", evidence_code="E7"), now=NOW)
        assert models.Shop.objects.count() == 1
