"""What PostgreSQL itself enforces in the loan book: rows per institution, facts never edited, terms never changed."""

from django.db import migrations

from puhui.store import laws

TENANT_TABLES = (
    "servicing_disclosure",
    "servicing_disclosure_confirmation",
    "servicing_loan",
    "servicing_instalment",
    "servicing_entry",
    "servicing_posting",
    "servicing_move",
    "servicing_request",
    "servicing_day_run",
)
FACT_TABLES = (
    "servicing_disclosure",
    "servicing_disclosure_confirmation",
    "servicing_entry",
    "servicing_posting",
    "servicing_move",
    "servicing_request",
    "servicing_day_run",
)
FIXED_COLUMNS = {
    "servicing_loan": "id, institution_id, person_id, shop_id, application_id, offer_id, disclosure_id, currency, "
    "principal_minor, annual_rate, periods, method, day_count, rounding, waterfall, disbursed_on, first_due_on, "
    "final_due_on, booked_on, recorded_at",
    "servicing_instalment": "loan_id, institution_id, n, starts_on, due_on, principal_minor, interest_minor, "
    "balance_minor",
}

FIX_TERMS = """
CREATE FUNCTION servicing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the agreed columns of % are fixed: amend by a new row, never by %', TG_TABLE_NAME, TG_OP
      USING ERRCODE = 'restrict_violation'; END $$;
""" + "".join(
    f"""
CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {columns} ON {table}
      FOR EACH STATEMENT EXECUTE FUNCTION servicing_refuse_change();
CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table}
      FOR EACH STATEMENT EXECUTE FUNCTION servicing_refuse_change();
"""
    for table, columns in FIXED_COLUMNS.items()
)
UNFIX_TERMS = (
    "".join(f"DROP TRIGGER {table}_fixed ON {table}; DROP TRIGGER {table}_kept ON {table};" for table in FIXED_COLUMNS)
    + "DROP FUNCTION servicing_refuse_change();"
)


class Migration(migrations.Migration):
    dependencies = [("servicing", "0001_initial")]
    operations = [
        *(laws.TenantRows(table) for table in TENANT_TABLES),
        *(laws.AppendOnly(table) for table in FACT_TABLES),
        migrations.RunSQL(FIX_TERMS, UNFIX_TERMS),
    ]
