"""The shipped rules, each at its edge: true hits, false does not, unknown is neither."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from puhui.antifraud.core import rulebook
from puhui.antifraud.core.outcome import gravest
from puhui.antifraud.core.signals import NAMES, SCHEMA

DAY = date(2026, 3, 1)
CLEAN: dict[str, Any] = {
    "id_severity": "ok",
    "age_years": 40,
    "credit_code_severity": "ok",
    "device_known": True,
    "entrance": "phone",
    "local_hour": 10,
    "clock_ahead_minutes": 0,
    "people_on_phone_30d": 1,
    "people_on_device_30d": 1,
    "devices_of_person_1d": 1,
    "applications_of_person_30d": 1,
    "evidence_age_days": 10,
    "self_dealing_share": 0.0,
    "void_share": 0.05,
    "red_share": 0.01,
    "buyer_top1": 0.3,
    "months_active": 12.0,
    "plot_overlap": 0.0,
    "evidence_disagreement": 1.0,
}
EDGES = [
    # signal, harmless, hits, code, outcome
    ("id_severity", "ok", "refuse", "ID_NUMBER_INVALID", "refuse"),
    ("age_years", 18, 17, "AGE_UNDER_18", "refuse"),
    ("age_years", 60, 61, "AGE_OVER_60", "review"),
    ("credit_code_severity", "ok", "warn", "CREDIT_CODE_CHECK_DIGIT", "pass"),
    ("credit_code_severity", "ok", "refuse", "CREDIT_CODE_UNREADABLE", "review"),
    ("device_known", True, False, "DEVICE_UNKNOWN", "pass"),
    ("clock_ahead_minutes", 4, 5, "CLOCK_AHEAD", "step_up"),
    ("local_hour", 5, 4, "NIGHT_APPLICATION", "pass"),
    ("people_on_phone_30d", 2, 3, "PHONE_SHARED", "review"),
    ("people_on_device_30d", 2, 3, "DEVICE_SHARED", "review"),
    ("devices_of_person_1d", 1, 2, "MANY_DEVICES", "step_up"),
    ("applications_of_person_30d", 4, 5, "MANY_APPLICATIONS", "review"),
    ("self_dealing_share", 0.3, 0.31, "SELF_DEALING", "review"),
    ("red_share", 0.15, 0.16, "RED_SHARE_HIGH", "review"),
    ("void_share", 0.5, 0.51, "VOID_SHARE_HIGH", "review"),
    ("buyer_top1", 0.8, 0.81, "ONE_BUYER", "pass"),
    ("evidence_age_days", 180, 181, "EVIDENCE_STALE", "pass"),
    ("months_active", 6.0, 5.0, "FEW_ACTIVE_MONTHS", "step_up"),
    ("plot_overlap", 0.2, 0.21, "PLOT_OVERLAP", "review"),
    ("evidence_disagreement", 4.0, 4.1, "EVIDENCE_DISAGREES", "review"),
]


def verdict(**changed: Any) -> rulebook.Verdict:
    frame = pl.DataFrame([CLEAN | changed], schema=SCHEMA)
    return rulebook.evaluate(rulebook.default_rulebook(), frame, on=[DAY])[0]


class TestTheShippedRules:
    def test_let_a_clean_application_pass(self) -> None:
        assert verdict() == rulebook.Verdict("pass", (), ())

    @pytest.mark.parametrize(("signal", "harmless", "hits", "code", "outcome"), EDGES)
    def test_hit_beyond_their_edge_only(self, signal: str, harmless: Any, hits: Any, code: str, outcome: str) -> None:
        assert code not in [hit.code for hit in verdict(**{signal: harmless}).hits]
        found = verdict(**{signal: hits})
        assert [(hit.code, hit.evidence[signal]) for hit in found.hits] == [(code, hits)]
        assert found.outcome == outcome

    def test_are_all_in_the_table_above(self) -> None:
        assert {code for *_, code, _ in EDGES} == {rule.code for rule in rulebook.default_rulebook().rules}

    def test_are_undecided_when_their_signal_is_missing(self) -> None:
        found = verdict(people_on_device_30d=None, void_share=None)
        assert (found.hits, found.unknown) == ((), ("DEVICE_SHARED", "VOID_SHARE_HIGH"))

    def test_all_say_why_in_both_languages(self) -> None:
        for rule in rulebook.default_rulebook().rules:
            assert rule.text_zh
            assert rule.text_en
            assert rule.source

    def test_a_warning_credit_code_never_refuses(self) -> None:
        assert verdict(credit_code_severity="warn").outcome == "pass"


class TestGravity:
    def test_the_gravest_hit_decides(self) -> None:
        found = verdict(devices_of_person_1d=2, people_on_phone_30d=3, age_years=17)
        assert found.outcome == "refuse"
        assert [hit.code for hit in found.hits] == ["AGE_UNDER_18", "PHONE_SHARED", "MANY_DEVICES"]

    def test_an_unknown_word_is_a_fault(self) -> None:
        with pytest.raises(ValueError, match="not in tuple"):
            gravest(["maybe"])


HEAD = "code,condition,outcome,severity,shows,text_zh,text_en,effective_from,effective_to,source\n"


class TestARuleTable:
    def test_applies_a_rule_only_inside_its_dates(self) -> None:
        book = rulebook.read_rules(HEAD + "R,age_years < 30,review,warn,age_years,x,x,2026-01-01,2026-01-31,s\n")
        frame = pl.DataFrame([CLEAN | {"age_years": 20}] * 3, schema=SCHEMA)
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
