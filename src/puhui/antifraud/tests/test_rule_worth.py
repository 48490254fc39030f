"""What each shipped rule is worth on made-up truth: the table belongs to the rules that are shipped, and is shown beside what is confirmed."""

from datetime import UTC, datetime

import pytest

from puhui.antifraud import dry_run
from puhui.antifraud.core import rule_worth, rulebook

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class TestTheTable:
    def test_was_measured_for_the_rules_that_are_shipped(self) -> None:
        book, table = rulebook.default_rulebook(), rule_worth.shipped()
        assert list(table) == [rule.code for rule in book.rules]
        stale = {row.rulebook for row in table.values()} - {book.version}
        assert not stale, "rules.csv changed: puhui mirror rules --simulate 50000 > policy/rulebook/simulated_worth.csv"

    def test_says_of_every_rule_that_the_made_up_world_never_hits_why(self) -> None:
        silent = {code for code, row in rule_worth.shipped().items() if not row.is_tried}
        assert set(rule_worth.untried()) == silent
        assert all(zh and en for zh, en in rule_worth.untried().values())

    def test_holds_together(self) -> None:
        for row in rule_worth.shipped().values():
            assert 0 <= row.best_hits <= min(row.fraud_hits, row.best_members or row.fraud_hits) <= row.frauds
            assert 0 <= row.honest_hits <= row.honest
            assert bool(row.best) == bool(row.fraud_hits)


class TestARule:
    def test_is_worth_less_where_fraud_is_rare(self) -> None:
        worth = rule_worth.Worth("R", 72, 720, 19, 1_999, "mule_cards", 40, 80, "v")
        assert worth.precision(0.5) == pytest.approx(0.1 * 0.5 / (0.1 * 0.5 + 0.5 * 19.5 / 2_000))
        assert worth.precision(0.01) == pytest.approx(0.001 / (0.001 + 0.99 * 19.5 / 2_000))
        assert worth.precision(0.01) < 0.1 < worth.precision(0.5)

    def test_that_the_made_up_world_never_hits_is_said_to_be_untried(self) -> None:
        assert rule_worth.Worth("R", 0, 720, 0, 2_000, "", 0, 0, "v").told(0.01) is None
        harmful = rule_worth.Worth("R", 0, 720, 8, 2_000, "", 0, 0, "v").told(0.01)
        assert harmful is not None
        assert (harmful["recall"], harmful["precision"], harmful["honest_hits"]) == (0.0, 0.0, 8)


@pytest.mark.django_db
class TestBesideWhatIsConfirmed:
    def test_stands_what_made_up_truth_says(self) -> None:
        rows = {row["code"]: row for row in dry_run.worth_by_rule(now=NOW)}
        assert list(rows) == [rule.code for rule in rulebook.default_rulebook().rules]
        ring = rows["RING_LARGE"]
        assert (ring["hits"], ring["precision"], ring["simulated"]["base_rate"]) == (0, None, 0.01)
        assert ring["simulated"]["recall"] == 0.405
        assert (rows["EMULATOR"]["simulated"]["best_scheme"], rows["EMULATOR"]["untried"]) == ("device_farm", None)
        assert rows["BLACKLISTED"]["simulated"] is None
        assert rows["BLACKLISTED"]["untried"].startswith("名单由人认定后产生")
