"""What the owner says of a pair changes what counts, can be taken back, and never makes a payment vanish; two bills of one wallet count once."""

from datetime import UTC, date, datetime
from itertools import permutations

import pytest

from puhui.kernel.periods import Period
from puhui.kernel.refusal import Refused
from puhui.merchant import book_queries as books
from puhui.merchant import models, operations, pair_queries
from puhui.merchant.operations import BillFile
from puhui.merchant.operations.tool_records import Told, record, revoke

pytestmark = pytest.mark.django_db
NOW, TODAY, SHOP = datetime(2026, 4, 2, 3, tzinfo=UTC), date(2026, 4, 2), "shop_1"
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
WECHAT = """微信支付账单明细
交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注
2026-03-01 10:00:00,商户消费,海鲜批发部,进货,支出,¥500.00,/,支付成功,42000001,/,/
"""
ICBC = """中国工商银行
交易日期,摘要,交易场所,收入金额,支出金额,余额,对方户名
2026-03-02,消费,海鲜批发,,500.00,1500.00,
2026-03-04,转账,,,300.00,1200.00,老李粮油
"""


@pytest.fixture(autouse=True)
def _open() -> None:
    operations.open_books(SHOP, "person_1", now=NOW)


def hand_in(text: str) -> operations.ImportDone:
    return operations.import_bill(SHOP, BillFile(text.encode(), "x"), by="owner", today=TODAY, now=NOW)


def say(pair: pair_queries.Pair, said: str) -> None:
    operations.say_of_pair(SHOP, pair.main["id"], pair.lesser["id"], said, by="owner", now=NOW)


def spent() -> int:
    return books.profit(SHOP, MARCH).cost_minor


def proposed() -> list[pair_queries.Pair]:
    return pair_queries.proposed(SHOP, as_of=TODAY)[0]


class TestAnAnswer:
    def test_same_counts_once_and_is_taken_back(self) -> None:
        hand_in(WECHAT), hand_in(ICBC)
        (pair,) = proposed()
        assert (pair.main["source"], pair.lesser["source"], spent()) == ("wechat", "icbc", 130_000)
        assert pair.why is not None
        assert (pair.why.days_apart, pair.why.words, pair.why.rivals) == (1, "海鲜批发", 0)
        for _again in range(2):
            say(pair, "same")
        assert (spent(), proposed(), models.Correction.objects.count()) == (80_000, [], 1)
        assert [(each.told, each.by) for each in pair_queries.settled(SHOP)] == [("same", "owner")]
        say(pair, "forget")
        assert (spent(), len(proposed()), pair_queries.settled(SHOP)) == (130_000, 1, [])

    def test_apart_is_not_asked_again(self) -> None:
        hand_in(WECHAT), hand_in(ICBC)
        (pair,) = proposed()
        say(pair, "apart")
        assert (proposed(), spent()) == ([], 130_000)
        assert [(each.told, each.by) for each in pair_queries.settled(SHOP)] == [("apart", "owner")]
        say(pair, "forget")
        assert len(proposed()) == 1

    def test_apart_undoes_what_the_rules_tied(self) -> None:
        hand_in(WECHAT.replace(",/,支付成功", ",工商银行(9876),支付成功")), hand_in(ICBC)
        assert (spent(), proposed()) == (80_000, [])
        (pair,) = pair_queries.settled(SHOP)
        assert (pair.told, pair.by) == ("same", "rules")
        say(pair, "apart")
        assert spent() == 130_000
        say(pair, "forget")
        assert spent() == 80_000

    def test_of_a_main_entry_that_goes_lets_the_other_count_again(self) -> None:
        wallet = hand_in(WECHAT)
        hand_in(ICBC)
        say(proposed()[0], "same")
        operations.undo_import(SHOP, wallet.import_id, now=NOW)
        assert spent() == 80_000
        hand_in(WECHAT)
        assert (spent(), proposed()) == (80_000, [])
        main = next(row for row in books.entries(SHOP) if row["source"] == "wechat")
        operations.strike_entry(SHOP, main["id"], by="owner", now=NOW)
        assert spent() == 80_000

    def test_both_ways_round_does_not_make_the_payment_vanish(self) -> None:
        hand_in(WECHAT), hand_in(ICBC)
        (pair,) = proposed()
        say(pair, "same")
        operations.say_of_pair(SHOP, pair.lesser["id"], pair.main["id"], "same", by="owner", now=NOW)
        assert spent() == 80_000

    @pytest.mark.parametrize(("said", "code"), [("same", "PAIR_UNFIT"), ("perhaps", "ANSWER_UNKNOWN")])
    def test_that_cannot_be_is_refused_and_moves_nothing(self, said: str, code: str) -> None:
        hand_in(WECHAT), hand_in(ICBC)
        one, other = (row["id"] for row in books.entries(SHOP) if row["source"] == "icbc")
        with pytest.raises(Refused, match=code):
            operations.say_of_pair(SHOP, one, other, said, by="owner", now=NOW)
        with pytest.raises(Refused, match="ENTRY_UNKNOWN"):
            operations.say_of_pair(SHOP, one, 10**9, "same", by="owner", now=NOW)
        assert (spent(), models.Correction.objects.count()) == (130_000, 0)

    def test_in_a_closed_month_is_refused_and_moves_nothing(self) -> None:
        hand_in(WECHAT), hand_in(ICBC)
        (pair,) = proposed()
        operations.close_month(SHOP, MARCH.start, by="owner", today=TODAY, now=NOW)
        with pytest.raises(Refused, match="MONTH_CLOSED"):
            say(pair, "same")
        assert (spent(), models.Correction.objects.count(), len(proposed())) == (130_000, 0, 1)


