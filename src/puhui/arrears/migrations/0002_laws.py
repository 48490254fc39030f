"""A late loan and its contacts belong to the institution that funded it; a contact is never edited."""

from django.db import migrations

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("arrears", "0001_initial")]
    operations = [
        laws.TenantRows("arrears_worklist"),
        laws.TenantRows("arrears_contact"),
        laws.AppendOnly("arrears_contact"),
    ]
