"""All of it is the platform's own knowledge; facts are never edited, folds and what is on its way out may be."""

from django.db import migrations

from puhui.store import laws

_FACTS = (
    "signal",
    "media_report",
    "campaign",
    "campaign_move",
    "creative",
    "budget",
    "audience_move",
    "audience_publication",
)
_STATES = ("owed", "conversion", "spend_day")


class Migration(migrations.Migration):
    dependencies = [("acquisition", "0003_octopus")]
    operations = [
        *(laws.PlatformRows(f"acquisition_{name}") for name in (*_FACTS, *_STATES)),
        *(laws.AppendOnly(f"acquisition_{name}") for name in _FACTS),
    ]
