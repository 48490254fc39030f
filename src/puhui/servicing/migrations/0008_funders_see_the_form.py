"""A funder of a shared loan sees the cost form of that loan and its confirmation, as it sees the loan itself. Reading only."""

from django.db import migrations

from puhui.store import laws

_OWN = (
    "SELECT loan.disclosure_id FROM servicing_loan loan JOIN servicing_share share ON share.loan_id = loan.id "
    f"WHERE share.institution_id = {laws.TENANT} AND share.institution_id <> ''"
)


def seen_by_funders(table: str, column: str) -> migrations.RunSQL:
    """The inner query runs once a statement, and not at all for the platform."""
    return migrations.RunSQL(
        f"CREATE POLICY {table}_shared ON {table} FOR SELECT USING ({column} = ANY (ARRAY({_OWN})));",
        f"DROP POLICY {table}_shared ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("servicing", "0007_facts_of_every_kind")]
    operations = [
        seen_by_funders("servicing_disclosure", "id"),
        seen_by_funders("servicing_disclosure_confirmation", "disclosure_id"),
    ]