class TestADebtToldTwice:
    def test_is_proposed_and_counts_once_on_the_owners_word(self) -> None:
        for kind, more in (("bill", {"due_on": "2026-03-31"}), ("bill_paid", {})):
            told = Told(kind, date(2026, 3, 3), {"who": "老李", "amount": "300", **more}, kind)
            paid = record(SHOP, told, today=TODAY, now=NOW)
        hand_in(ICBC)
        assert (spent(), books.balance(SHOP, as_of=TODAY).owed_minor) == (30_000 + 80_000, 0)
        (pair,) = proposed()
        assert (pair.main["origin"], pair.lesser["source"]) == ("tool", "icbc")
        assert pair.why is not None
        assert pair.why.words == "老李"
        say(pair, "same")
        assert (spent(), books.balance(SHOP, as_of=TODAY).owed_minor) == (30_000 + 50_000, 0)
        revoke(SHOP, paid, by="owner", today=TODAY, now=NOW)
        assert (spent(), books.balance(SHOP, as_of=TODAY).owed_minor) == (30_000 + 80_000, 30_000)


TRADE = """交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易类型,交易状态,付款银行,货币种类,应结订单金额,微信退款单号,商户退款单号,退款金额,退款状态,商品名称,手续费,费率,订单金额,申请退款金额
`2026-03-01 08:30:00,`wx1,`19,`42000000000001,`W1,`JSAPI,`SUCCESS,`OTHERS,`CNY,`15.00,`0,`0,`0.00,`,`豆腐,`0.09000,`0.60%,`15.00,`0.00
`2026-03-01 19:30:00,`wx1,`19,`42000000000001,`W1,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`50000000000001,`R1,`5.00,`SUCCESS,`豆腐,`-0.03000,`0.60%,`0.00,`5.00
"""
FUND = """记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号
`2026-03-01 08:30:05,`42000000000001,`9000001,`交易,`交易,`收入,`15.00,`115.00,`system,`结算总金额 15.00 元,`42000000000001
`2026-03-01 08:30:05,`42000000000001,`9000002,`扣除交易手续费,`扣除交易手续费,`支出,`0.09,`114.91,`system,`,`42000000000001
`2026-03-01 19:30:01,`50000000000001,`9000003,`退款,`退款,`支出,`4.97,`109.94,`W1API,`退款总金额5.00元;含手续费0.03元,`R1
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
`3,`1,`15.00,`2,`5.06
"""


class TestTradeBillAndFundBill:
    """A payment, its fee, its refund and the fee given back stand in both bills of one wallet (made up after their headings)."""

    @pytest.mark.parametrize("bills", [(TRADE,), (FUND,), *permutations((TRADE, FUND))])
    def test_count_each_once_in_any_order(self, bills: tuple[str, ...]) -> None:
        done = [hand_in(text) for text in bills]
        march = books.profit(SHOP, MARCH)
        assert ({line.code: line.amount_minor for line in march.income}, march.cost_minor) == ({"sales": 1_000}, 6)
        assert books.trial_balance(SHOP) == {"fees": 6, "sales": -1_000, "wechat": 994}
        operations.undo_import(SHOP, done[0].import_id, now=NOW)
        assert books.trial_balance(SHOP).get("wechat", 0) == (994 if len(bills) == 2 else 0)
