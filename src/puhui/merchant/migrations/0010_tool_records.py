"""What owners tell the tools: facts that are never edited, seen by the platform for their owner only."""

import django.db.models.deletion
from django.db import migrations, models

from puhui.store import laws

_TABLES = ("merchant_tool_record", "merchant_tool_revocation")


class Migration(migrations.Migration):
    dependencies = [("merchant", "0002_laws")]
    operations = [
        migrations.CreateModel(
            name="ToolRecord",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("shop_id", models.TextField()),
                ("kind", models.TextField()),
                ("on", models.DateField()),
                ("body", models.JSONField()),
                ("client_id", models.TextField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "merchant_tool_record",
                "indexes": [models.Index(fields=["shop_id", "kind", "on"], name="tool_record_by_kind")],
                "constraints": [models.UniqueConstraint(fields=["shop_id", "client_id"], name="tool_record_once")],
            },
        ),
        migrations.CreateModel(
            name="ToolRevocation",
            fields=[
                (
                    "record",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="revocation",
                        serialize=False,
                        to="merchant.toolrecord",
                    ),
                ),
                ("revoked_at", models.DateTimeField()),
            ],
            options={"db_table": "merchant_tool_revocation"},
        ),
        *(laws.PlatformRows(table) for table in _TABLES),
        *(laws.AppendOnly(table) for table in _TABLES),
    ]
