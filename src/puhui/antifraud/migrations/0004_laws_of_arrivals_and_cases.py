"""Rows of the graph, of lists and of cases are the platform's own; facts are never edited; what was assessed before joins the graph."""

from django.db import migrations

from puhui.store import laws

_FACTS = (
    "antifraud_arrival",
    "antifraud_entity",
    "antifraud_label",
    "antifraud_listing",
    "antifraud_listing_end",
    "antifraud_case_entity",
    "antifraud_lead",
    "antifraud_case_move",
    "antifraud_case_note",
)
_STATES = ("antifraud_case", "antifraud_appeal", "antifraud_model")
_KEY = "('x' || left(encode(sha256(convert_to('{kind}:', 'UTF8') || {material}), 'hex'), 16))::bit(64)::bigint"
_TEXT = "convert_to({name}, 'UTF8')"
_KEYS = ", ".join(
    _KEY.format(kind=kind, material=material)
    for kind, material in (
        ("application", _TEXT.format(name="application_key")),
        ("person", "person_index"),
        ("phone", "phone_index"),
        ("device", _TEXT.format(name="device_hash")),
    )
)


class Migration(migrations.Migration):
    dependencies = [("antifraud", "0003_arrivals_and_cases")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO antifraud_arrival (position, application, person, phone, device, application_key, applied_at,"
            f" recorded_at) SELECT id, {_KEYS}, application_key, applied_at, recorded_at FROM antifraud_assessment;"
            "SELECT setval(pg_get_serial_sequence('antifraud_arrival', 'position'),"
            " (SELECT coalesce(max(position), 0) + 1 FROM antifraud_arrival), false);",
            migrations.RunSQL.noop,
        ),
        *(laws.PlatformRows(table) for table in (*_FACTS, *_STATES)),
        *(laws.AppendOnly(table) for table in _FACTS),
    ]
