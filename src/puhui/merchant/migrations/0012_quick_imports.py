"""Tellings and entries that are quick to add a hundred thousand of (decision 0144).

A telling is named by its entry and its import, is never edited, and is checked against both a statement at a time. An entry's key
begins with its day, so a bill in order of time is appended to the index. Entries and imports are never deleted.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models

from puhui.store import laws

_CHECKED = """
CREATE FUNCTION merchant_telling_checked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM told LEFT JOIN merchant_entry e ON e.id = told.entry_id WHERE e.id IS NULL)
     OR EXISTS (SELECT 1 FROM (SELECT DISTINCT bill_import_id FROM told) t
                  LEFT JOIN merchant_import i ON i.id = t.bill_import_id WHERE i.id IS NULL) THEN
    RAISE EXCEPTION 'merchant_telling tells of an entry or an import that is not there' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER merchant_telling_checked AFTER INSERT ON merchant_telling
       REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION merchant_telling_checked();
"""


def _kept(table: str) -> migrations.RunSQL:
    """No row is ever deleted, so a check at insertion holds for good."""
    return migrations.RunSQL(
        sql=f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION puhui_refuse_change();",
        reverse_sql=f"DROP TRIGGER {table}_kept ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("merchant", "0011_invoices")]
    operations = [
        migrations.RunSQL(
            sql="UPDATE merchant_entry SET key = to_char(day, 'YYMMDD') || key WHERE origin = 'import';",
            reverse_sql="UPDATE merchant_entry SET key = substr(key, 7) WHERE origin = 'import';",
        ),
        migrations.RemoveIndex("entry", "entry_by_day"),
        migrations.AddIndex("entry", models.Index(fields=["shop_id", "day", "id"], name="entry_by_day")),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    sql="ALTER TABLE merchant_telling RENAME TO merchant_telling_was;"
                    "CREATE TABLE merchant_telling (entry_id bigint NOT NULL, bill_import_id text NOT NULL, line integer NOT NULL);"
                    "INSERT INTO merchant_telling SELECT entry_id, bill_import_id, line FROM merchant_telling_was;"
                    "DROP TABLE merchant_telling_was;"
                    "ALTER TABLE merchant_telling ADD CONSTRAINT merchant_telling_pkey PRIMARY KEY (entry_id, bill_import_id);"
                    "CREATE INDEX telling_by_import ON merchant_telling USING brin (bill_import_id) WITH (autosummarize = on);",
                    reverse_sql=migrations.RunSQL.noop,
                )
            ],
            state_operations=[
                migrations.DeleteModel("Telling"),
                migrations.CreateModel(
                    name="Telling",
                    fields=[
                        ("pk", models.CompositePrimaryKey("entry_id", "bill_import_id", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("entry", models.ForeignKey("merchant.Entry", models.PROTECT, db_constraint=False, db_index=False)),
                        ("bill_import", models.ForeignKey("merchant.BillImport", models.PROTECT, db_constraint=False, db_index=False)),
                        ("line", models.IntegerField()),
                    ],
                    options={
                        "db_table": "merchant_telling",
                        "indexes": [BrinIndex("bill_import", autosummarize=True, name="telling_by_import")],
                    },
                ),
            ],
        ),
        laws.PlatformRows("merchant_telling"),
        laws.AppendOnly("merchant_telling"),
        migrations.RunSQL(sql=_CHECKED, reverse_sql="DROP TRIGGER merchant_telling_checked ON merchant_telling; DROP FUNCTION merchant_telling_checked();"),
        _kept("merchant_entry"),
        _kept("merchant_import"),
    ]  # fmt: skip
