"""Sums of a day and what a person did are kept as facts are stored (decisions 0244, 0245); filled from the facts that are there."""

import django.contrib.postgres.fields
from django.db import migrations, models

from puhui.store import laws

_ON = "(happened_at AT TIME ZONE 'Asia/Shanghai')::date"
_FILLED = f"""
INSERT INTO acquisition_day_count ("on", media, campaign, creative, kind, slot, facts, unidentified, newest_at)
SELECT {_ON}, media, campaign, creative, kind, 0, count(*), count(*) FILTER (WHERE click_id = '' AND device IS NULL), max(received_at)
  FROM acquisition_signal WHERE kind IN ('impression', 'click') GROUP BY 1, 2, 3, 4, 5;
INSERT INTO acquisition_day_delay ("on", media, slot, delay_s, clicks)
SELECT "on", media, 0, CASE WHEN delay_s < 1000 THEN delay_s ELSE (ceil(delay_s / figures) * figures)::int END, count(*)
  FROM (SELECT {_ON} AS "on", media, ceil(extract(epoch FROM received_at - happened_at))::int AS delay_s FROM acquisition_signal
         WHERE kind = 'click') AS each CROSS JOIN LATERAL (SELECT 10 ^ (length(delay_s::text) - 3) AS figures) AS rounded
 GROUP BY 1, 2, 4;
UPDATE acquisition_owed o
   SET kinds = own.kinds, first_at = own.first_at, click_ids = own.click_ids, devices = own.devices,
       clicked_at = (SELECT happened_at FROM acquisition_signal k WHERE k.id = o.click_id)
  FROM (SELECT subject, array_agg(kind ORDER BY kind) AS kinds, array_agg(first_at ORDER BY kind) AS first_at
          FROM (SELECT subject, kind, min(happened_at) AS first_at FROM acquisition_signal WHERE subject <> '' GROUP BY 1, 2) AS each GROUP BY 1) steps
  LEFT JOIN (SELECT subject, coalesce(array_agg(DISTINCT click_id) FILTER (WHERE click_id <> ''), '{{}}') AS click_ids,
                    coalesce(array_agg(DISTINCT device) FILTER (WHERE device IS NOT NULL), '{{}}') AS devices
               FROM (SELECT subject, '' AS click_id, device FROM acquisition_signal WHERE subject <> ''
                      UNION ALL
                     SELECT s.subject, CASE WHEN k.device IS NULL THEN k.click_id ELSE '' END, k.device
                       FROM acquisition_signal s JOIN acquisition_signal k ON k.click_id = s.click_id AND k.click_id <> '' AND k.kind = 'click'
                      WHERE s.subject <> '') AS known GROUP BY 1) ids USING (subject)
  CROSS JOIN LATERAL (SELECT steps.kinds, steps.first_at, ids.click_ids, ids.devices) own
 WHERE o.subject = steps.subject;
"""
_TABLES = ("acquisition_day_count", "acquisition_day_delay")


class Migration(migrations.Migration):
    dependencies = [("acquisition", "0007_lighter_indexes")]
    operations = [
        migrations.CreateModel(
            name="DayCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("on", models.DateField()),
                ("media", models.CharField(max_length=24)),
                ("campaign", models.CharField(blank=True, max_length=80)),
                ("creative", models.CharField(blank=True, max_length=80)),
                ("kind", models.CharField(max_length=24)),
                ("slot", models.SmallIntegerField()),
                ("facts", models.BigIntegerField()),
                ("unidentified", models.BigIntegerField()),
                ("newest_at", models.DateTimeField()),
            ],
            options={
                "db_table": "acquisition_day_count",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("on", "media", "campaign", "creative", "kind", "slot"), name="acquisition_day_count_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DayDelay",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("on", models.DateField()),
                ("media", models.CharField(max_length=24)),
                ("slot", models.SmallIntegerField()),
                ("delay_s", models.IntegerField()),
                ("clicks", models.BigIntegerField()),
            ],
            options={
                "db_table": "acquisition_day_delay",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("on", "media", "slot", "delay_s"), name="acquisition_day_delay_once"
                    )
                ],
            },
        ),
        migrations.AddField("owed", "clicked_at", models.DateTimeField(null=True, db_index=True)),
        migrations.AddField(
            "owed", "kinds", django.contrib.postgres.fields.ArrayField(models.TextField(), default=list, size=None)
        ),
        migrations.AddField(
            "owed", "first_at", django.contrib.postgres.fields.ArrayField(models.DateTimeField(), default=list, size=None)
        ),
        migrations.AddField(
            "owed", "click_ids", django.contrib.postgres.fields.ArrayField(models.TextField(), default=list, size=None)
        ),
        migrations.AddField(
            "owed", "devices", django.contrib.postgres.fields.ArrayField(models.BigIntegerField(), default=list, size=None)
        ),
        migrations.AlterField(
            "owed",
            "click",
            models.ForeignKey(
                db_index=False, null=True, on_delete=models.deletion.PROTECT, related_name="+", to="acquisition.signal"
            ),
        ),
        migrations.AddIndex(
            "signal",
            models.Index(
                condition=models.Q(("subject", ""), _negated=True), fields=["happened_at"], include=("kind", "subject"),
                name="acq_step_by_time",
            ),
        ),
        *(laws.PlatformRows(name) for name in _TABLES),
        migrations.RunSQL(sql=_FILLED, reverse_sql=migrations.RunSQL.noop),
    ]  # fmt: skip
