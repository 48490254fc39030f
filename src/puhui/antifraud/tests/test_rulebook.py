"""The shipped rules, each at its edge: true hits, false does not, unknown is neither."""

import random
from datetime import date
from typing import Any

import pytest

from puhui.antifraud.core import rulebook, signals, strategy
from puhui.antifraud.core.outcome import gravest
from puhui.antifraud.core.signals import NAMES
from puhui.policy.core import policy_text
from puhui.policy.core import rulebook as floor

DAY = date(2026, 3, 1)
CLEAN: dict[str, Any] = {
    "id_severity": "ok", "age_years": 40, "phone_severity": "ok", "card_severity": "ok", "elements_checked": 4, "elements_match": True,
    "ocr_matches": True, "id_expires_days": 900, "face_score": 0.9, "face_threshold": 0.7, "liveness_passed": True,
    "injection_suspected": False, "credit_code_severity": "ok", "device_known": True, "emulator": False, "rooted": False,
    "hooked": False, "mock_location": False, "factory_reset_hours": 900.0, "advertising_id_missing": False, "os_age_days": 300,
    "entrance": "phone", "local_hour": 10, "clock_ahead_minutes": 0, "clock_behind_hours": 0, "amount_minor": 10_000_000,
    "ip_kind": "residential", "ip_is_office": False, "gps_to_shop_km": 1.0, "gps_to_ip_km": 5.0, "fill_seconds": 240.0,
    "pasted_identity": False, "privacy_page_seconds": 20.0, "id_edits": 0, "copy_like_answers": False, "queries_1m": 1,
    "queries_3m": 2, "new_loans_1m": 0, "nonbank_share": 0.1, "registered_months": 40, "operator_changed_days": 2_000,
    "address_is_cluster": False, "pos_round_share": 0.1, "pos_payers": 80, "pos_night_share": 0.1, "flow_circular_share": 0.0,
    "inflow_spike_ratio": 1.0, "evidence_age_days": 10, "self_dealing_share": 0.0, "void_share": 0.05, "red_share": 0.01,
    "buyer_top1": 0.3, "months_active": 12.0, "plot_overlap": 0.0, "evidence_disagreement": 1.0, "remark_names_agent": False,
    "landing_gap_minutes": 90.0, "paid_on_share": 0.0, "real_borrower_differs": False, "people_1hop": 0, "shared_kinds": 0,
    "people_2hop": 0, "bad_2hop": 0, "bad_share_1hop": 0.0, "bad_share_2hop": 0.0, "fraud_distance": 99, "ring_people": 1,
    "trading_applicants_180d": 0, "counterparties_shared_180d": 1, "counterparty_people_180d": 0, "counterparty_bad_180d": 0,
    "ring_people_7d": 1, "ring_people_30d": 1, "ring_speed": 1.0, "ring_amount_minor": 10_000_000, "listed_black": "", "listed_grey": "", "listed_white": "",
    "unusualness": 0.5, "fraud_chance": 0.01, "devices_of_agent_people_7d": 1.0, "bad_share_of_agent_90d": 0.0, "bad_of_agent_90d": 0,
    "bad_share_of_channel_90d": 0.0, "minutes_since_person_seen": 9_000, "own_amount_ratio": 1.0, "device_age_days": 90, "amount_on_device_7d_minor": 10_000_000,
} | {name: 1 for name in NAMES if name.startswith(("people_o", "people_a", "devices_of_person", "applications_", "phones_", "cards_",
                                                   "licences_", "operators_"))}  # fmt: skip
