"""Whom a loan of direct payment goes to. The account is sealed, and sealed again under a new key, so the database does not forbid changes."""

from django.db import migrations, models

import puhui.store.sealed
from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("antifraud", "0007_complaints")]
    operations = [
        migrations.CreateModel(
            name="NamedPayee",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("application_key", models.CharField(db_index=True, max_length=80)),
                ("name", models.CharField(max_length=100)),
                ("account", puhui.store.sealed.SealedField()),
                ("key", models.BigIntegerField()),
                ("shown", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=400)),
                ("by", models.CharField(max_length=150)),
                ("named_at", models.DateTimeField()),
            ],
            options={"db_table": "antifraud_payee"},
        ),
        laws.PlatformRows("antifraud_payee"),
    ]
