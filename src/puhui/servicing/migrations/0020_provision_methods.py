"""Provisions by a dated method an institution, their parts and moves in the day's record; penalties that facts charge."""

from django.db import migrations, models
from django.db.models.expressions import Value

from puhui.store import laws

EMPTY = Value({}, models.JSONField())


def record(name: str) -> migrations.AddField:
    return migrations.AddField("dayrun", name, models.JSONField(db_default=EMPTY, default=dict))


class Migration(migrations.Migration):
    dependencies = [("servicing", "0008_funders_see_the_form")]
    operations = [
        migrations.CreateModel(
            name="ProvisionChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("institution_id", models.TextField()),
                ("method", models.TextField()),
                ("effective_from", models.DateField()),
                ("reason", models.TextField()),
                ("chosen_by", models.TextField(blank=True)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={"db_table": "servicing_provision_choice"},
        ),
        migrations.AddIndex(
            "provisionchoice",
            models.Index(fields=["institution_id", "effective_from"], name="provision_choice_by_day"),
        ),
        migrations.AddConstraint(
            "provisionchoice",
            models.CheckConstraint(
                condition=models.Q(("method__in", ["class", "ecl", "greater"])), name="provision_choice_method_known"
            ),
        ),
        laws.TenantRows("servicing_provision_choice"),
        laws.AppendOnly("servicing_provision_choice"),
        *(record(name) for name in ("provision_by_class", "provision_by_stage", "provision_moves")),
        migrations.AddField("dayrun", "provision_method", models.TextField(blank=True, db_default="", default="")),
        migrations.AddField("instalment", "charged_penalty_minor", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("loan", "ecl_minor", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddConstraint(
            "loan",
            models.CheckConstraint(condition=models.Q(("ecl_minor__gte", 0)), name="loan_ecl_not_negative"),
        ),
    ]
