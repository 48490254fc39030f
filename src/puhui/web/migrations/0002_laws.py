"""Codes, messages and the sandbox's outbox are the platform's alone."""

from django.db import migrations

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("web", "0001_initial")]
    operations = [
        laws.PlatformRows(table) for table in ("web_one_time_code", "web_text_message", "web_sandbox_message")
    ]
