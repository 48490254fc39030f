"""What the sandbox's media received is the platform's alone."""

from django.db import migrations

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("web", "0003_sandbox_conversion")]
    operations = [laws.PlatformRows("web_sandbox_conversion")]
