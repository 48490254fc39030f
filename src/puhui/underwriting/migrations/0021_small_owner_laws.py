"""What small owners bring is the platform's own, and evidence is never edited; a saved questionnaire may be."""

from django.db import migrations

from puhui.store import laws

_NEVER_EDITED = ("evidence_item", "evidence_signal", "acceptance_curve", "fairness_report")


class Migration(migrations.Migration):
    dependencies = [("underwriting", "0020_small_owners")]
    operations = [
        *[laws.PlatformRows(f"underwriting_{table}") for table in (*_NEVER_EDITED, "questionnaire")],
        *[laws.AppendOnly(f"underwriting_{table}") for table in _NEVER_EDITED],
    ]
