"""Applications as JSON: what is needed, what is understood, what becomes unknown and is said."""

from datetime import UTC, datetime
from typing import Any

import pytest

from puhui.antifraud import application_json
from puhui.kernel.refusal import Refused

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "application_id": "a1", "applied_at": "2026-11-29T10:00:00+08:00", "id_number": "11010519491231002X", "phone": "154 0000 0001",
    "device": {"id": "dev-1", "emulator": True}, "card": "6222021001123456789", "ip": "203.0.113.9", "wifi": "AA-BB-CC-DD-EE-FF",
    "gps": {"lat": 30.1239, "lon": 120.2}, "address": "某市 某区某路1号", "licence": "91350200MA2YJ1XR9G", "amount_yuan": "50,000.50",
    "signals": {"fill_seconds": 25}, "queries_1m": 7,
}  # fmt: skip


def read(**changed: Any) -> application_json.ReadApplication:
    return application_json.read(WHOLE | changed, now=NOW)


class TestAnApplication:
    def test_is_read_whole(self) -> None:
        read_one = read()
        facts = read_one.facts
        assert (facts.application_key, facts.device_hash, facts.amount_minor, read_one.notes) == (
            "a1",
            "dev-1",
            5_000_050,
            (),
        )
        assert facts.evidence == {"emulator": True, "fill_seconds": 25.0, "queries_1m": 7}
        assert facts.applied_at == datetime(2026, 11, 29, 2, tzinfo=UTC)
        shown = {kind: seen.shown for kind, seen in facts.entities.items()}
        assert shown == {"card": "622****6789", "licence": "913****XR9G", "address": "****路1号", "wifi": "aa:****e:ff",
                         "ip_block": "203.0.113.0/24", "place": "30123,120200"}  # fmt: skip
        assert b"6222021001123456789" not in facts.entities["card"].material

    def test_knows_other_names(self) -> None:
        facts = application_json.read({"id": 7, "id_card": "x", "mobile": 15400000001, "device_id": "d"}, now=NOW).facts
        assert (facts.application_key, facts.device_hash, facts.applied_at) == ("7", "d", NOW)
        assert facts.id_number.severity == "refuse"

    @pytest.mark.parametrize("device", [None, "", "00000000-0000-0000-0000-000000000000", "unknown", "null"])
    def test_without_a_device_has_none(self, device: str | None) -> None:
        assert read(device=device).facts.device_hash is None

    def test_with_an_impossible_phone_leaves_it_to_the_rules(self) -> None:
        phone = read(phone="154000000011234").facts.phone
        assert phone is not None
        assert phone.severity == "refuse"

    @pytest.mark.parametrize(
        ("name", "value", "note"),
        [
            ("signals", {"fill_seconds": "fast"}, "fill_seconds"),
            ("signals", [1], "signals"),
            ("gps", [999, 1], "gps"),
            ("gps", "somewhere", "gps"),
            ("ip", "10.0.0.1", "ip"),
            ("ip", "not an ip", "ip"),
            ("amount_yuan", -5, "amount_yuan"),
            ("amount_yuan", "12.345", "amount_yuan"),
            ("applied_at", "yesterday", "applied_at"),
            ("applied_at", "9999-12-31T23:59:59Z", "applied_at"),
            ("applied_at", "0001-01-01T00:00:00+08:00", "applied_at"),
            ("applied_at", "2026-11-29T10:00:00", "applied_at"),
            ("shoe_size", 43, "shoe_size"),
            ("address", "x" * 501, "address"),
            ("wifi", ["a"], "wifi"),
        ],
    )
    def test_says_what_it_could_not_use(self, name: str, value: Any, note: str) -> None:
        notes = read(**{name: value}).notes
        assert len(notes) == 1
        assert notes[0].startswith(note)

    def test_without_a_number_it_is_numbered_by_its_content(self) -> None:
        first, again, other = (application_json.read({"id_number": number}, now=NOW) for number in ("1", "1", "2"))
        assert first.facts.application_key == again.facts.application_key
        assert first.facts.application_key != other.facts.application_key
        assert first.notes[0].startswith("application_id")

    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            ([], "APPLICATION_UNREADABLE"),
            ({"application_id": "a"}, "IDENTITY_MISSING"),
        ],
    )
    def test_is_refused_by_name(self, sent: Any, code: str) -> None:
        with pytest.raises(Refused, match=code):
            application_json.read(sent, now=NOW)
