"""The newest arrivals of a hub are read off their index in order, none sorted; a label is read from its index alone."""

from django.db import migrations, models

_KINDS = (
    "person", "phone", "device", "card", "licence", "operator", "shop_phone", "address", "wifi", "place", "ip_block", "agent",
    "channel",
)  # fmt: skip


def _windows() -> list[migrations.operations.base.Operation]:
    found: list[migrations.operations.base.Operation] = []
    for kind in _KINDS:
        name = f"antifraud_arrival_{kind}"
        ordered = models.Index(
            fields=[kind, "applied_at", "position"], name=name, condition=models.Q((f"{kind}__isnull", False))
        )
        found += [migrations.RemoveIndex("arrival", name), migrations.AddIndex("arrival", ordered)]
    return found


class Migration(migrations.Migration):
    dependencies = [("antifraud", "0004_laws_of_arrivals_and_cases")]
    operations = [
        *_windows(),
        migrations.RemoveIndex("label", "antifraud_label_known"),
        migrations.AddIndex(
            "label",
            models.Index(fields=["application", "known_at", "id"], name="antifraud_label_known", include=["fraud"]),
        ),
    ]
