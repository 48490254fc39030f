"""The books balance whatever is done; an undone import restores every total; the order of imports changes nothing."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puhui.kernel.ids import new_id
from puhui.kernel.periods import Period
from puhui.kernel.refusal import Refused
from puhui.merchant import book_queries as books
from puhui.merchant import ledger_folding, models, operations
from puhui.merchant.operations import BillFile, EntryDraft, Paper, imports

pytestmark = pytest.mark.django_db
NOW, TODAY, SHOP = datetime(2026, 4, 2, 3, tzinfo=UTC), date(2026, 4, 2), "shop_1"
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
WECHAT = """微信支付账单明细
交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注
2026-03-01 10:00:00,商户消费,海鲜批发,进货,支出,¥500.00,工商银行(9876),支付成功,42000001,/,/
2026-03-01 12:00:00,二维码收款,客人,收款,收入,¥80.00,零钱,已收钱,42000002,/,/
2026-03-02 10:00:00,零钱提现,工商银行(9876),/,/,¥60.00,工商银行(9876),提现已到账,42000003,/,/
2026-03-03 10:00:00,商户消费,顺丰快递,寄件,支出,¥20.00,零钱,支付成功,42000004,/,/
"""
WECHAT_MORE = """微信支付账单明细
交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注
2026-03-03 10:00:00,商户消费,顺丰快递,寄件,支出,¥20.00,零钱,支付成功,42000004,/,/
2026-03-05 10:00:00,二维码收款,客人乙,收款,收入,¥45.50,零钱,已收钱,42000005,/,/
"""
ICBC = """中国工商银行
交易日期,摘要,交易场所,收入金额,支出金额,余额,对方户名
2026-03-01,消费,财付通-海鲜批发,,500.00,1500.00,
2026-03-02,提现,,60.00,,1560.00,财付通支付科技有限公司
2026-03-04,转账,,,300.00,1260.00,房东
"""
FILES = {"wechat.csv": WECHAT, "more.csv": WECHAT_MORE, "icbc.csv": ICBC}


@pytest.fixture(autouse=True)
def _open() -> None:
    operations.open_books(SHOP, "person_1", now=NOW)


def hand_in(name: str, shop: str = SHOP) -> operations.ImportDone:
    return operations.import_bill(shop, BillFile(FILES[name].encode(), name), by="owner", today=TODAY, now=NOW)


def state(shop: str = SHOP) -> tuple[dict[str, int], list[tuple[date, str, str, int, str]], dict[date, dict[str, int]]]:
    rows = models.Entry.objects.filter(shop_id=shop, counted=True)
    told = sorted(rows.values_list("day", "debit", "credit", "amount_minor", "counterparty"))
    return books.trial_balance(shop), told, paid(shop)


def paid(shop: str = SHOP) -> dict[date, dict[str, int]]:
    return ledger_folding.paid_by_month(shop, since=date(2026, 1, 1), as_of=TODAY)


def _many(part: int, rows: int) -> bytes:
    """A made-up bill of March, in order of time."""
    lines = [
        f"2026-03-{1 + n * 28 // rows:02d} {n % 24:02d}:{n % 60:02d}:{part:02d},商户消费,客人{n % 97},收款,收入,¥{n % 300 + 1}.00,零钱,支付成功,42{part}{n:09d},/,/"
        for n in range(rows)
    ]
    return "\n".join([*WECHAT.splitlines()[:2], *lines, ""]).encode()


def _entries_read() -> int:
    """Entries read so far in this transaction, by walks and by indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'merchant_entry'"
        )
        return int((cursor.fetchone() or (0,))[0])


