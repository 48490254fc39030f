"""A fact is indexed where it is looked for: clicks and steps apart, impressions in none, time as a summary of pages (decision 0242)."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("acquisition", "0006_growth_laws"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="signal",
            name="acq_signal_click",
        ),
        migrations.RemoveIndex(
            model_name="signal",
            name="acq_signal_device",
        ),
        migrations.RemoveIndex(
            model_name="signal",
            name="acq_signal_time",
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(
                condition=models.Q(("kind", "click"), models.Q(("click_id", ""), _negated=True)),
                fields=["click_id"],
                name="acq_click_by_id",
            ),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(
                condition=models.Q(("kind", "click"), ("device__isnull", False)),
                fields=["device"],
                name="acq_click_by_device",
            ),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(
                condition=models.Q(models.Q(("subject", ""), _negated=True), models.Q(("click_id", ""), _negated=True)),
                fields=["click_id"],
                name="acq_step_by_click",
            ),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(
                condition=models.Q(models.Q(("subject", ""), _negated=True), ("device__isnull", False)),
                fields=["device"],
                name="acq_step_by_device",
            ),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True,
                fields=["happened_at"],
                name="acq_signal_by_time",
                opclasses=["timestamptz_minmax_multi_ops"],
                pages_per_range=16,
            ),
        ),
    ]
