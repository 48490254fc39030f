"""Experiments, earnings, verdicts and stops are facts of the platform's own."""

from django.db import migrations

from puhui.store import laws

_FACTS = ("earned", "experiment", "experiment_move", "creative_verdict", "gate_move", "media_consent")


class Migration(migrations.Migration):
    dependencies = [("acquisition", "0005_growth")]
    operations = [
        *(laws.PlatformRows(f"acquisition_{name}") for name in _FACTS),
        *(laws.AppendOnly(f"acquisition_{name}") for name in _FACTS),
    ]