EDGES = [
    # code, outcome, what is so besides, signal, harmless, hits
    ("ID_NUMBER_INVALID", "refuse", {}, "id_severity", "ok", "refuse"),
    ("AGE_UNDER_18", "refuse", {}, "age_years", 18, 17),
    ("AGE_OVER_60", "review", {}, "age_years", 60, 61),
    ("CREDIT_CODE_CHECK_DIGIT", "pass", {}, "credit_code_severity", "ok", "warn"),
    ("CREDIT_CODE_UNREADABLE", "review", {}, "credit_code_severity", "ok", "refuse"),
    ("DEVICE_UNKNOWN", "pass", {}, "device_known", True, False),
    ("CLOCK_AHEAD", "step_up", {}, "clock_ahead_minutes", 4, 5),
    ("NIGHT_APPLICATION", "pass", {}, "local_hour", 5, 4),
    ("PHONE_SHARED", "review", {}, "people_on_phone_30d", 2, 3),
    ("DEVICE_SHARED", "review", {}, "people_on_device_30d", 2, 3),
    ("MANY_DEVICES", "step_up", {}, "devices_of_person_1d", 1, 2),
    ("MANY_APPLICATIONS", "review", {}, "applications_of_person_30d", 4, 5),
    ("SELF_DEALING", "review", {}, "self_dealing_share", 0.3, 0.31),
    ("RED_SHARE_HIGH", "review", {}, "red_share", 0.15, 0.16),
    ("VOID_SHARE_HIGH", "review", {}, "void_share", 0.5, 0.51),
    ("ONE_BUYER", "pass", {}, "buyer_top1", 0.8, 0.81),
    ("EVIDENCE_STALE", "pass", {}, "evidence_age_days", 180, 181),
    ("FEW_ACTIVE_MONTHS", "step_up", {}, "months_active", 6.0, 5.0),
    ("PLOT_OVERLAP", "review", {}, "plot_overlap", 0.2, 0.21),
    ("EVIDENCE_DISAGREES", "review", {}, "evidence_disagreement", 4.0, 4.1),
    ("PHONE_IMPOSSIBLE", "review", {}, "phone_severity", "ok", "refuse"),
    ("PHONE_VIRTUAL", "pass", {}, "phone_severity", "ok", "warn"),
    ("CARD_IMPOSSIBLE", "step_up", {}, "card_severity", "ok", "refuse"),
    ("CARD_CHECK_DIGIT", "pass", {}, "card_severity", "ok", "warn"),
    ("ELEMENTS_DIFFER", "review", {}, "elements_match", True, False),
    ("OCR_DIFFERS", "step_up", {}, "ocr_matches", True, False),
    ("FACE_BELOW", "step_up", {}, "face_score", 0.7, 0.69),
    ("LIVENESS_FAILED", "step_up", {}, "liveness_passed", True, False),
    ("INJECTION", "review", {}, "injection_suspected", False, True),
    ("ID_EXPIRED", "review", {}, "id_expires_days", 30, -1),
    ("ID_EXPIRES_SOON", "pass", {}, "id_expires_days", 30, 29),
    ("EMULATOR", "review", {}, "emulator", False, True),
    ("ROOTED", "step_up", {}, "rooted", False, True),
    ("ROOTED_AND_HOOKED", "review", {"rooted": True}, "hooked", False, True),
    ("MOCK_LOCATION", "step_up", {}, "mock_location", False, True),
    ("FACTORY_RESET", "step_up", {}, "factory_reset_hours", 24.0, 23.9),
    ("NEW_SYSTEM_NO_ID", "step_up", {"advertising_id_missing": True}, "os_age_days", 3, 2),
    ("IP_HIDDEN", "step_up", {}, "ip_kind", "mobile", "vpn"),
    ("IP_CROWD", "step_up", {}, "people_on_ip_1d", 4, 5),
    ("PLACE_CROWD", "review", {}, "people_at_place_2h", 4, 5),
    ("PLACE_CROWD_WEEK", "review", {"people_on_wifi_7d": 4}, "people_at_place_7d", 7, 8),
    ("FAR_FROM_SHOP", "step_up", {}, "gps_to_shop_km", 200.0, 200.1),
    ("GPS_IP_APART", "pass", {}, "gps_to_ip_km", 500.0, 501.0),
    ("WIFI_SHARED", "step_up", {}, "people_on_wifi_7d", 3, 4),
    ("FILLED_TOO_FAST", "step_up", {}, "fill_seconds", 30.0, 29.9),
    ("PASTED_IDENTITY", "pass", {}, "pasted_identity", False, True),
    ("PASTED_AND_FAST", "step_up", {"pasted_identity": True}, "fill_seconds", 60.0, 59.0),
    ("PRIVACY_SKIPPED", "pass", {}, "privacy_page_seconds", 2.0, 1.9),
    ("ID_EDITED_OFTEN", "step_up", {}, "id_edits", 4, 5),
    ("COPIED_ANSWERS", "step_up", {}, "copy_like_answers", False, True),
    ("MANY_QUERIES_1M", "pass", {}, "queries_1m", 5, 6),
    ("MANY_QUERIES_3M", "pass", {}, "queries_3m", 9, 10),
    ("NEW_LOANS_1M", "review", {}, "new_loans_1m", 2, 3),
    ("NONBANK_HEAVY", "pass", {}, "nonbank_share", 0.7, 0.71),
    ("APPLYING_AGAIN_AT_ONCE", "step_up", {"applications_of_person_30d": 3}, "minutes_since_person_seen", 10, 9),
    ("YOUNG_BUSINESS", "pass", {}, "registered_months", 6, 5),
    ("OPERATOR_CHANGED", "step_up", {}, "operator_changed_days", 90, 89),
    ("CLUSTER_ADDRESS", "pass", {}, "address_is_cluster", False, True),
    ("ADDRESS_AND_PHONE_SHARED", "review", {"licences_on_shop_phone_90d": 3}, "licences_at_address_90d", 2, 3),
    ("LICENCE_SHARED", "review", {}, "people_on_licence_90d", 1, 2),
    ("OPERATOR_MANY_LICENCES", "review", {}, "licences_of_operator_90d", 3, 4),
    ("ROUND_FLOWS", "pass", {}, "pos_round_share", 0.3, 0.31),
    ("FEW_PAYERS", "review", {"pos_round_share": 0.4}, "pos_payers", 5, 4),
    ("NIGHT_FLOWS", "pass", {}, "pos_night_share", 0.5, 0.51),
    ("CIRCULAR_FLOWS", "review", {}, "flow_circular_share", 0.2, 0.21),
    ("INFLOW_SPIKE", "pass", {}, "inflow_spike_ratio", 3.0, 3.1),
    ("AGENT_CROWD", "step_up", {}, "people_of_agent_10m", 3, 4),
    ("AGENT_ONE_DEVICE", "review", {"people_of_agent_1d": 3}, "devices_of_agent_people_7d", 0.6, 0.59),
    ("AGENT_BAD", "review", {"bad_of_agent_90d": 3}, "bad_share_of_agent_90d", 0.09, 0.1),
    ("AGENT_IN_REMARK", "step_up", {}, "remark_names_agent", False, True),
    ("SHOP_PHONE_SHARED", "step_up", {}, "people_on_shop_phone_30d", 2, 3),
    ("LANDED_TOGETHER", "step_up", {"people_on_wifi_7d": 3}, "landing_gap_minutes", 10.0, 9.0),
    ("PAID_ON", "review", {}, "paid_on_share", 0.5, 0.51),
    ("AB_LOAN", "review", {}, "real_borrower_differs", False, True),
    ("CARD_SHARED", "review", {}, "people_on_card_90d", 1, 2),
    ("MANY_PHONES", "step_up", {}, "phones_of_person_30d", 2, 3),
    ("DEVICE_AMOUNT", "review", {"people_on_device_1d": 2}, "amount_on_device_7d_minor", 99_999_999, 100_000_000),
    ("NEAR_FRAUD", "review", {}, "fraud_distance", 3, 1),
    ("NEAR_FRAUD_2", "step_up", {}, "fraud_distance", 3, 2),
    ("BAD_NEIGHBOURS", "review", {"bad_2hop": 2}, "bad_share_2hop", 0.19, 0.2),
    ("RING_FORMING", "review", {}, "ring_people_7d", 7, 8),
    ("RING_LARGE", "review", {}, "ring_people", 4, 5),
    ("RING_GROWING", "step_up", {"shared_kinds": 1}, "ring_people_7d", 3, 4),
    ("SHARED_TWICE", "review", {"people_1hop": 2}, "shared_kinds", 1, 2),
    ("RING_ON_WIFI", "review", {"people_1hop": 1}, "people_on_wifi_7d", 2, 3),
    ("RING_ON_SHOP_PHONE", "review", {"people_1hop": 1}, "people_on_shop_phone_30d", 2, 3),
    ("TRADES_WITH_FRAUD", "step_up", {}, "counterparty_bad_180d", 0, 1),
    ("TRADE_CIRCLE", "review", {}, "trading_applicants_180d", 2, 3),
    ("SAME_COUNTERPARTIES", "review", {"counterparties_shared_180d": 4}, "counterparty_people_180d", 2, 3),
    ("BLACKLISTED", "refuse", {}, "listed_black", "", "device"),
    ("GREYLISTED", "step_up", {}, "listed_grey", "", "phone"),
    ("MODEL_HIGH", "review", {}, "fraud_chance", 0.49, 0.5),
    ("MODEL_MIDDLE", "step_up", {}, "fraud_chance", 0.19, 0.2),
    ("UNUSUAL", "pass", {}, "unusualness", 0.9, 0.995),
]  # fmt: skip


