"""Tellings are checked by looking each entry up by its id, whatever statistics say (decision 0262).

A join of tellings and entries is planned by what statistics knew before the entries came: it went through all entries for each telling,
or once for each piece of an import. A question of its own for each telling, with walks over the table disallowed, has one plan.
"""

from django.db import migrations

_BY_KEY = """
CREATE OR REPLACE FUNCTION merchant_telling_checked() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan TO off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM told WHERE (SELECT e.id FROM merchant_entry e WHERE e.id = told.entry_id) IS NULL)
     OR EXISTS (SELECT 1 FROM (SELECT DISTINCT bill_import_id FROM told) t
                 WHERE (SELECT i.id FROM merchant_import i WHERE i.id = t.bill_import_id) IS NULL) THEN
    RAISE EXCEPTION 'merchant_telling tells of an entry or an import that is not there' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
"""
_BEFORE = """
CREATE OR REPLACE FUNCTION merchant_telling_checked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM told LEFT JOIN merchant_entry e ON e.id = told.entry_id WHERE e.id IS NULL)
     OR EXISTS (SELECT 1 FROM (SELECT DISTINCT bill_import_id FROM told) t
                  LEFT JOIN merchant_import i ON i.id = t.bill_import_id WHERE i.id IS NULL) THEN
    RAISE EXCEPTION 'merchant_telling tells of an entry or an import that is not there' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("merchant", "0012_quick_imports")]
    operations = [migrations.RunSQL(sql=_BY_KEY, reverse_sql=_BEFORE)]
