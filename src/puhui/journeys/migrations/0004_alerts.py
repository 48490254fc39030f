"""Alerts on their way to people: what was told, to which channel, in which message, with every try."""

import django.db.models.deletion
from django.db import migrations, models

from puhui.store import laws

_APPENDED = ("journeys_alert_channel_move", "journeys_alert_notice", "journeys_alert_told", "journeys_alert_try")


class Migration(migrations.Migration):
    dependencies = [("journeys", "0003_day_attempts")]
    operations = [
        migrations.CreateModel(
            name="AlertChannelMove",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=12)),
                ("is_on", models.BooleanField()),
                ("moved_at", models.DateTimeField()),
            ],
            options={"db_table": "journeys_alert_channel_move"},
        ),
        migrations.CreateModel(
            name="AlertNotice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=160, unique=True)),
                ("source", models.CharField(max_length=20)),
                ("severity", models.CharField(max_length=10)),
                ("cause", models.CharField(max_length=120)),
                ("zh", models.CharField(max_length=400)),
                ("en", models.CharField(max_length=400)),
                ("page", models.CharField(max_length=20)),
                ("subject", models.CharField(blank=True, max_length=80)),
                ("raised_at", models.DateTimeField()),
                ("noted_at", models.DateTimeField()),
            ],
            options={"db_table": "journeys_alert_notice"},
        ),
        migrations.CreateModel(
            name="AlertMessage",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=12)),
                ("cause", models.CharField(max_length=120)),
                ("severity", models.CharField(max_length=10)),
                ("state", models.CharField(default="queued", max_length=10)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("tries_before", models.PositiveSmallIntegerField(default=0)),
                ("due_at", models.DateTimeField()),
                ("queued_at", models.DateTimeField(db_index=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("answer", models.CharField(blank=True, max_length=200)),
                ("test_by", models.CharField(blank=True, max_length=150)),
            ],
            options={
                "db_table": "journeys_alert_message",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "queued")), fields=["channel", "due_at"], name="journeys_alert_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at__isnull", True), ("state", "queued")),
                            models.Q(
                                ("settled_at__isnull", False),
                                ("state__in", ["sent", "refused", "given_up", "withdrawn"]),
                            ),
                            _connector="OR",
                        ),
                        name="journeys_alert_settled_iff_over",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertTold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=12)),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="told", to="journeys.alertmessage"
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="told", to="journeys.alertnotice"
                    ),
                ),
            ],
            options={
                "db_table": "journeys_alert_told",
                "constraints": [
                    models.UniqueConstraint(fields=("notice", "channel"), name="journeys_alert_once_a_channel")
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertTry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("outcome", models.CharField(max_length=10)),
                ("answer", models.CharField(max_length=200)),
                ("ended_at", models.DateTimeField(db_index=True)),
                ("milliseconds", models.PositiveIntegerField()),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tries", to="journeys.alertmessage"
                    ),
                ),
            ],
            options={"db_table": "journeys_alert_try"},
        ),
        laws.PlatformRows("journeys_alert_message"),
        *(law(table) for table in _APPENDED for law in (laws.PlatformRows, laws.AppendOnly)),
    ]
