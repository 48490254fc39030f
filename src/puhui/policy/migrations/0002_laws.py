"""The record is the platform's, and is never edited."""

from django.db import migrations

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("policy", "0001_initial")]
    operations = [
        laws.PlatformRows("policy_batch"),
        laws.PlatformRows("policy_decision"),
        laws.AppendOnly("policy_batch"),
        laws.AppendOnly("policy_decision"),
    ]
