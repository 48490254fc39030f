"""How long each end of day took, and what ended those that failed."""

from django.db import migrations, models

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("journeys", "0002_laws")]
    operations = [
        migrations.CreateModel(
            name="DayAttempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("business_date", models.DateField(db_index=True)),
                ("started_at", models.DateTimeField()),
                ("milliseconds", models.BigIntegerField()),
                ("fault", models.TextField(blank=True)),
            ],
            options={"db_table": "journeys_day_attempt"},
        ),
        laws.PlatformRows("journeys_day_attempt"),
        laws.AppendOnly("journeys_day_attempt"),
    ]
