"""Fitted models, their lives, days, alerts, fits and splits are the platform's own and never edited."""

from django.db import migrations

from puhui.store import laws

_TABLES = (
    "fitted_model", "model_move", "model_day", "model_alert", "fit_request", "fit_step", "split_proposal", "split_verdict",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("underwriting", "0030_fitted_models")]
    operations = [
        *[laws.PlatformRows(f"underwriting_{table}") for table in _TABLES],
        *[laws.AppendOnly(f"underwriting_{table}") for table in _TABLES],
    ]
