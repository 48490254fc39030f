"""Where the business is, as its owner tells it who has no licence that says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("underwriting", "0051_keeper_laws")]
    operations = [
        migrations.AddField(
            "application", "place", models.CharField(blank=True, db_default="", default="", max_length=6)
        ),
    ]
