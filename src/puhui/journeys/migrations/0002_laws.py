"""What journeys remember is the platform's, and is never edited."""

from django.db import migrations

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("journeys", "0001_initial")]
    operations = [laws.PlatformRows("journeys_request"), laws.AppendOnly("journeys_request")]
