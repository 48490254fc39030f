"""The newest questions of a keeper: whether it is asked or rests, and the page that lists them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("underwriting", "0052_place")]
    operations = [
        migrations.AddIndex(
            "keeperquestion", models.Index(fields=["keeper", "-asked_at"], name="underwriting_keeper_newest")
        ),
    ]
