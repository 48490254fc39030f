"""Who came from where is the platform's own knowledge, and none of it is ever edited."""

from django.db import migrations

from puhui.store import laws

_TABLES = ("acquisition_touch", "acquisition_link", "acquisition_cost")


class Migration(migrations.Migration):
    dependencies = [("acquisition", "0001_initial")]
    operations = [
        *(laws.PlatformRows(table) for table in _TABLES),
        *(laws.AppendOnly(table) for table in _TABLES),
    ]
