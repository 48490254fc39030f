"""The store: sealed bytes, blind indexes, tenants, append-only tables, COPY, backup and restore."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from django.db import DatabaseError, connection, connections, transaction

from puhui.kernel.refusal import Refused
from puhui.parties import models as parties
from puhui.parties import operations
from puhui.parties.operations import PersonDraft
from puhui.store import archive, copying, embedded, keyring, rotation, sealed, tenancy

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
WANG = PersonDraft("王小明", "11010519491231002X", "13800138000", invented=True)


class TestSealing:
    def test_gives_the_text_back_and_never_the_same_bytes_twice(self) -> None:
        first, second = sealed.seal("王小明"), sealed.seal("王小明")
        assert first != second
        assert (sealed.unseal(first), sealed.unseal(second)) == ("王小明", "王小明")

    def test_notices_one_changed_bit(self) -> None:
        stored = bytearray(sealed.seal("13800138000"))
        stored[-1] ^= 1
        with pytest.raises(InvalidTag):
            sealed.unseal(bytes(stored))

    def test_indexes_equal_texts_equally_within_one_purpose_only(self) -> None:
        phone = sealed.blind_index("13800138000", purpose="phone")
        assert (phone, len(phone)) == (sealed.blind_index("13800138000", purpose="phone"), 16)
        assert phone != sealed.blind_index("13800138000", purpose="id_number")

    def test_names_a_key_that_is_missing(self) -> None:
        with pytest.raises(keyring.KeysUnreadable, match="k99"):
            sealed.unseal(b"k99\x1f" + bytes(40))


class TestTenancy:
    def test_unset_is_nobody_and_a_scope_returns_to_the_former_tenant(self, fresh_database: object) -> None:
        tenancy.enter(tenancy.NOBODY)
        with tenancy.scope("inst_a"):
            with pytest.raises(RuntimeError), tenancy.scope(tenancy.PLATFORM):
                raise RuntimeError
            assert tenancy.current() == "inst_a"
        assert tenancy.current() == tenancy.NOBODY

    def test_a_failed_statement_inside_a_scope_keeps_its_own_error(self, fresh_database: object) -> None:
        broken = "SELECT * FROM no_such_table"
        with (
            pytest.raises(DatabaseError, match="no_such_table"),
            transaction.atomic(),
            tenancy.scope("inst_a"),
            connection.cursor() as cursor,
        ):
            cursor.execute(broken)
        assert tenancy.current() == tenancy.PLATFORM

    def test_the_application_is_no_superuser_and_owns_nothing(self, fresh_database: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user")
            assert cursor.fetchone() == (False, False, False)
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
            assert cursor.fetchone() == (0,)


class TestAppendOnly:
    @pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
    def test_no_change_by_application_or_owner_to_any_such_table(self, statement: str, fresh_database: object) -> None:
        tables = _append_only_tables()
        assert {"parties_reveal", "policy_decision"} <= set(tables)
        for table in tables:
            for link in (connection, connections["owner"]):
                command = statement.format(table).replace("SET id = id", f"SET {_a_column(table)} = {_a_column(table)}")
                with pytest.raises(DatabaseError, match=r"append-only|permission denied"), link.cursor() as cursor:
                    cursor.execute(command)


class TestCopying:
    def test_goes_through_a_temporary_table_so_that_row_security_holds(self, fresh_database: object) -> None:
        frame = pl.DataFrame({"person_id": ["person_x"], "field": ["phone"], "reason": ['a "b", c'], "seen_by": ["me"]})
        frame = frame.with_columns(seen_at=pl.lit("2026-03-01T09:00:00Z"))
        refused = pytest.raises(DatabaseError, match=r"row-level security|foreign key")
        with refused, transaction.atomic(), tenancy.scope("inst_a"):
            copying.copy_frame(frame, "parties_reveal")
        assert parties.Reveal.objects.count() == 0
        person_id = operations.register_person(WANG, now=NOW)
        with transaction.atomic():
            assert copying.copy_frame(frame.with_columns(person_id=pl.lit(person_id)), "parties_reveal") == 1
        assert parties.Reveal.objects.get().reason == 'a "b", c'


@pytest.fixture
def keys_of_its_own(tmp_path: Path) -> Iterator[None]:
    """A key file for this test alone: a key added here must not seal what later tests store."""
    shutil.copy(keyring.path(), tmp_path / "keys.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUHUI_KEYS", str(tmp_path / "keys.json"))
        keyring.load.cache_clear()
        yield
    keyring.load.cache_clear()


class TestKeyRotation:
    def test_reseals_everything_once(self, fresh_database: object, keys_of_its_own: None) -> None:
        person_id = operations.register_person(WANG, now=NOW)
        ring = keyring.add_key()
        assert (rotation.reseal_all(), rotation.reseal_all()) == (3, 0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, phone FROM parties_person")
            assert {sealed.key_of(value) for value in cursor.fetchone()} == {ring.current}
        assert parties.Person.objects.get(id=person_id).name.reveal() == "王小明"


class TestBackup:
    def test_restores_into_an_empty_place_row_for_row(
        self, fresh_database: embedded.Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        operations.register_person(WANG, now=NOW)
        manifest = archive.write(tmp_path / "backup", now=NOW)
        assert manifest["tables"]["parties_person"]["rows"] == 1
        with _empty_database(fresh_database.owner) as elsewhere:
            monkeypatch.setenv("PUHUI_OWNER_URL", elsewhere)
            archive.place_keys(tmp_path / "backup")
            assert archive.read(tmp_path / "backup") == json.loads((tmp_path / "backup/manifest.json").read_text())
            with psycopg.connect(elsewhere) as link:
                row = link.execute("SELECT name FROM parties_person").fetchone()
            assert row is not None
            assert sealed.unseal(row[0]) == "王小明"
            with pytest.raises(Refused, match="DATABASE_NOT_EMPTY"):
                archive.read(tmp_path / "backup")

    def test_is_refused_into_a_folder_with_files_and_from_one_without_a_backup(
        self, fresh_database: object, tmp_path: Path
    ) -> None:
        (tmp_path / "mine.txt").write_text("keep")
        with pytest.raises(Refused, match="FOLDER_NOT_EMPTY"):
            archive.write(tmp_path, now=NOW)
        with pytest.raises(Refused, match="NO_BACKUP_HERE"):
            archive.place_keys(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

    def test_is_refused_where_other_keys_are_in_place(self, fresh_database: object, tmp_path: Path) -> None:
        archive.write(tmp_path / "backup", now=NOW)
        kept = tmp_path / "backup/keys.json"
        other = json.loads(kept.read_text())
        other["keys"]["k1"] = other["index_key"]
        kept.write_text(json.dumps(other))
        with pytest.raises(Refused, match="OTHER_KEYS_HERE"):
            archive.place_keys(tmp_path / "backup")


def _append_only_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND obj_description(oid, 'pg_class') = 'puhui:append-only'"
        )
        return [row[0] for row in cursor.fetchall()]


def _a_column(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [table])
        return str(cursor.fetchone()[0])


class _empty_database:  # noqa: N801 - reads as a function
    """A database with nothing in it on the same server, dropped at the end."""

    def __init__(self, owner: str) -> None:
        self.admin = owner.replace("/copy_", "/postgres?x=", 1).split("?")[0] + "?" + owner.split("?")[1]
        self.address = owner.split("?")[0] + "_empty?" + owner.split("?")[1]

    def __enter__(self) -> str:
        embedded.ensure_database(self.address)
        return self.address

    def __exit__(self, *_: object) -> None:
        with psycopg.connect(self.admin, autocommit=True) as link:
            link.execute(f"DROP DATABASE {self.address.split('?')[0].rsplit('/', 1)[1]} WITH (FORCE)")