class TestImports:
    def test_one_payment_in_a_wallet_and_at_a_bank_counts_once(self) -> None:
        for name in FILES:
            hand_in(name)
        march = books.profit(SHOP, MARCH)
        assert {line.code: line.amount_minor for line in march.costs} == {
            "goods": 50_000,
            "delivery": 2_000,
            "rent": 30_000,
        }
        assert {line.code: line.amount_minor for line in march.income} == {"sales": 12_550}
        held = {line.code: line.amount_minor for line in books.balance(SHOP, as_of=TODAY).money}
        assert held == {"bank:icbc": -50_000 + 6_000 - 30_000, "wechat": 8_000 - 6_000 - 2_000 + 4_550}
        assert sorted(row["main_counterparty"] for row in books.tied(SHOP)) == ["工商银行(9876)", "海鲜批发"]

    def test_the_same_file_twice_adds_nothing(self) -> None:
        first, before = hand_in("wechat.csv"), state()
        again = hand_in("wechat.csv")
        assert (again.known, again.fresh, again.import_id, state()) == (True, 0, first.import_id, before)

    def test_rows_that_two_files_tell_come_once(self) -> None:
        assert (hand_in("wechat.csv").fresh, hand_in("more.csv").fresh) == (4, 1)

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.permutations(list(FILES)), st.lists(st.sampled_from(list(FILES)), max_size=3))
    def test_any_order_and_any_undoing_gives_the_same_books(self, order: list[str], undone: list[str]) -> None:
        one, other = (f"shop_{new_id('try', now=NOW)}" for _ in range(2))
        operations.open_books(one, "person_1", now=NOW)
        operations.open_books(other, "person_1", now=NOW)
        for name in sorted(set(FILES) - set(undone)):
            hand_in(name, one)
        wanted = state(one)
        ids = {name: hand_in(name, other).import_id for name in order}
        for name in undone:
            operations.undo_import(other, ids[name], now=NOW)
        assert state(other) == wanted
        for name in set(undone):
            hand_in(name, other)
        for name in set(undone):
            hand_in(name, one)
        assert state(other) == state(one)
        assert sum(books.trial_balance(other).values()) == 0

    def test_undoing_restores_every_total(self) -> None:
        hand_in("wechat.csv")
        before = state()
        done = hand_in("icbc.csv")
        assert state() != before
        operations.undo_import(SHOP, done.import_id, now=NOW)
        assert state() == before

    def test_reads_of_the_books_grow_with_what_is_new_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Statistics know nothing of entries that came a moment ago: no plan may go through them for each new one."""
        monkeypatch.setattr(imports, "_PIECE", 500)
        for part in range(2):
            before = _entries_read()
            assert (
                operations.import_bill(SHOP, BillFile(_many(part, 2_500), "x"), by="o", today=TODAY, now=NOW).fresh
                == 2_500
            )
            assert _entries_read() - before <= 2 * 2_500
        wanted = state()
        assert (sum(wanted[2][MARCH.start].values()), len(wanted[2][MARCH.start])) == (wanted[0]["wechat"], 97)
        ledger_folding.refold_days(SHOP, [date(2026, 3, 1 + n) for n in range(28)])
        told = models.Entry.objects.filter(told_by__isnull=False, line__gt=2)
        assert (state(), told.count(), told.values("told_by").distinct().count()) == (wanted, 5_000, 2)

    def test_what_payers_paid_ends_with_the_day_asked_for(self) -> None:
        hand_in("wechat.csv")
        hand_in("more.csv")
        assert paid() == {MARCH.start: {"客人": 8_000, "客人乙": 4_550}}
        until = ledger_folding.paid_by_month(SHOP, since=MARCH.start, as_of=date(2026, 3, 4))
        assert until == {MARCH.start: {"客人": 8_000}}

    def test_rows_that_lived_before_live_again_and_count_once(self) -> None:
        done = hand_in("wechat.csv")
        before = state()
        operations.undo_import(SHOP, done.import_id, now=NOW)
        again = operations.import_bill(
            SHOP, BillFile((WECHAT + "\n").encode(), "again"), by="owner", today=TODAY, now=NOW
        )
        assert (again.fresh, again.told, state()) == (0, 4, before)

    def test_entries_of_before_are_told_by_their_tellings_alone(self) -> None:
        first, more = hand_in("wechat.csv"), hand_in("more.csv")
        before = state()
        with connection.cursor() as cursor:  # as installations of before 0268 hold them
            cursor.execute(
                "INSERT INTO merchant_telling SELECT id, told_by, line FROM merchant_entry WHERE told_by IS NOT NULL"
            )
            cursor.execute("UPDATE merchant_entry SET told_by = NULL, line = NULL")
        operations.undo_import(SHOP, first.import_id, now=NOW)
        assert books.trial_balance(SHOP) == {"delivery": 2_000, "sales": -4_550, "wechat": 4_550 - 2_000}
        operations.undo_import(SHOP, more.import_id, now=NOW)
        assert books.trial_balance(SHOP) == {}
        hand_in("wechat.csv")
        hand_in("more.csv")
        assert state() == before

    def test_what_another_import_tells_too_stays(self) -> None:
        first, more = hand_in("wechat.csv"), hand_in("more.csv")
        operations.undo_import(SHOP, first.import_id, now=NOW)
        assert books.trial_balance(SHOP) == {"delivery": 2_000, "sales": -4_550, "wechat": 4_550 - 2_000}
        hand_in("wechat.csv")
        operations.undo_import(SHOP, more.import_id, now=NOW)
        assert books.trial_balance(SHOP)["delivery"] == 2_000

    def test_a_refused_file_moves_nothing(self) -> None:
        hand_in("wechat.csv")
        before = state(), models.BillImport.objects.count()
        with pytest.raises(Refused, match="BILL_UNKNOWN"):
            operations.import_bill(SHOP, BillFile("你好".encode(), "x"), by="owner", today=TODAY, now=NOW)
        assert (state(), models.BillImport.objects.count()) == before

    def test_columns_that_a_person_named_are_remembered(self) -> None:
        text = "何时,多少,跟谁\n2026-03-02,-3.00,某\n"
        mapping = {"datetime": "何时", "amount": "多少", "counterparty": "跟谁"}
        operations.remember_mapping(SHOP, ("何时", "多少", "跟谁"), mapping, now=NOW)
        assert operations.import_bill(SHOP, BillFile(text.encode(), "x"), by="owner", today=TODAY, now=NOW).fresh == 1


class TestFees:
    """What a channel kept of each payment is a cost; takings are what customers paid."""

    BILL = """交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易类型,交易状态,付款银行,货币种类,应结订单金额,微信退款单号,商户退款单号,退款金额,退款状态,商品名称,手续费,费率,订单金额,申请退款金额
