"""How far each shadow has looked: those that run when this is migrated go on from the end of the chain."""

import django.db.models.deletion
from django.db import migrations, models

from puhui.store import laws

SEEN = """
INSERT INTO policy_shadow_progress (experiment_id, upto_sequence, done)
SELECT id, coalesce((SELECT max(sequence) FROM policy_decision), 0), false FROM policy_experiment WHERE mode = 'shadow'
"""


class Migration(migrations.Migration):
    dependencies = [("policy", "0004_laws_of_rulebooks")]
    operations = [
        migrations.CreateModel(
            name="ShadowProgress",
            fields=[
                (
                    "experiment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="progress",
                        serialize=False,
                        to="policy.experiment",
                    ),
                ),
                ("upto_sequence", models.BigIntegerField()),
                ("done", models.BooleanField(default=False)),
            ],
            options={"db_table": "policy_shadow_progress"},
        ),
        laws.PlatformRows("policy_shadow_progress"),
        migrations.RunSQL(SEEN, migrations.RunSQL.noop),
    ]
