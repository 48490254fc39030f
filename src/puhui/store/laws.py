"""Migration operations by which the database keeps the law (card 21): tenant rows, platform rows, append-only tables.

Put them behind CreateModel in a room's migration:

    operations = [..., laws.TenantRows("servicing_loan"), laws.AppendOnly("servicing_posting")]
"""

from django.db import migrations

APPEND_ONLY = "puhui:append-only"
TENANT = "(SELECT current_setting('puhui.tenant', true))"


def TenantRows(table: str, *, column: str = "institution_id") -> migrations.RunSQL:  # noqa: N802 - reads as an operation
    """An institution sees and writes only its own rows; the platform all; nobody none."""
    return Visible(table, f"{TENANT} = 'platform' OR ({column} = {TENANT} AND {column} <> '')")


def PlatformRows(table: str) -> migrations.RunSQL:  # noqa: N802
    """Only the platform sees and writes them."""
    return Visible(table, f"{TENANT} = 'platform'")


def Visible(table: str, condition: str) -> migrations.RunSQL:  # noqa: N802
    """Row-level security with any condition; write the asker as `laws.TENANT`."""
    return migrations.RunSQL(
        sql=f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY {table}_visible ON {table} USING ({condition}) WITH CHECK ({condition});",
        reverse_sql=f"DROP POLICY {table}_visible ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


def AppendOnly(table: str) -> migrations.RunSQL:  # noqa: N802
    """No update, delete or truncate by anybody, the owner included; the grants follow the table's comment."""
    return migrations.RunSQL(
        sql=f"""
        CREATE OR REPLACE FUNCTION puhui_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only: correct by a new row, never by %', TG_TABLE_NAME, TG_OP
              USING ERRCODE = 'restrict_violation'; END $$;
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
              FOR EACH STATEMENT EXECUTE FUNCTION puhui_refuse_change();
        COMMENT ON TABLE {table} IS '{APPEND_ONLY}';""",
        reverse_sql=f"DROP TRIGGER {table}_append_only ON {table}; COMMENT ON TABLE {table} IS NULL;",
    )