`2026-03-01 08:30:00,`wx1,`19,`42000000000001,`W1,`JSAPI,`SUCCESS,`OTHERS,`CNY,`15.00,`0,`0,`0.00,`,`豆腐,`0.09000,`0.60%,`15.00,`0.00
`2026-03-01 19:30:00,`wx1,`19,`42000000000001,`W1,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`50000000000001,`R1,`5.00,`SUCCESS,`豆腐,`-0.03000,`0.60%,`0.00,`5.00
"""

    def test_are_costs_and_given_back_with_a_refund(self) -> None:
        done = operations.import_bill(SHOP, BillFile(self.BILL.encode(), "x"), by="owner", today=TODAY, now=NOW)
        march = books.profit(SHOP, MARCH)
        assert {line.code: line.amount_minor for line in march.income} == {"sales": 1_500 - 500}
        assert {line.code: line.amount_minor for line in march.costs} == {"fees": 9 - 3}
        assert (done.told, done.fresh, books.trial_balance(SHOP)["wechat"]) == (2, 4, 1_000 - 6)

    def test_go_with_their_import_and_come_once(self) -> None:
        done = operations.import_bill(SHOP, BillFile(self.BILL.encode(), "x"), by="owner", today=TODAY, now=NOW)
        more = self.BILL + "总交易单数,应结订单总金额\n`2,`15.00\n"
        assert operations.import_bill(SHOP, BillFile(more.encode(), "y"), by="owner", today=TODAY, now=NOW).fresh == 0
        for row in books.imports(SHOP):
            operations.undo_import(SHOP, row.id, now=NOW)
        assert (books.trial_balance(SHOP), done.known) == ({}, False)


class TestTheLaw:
    """What the database keeps, whoever asks."""

    @pytest.mark.parametrize("table", ["merchant_entry", "merchant_import"])
    def test_entries_and_imports_are_never_deleted(self, table: str) -> None:
        hand_in("wechat.csv")
        before = state()
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
        assert state() == before

    @pytest.mark.parametrize(("entry", "import_id"), [("(SELECT max(id) FROM merchant_entry) + 1", "(SELECT min(id) FROM merchant_import)"),
                                                      ("(SELECT max(id) FROM merchant_entry)", "'imp_none'")])  # fmt: skip
    def test_a_telling_is_of_an_entry_and_an_import_that_are_there(self, entry: str, import_id: str) -> None:
        hand_in("wechat.csv")
        hand_in("more.csv")
        with pytest.raises(IntegrityError, match="not there"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO merchant_telling (entry_id, bill_import_id, line) VALUES ({entry}, {import_id}, 1)"
            )
        assert models.Telling.objects.count() == 1


class TestEntries:
    def test_what_is_typed_adds_to_the_sums_what_summing_anew_would(self) -> None:
        hand_in("wechat.csv")
        drafts = [
            EntryDraft("d1", date(2026, 3, 1), 700, "wechat", "sales", "收款", "客人"),
            EntryDraft("d2", date(2026, 3, 1), 200, "sales", "wechat", "退款", "客人"),
            EntryDraft("d3", date(2026, 4, 1), 900, "cash", "sales", "卖菜"),
            EntryDraft("d4", date(2026, 3, 2), 300, "rent", "cash", "房租"),
        ]
        before = _entries_read()
        for _ in range(2):
            operations.record_entries(SHOP, drafts, today=TODAY, now=NOW)
        assert _entries_read() - before <= 3 * len(drafts)
        added = state()
        assert added[2] == {MARCH.start: {"客人": 8_500}, date(2026, 4, 1): {"": 900}}
        ledger_folding.refold_days(SHOP, [date(2026, 3, 1 + n) for n in range(31)] + [date(2026, 4, 1)])
        assert state() == added

    def test_a_client_id_posts_once(self) -> None:
        ids = {
            operations.record_sentence(SHOP, "进货 烟 3200 微信", client_id="c1", today=TODAY, now=NOW)[0]
            for _ in range(3)
        }
        assert (len(ids), books.trial_balance(SHOP)) == (1, {"goods": 320_000, "wechat": -320_000})
        with pytest.raises(Refused, match="CLIENT_ID_REUSED"):
            operations.record_sentence(SHOP, "进货 烟 3300 微信", client_id="c1", today=TODAY, now=NOW)

    def test_what_is_taken_home_is_no_cost(self) -> None:
        operations.record_sentence(SHOP, "卖货 1000 现金", client_id="a", today=TODAY, now=NOW)
        operations.record_sentence(SHOP, "家用 300", client_id="b", today=TODAY, now=NOW)
        april = books.profit(SHOP, Period(date(2026, 4, 1), date(2026, 5, 1)))
        assert (april.profit_minor, april.taken_home_minor) == (100_000, 30_000)
        assert books.cash_flow(SHOP, april.period) == {
            "operating": 100_000, "investing": 0, "financing": -30_000, "moves": 0, "net": 70_000}  # fmt: skip

    def test_opening_balances_are_no_income(self) -> None:
        operations.open_books("shop_3", "person_1", opening={"cash": 50_000, "loan": -20_000}, now=NOW)
        found = books.balance("shop_3", as_of=TODAY)
        assert (found.owned_minor, found.owed_minor, found.own_minor) == (50_000, 20_000, 30_000)
        assert books.profit("shop_3", Period(TODAY, date(2026, 5, 1))).profit_minor == 0

    def test_a_correction_moves_those_alike_and_teaches(self) -> None:
        hand_in("wechat.csv")
        row = next(each for each in books.entries(SHOP) if each["counterparty"] == "顺丰快递")
        assert operations.sort_entry(SHOP, row["id"], "owner_out", by="owner", now=NOW) == 1
        assert "delivery" not in books.trial_balance(SHOP)
        later = WECHAT_MORE.replace("42000004", "42000009").replace("03-03", "03-08")
        operations.import_bill(SHOP, BillFile(later.encode(), "y"), by="owner", today=TODAY, now=NOW)
        assert books.trial_balance(SHOP)["owner_out"] == 4_000

    def test_a_struck_entry_stays_struck_when_told_again(self) -> None:
        hand_in("wechat.csv")
        row = next(each for each in books.entries(SHOP) if each["counterparty"] == "顺丰快递")
        operations.strike_entry(SHOP, row["id"], by="owner", now=NOW)
        hand_in("more.csv")
        assert "delivery" not in books.trial_balance(SHOP)
        operations.strike_entry(SHOP, row["id"], by="owner", now=NOW, restore=True)
        assert books.trial_balance(SHOP)["delivery"] == 2_000

    @pytest.mark.parametrize(
        ("draft", "code"),
        [(EntryDraft("x", date(2026, 4, 3), 1, "cash", "sales", ""), "DATE_IN_FUTURE"),
         (EntryDraft("x", TODAY, 0, "cash", "sales", ""), "AMOUNT_NOT_POSITIVE"),
         (EntryDraft("x", TODAY, 5, "cash", "cash", ""), "AMOUNT_NOT_POSITIVE"),
         (EntryDraft("x", TODAY, 5, "cash", "treasure", ""), "ACCOUNT_UNKNOWN")],
    )  # fmt: skip
    def test_a_refused_entry_moves_nothing(self, draft: EntryDraft, code: str) -> None:
        good = EntryDraft("good", TODAY, 5, "cash", "sales", "")
        with pytest.raises(Refused) as caught:
            operations.record_entries(SHOP, [good, draft], today=TODAY, now=NOW)
        assert caught.value.refusal.code == code
        assert (books.trial_balance(SHOP), books.entries(SHOP)) == ({}, [])

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.tuples(st.sampled_from(["cash", "wechat", "bank:icbc", "sales", "goods", "loan", "owner_out", "receivable"]),
                              st.sampled_from(["payable", "other_income", "rent", "stock", "card:cmb"]), st.integers(1, 10**9)), max_size=6))  # fmt: skip
    def test_the_books_balance(self, moves: list[tuple[str, str, int]]) -> None:
        drafts = [
            EntryDraft(f"{n}/{debit}/{credit}/{minor}", TODAY, minor, debit, credit, "")
            for n, (debit, credit, minor) in enumerate(moves)
        ]
        operations.record_entries(SHOP, drafts, today=TODAY, now=NOW)
        found = books.balance(SHOP, as_of=TODAY)
        assert sum(books.trial_balance(SHOP).values()) == 0
        assert found.owned_minor - found.owed_minor == found.own_minor


class TestMonths:
    def test_a_closed_month_takes_nothing_until_it_is_opened(self) -> None:
        hand_in("wechat.csv")
        sealed = operations.close_month(SHOP, MARCH.start, by="owner", today=TODAY, now=NOW)
        before = state()
        with pytest.raises(Refused, match="MONTH_CLOSED"):
            hand_in("icbc.csv")
        with pytest.raises(Refused, match="MONTH_CLOSED"):
            operations.undo_import(SHOP, books.imports(SHOP)[0].id, now=NOW)
        assert (state(), operations.close_month(SHOP, MARCH.start, by="owner", today=TODAY, now=NOW)) == (
            before,
            sealed,
        )
        operations.open_month(SHOP, MARCH.start, by="owner", now=NOW)
        assert hand_in("icbc.csv").fresh == 3

    def test_a_month_that_is_not_over_is_not_closed(self) -> None:
        with pytest.raises(Refused, match="MONTH_NOT_OVER"):
            operations.close_month(SHOP, TODAY, by="owner", today=TODAY, now=NOW)


class TestTheBoard:
    def test_tells_today_the_month_and_what_is_unsorted(self) -> None:
        hand_in("wechat.csv")
        board = books.board(SHOP, as_of=date(2026, 3, 3))
        assert (board.today.cost_minor, board.month.income_minor, len(board.days)) == (2_000, 8_000, 35)
        assert books.months(SHOP, until=TODAY, count=2) == [(MARCH.start, 8_000, 52_000), (date(2026, 4, 1), 0, 0)]


class TestPapersAndTheEnd:
    def test_a_paper_is_kept_with_its_entry(self) -> None:
        entry_id = operations.record_sentence(SHOP, "房租 10", client_id="r", today=TODAY, now=NOW)[0]
        paper_id = operations.attach(SHOP, Paper(b"x", "a.jpg", "image/jpeg", entry_id), now=NOW)
        found = books.entry(SHOP, entry_id)
        assert found is not None
        assert [each["id"] for each in found["papers"]] == [paper_id]
        with pytest.raises(Refused, match="PAPER_TOO_BIG"):
            operations.attach(SHOP, Paper(b"x" * 10_000_001, "a", "b", entry_id), now=NOW)

    def test_books_that_are_closed_away_are_kept_and_not_worked_with(self) -> None:
        hand_in("wechat.csv")
        operations.restrict(SHOP, now=NOW)
        assert (books.are_open(SHOP), models.Entry.objects.filter(shop_id=SHOP).count()) == (False, 4)
        with pytest.raises(Refused, match="BOOKS_CLOSED"):
            operations.record_sentence(SHOP, "房租 10", client_id="r", today=TODAY, now=NOW)

    def test_everything_can_be_taken_away(self) -> None:
        hand_in("wechat.csv")
        told = {name: len(list(rows)) for name, _, rows in books.everything(SHOP)}
        assert (told["import"], told["entry"]) == (1, 4)
