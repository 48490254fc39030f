"""Papers and photos that prove something, sealed; the platform's own."""

from django.db import migrations, models

import puhui.store.sealed
from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("underwriting", "0031_fitted_model_laws")]
    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                ("content_hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("media_type", models.CharField(max_length=30)),
                ("content", puhui.store.sealed.SealedField()),
                ("bytes", models.IntegerField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={"db_table": "underwriting_document"},
        ),
        laws.PlatformRows("underwriting_document"),
    ]
