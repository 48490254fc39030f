"""The matcher: filters in their order, the borrower first, then the quota that lags; ties broken by code."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puhui.funding.core import matching
from puhui.funding.core.matching import Programme, ProgrammeColumns, Request, Requests

ON = date(2026, 7, 1)
BANK = Programme(
    code="bank",
    rate_min=Decimal("0.04"),
    rate_max=Decimal("0.10"),
    limit_min_minor=10_000_000,
    limit_max_minor=100_000_000,
    ratings=("A", "B"),
    months=(6, 12),
    quota_minor=500_000_000,
    used_minor=0,
    valid_from=date(2026, 1, 1),
    valid_until=date(2027, 1, 1),
    whitelisted=True,
    legal_cap=Decimal("0.24"),
)
ASKED = Request(amount_minor=20_000_000, annual_rate=Decimal("0.08"), months=12, rating="A")

# What is changed on the programme or the request → the code it is refused with (an accountant's table).
REFUSED: list[tuple[dict, dict, str]] = [
    ({"valid_until": date(2026, 7, 1)}, {}, "PROGRAMME_NOT_IN_FORCE"),
    ({"valid_from": date(2026, 7, 2)}, {}, "PROGRAMME_NOT_IN_FORCE"),
    ({"whitelisted": False}, {}, "PARTNER_NOT_WHITELISTED"),
    ({"legal_cap": None}, {}, "LEGAL_CAP_UNKNOWN"),
    ({"regions": ("4201", "43")}, {}, "REGION_UNKNOWN"),
    ({"regions": ("4201", "43")}, {"place": "42"}, "REGION_UNKNOWN"),
    ({"regions": ("420102",)}, {"place": "4201"}, "REGION_UNKNOWN"),
    ({"regions": ("4201", "43")}, {"place": "420500"}, "REGION_NOT_SERVED"),
    ({"regions": ("4201", "43")}, {"place": "44"}, "REGION_NOT_SERVED"),
    ({}, {"rating": "C"}, "RATING_NOT_TAKEN"),
    ({}, {"amount_minor": 9_999_999}, "AMOUNT_BELOW_MINIMUM"),
    ({}, {"amount_minor": 100_000_001}, "AMOUNT_ABOVE_MAXIMUM"),
    ({}, {"months": 9}, "TERM_NOT_OFFERED"),
    ({}, {"method": "at_will"}, "METHOD_NOT_OFFERED"),
    ({}, {"annual_rate": Decimal("0.039999")}, "RATE_BELOW_FLOOR"),
    ({}, {"annual_rate": Decimal("0.100001")}, "RATE_ABOVE_MAXIMUM"),
    ({"legal_cap": Decimal("0.079999")}, {}, "ABOVE_LEGAL_CAP"),
    ({"used_minor": 480_000_001}, {}, "QUOTA_EXHAUSTED"),
]
ACCEPTED: list[tuple[dict, dict]] = [
    ({"valid_from": date(2026, 7, 1), "valid_until": date(2026, 7, 2)}, {}),
    ({}, {"place": "420102"}),
    ({"regions": ("4201", "43")}, {"place": "420102"}),
    ({"regions": ("4201", "43")}, {"place": "43"}),
    ({}, {"amount_minor": 10_000_000}),
    ({"methods": ("equal_installment", "at_will")}, {"method": "at_will"}),
    ({}, {"amount_minor": 100_000_000}),
    ({}, {"annual_rate": Decimal("0.04")}),
    ({}, {"annual_rate": Decimal("0.10")}),
    ({"legal_cap": Decimal("0.08")}, {}),
    ({"used_minor": 480_000_000}, {}),
]


def ask(programmes: list[Programme], *requests: Request) -> list[matching.Choice]:
    return matching.match(Requests.of(requests), ProgrammeColumns.of(programmes), on=ON)


class TestEveryFilter:
    @pytest.mark.parametrize(("programme", "request_", "code"), REFUSED)
    def test_refuses_with_its_code(self, programme: dict, request_: dict, code: str) -> None:
        choice = ask([replace(BANK, **programme)], replace(ASKED, **request_))[0]
        assert (choice.chosen, choice.annual_rate, choice.refusals) == (None, None, {"bank": code})

    @pytest.mark.parametrize(("programme", "request_"), ACCEPTED)
    def test_lets_its_own_boundary_pass(self, programme: dict, request_: dict) -> None:
        assert ask([replace(BANK, **programme)], replace(ASKED, **request_))[0].chosen == "bank"

    def test_has_a_text_in_both_languages_and_a_row_in_the_table(self) -> None:
        assert {code for _, _, code in REFUSED} == set(matching.TEXTS)
        assert all(" · " in text for text in matching.TEXTS.values())

    def test_is_asked_in_the_stated_order(self) -> None:
        codes = [code for code, _ in matching.FILTERS]
        changes = {code: (programme, request_) for programme, request_, code in REFUSED}
        clashing = {frozenset(("AMOUNT_BELOW_MINIMUM", "AMOUNT_ABOVE_MAXIMUM")),
                    frozenset(("AMOUNT_BELOW_MINIMUM", "QUOTA_EXHAUSTED")),
                    frozenset(("RATE_BELOW_FLOOR", "RATE_ABOVE_MAXIMUM")),
                    frozenset(("RATE_BELOW_FLOOR", "ABOVE_LEGAL_CAP")),
                    frozenset(("REGION_UNKNOWN", "REGION_NOT_SERVED")),
                    frozenset(("LEGAL_CAP_UNKNOWN", "ABOVE_LEGAL_CAP"))}  # fmt: skip
        for first, second in permutations(codes, 2):
            if frozenset((first, second)) in clashing:
                continue
            programme = replace(BANK, **(changes[first][0] | changes[second][0]))
            request = replace(ASKED, **(changes[first][1] | changes[second][1]))
            assert ask([programme], request)[0].refusals["bank"] == min(first, second, key=codes.index)


class TestTheChoice:
    def test_puts_the_borrower_first(self) -> None:
        subsidised = replace(BANK, code="z-subsidised", rate_discount=Decimal("0.005"), used_minor=400_000_000)
        choice = ask([BANK, subsidised], ASKED)[0]
        assert (choice.chosen, choice.annual_rate) == ("z-subsidised", Decimal("0.075"))
        assert {each.code: each.rank for each in choice.candidates} == {"bank": 2, "z-subsidised": 1}

    def test_then_uses_the_quota_that_lags_behind_its_plan(self) -> None:
        half_used = replace(BANK, code="a-half-used", used_minor=250_000_000)
        choice = ask([half_used, BANK], ASKED)[0]
        assert choice.chosen == "bank"
        urgency = {each.code: each.urgency_millionths for each in choice.candidates}
        assert urgency == {"a-half-used": 500_000 - 504_109, "bank": 1_000_000 - 504_109}

    def test_breaks_a_tie_by_code_whatever_the_order_of_programmes(self) -> None:
        rows = [replace(BANK, code=code) for code in ("c", "a", "b")]
        assert {ask(list(order), ASKED)[0].chosen for order in permutations(rows)} == {"a"}

    def test_is_nobody_when_there_is_no_programme(self) -> None:
        assert ask([], ASKED)[0] == matching.Choice(None, None, ())


class TestARegion:
    def test_leads_an_applicant_to_the_lender_of_its_place(self) -> None:
        local, other = replace(BANK, code="a-wuhan", regions=("4201",)), replace(BANK, code="b-hunan", regions=("43",))
        asked = [replace(ASKED, place=place) for place in ("420102", "430100", "11", "")]
        choices = ask([local, other], *asked)
        assert [choice.chosen for choice in choices] == ["a-wuhan", "b-hunan", None, None]
        assert [choice.refusals for choice in choices] == [
            {"b-hunan": "REGION_NOT_SERVED"}, {"a-wuhan": "REGION_NOT_SERVED"},
            {"a-wuhan": "REGION_NOT_SERVED", "b-hunan": "REGION_NOT_SERVED"}, {"a-wuhan": "REGION_UNKNOWN", "b-hunan": "REGION_UNKNOWN"},
        ]  # fmt: skip


class TestABatch:
    def test_takes_each_amount_from_the_quota_before_the_next_is_asked(self) -> None:
        small = replace(BANK, quota_minor=50_000_000)
        chosen = [choice.chosen for choice in ask([small], ASKED, ASKED, ASKED)]
        assert chosen == ["bank", "bank", None]

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a loaded machine is no fault of the sums
    @given(
        amounts=st.lists(st.integers(5_000_000, 60_000_000), max_size=12),
        quotas=st.lists(st.integers(0, 200_000_000), min_size=1, max_size=4),
    )
    def test_never_exceeds_a_quota_and_answers_as_one_by_one(self, amounts: list[int], quotas: list[int]) -> None:
        rows = [replace(BANK, code=f"p{n}", quota_minor=quota) for n, quota in enumerate(quotas)]
        requests = [replace(ASKED, amount_minor=amount) for amount in amounts]
        together = ask(rows, *requests)
        used = dict.fromkeys((row.code for row in rows), 0)
        for request, choice in zip(requests, together, strict=True):
            alone = ask([replace(row, used_minor=used[row.code]) for row in rows], request)[0]
            assert alone == choice
            if choice.chosen:
                used[choice.chosen] += request.amount_minor
        assert all(used[row.code] <= row.quota_minor for row in rows)
