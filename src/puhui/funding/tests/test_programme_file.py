"""The file of programmes: read exactly, or refused naming programme and key."""

from dataclasses import replace
from importlib import resources

import pytest

from puhui.funding.core import programme_file

TYPES = frozenset({"bank", "mcc", "trust", "cfc"})
METHODS = frozenset({"equal_installment", "at_will"})
SAMPLE = resources.files("puhui.funding").joinpath("sample_programmes.toml").read_text(encoding="utf-8")
WRONG = [
    ('rate_min = "0.04"', "rate_min = 0.04", "PROGRAMME_KEY_WRONG"),
    ('rate_min = "0.04"', 'rate_min = "4%"', "PROGRAMME_RATE_WRONG"),
    ('rate_min = "0.04"', 'rate_min = "0.1234567"', "PROGRAMME_RATE_WRONG"),
    ('rate_min = "0.04"', 'rate_min = "0.20"', "PROGRAMME_RULES_CROSSED"),
    ('limit_min_yuan = "100000"', 'limit_min_yuan = "100,00"', "PROGRAMME_AMOUNT_WRONG"),
    ('valid_from = "2020-01-01"', 'valid_from = "2020-13-01"', "PROGRAMME_DATE_WRONG"),
    ('lender_type = "bank"', 'lender_type = "pawnshop"', "LENDER_TYPE_UNKNOWN"),
    ('code = "sample-trust-growth"', 'code = "sample-bank-prime"', "PROGRAMME_CODE_TWICE"),
    ('methods = ["at_will"]', 'methods = ["whenever"]', "PROGRAMME_RULES_CROSSED"),
    ('methods = ["at_will"]', "methods = []", "PROGRAMME_RULES_CROSSED"),
    ('methods = ["at_will"]', "regions = []", "PROGRAMME_REGION_WRONG"),
    ('methods = ["at_will"]', "regions = [4201]", "PROGRAMME_REGION_WRONG"),
    ('methods = ["at_will"]', 'regions = "42"', "PROGRAMME_KEY_WRONG"),
    ('methods = ["at_will"]', 'regions = ["420"]', "PROGRAMME_REGION_WRONG"),
    ('methods = ["at_will"]', 'regions = ["4200"]', "PROGRAMME_REGION_WRONG"),
    ('methods = ["at_will"]', 'regions = ["99"]', "PROGRAMME_REGION_WRONG"),
    ('methods = ["at_will"]', 'regions = ["湖北"]', "PROGRAMME_REGION_WRONG"),
    ("[[institution]]", "[[institution]", "PROGRAMME_FILE_UNREADABLE"),
]


class TestTheSampleFile:
    def test_holds_three_invented_institutions_that_say_so(self) -> None:
        drafts, refusals = programme_file.read(SAMPLE, lender_types=TYPES, methods=METHODS)
        assert refusals == []
        assert [(each.lender_type, each.sample, "虚构" in each.name) for each in drafts] == [
            ("bank", True, True), ("mcc", True, True), ("trust", True, True),
        ]  # fmt: skip
        assert drafts[0].programmes[0].quota_minor == 6_000_000_000
        assert [each.methods for each in drafts[0].programmes] == [("equal_installment",), ("at_will",)]

    def test_a_programme_that_names_no_way_keeps_the_hash_it_had(self) -> None:
        drafts, _ = programme_file.read(SAMPLE, lender_types=TYPES, methods=METHODS)
        prime, line = drafts[0].programmes
        assert prime.terms_hash == "7e08c41cc4614dd8105bce98e7719d764b0cc3b1508289082797444f6e7209a9"
        assert line.terms_hash != replace(line, methods=("equal_installment",)).terms_hash

    def test_takes_regions_once_and_in_order_and_they_are_part_of_the_hash(self) -> None:
        told = SAMPLE.replace('methods = ["at_will"]', 'methods = ["at_will"]\nregions = ["43", "4201", "43"]', 1)
        drafts, refusals = programme_file.read(told, lender_types=TYPES, methods=METHODS)
        line = drafts[0].programmes[1]
        assert (refusals, line.regions) == ([], ("4201", "43"))
        assert line.terms_hash != replace(line, regions=()).terms_hash


class TestABadFile:
    @pytest.mark.parametrize(("good", "bad", "code"), WRONG)
    def test_is_refused_by_name(self, good: str, bad: str, code: str) -> None:
        _, refusals = programme_file.read(SAMPLE.replace(good, bad, 1), lender_types=TYPES, methods=METHODS)
        assert code in [refusal.code for refusal in refusals]

    def test_without_institutions_is_refused(self) -> None:
        assert [each.code for each in programme_file.read("", lender_types=TYPES, methods=METHODS)[1]] == [
            "PROGRAMME_FILE_EMPTY"
        ]
