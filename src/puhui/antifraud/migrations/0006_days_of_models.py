"""A fraud model's days with their figures, which nobody edits, and alerts, which a person marks as seen; more states of a model."""

import django.db.models.deletion
from django.db import migrations, models

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("antifraud", "0005_windows_walk_their_index")]
    operations = [
        migrations.CreateModel(
            name="FraudModelDay",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("figures", models.JSONField()),
                ("details", models.JSONField()),
                ("policy_version", models.CharField(max_length=20)),
                ("computed_at", models.DateTimeField()),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="days", to="antifraud.fraudmodel"
                    ),
                ),
            ],
            options={
                "db_table": "antifraud_model_day",
                "constraints": [models.UniqueConstraint(fields=("model", "day"), name="antifraud_model_day_once")],
            },
        ),
        migrations.CreateModel(
            name="FraudModelAlert",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("figure", models.CharField(max_length=40)),
                ("value", models.FloatField()),
                ("above", models.FloatField()),
                ("level", models.CharField(max_length=5)),
                ("message", models.CharField(max_length=300)),
                ("raised_at", models.DateTimeField()),
                ("seen_by", models.CharField(default="", max_length=150)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "model_day",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="alerts", to="antifraud.fraudmodelday"
                    ),
                ),
            ],
            options={"db_table": "antifraud_model_alert"},
        ),
        laws.PlatformRows("antifraud_model_day"),
        laws.AppendOnly("antifraud_model_day"),
        laws.PlatformRows("antifraud_model_alert"),
    ]
