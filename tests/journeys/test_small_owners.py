"""A small owner without invoices: asked the same questions on the phone, by a partner and in a file, and answered on them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from puhui.antifraud import queries as antifraud
from puhui.journeys import apply as applying
from puhui.journeys import intake_file
from puhui.journeys.apply import Applied, Intake, Proof
from puhui.kernel.refusal import Refused
from puhui.parties.operations import ShopDraft
from puhui.policy import replay
from puhui.underwriting import queries as underwriting
from puhui.underwriting.core.evidence_item import Observed
from tests.journeys.conftest import NOW, Lender

SHOP = {
    "trade": "tobacco_shop", "wallet_month_yuan": "65000", "tobacco_month_yuan": "31000", "rent_month_yuan": "4500",
    "instalments_month_yuan": "0", "overdue_now_yuan": "0", "worst_late_days": "0", "inquiries_3m": "1", "credit_since_year": "2015",
}  # fmt: skip


def small_owner(lender: Lender, **changes: object) -> Intake:
    plain = lender.intake(lender.approved[0], shop=ShopDraft("虚构·街口烟酒", invented=True))
    plain = replace(plain, requested_minor=1_500_000, segment="shop", answers=SHOP,
                    consents=(applying.owner_consent("phone"),))  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def applied(lender: Lender, key: str = "k", **changes: object) -> Applied:
    return applying.apply(small_owner(lender, **changes), key=key, now=NOW)


class TestASmallShop:
    def test_is_answered_on_what_it_told_and_the_answer_replays(self, lender: Lender) -> None:
        answer = applied(lender)
        assert (answer.state, answer.approved, answer.limit_minor) == ("offered", True, 1_500_000)
        assert answer.reasons[0]["code"] == "APPROVED_SMALL_OWNER"
        assert answer.decision_id is not None
        assert replay.replay(answer.decision_id).same
        assert underwriting.application(answer.application_id).segment == "shop"

    def test_with_photos_is_believed_more(self, lender: Lender) -> None:
        told = applied(lender, requested_minor=30_000_000)
        shop = ShopDraft("虚构·街尾烟酒", invented=True)
        photos = dict.fromkeys(("wallet_month_yuan", "tobacco_month_yuan"), "a" * 64)
        shown = applied(lender, key="k2", requested_minor=30_000_000, photos=photos, shop=shop)
        assert 0 < told.limit_minor < shown.limit_minor

    def test_gets_the_same_answer_under_the_same_key_even_the_day_after(self, lender: Lender) -> None:
        first = applied(lender)
        assert applying.apply(small_owner(lender), key="k", now=NOW + timedelta(days=1)) == first
        assert underwriting.applications()[1] == 1

    def test_is_told_what_is_missing_about_the_owner(self, lender: Lender) -> None:
        less = {name: text for name, text in SHOP.items() if name != "overdue_now_yuan"}
        answer = applied(lender, answers=less)
        assert (answer.state, answer.reasons[0]["code"]) == ("refused", "OWNER_CREDIT_MISSING")

    @pytest.mark.parametrize(
        ("answers", "code", "where"),
        [({"wallet_month_yuan": "六万"}, "AMOUNT_UNREADABLE", "wallet_month_yuan"), ({"trade": "gold"}, "ANSWER_UNKNOWN", "trade"),
         ({"gender": "f"}, "QUESTION_UNKNOWN", "gender"), ({"sku_count": "2.5"}, "COUNT_UNREADABLE", "sku_count")],
    )  # fmt: skip
    def test_is_refused_a_bad_answer_by_name_and_nothing_is_stored(
        self, lender: Lender, answers: dict[str, str], code: str, where: str
    ) -> None:
        with pytest.raises(Refused, match=code) as refused:
            applied(lender, answers=SHOP | answers)
        assert (refused.value.refusal.where, underwriting.applications()[1]) == (where, 0)


class TestAFarmer:
    def test_is_lent_on_the_crop(self, lender: Lender) -> None:
        answers = {"crop": "rice", "area_mu": "120", "stage": "growing", "instalments_month_yuan": "0", "overdue_now_yuan": "0",
                   "worst_late_days": "0", "inquiries_3m": "0", "credit_since_year": "2010", "household_month_yuan": "1000"}  # fmt: skip
        answer = applied(lender, segment="farmer", answers=answers)
        assert (answer.state, answer.reasons[0]["code"]) == ("offered", "APPROVED_SMALL_OWNER")
        assert answer.limit_minor == 1_500_000

    def test_with_a_field_that_another_brought_is_held_for_a_person(self, lender: Lender) -> None:
        field = [[113.0, 30.0], [113.001, 30.0], [113.001, 30.001], [113.0, 30.001]]
        values = {"crop": "rice", "area_mu": 16, "stage": "growing", "boundary": field}
        day = NOW.date()
        proof = Proof(Observed("plot", "photo", day, day + timedelta(days=1), values))
        applied(lender, key="first", segment="farmer", answers={}, proofs=(proof,))
        other = lender.intake(lender.approved[1]).person
        second = applied(lender, key="second", segment="farmer", answers={}, proofs=(proof,), person=other,
                         shop=ShopDraft("虚构·别家", invented=True))  # fmt: skip
        assert (second.held, second.state) == (True, "submitted")
        assert "PLOT_OVERLAP" in [reason["code"] for reason in second.reasons]
        assert antifraud.assessment_of(second.application_id) is not None


class TestAFile:
    def test_asks_the_same_questions_by_the_same_names(self, lender: Lender, tmp_path: Path) -> None:
        person = lender.intake(lender.approved[0]).person
        cells = {
            "name": person.name, "id_number": person.id_number, "phone": person.phone, "shop_name": "虚构·街口烟酒",
            "requested_yuan": "15000", "months": "12", "consent": "是", "segment": "shop", **SHOP,
        }  # fmt: skip
        file = tmp_path / "small.csv"
        file.write_text(",".join(cells) + "\n" + ",".join(cells.values()) + "\n", encoding="utf-8")
        taken = intake_file.take(file, now=NOW)
        assert (taken.refused, [each.limit_minor for each in taken.applied]) == ([], [1_500_000])
