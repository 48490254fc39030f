"""The folder of invoices: shown by the platform to the owner only, append-only."""

from django.db import migrations, models

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("merchant", "0010_tool_records")]
    operations = [
        migrations.CreateModel(
            name="KeptInvoice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("shop_id", models.TextField()),
                ("key", models.TextField()),
                ("issued_on", models.DateField()),
                ("seller_id", models.TextField()),
                ("seller", models.TextField()),
                ("buyer_id", models.TextField()),
                ("buyer", models.TextField()),
                ("net_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("gross_minor", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("status", models.TextField()),
                ("red_of", models.TextField()),
                ("item", models.TextField()),
                ("form", models.TextField()),
                ("kept_at", models.DateTimeField()),
            ],
            options={
                "db_table": "merchant_invoice",
                "constraints": [models.UniqueConstraint(fields=["shop_id", "key"], name="invoice_once")],
            },
        ),
        laws.PlatformRows("merchant_invoice"),
        laws.AppendOnly("merchant_invoice"),
    ]
