"""Indexes for LIKE that Django adds beside every index of a text column, and that nothing here asks for.

Django makes a second index with `text_pattern_ops` for each text column that is a key or indexed, so that a prefix may be looked
up in any collation. No query of Puhui looks for a prefix of a key; each of these indexes was written with every row and read by
nobody (185 of 635 indexes, decision 0182). They are dropped after each migration, whoever made them.
"""

from typing import Any

_TWINS = """
SELECT format('%I.%I', space.nspname, twin.relname)
  FROM pg_index i
  JOIN pg_class twin ON twin.oid = i.indexrelid
  JOIN pg_namespace space ON space.oid = twin.relnamespace AND space.nspname = current_schema
  JOIN pg_opclass class ON class.oid = i.indclass[0] AND class.opcname IN ('text_pattern_ops', 'varchar_pattern_ops')
 WHERE i.indnatts = 1 AND NOT i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
   AND EXISTS (SELECT FROM pg_index plain WHERE plain.indrelid = i.indrelid AND plain.indexrelid <> i.indexrelid
               AND plain.indkey[0] = i.indkey[0] AND plain.indpred IS NULL AND plain.indclass[0] <> i.indclass[0])
 ORDER BY 1
"""


def drop(owner: Any) -> int:
    """Drop those of the connection's schema that have a plain index beside them; how many."""
    with owner.cursor() as cursor:
        cursor.execute(_TWINS)
        twins = [name for (name,) in cursor.fetchall()]
        if twins:
            cursor.execute(f"DROP INDEX {', '.join(twins)}")
    return len(twins)
