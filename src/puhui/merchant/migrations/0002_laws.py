"""A shop's books are shown by the platform to their owner only; no institution reads them but through a consented snapshot."""

from django.db import migrations

from puhui.store import laws

TABLES = ("merchant_books", "merchant_import", "merchant_entry", "merchant_telling", "merchant_correction", "merchant_day_total",
          "merchant_month_closing", "merchant_attachment", "merchant_column_mapping")  # fmt: skip
FACTS = ("merchant_correction", "merchant_month_closing", "merchant_attachment")


class Migration(migrations.Migration):
    dependencies = [("merchant", "0001_initial")]
    operations = [
        *(laws.PlatformRows(table) for table in TABLES),
        *(laws.AppendOnly(table) for table in FACTS),
    ]
