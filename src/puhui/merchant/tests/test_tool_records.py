"""Records of the tools: kept once, landed in the books, taken back; and what is refused moves nothing."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from puhui.kernel.refusal import Refused
from puhui.merchant import book_queries, operations, tool_facts
from puhui.merchant.operations import tool_records
from puhui.merchant.operations.tool_records import Told

pytestmark = pytest.mark.django_db
SHOP, TODAY = "shop_tools", date(2026, 11, 29)
NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)


@pytest.fixture
def books(db: None) -> None:
    operations.open_books(SHOP, "person_tools", now=NOW)


def tell(kind: str, on: date = TODAY, client: str = "", **fields: Any) -> str:
    told = Told(kind, on, fields, client or f"{kind}/{on}/{sorted(fields.items())}")
    return tool_records.record(SHOP, told, today=TODAY, now=NOW)


class TestARecord:
    def test_is_kept_once_by_its_client_id(self, books: None) -> None:
        first = tell("visit", client="a", who="小李", amount="12.50")
        assert tell("visit", client="a", who="小李", amount="12.50") == first
        assert len(tool_facts.records(SHOP)) == 1
        with pytest.raises(Refused, match="CLIENT_ID_REUSED"):
            tell("visit", client="a", who="小李", amount="13")
        assert len(tool_facts.records(SHOP)) == 1

    def test_of_a_debt_lands_in_the_books_and_leaves_with_it(self, books: None) -> None:
        made = tell("credit_sale", who="老王", amount="300", due_on="2026-12-29")
        assert book_queries.trial_balance(SHOP) == {"receivable": 30_000, "sales": -30_000}
        tell("credit_paid", who="老王", amount="100")
        assert book_queries.trial_balance(SHOP) == {"cash": 10_000, "receivable": 20_000, "sales": -30_000}
        tool_records.revoke(SHOP, made, by="owner", today=TODAY, now=NOW)
        tool_records.revoke(SHOP, made, by="owner", today=TODAY, now=NOW)
        assert book_queries.trial_balance(SHOP) == {"cash": 10_000, "receivable": -10_000}
        assert [each.kind for each in tool_facts.records(SHOP)] == ["credit_paid"]

    @pytest.mark.parametrize(
        ("kind", "on", "fields", "code"),
        [
            ("visit", date(2026, 11, 30), {"who": "a", "amount": 1}, "DATE_IN_FUTURE"),
            ("visit", TODAY, {"who": "a", "amount": "一百"}, "AMOUNT_UNREADABLE"),
            ("visit", TODAY, {"who": "a"}, "FIELD_MISSING"),
            ("visit", TODAY, {"who": "a", "amount": 1, "colour": "red"}, "FIELD_UNKNOWN"),
            ("visit", TODAY, {"who": "a" * 61, "amount": 1}, "TEXT_TOO_LONG"),
            ("wish", TODAY, {}, "RECORD_KIND_UNKNOWN"),
            ("loan_offer", TODAY, {"who": "甲", "principal": 1, "way": "flat", "periods": 1}, "FIELD_MISSING"),
            ("stock_out", TODAY, {"name": "烟", "quantity": 1}, "STOCK_BELOW_ZERO"),
            ("stock_count", TODAY, {"name": "烟", "counted": -1}, "NUMBER_TOO_SMALL"),
            ("stock_in", TODAY, {"name": "烟", "quantity": "1.2345", "unit_cost": 1}, "QUANTITY_TOO_FINE"),
            (
                "profile",
                TODAY,
                {"entity": "club", "place": "city", "trade": "retail", "annual_report": "yes", "abnormal": "no"},
                "CHOICE_UNKNOWN",
            ),
        ],
    )
    def test_refused_moves_nothing(self, books: None, kind: str, on: date, fields: dict[str, Any], code: str) -> None:
        before = book_queries.trial_balance(SHOP)
        with pytest.raises(Refused, match=code):
            tell(kind, on, client="x", **fields)
        assert (tool_facts.records(SHOP), book_queries.trial_balance(SHOP)) == ([], before)

    def test_needs_open_books(self, db: None) -> None:
        with pytest.raises(Refused, match="BOOKS_NOT_OPEN"):
            tell("visit", who="a", amount=1)


class TestStock:
    def test_may_not_fall_below_nothing_on_any_later_day(self, books: None) -> None:
        tell("stock_in", date(2026, 11, 1), name="烟", quantity=10, unit_cost="5")
        tell("stock_out", date(2026, 11, 20), name="烟", quantity=8)
        with pytest.raises(Refused, match=r"STOCK_BELOW_ZERO.*2026-11-20"):
            tell("stock_out", date(2026, 11, 10), name="烟", quantity=3)
        with pytest.raises(Refused, match="STOCK_BELOW_ZERO"):
            tool_records.revoke(SHOP, tool_facts.records(SHOP)[0].id, by="owner", today=TODAY, now=NOW)
        assert tool_facts.Facts(SHOP, TODAY).shelves["烟"].quantity == 2

    def test_lies_in_the_books_at_what_it_is_worth(self, books: None) -> None:
        tell("stock_in", date(2026, 11, 1), name="烟", quantity=10, unit_cost="5", pocket="cash")
        assert book_queries.trial_balance(SHOP) == {"cash": -5_000, "stock": 5_000}
        tell("stock_in", date(2026, 11, 5), name="烟", quantity=30, unit_cost="7")  # a bill tells who paid
        assert book_queries.trial_balance(SHOP) == {"cash": -5_000, "goods": -21_000, "stock": 26_000}
        tell("stock_out", date(2026, 11, 20), name="烟", quantity=8)
        assert book_queries.trial_balance(SHOP) == {"cash": -5_000, "goods": -15_800, "stock": 20_800}
        tell("stock_count", date(2026, 11, 21), name="烟", counted=30)
        assert book_queries.trial_balance(SHOP) == {
            "cash": -5_000,
            "goods": -15_800,
            "other_cost": 1_300,
            "stock": 19_500,
        }

    def test_told_late_or_taken_back_posts_the_difference(self, books: None) -> None:
        first = tell("stock_in", date(2026, 11, 1), name="烟", quantity=10, unit_cost="5", pocket="wechat")
        tell("stock_out", date(2026, 11, 20), name="烟", quantity=8)
        tell("stock_in", date(2026, 11, 10), name="烟", quantity=10, unit_cost="10")  # what was sold had cost more
        worth = tool_facts.Facts(SHOP, TODAY).shelves["烟"].worth_minor
        assert (worth, book_queries.trial_balance(SHOP)) == (9_000, {"goods": -4_000, "stock": 9_000, "wechat": -5_000})
        tool_records.revoke(SHOP, first, by="owner", today=TODAY, now=NOW)
        assert book_queries.trial_balance(SHOP) == {"goods": -2_000, "stock": 2_000}
        assert tool_facts.Facts(SHOP, TODAY).shelves["烟"].worth_minor == 2_000

    def test_of_a_closed_month_is_refused_and_moves_nothing(self, books: None) -> None:
        tell("stock_in", date(2026, 10, 1), name="烟", quantity=10, unit_cost="5")
        operations.close_month(SHOP, date(2026, 10, 1), by="owner", today=TODAY, now=NOW)
        before = (tool_facts.records(SHOP), book_queries.trial_balance(SHOP))
        with pytest.raises(Refused, match="MONTH_CLOSED"):
            tell("stock_out", date(2026, 10, 2), name="烟", quantity=1)
        assert (tool_facts.records(SHOP), book_queries.trial_balance(SHOP)) == before


class TestPaidAhead:
    def test_is_owed_until_it_is_used_and_never_more(self, books: None) -> None:
        first = tell("topup", date(2026, 11, 1), who="小李", amount="100", pocket="wechat")
        tell("topup_used", date(2026, 11, 20), who="小李", amount="80")
        before = {"wechat": 10_000, "prepaid_by_members": -2_000, "sales": -8_000}
        assert book_queries.trial_balance(SHOP) == before
        for on, amount in ((date(2026, 11, 10), "21"), (TODAY, "20.01")):
            with pytest.raises(Refused, match="STORED_VALUE_BELOW_ZERO"):
                tell("topup_used", on, who="小李", amount=amount)
        with pytest.raises(Refused, match="STORED_VALUE_BELOW_ZERO"):
            tool_records.revoke(SHOP, first, by="owner", today=TODAY, now=NOW)
        assert book_queries.trial_balance(SHOP) == before
        assert [each.kind for each in tool_facts.records(SHOP)] == ["topup", "topup_used"]


class TestWages:
    def test_paid_land_in_the_books_and_leave_with_the_record(self, books: None) -> None:
        made = tell("wage_paid", who="小李", amount="4000", pocket="bank")
        tell("wage_paid", who="小张", amount="3000")
        assert book_queries.trial_balance(SHOP) == {"bank": -400_000, "cash": -300_000, "wages": 700_000}
        tool_records.revoke(SHOP, made, by="owner", today=TODAY, now=NOW)
        assert book_queries.trial_balance(SHOP) == {"cash": -300_000, "wages": 300_000}
