"""One more kind of fact: a part of what is due is written off while the loan goes on."""

from django.db import migrations, models

KINDS = {
    "disburse": "放款", "repay": "还款", "payoff": "提前结清", "prepay": "提前还款", "reverse": "冲正", "refund": "退款",
    "charge_fee": "收费", "charge_penalty": "计收罚息", "waive": "减免", "reschedule": "调整还款日", "holiday": "延期还款",
    "restructure": "重组", "rate_change": "利率调整", "write_off": "核销", "write_off_part": "部分核销", "recover": "核销后收回",
    "compensate": "代偿", "transfer": "债权转让", "notify_transfer": "债权转让通知",
}  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("servicing", "0021_claims_change_hands")]
    operations = [
        migrations.AlterField("event", "kind", models.TextField(choices=list(KINDS.items()))),
        migrations.RemoveConstraint("event", "event_kind_known"),
        migrations.AddConstraint(
            "event",
            models.CheckConstraint(condition=models.Q(("kind__in", list(KINDS))), name="event_kind_known"),
        ),
    ]