def verdict(**changed: Any) -> rulebook.Verdict:
    frame = signals.frame([CLEAN | changed])
    return rulebook.evaluate(rulebook.default_rulebook(), frame, on=[DAY])[0]


class TestTheShippedRules:
    def test_let_a_clean_application_pass(self) -> None:
        assert verdict() == rulebook.Verdict("pass", (), ())

    @pytest.mark.parametrize(
        ("code", "outcome", "besides", "signal", "harmless", "hits"), EDGES, ids=[edge[0] for edge in EDGES]
    )
    def test_hit_beyond_their_edge_only(
        self, code: str, outcome: str, besides: dict[str, Any], signal: str, harmless: Any, hits: Any
    ) -> None:
        assert code not in [hit.code for hit in verdict(**besides, **{signal: harmless}).hits]
        found = {hit.code: hit for hit in verdict(**besides, **{signal: hits}).hits}
        assert (found[code].outcome, found[code].evidence[signal]) == (outcome, hits)

    def test_are_all_in_the_table_above(self) -> None:
        assert [edge[0] for edge in EDGES if [edge[0] for edge in EDGES].count(edge[0]) > 1] == []
        assert {edge[0] for edge in EDGES} == {rule.code for rule in rulebook.default_rulebook().rules}

    def test_name_actions_that_are_known_and_read_as_a_policy(self) -> None:
        policy = policy_text.read_policy(rulebook.shipped_texts())
        assert [rule.code for rule in policy.book.rules] == [rule.code for rule in rulebook.default_rulebook().rules]
        for rule in policy.book.rules:
            strategy.check_action(rule.action)
            assert rule.on_missing == "pass"
        assert [str(each) for each in policy_text.check(policy) if each.grave] == []

    def test_are_undecided_when_their_signal_is_missing(self) -> None:
        found = verdict(people_on_device_30d=None, void_share=None)
        assert (found.hits, found.unknown) == ((), ("DEVICE_SHARED", "VOID_SHARE_HIGH"))

    def test_all_say_why_in_both_languages(self) -> None:
        for rule in rulebook.default_rulebook().rules:
            assert rule.text_zh
            assert rule.text_en
            assert rule.source

    def test_say_of_a_row_what_they_say_of_it_in_a_frame_and_what_the_policy_floor_ranks(self) -> None:
        dice, book = random.Random(1), rulebook.default_rulebook()
        texts = {
            "": "",
            "id_severity": "refuse",
            "ip_kind": "vpn",
            "phone_severity": "refuse",
            "listed_black": "device",
        }
        drawn = {
            "integer": lambda: dice.randrange(12),
            "float": lambda: dice.uniform(0, 1.2),
            "boolean": lambda: dice.random() < 0.3,
        }
        rows = []
        for _ in range(120):
            row = {
                name: None if dice.random() < 0.3 else drawn.get(signals.COLUMNS[name].kind, str)() for name in NAMES
            }
            name = dice.choice(list(texts))
            rows.append(row | ({name: texts[name]} if name else {}))
        days = [date(2026, 3, 1 + n % 28) for n in range(120)]
        frame = signals.frame(rows)
        together = rulebook.evaluate(book, frame, on=days)
        alone = [rulebook.evaluate(book, frame[n : n + 1], on=[days[n]])[0] for n in range(120)]
        assert alone == together
        assert [verdict.outcome for verdict in together] == floor.evaluate(book, frame, on=days).outcomes()
        assert {verdict.outcome for verdict in together} >= {"review", "refuse"}

    def test_a_warning_credit_code_never_refuses(self) -> None:
        assert verdict(credit_code_severity="warn").outcome == "pass"


