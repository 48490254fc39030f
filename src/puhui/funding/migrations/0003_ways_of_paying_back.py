"""Ways of paying back: which a programme funds, and which a match was asked for. What was loaded before funds level payments."""

from django.db import migrations, models

import puhui.funding.models


class Migration(migrations.Migration):
    dependencies = [("funding", "0002_laws")]
    operations = [
        migrations.AddField("programme", "methods", models.JSONField(default=puhui.funding.models.plain_methods)),
        migrations.AddField(
            "match",
            "method",
            models.CharField(
                choices=[("equal_installment", "等额本息"), ("at_will", "随借随还")],
                default="equal_installment",
                max_length=20,
            ),
        ),
    ]
