"""What the sandbox's office robots received; the platform's alone."""

from django.db import migrations, models

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("web", "0004_sandbox_conversion_laws")]
    operations = [
        migrations.CreateModel(
            name="SandboxRobotMessage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("robot", models.CharField(max_length=12)),
                ("number", models.CharField(max_length=40)),
                ("text", models.TextField()),
                ("times", models.PositiveIntegerField(default=1)),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "db_table": "web_sandbox_robot_message",
                "constraints": [
                    models.UniqueConstraint(fields=("robot", "number"), name="web_sandbox_robot_message_once")
                ],
            },
        ),
        laws.PlatformRows("web_sandbox_robot_message"),
    ]
