"""Invoices' counterparties join the graph: typed, weighted and dated edges from an arrival to a counterparty; never edited."""

from django.db import migrations, models

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("antifraud", "0009_peers")]
    operations = [
        migrations.CreateModel(
            name="Trade",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(db_index=True)),
                ("application", models.BigIntegerField()),
                ("person", models.BigIntegerField()),
                ("applied_at", models.DateTimeField()),
                ("side", models.CharField(max_length=8)),
                ("key", models.BigIntegerField()),
                ("share", models.FloatField()),
                ("last_on", models.DateField(null=True)),
            ],
            options={
                "db_table": "antifraud_trade",
                "indexes": [models.Index(fields=["key", "applied_at", "position"], name="antifraud_trade_key")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["self", "buyer", "supplier"])), name="antifraud_trade_side"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("share__gte", 0.0), ("share__lte", 1.0)), name="antifraud_trade_share"
                    ),
                ],
            },
        ),
        laws.PlatformRows("antifraud_trade"),
        laws.AppendOnly("antifraud_trade"),
    ]
