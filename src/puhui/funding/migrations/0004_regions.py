"""Regions a programme lends in, and the place of business a match was asked for. What was loaded before lends in the whole country."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("funding", "0003_ways_of_paying_back")]
    operations = [
        migrations.AddField("programme", "regions", models.JSONField(default=list)),
        migrations.AddField("match", "place", models.CharField(blank=True, default="", max_length=6)),
    ]
