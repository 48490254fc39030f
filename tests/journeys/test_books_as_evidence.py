"""An owner lets the assessor see the books: they reach the decision as evidence; taken back, no later decision reads them."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from puhui.journeys import shop_evidence
from puhui.merchant import operations as merchant
from puhui.merchant.operations import EntryDraft
from puhui.policy import queries as policy
from puhui.policy import replay
from puhui.underwriting import queries as underwriting
from tests.journeys.conftest import NOW, Lender
from tests.journeys.test_small_owners import applied


def books_seen(decision_id: str | None) -> list[dict[str, Any]]:
    """The items of books among what a decision saw, as it recorded it."""
    assert decision_id is not None
    items = next(_lists_named("items", policy.decision(decision_id).inputs))
    return [item for item in items if item["kind"] == "hand_books"]


def _lists_named(name: str, told: Any) -> Iterator[list[Any]]:
    if isinstance(told, dict):
        if isinstance(told.get(name), list):
            yield told[name]
        for value in told.values():
            yield from _lists_named(name, value)


class TestBooksAsEvidence:
    def test_are_seen_by_the_decision_only_while_the_consent_stands(self, lender: Lender) -> None:
        told = applied(lender, requested_minor=30_000_000)
        person, shop = told.person_id, told.shop_id
        merchant.open_books(shop, person, now=NOW)
        days = (date(2025, 12, 5), date(2026, 1, 5), date(2026, 2, 5))
        sold = [EntryDraft(f"c{n}", day, 6_500_000, "wechat", "sales", "卖货") for n, day in enumerate(days)]
        merchant.record_entries(shop, sold, today=NOW.date(), now=NOW)

        shop_evidence.grant(person, shop, shop_evidence.ASSESSOR, "sales", now=NOW)
        shown = applied(lender, key="k2", requested_minor=30_000_000)
        assert books_seen(told.decision_id) == []
        assert (
            shown.shop_id != shop
        )  # a shop without a licence is registered anew; its owner's books are known by its name
        (item,) = books_seen(shown.decision_id)
        assert item["values"] == {
            "sales_by_month": {"2025-12": 6_500_000, "2026-01": 6_500_000, "2026-02": 6_500_000, "2026-03": 0}
        }

        shop_evidence.withdraw(person, shop, shop_evidence.ASSESSOR, "sales", now=NOW + timedelta(minutes=1))
        after = applied(lender, key="k3", requested_minor=30_000_000)
        for shop_id in (shown.shop_id, after.shop_id):
            left = underwriting.evidence_of_shop(shop_id, as_of=NOW.date(), known_at=NOW + timedelta(minutes=2))
            assert left
            assert "hand_books" not in [each["kind"] for each in left]
        assert replay.replay(str(shown.decision_id)).same  # what was decided under the consent stays as it was
