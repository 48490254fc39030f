"""What is ordinary among peers, as quantiles; never edited."""

from django.db import migrations, models

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("antifraud", "0008_payees")]
    operations = [
        migrations.CreateModel(
            name="PeerPicture",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("content", models.JSONField()),
                ("applications", models.IntegerField()),
                ("learned_at", models.DateTimeField()),
            ],
            options={"db_table": "antifraud_peers"},
        ),
        laws.PlatformRows("antifraud_peers"),
        laws.AppendOnly("antifraud_peers"),
    ]
