"""Assessments are the platform's own, and none is ever edited."""

from django.db import migrations

from puhui.store import laws

_TABLES = ("antifraud_assessment", "antifraud_hit")


class Migration(migrations.Migration):
    dependencies = [("antifraud", "0001_initial")]
    operations = [
        *(laws.PlatformRows(table) for table in _TABLES),
        *(laws.AppendOnly(table) for table in _TABLES),
    ]
