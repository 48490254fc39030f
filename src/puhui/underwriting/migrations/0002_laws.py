"""Underwriting is the platform's own: institutions see none of it. What was read, decided or moved is never edited."""

from django.db import migrations

from puhui.store import laws

_TABLES = (
    "load", "firm", "invoice", "rejection", "churn", "scorecard", "appraisal", "standing", "verdict",
    "application", "application_move", "offer", "offer_move",
)  # fmt: skip
_NEVER_EDITED = tuple(table for table in _TABLES if table not in ("application", "offer"))


class Migration(migrations.Migration):
    dependencies = [("underwriting", "0001_initial")]
    operations = [
        *[laws.PlatformRows(f"underwriting_{table}") for table in _TABLES],
        *[laws.AppendOnly(f"underwriting_{table}") for table in _NEVER_EDITED],
    ]
