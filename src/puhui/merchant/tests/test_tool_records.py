"""Records of the tools: kept once, landed in the books, taken back; and what is refused moves nothing."""

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from puhui.kernel.refusal import Refused
from puhui.merchant import book_evidence, book_queries, models, operations, tool_facts
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


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"shelf"


class TestABarcode:
    def test_names_its_item_and_no_other(self, books: None) -> None:
        tell("item", date(2026, 11, 27), name="矿泉水", unit="瓶", price="2", barcode="６９０１２３４５６７８９２")
        tell("stock_in", date(2026, 11, 28), barcode="6901234567892", quantity="10", unit_cost="1")
        tell("stock_count", barcode="6901234567892", counted="8")
        assert [(each.text("name"), each.text("barcode")) for each in tool_facts.records(SHOP)] == [
            ("矿泉水", "6901234567892")
        ] * 3
        shelf = tool_facts.Facts(SHOP, TODAY).shelves["矿泉水"]
        assert (shelf.quantity, shelf.shrink_minor) == (8, 200)
        before = book_queries.trial_balance(SHOP)
        for kind, fields, code in (
            ("stock_count", {"barcode": "6901234567891", "counted": "1"}, "BARCODE_WRONG_DIGIT"),
            ("stock_count", {"barcode": "690123", "counted": "1"}, "BARCODE_UNREADABLE"),
            ("stock_count", {"barcode": "96385074", "counted": "1"}, "BARCODE_UNKNOWN"),
            ("stock_count", {"barcode": "6901234567892", "name": "烟", "counted": "1"}, "BARCODE_OF_ANOTHER"),
            ("item", {"barcode": "6901234567892", "name": "烟", "unit": "包", "price": "1"}, "BARCODE_OF_ANOTHER"),
            ("stock_count", {"counted": "1"}, "FIELD_MISSING"),
        ):
            with pytest.raises(Refused, match=code):
                tell(kind, TODAY, **fields)
        assert (len(tool_facts.records(SHOP)), book_queries.trial_balance(SHOP)) == (3, before)


class TestAPhoto:
    def test_is_kept_under_its_hash_and_proven_unchanged(self, books: None) -> None:
        tell("stock_in", date(2026, 11, 28), name="烟", quantity="10", unit_cost="5")
        told = Told(
            "stock_count", TODAY, {"name": "烟", "counted": "9"}, "count", (operations.Paper(JPEG, "shelf.jpg", ""),)
        )
        made = [tool_records.record(SHOP, told, today=TODAY, now=NOW) for _again in range(2)]
        assert made[0] == made[1]
        (take,) = tool_facts.Facts(SHOP, TODAY).stock_takes(5)
        assert (take.missing, take.missing_minor, take.proven) == (1, 500, True)
        assert [(each.sha256, each.size) for each in take.photos] == [(sha256(JPEG).hexdigest(), 25)]
        told_to_a_lender = book_evidence.tell(SHOP, "stock", as_of=TODAY)
        assert told_to_a_lender is not None
        assert told_to_a_lender.values == {"stock_minor": 4_500, "stock_takes": {"2026-11-29": {
            "items": 1, "missing_minor": 500, "photos": [{"sha256": sha256(JPEG).hexdigest(), "added_at": NOW.isoformat(), "unchanged": True}]}}}  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE merchant_attachment SET content = 'x' WHERE shop_id = %s", [SHOP])
        models.ToolRecord.objects.create(
            id="rec_other", shop_id=SHOP, kind="stock_count", on=TODAY, body={"name": "烟", "counted": "9", "photo": ["0" * 64, "1" * 64]},
            client_id="other", recorded_at=NOW,
        )  # fmt: skip
        models.Attachment.objects.create(  # bytes that are not those of the hash; of the second photo there are none
            id="att_other", shop_id=SHOP, name="", media_type="image/jpeg", size=1, sha256="0" * 64, content=b"x", added_at=NOW,
        )  # fmt: skip
        changed = tool_facts.Facts(SHOP, TODAY).stock_takes(1)[0]
        assert ([photo.unchanged for photo in changed.photos], changed.proven) == ([False, False], False)

    @pytest.mark.parametrize(
        ("kind", "fields", "photos", "code"),
        [
            ("stock_count", {"name": "烟", "counted": "0"}, [b"%PDF-1.7"], "PHOTO_UNREADABLE"),
            ("stock_count", {"name": "烟", "counted": "0"}, [JPEG] * 7, "PHOTOS_TOO_MANY"),
            ("stock_count", {"name": "烟", "counted": "0"}, [JPEG + bytes(10_000_000)], "PAPER_TOO_BIG"),
            ("stock_count", {"name": "烟", "counted": "0", "photo": "ab"}, [], "FIELD_UNKNOWN"),
            ("visit", {"who": "a", "amount": "1"}, [JPEG], "FIELD_UNKNOWN"),
        ],
    )
    def test_refused_keeps_nothing(self, books: None, kind: str, fields: dict[str, str], photos: list[bytes], code: str) -> None:  # fmt: skip
        papers = tuple(operations.Paper(content, "photo", "image/jpeg") for content in photos)
        with pytest.raises(Refused, match=code):
            tool_records.record(SHOP, Told(kind, TODAY, fields, "x", papers), today=TODAY, now=NOW)
        assert (tool_facts.records(SHOP), list(book_queries.papers(SHOP))) == ([], [])


class TestAField:
    def test_refuses_what_cannot_be_and_plans_no_banned_spray(self, books: None) -> None:
        tell("plot", name="东坡", crop="水稻", area="12", yield_kg="500", price="2.8")
        spray = {"name": "东坡", "what": "pest", "interval_days": "14", "planned_on": "2026-12-10"}
        for kind, fields, code in (
            ("crop_loss", {"name": "西坡", "cause": "hail", "area": "1", "loss": "60%"}, "PLOT_UNKNOWN"),
            ("crop_loss", {"name": "东坡", "cause": "hail", "area": "12.1", "loss": "60%"}, "AREA_TOO_LARGE"),
            ("crop_loss", {"name": "东坡", "cause": "hail", "area": "3", "loss": "0"}, "LOSS_OUT_OF_RANGE"),
            ("spray_plan", spray | {"product": "50%甲胺磷乳油"}, "PESTICIDE_BANNED"),
            ("spray_plan", spray | {"product": "吡虫啉", "interval_days": ""}, "FIELD_MISSING"),
        ):
            with pytest.raises(Refused, match=code):
                tell(kind, TODAY, **fields)
        assert [each.kind for each in tool_facts.records(SHOP)] == ["plot"]
        tell("spray_plan", TODAY, **spray | {"product": "乙酰甲胺磷"})
