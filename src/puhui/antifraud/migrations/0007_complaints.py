"""Complaints: what somebody told about an application or a shared entity; never edited."""

from django.db import migrations, models

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("antifraud", "0006_days_of_models")]
    operations = [
        migrations.CreateModel(
            name="Complaint",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("fingerprint", models.CharField(max_length=64, unique=True)),
                ("application_key", models.CharField(default="", max_length=80)),
                ("kind", models.CharField(default="", max_length=16)),
                ("key", models.BigIntegerField(null=True)),
                ("shown", models.CharField(default="", max_length=60)),
                ("text", models.CharField(max_length=400)),
                ("door", models.CharField(max_length=40)),
                ("received_at", models.DateTimeField(db_index=True)),
                ("by", models.CharField(max_length=150)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "antifraud_complaint",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("application_key", ""), ("key__isnull", False))
                        | models.Q(models.Q(("application_key", ""), _negated=True), ("key__isnull", True)),
                        name="antifraud_complaint_about",
                    )
                ],
            },
        ),
        laws.PlatformRows("antifraud_complaint"),
        laws.AppendOnly("antifraud_complaint"),
    ]
