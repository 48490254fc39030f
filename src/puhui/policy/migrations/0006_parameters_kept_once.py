"""What batches have in common is kept once, under its hash; batches from before keep their own (decision 0186)."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from puhui.store import laws

NULLABLE = "ALTER TABLE policy_batch ALTER COLUMN parameters DROP NOT NULL"
BACK = "ALTER TABLE policy_batch ALTER COLUMN parameters SET NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("policy", "0005_shadow_progress")]
    operations = [
        migrations.CreateModel(
            name="DecisionParameters",
            fields=[
                ("hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("content", models.JSONField()),
            ],
            options={"db_table": "policy_parameters"},
        ),
        laws.PlatformRows("policy_parameters"),
        laws.AppendOnly("policy_parameters"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField("decisionbatch", "parameters"),
                migrations.AddField("decisionbatch", "own", models.JSONField(null=True, db_column="parameters")),
            ],
            database_operations=[migrations.RunSQL(NULLABLE, BACK)],
        ),
        migrations.AddField(
            "decisionbatch",
            "shared",
            models.ForeignKey(
                db_column="parameters_hash",
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="policy.decisionparameters",
            ),
        ),
        migrations.AddConstraint(
            "decisionbatch",
            models.CheckConstraint(
                condition=Q(own__isnull=False) ^ Q(shared__isnull=False), name="policy_batch_parameters"
            ),
        ),
    ]