class TestGravity:
    def test_the_gravest_hit_decides(self) -> None:
        found = verdict(devices_of_person_1d=2, people_on_phone_30d=3, age_years=17)
        assert found.outcome == "refuse"
        assert [hit.code for hit in found.hits] == ["AGE_UNDER_18", "PHONE_SHARED", "MANY_DEVICES"]
        assert (found.strategy, found.conditions) == ("refuse", {"step_up": ["code"]})

    def test_an_unknown_word_is_a_fault(self) -> None:
        with pytest.raises(ValueError, match="not in tuple"):
            gravest(["maybe"])


HEAD = "code,condition,outcome,severity,shows,text_zh,text_en,effective_from,effective_to,source\n"


class TestARuleTable:
    def test_applies_a_rule_only_inside_its_dates(self) -> None:
        book = rulebook.read_rules(HEAD + "R,age_years < 30,review,warn,age_years,x,x,2026-01-01,2026-01-31,s\n")
        frame = signals.frame([CLEAN | {"age_years": 20}] * 3)
        days = [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 1)]
        assert [found.outcome for found in rulebook.evaluate(book, frame, on=days)] == ["pass", "review", "pass"]

    @pytest.mark.parametrize(
        ("row", "why"),
        [
            ("R,shoe_size > 40,review,warn,,x,x,2026-01-01,,s", "there is no column shoe_size"),
            ("R,age_years >,review,warn,,x,x,2026-01-01,,s", "not SQL"),
            ("R,age_years > 1,hang,warn,,x,x,2026-01-01,,s", "outcome 'hang'"),
            ("R,age_years > 1,pass,warn,,x,x,2026-01-01,,s\nR,age_years > 2,pass,warn,,x,x,2026-01-01,,s", "twice: R"),
        ],
    )
    def test_is_refused_with_the_rule_and_the_reason(self, row: str, why: str) -> None:
        with pytest.raises(rulebook.RulebookUnreadable, match=why):
            rulebook.read_rules(HEAD + row + "\n")

    def test_has_a_version_that_follows_its_text(self) -> None:
        one = rulebook.read_rules(HEAD + "R,age_years > 1,pass,warn,,x,x,2026-01-01,,s\n")
        two = rulebook.read_rules(HEAD + "R,age_years > 2,pass,warn,,x,x,2026-01-01,,s\n")
        assert one.version != two.version

    def test_knows_every_signal(self) -> None:
        assert set(CLEAN) == set(NAMES)
