"""The made-up history of applications is rows that the tables of today take (虚构)."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from puhui.simulate import application_history

_NEEDED = """
SELECT column_name FROM information_schema.columns
 WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
"""


@pytest.mark.django_db
def test_fills_every_column_that_a_table_needs():
    told = dict(application_history.history(50, seed=7, now=datetime(2026, 11, 29, tzinfo=UTC)))
    assert {"parties_person", "underwriting_application", "antifraud_arrival"} <= set(told)
    with connection.cursor() as cursor:
        for table, frame in told.items():
            cursor.execute(_NEEDED, [table])
            needed = {name for (name,) in cursor.fetchall()}
            assert needed
            assert needed <= set(frame.columns), table
