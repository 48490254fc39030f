"""Facts of the first release become events, and PostgreSQL learns the laws of the new tables.

A loan shared by several funders is seen by each of them, with its instalments, facts and moves; entries, postings,
accruals and settlement lines are each funder's own.
"""

from django.db import migrations

from puhui.store import laws

TENANT_TABLES = ("servicing_event", "servicing_share", "servicing_day_part", "servicing_settlement_line")
FACT_TABLES = TENANT_TABLES
SEEN_BY_FUNDERS = {
    "servicing_loan": "id",
    "servicing_instalment": "loan_id",
    "servicing_event": "loan_id",
    "servicing_move": "loan_id",
}
FIXED_BEFORE = (
    "id, institution_id, person_id, shop_id, application_id, offer_id, disclosure_id, currency, principal_minor, "
    "annual_rate, periods, method, day_count, rounding, waterfall, disbursed_on, first_due_on, final_due_on, booked_on, "
    "recorded_at"
)
FIXED_NOW = FIXED_BEFORE.replace("final_due_on, ", "") + ", number, product, policy, terms"

EVENTS_OF_ENTRIES = """
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO servicing_event (id, institution_id, loan_id, kind, effective_date, amount_minor, ref, details,
                             business_date, recorded_at, idempotency_key, input_hash)
SELECT replace(id, 'entry_', 'event_'), institution_id, loan_id, kind, effective_date, abs(cash_minor), '', '{}',
       business_date, recorded_at, idempotency_key, input_hash
  FROM servicing_entry WHERE kind IN ('disburse', 'repay') ORDER BY recorded_at, id;
"""
# The journal is append-only for everybody; only a migration, which owns the tables, may name the cause of old entries.
ENTRIES_NAME_THEIR_EVENT = """
ALTER TABLE servicing_entry DISABLE TRIGGER servicing_entry_append_only;
UPDATE servicing_entry SET event_id = replace(id, 'entry_', 'event_') WHERE kind IN ('disburse', 'repay');
ALTER TABLE servicing_entry ENABLE TRIGGER servicing_entry_append_only;
"""
OLDEST_DUES = """
UPDATE servicing_loan loan SET oldest_due_on = late.due_on
  FROM (SELECT loan_id, min(due_on) AS due_on FROM servicing_instalment
         WHERE settled_on IS NULL AND due_on < (SELECT business_date FROM servicing_business_day WHERE state = 'open')
         GROUP BY loan_id) late
 WHERE late.loan_id = loan.id AND loan.state IN ('active', 'overdue');
"""
INSTALMENTS_ARE_DERIVED = """
DROP TRIGGER servicing_instalment_fixed ON servicing_instalment;
DROP TRIGGER servicing_instalment_kept ON servicing_instalment;
CREATE TRIGGER servicing_instalment_kept BEFORE TRUNCATE ON servicing_instalment
      FOR EACH STATEMENT EXECUTE FUNCTION servicing_refuse_change();
"""
INSTALMENTS_ARE_FIXED = """
DROP TRIGGER servicing_instalment_kept ON servicing_instalment;
CREATE TRIGGER servicing_instalment_kept BEFORE DELETE OR TRUNCATE ON servicing_instalment
      FOR EACH STATEMENT EXECUTE FUNCTION servicing_refuse_change();
CREATE TRIGGER servicing_instalment_fixed BEFORE UPDATE OF loan_id, institution_id, n, starts_on, due_on,
      principal_minor, interest_minor, balance_minor ON servicing_instalment
      FOR EACH STATEMENT EXECUTE FUNCTION servicing_refuse_change();
"""
ROOM_FOR_UPDATES = "ALTER TABLE {0} SET (fillfactor = 85);"


def fixed_terms(columns: str) -> str:
    return f"""
    DROP TRIGGER servicing_loan_fixed ON servicing_loan;
    CREATE TRIGGER servicing_loan_fixed BEFORE UPDATE OF {columns} ON servicing_loan
          FOR EACH STATEMENT EXECUTE FUNCTION servicing_refuse_change();"""


def seen_by_funders(table: str, loan: str) -> migrations.RunSQL:
    """Reading only. The inner query runs once a statement, and not at all for the platform."""
    own = f"SELECT loan_id FROM servicing_share WHERE institution_id = {laws.TENANT} AND institution_id <> ''"
    return migrations.RunSQL(
        f"CREATE POLICY {table}_shared ON {table} FOR SELECT USING ({loan} = ANY (ARRAY({own})));",
        f"DROP POLICY {table}_shared ON {table};",
    )


LINES = """
CREATE VIEW servicing_accrual WITH (security_invoker = true) AS
SELECT part.institution_id, part.business_date, line.loan_number, line.interest_minor, line.penalty_minor,
       line.compound_minor, line.on_balance
  FROM servicing_day_part part,
       unnest(part.loan_numbers, part.interest_minor, part.penalty_minor, part.compound_minor, part.on_balance)
         AS line (loan_number, interest_minor, penalty_minor, compound_minor, on_balance);
"""


class Migration(migrations.Migration):
    dependencies = [("servicing", "0003_facts_shares_and_slices")]
    operations = [
        migrations.RunSQL(EVENTS_OF_ENTRIES, "DELETE FROM servicing_event"),
        migrations.RunSQL(ENTRIES_NAME_THEIR_EVENT, migrations.RunSQL.noop),
        migrations.RunSQL(OLDEST_DUES, migrations.RunSQL.noop),
        *(laws.TenantRows(table) for table in TENANT_TABLES),
        *(laws.AppendOnly(table) for table in FACT_TABLES),
        *(seen_by_funders(table, loan) for table, loan in SEEN_BY_FUNDERS.items()),
        migrations.RunSQL(fixed_terms(FIXED_NOW), fixed_terms(FIXED_BEFORE)),
        migrations.RunSQL(INSTALMENTS_ARE_DERIVED, INSTALMENTS_ARE_FIXED),
        migrations.RunSQL(LINES, "DROP VIEW servicing_accrual"),
        *(
            migrations.RunSQL(ROOM_FOR_UPDATES.format(table), f"ALTER TABLE {table} RESET (fillfactor)")
            for table in ("servicing_loan", "servicing_instalment")
        ),
    ]
