"""No index for LIKE is left beside a plain one; what has no plain one beside it stays."""

import pytest
from django.db import connections

from puhui.store import pattern_indexes


def test_none_is_left_after_a_migration(db: None) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(pattern_indexes._TWINS)
        assert cursor.fetchall() == []
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname = 'parties_person_pkey'")
        assert cursor.fetchone() == (1,)


@pytest.mark.usefixtures("fresh_database")
def test_only_those_with_a_plain_one_beside_them_are_dropped() -> None:
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE looked_up (id text PRIMARY KEY, name text, code text);"
            "CREATE INDEX looked_up_id_like ON looked_up (id text_pattern_ops);"
            "CREATE INDEX looked_up_name_prefix ON looked_up (name text_pattern_ops);"
            "CREATE INDEX looked_up_code ON looked_up (code);"
            "CREATE INDEX looked_up_code_like ON looked_up (code text_pattern_ops) WHERE code <> ''"
        )
        assert pattern_indexes.drop(owner) == 1
        assert pattern_indexes.drop(owner) == 0
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'looked_up' ORDER BY 1")
        left = [name for (name,) in cursor.fetchall()]
    assert left == ["looked_up_code", "looked_up_code_like", "looked_up_name_prefix", "looked_up_pkey"]
