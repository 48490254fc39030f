"""A claim can be sold and a guarantor who paid has one: parts end and begin, kinds of fact and accounts are more, and row security
follows the holder: the seller of a part sees of the loan what was recorded up to the sale, the buyer the loan from then on."""

import django.db.models.deletion
from django.db import migrations, models

from puhui.servicing.core.accounts import CHART
from puhui.servicing.core.facts import KINDS
from puhui.store import laws

# The lists as of this migration: a later one that knows more says so itself.
KNOWN_KINDS = [kind for kind in KINDS if kind in (
    "disburse", "repay", "payoff", "prepay", "reverse", "refund", "charge_fee", "charge_penalty", "waive", "reschedule", "holiday",
    "restructure", "rate_change", "write_off", "recover", "compensate", "transfer", "notify_transfer",
)]  # fmt: skip
KNOWN_ACCOUNTS = [code for code in CHART if code in (
    "cash", "loan_principal", "interest_receivable", "borrower_credit", "interest_income", "fee_receivable", "fee_income",
    "penalty_receivable", "penalty_income", "compound_receivable", "compound_income", "loan_loss_provision", "impairment_loss",
    "recovery_income", "compensation_receivable", "transfer_result", "purchase_discount", "purchase_premium", "memo_interest",
    "written_off", "memo_contra",
)]  # fmt: skip

_HELD = (
    f"SELECT share.loan_id FROM servicing_share share WHERE share.institution_id = {laws.TENANT} AND share.institution_id <> '' "
    "AND NOT EXISTS (SELECT FROM servicing_share_end gone WHERE gone.share_id = share.id)"
)
_SOLD = f"SELECT gone.loan_id FROM servicing_share_end gone WHERE gone.institution_id = {laws.TENANT} EXCEPT {_HELD}"
_FORMS = f"SELECT loan.disclosure_id FROM servicing_loan loan WHERE loan.id = ANY (ARRAY({_HELD}))"
_HELD_BEFORE = f"SELECT loan_id FROM servicing_share WHERE institution_id = {laws.TENANT} AND institution_id <> ''"
_FORMS_BEFORE = (
    "SELECT loan.disclosure_id FROM servicing_loan loan JOIN servicing_share share ON share.loan_id = loan.id "
    f"WHERE share.institution_id = {laws.TENANT} AND share.institution_id <> ''"
)
# Up to where the seller of a part may look: the last of its sales of that loan.
_UNTIL = "SELECT max({0}) FROM servicing_share_end gone WHERE gone.loan_id = {1}.loan_id AND gone.institution_id = {2}"
_OWN = f"institution_id = {laws.TENANT} AND institution_id <> ''"
_BY_LOAN = {
    "servicing_loan": "id",
    "servicing_instalment": "loan_id",
    "servicing_event": "loan_id",
    "servicing_move": "loan_id",
}
_FORM_TABLES = {"servicing_disclosure": "id", "servicing_disclosure_confirmation": "disclosure_id"}


def policy(table: str, name: str, condition: str, before: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER POLICY {table}_{name} ON {table} USING ({condition});",
        f"ALTER POLICY {table}_{name} ON {table} USING ({before});",
    )


def own_until_sold(table: str, loan: str) -> migrations.RunSQL:
    """What is one's own is seen until the loan is sold."""
    condition = f"{laws.TENANT} = 'platform' OR ({_OWN} AND NOT ({loan} = ANY (ARRAY({_SOLD}))))"
    return policy(table, "visible", condition, f"{laws.TENANT} = 'platform' OR ({_OWN})")


def shared(table: str, column: str, now: str, before: str) -> migrations.RunSQL:
    """What is seen because one holds a part."""
    return policy(table, "shared", f"{column} = ANY (ARRAY({now}))", f"{column} = ANY (ARRAY({before}))")


def seen_by_the_seller(table: str, limit: str, column: str) -> migrations.RunSQL:
    until = _UNTIL.format(limit, table, laws.TENANT)
    return migrations.RunSQL(
        f"CREATE POLICY {table}_sold ON {table} FOR SELECT USING (loan_id = ANY (ARRAY({_SOLD})) AND {column} <= ({until}));",
        f"DROP POLICY {table}_sold ON {table};",
    )


def constraint(model: str, name: str, condition: models.Q) -> list[migrations.operations.base.Operation]:
    return [
        migrations.RemoveConstraint(model, name),
        migrations.AddConstraint(model, models.CheckConstraint(condition=condition, name=name)),
    ]


class Migration(migrations.Migration):
    dependencies = [("servicing", "0020_provision_methods")]
    operations = [
        migrations.AddField("loan", "held_by", models.TextField(blank=True, db_default="", default="")),
        migrations.AddField("share", "since_on", models.DateField(null=True)),
        migrations.AddField(
            "share",
            "bought_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="servicing.event"
            ),
        ),
        migrations.AddField("share", "bought_principal_minor", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("share", "discount_minor", models.BigIntegerField(db_default=0, default=0)),
        migrations.RemoveConstraint("share", "one_share_per_funder"),
        migrations.RemoveConstraint("share", "shares_do_not_overlap"),
        migrations.CreateModel(
            name="ShareEnd",
            fields=[
                (
                    "share",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="end",
                        serialize=False,
                        to="servicing.share",
                    ),
                ),
                ("institution_id", models.TextField()),
                ("ended_on", models.DateField()),
                ("sequence", models.BigIntegerField()),
                (
                    "event",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="servicing.event"),
                ),
                (
                    "loan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="share_ends", to="servicing.loan"
                    ),
                ),
            ],
            options={"db_table": "servicing_share_end"},
        ),
        migrations.AddIndex(
            "shareend", models.Index(fields=["institution_id", "loan"], name="share_end_by_institution")
        ),
        laws.TenantRows("servicing_share_end"),
        laws.AppendOnly("servicing_share_end"),
        migrations.AlterField("event", "kind", models.TextField(choices=[(kind, KINDS[kind]) for kind in KNOWN_KINDS])),
        *constraint("event", "event_kind_known", models.Q(("kind__in", KNOWN_KINDS))),
        *constraint(
            "posting",
            "posting_accounts_in_chart",
            models.Q(("debit__in", KNOWN_ACCOUNTS), ("credit__in", KNOWN_ACCOUNTS)),
        ),
        *(own_until_sold(table, loan) for table, loan in _BY_LOAN.items()),
        own_until_sold("servicing_request", "coalesce(answer->>'loan_id', '')"),
        *(shared(table, loan, _HELD, _HELD_BEFORE) for table, loan in _BY_LOAN.items()),
        *(shared(table, column, _FORMS, _FORMS_BEFORE) for table, column in _FORM_TABLES.items()),
        seen_by_the_seller("servicing_event", "gone.sequence", "sequence"),
        seen_by_the_seller("servicing_move", "gone.ended_on", "effective_date"),
    ]
