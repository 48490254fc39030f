"""What each payer paid a month is kept beside the day totals (decision 0263); filled from the entries that are there."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from puhui.store import laws

_INCOME = "ARRAY['sales', 'other_income', 'unsorted_in']"
_PLATFORMS = "ARRAY['meituan', 'jd', 'pdd', 'douyin', 'eleme', 'kuaishou', 'xiaohongshu', 'youzan']"
_FILLED = f"""
INSERT INTO merchant_payer_month (shop_id, month, payers, minors)
SELECT shop_id, month, array_agg(payer), array_agg(minor) FROM (
    SELECT shop_id, day - extract(day FROM day)::int + 1 AS month,
           CASE WHEN source = ANY({_PLATFORMS}) THEN source WHEN counterparty IN (note, kind) THEN '' ELSE counterparty END AS payer,
           sum(CASE WHEN credit = ANY({_INCOME}) THEN amount_minor ELSE -amount_minor END)::bigint AS minor
      FROM merchant_entry WHERE counted AND (credit = ANY({_INCOME}) OR debit = ANY({_INCOME})) GROUP BY 1, 2, 3) sums
 GROUP BY shop_id, month
"""


class Migration(migrations.Migration):
    dependencies = [("merchant", "0013_tellings_by_key")]
    operations = [
        migrations.CreateModel(
            name="PayerMonth",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("shop_id", models.TextField()),
                ("month", models.DateField()),
                ("payers", ArrayField(base_field=models.TextField(), size=None)),
                ("minors", ArrayField(base_field=models.BigIntegerField(), size=None)),
            ],
            options={
                "db_table": "merchant_payer_month",
                "constraints": [models.UniqueConstraint(fields=("shop_id", "month"), name="payer_month_once")],
            },
        ),
        laws.PlatformRows("merchant_payer_month"),
        migrations.RunSQL(sql=_FILLED, reverse_sql=migrations.RunSQL.noop),
    ]
