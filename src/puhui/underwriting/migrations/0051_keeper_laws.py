"""What keepers of records were asked and answered is the platform's own and never edited."""

from django.db import migrations

from puhui.store import laws

_TABLES = ("keeper_question", "keeper_answer")


class Migration(migrations.Migration):
    dependencies = [("underwriting", "0050_keepers")]
    operations = [
        *[laws.PlatformRows(f"underwriting_{table}") for table in _TABLES],
        *[laws.AppendOnly(f"underwriting_{table}") for table in _TABLES],
    ]
