"""A sentence becomes a double entry; what is unclear is refused by name."""

from datetime import date

import pytest

from puhui.kernel.refusal import Refused
from puhui.merchant.book_tables import category_rules, chart
from puhui.merchant.core.categories import Correction, Sorter
from puhui.merchant.core.sentence import read_sentence

TODAY = date(2026, 11, 29)
SAID = [
    ("进货 烟 3200 微信", "2026-11-29", 320_000, "goods", "wechat", "烟"),
    ("昨天 卖货 1.2万 现金", "2026-11-28", 1_200_000, "cash", "sales", "卖货收入"),
    ("房租 三千五 支付宝", "2026-11-29", 350_000, "rent", "alipay", "房租"),
    ("发工资 小王 4,500.50 银行卡", "2026-11-29", 450_050, "wages", "bank", "小王"),
    ("家用 200", "2026-11-29", 20_000, "owner_out", "cash", "拿回家"),
    ("3号 电费 315.2 微信", "2026-11-03", 31_520, "utilities", "wechat", "水电网"),
    ("30号 电费 10 微信", "2026-10-30", 1_000, "utilities", "wechat", "水电网"),
    ("老李欠我 500", "2026-11-29", 50_000, "receivable", "sales", "老李欠我"),
    ("还我 500 老李 微信", "2026-11-29", 50_000, "wechat", "receivable", "还我 老李"),
    ("欠老王货款1200", "2026-11-29", 120_000, "goods", "payable", "欠老王"),
    ("贷款 50000 银行卡", "2026-11-29", 5_000_000, "bank", "loan", "借款"),
    ("买烟10条 3200元 微信", "2026-11-29", 320_000, "goods", "wechat", "烟10条"),
    ("一万二 装修", "2026-11-29", 1_200_000, "equipment", "cash", "设备装修"),
    ("１２月进货", "", 0, "", "", "AMOUNT"),
]


@pytest.mark.parametrize(("text", "day", "minor", "debit", "credit", "note"), SAID[:-1])
def test_says_what_it_says(text: str, day: str, minor: int, debit: str, credit: str, note: str) -> None:
    said = read_sentence(text, chart(), today=TODAY)
    assert (said.day.isoformat(), said.amount_minor, said.debit, said.credit, said.note) == (
        day,
        minor,
        debit,
        credit,
        note,
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [("你好", "SENTENCE_WITHOUT_AMOUNT"), ("abc 12", "SENTENCE_UNCLEAR"), ("进货 12 34", "SENTENCE_UNCLEAR"), ("进货 0", "AMOUNT_NOT_POSITIVE"),
     ("12月30日 进货 5元", "DATE_IN_FUTURE"), ("2月30日 进货 5元", "DATE_UNREADABLE")],
)  # fmt: skip
def test_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read_sentence(text, chart(), today=TODAY)
    assert caught.value.refusal.code == code


class TestSorting:
    FALLBACK = {"in": "unsorted_in", "out": "unsorted_out", "neutral": "transfer"}

    def sorter(self, *corrections: Correction) -> Sorter:
        return Sorter(category_rules(), corrections, bar_percent=80, fallback=self.FALLBACK)

    def test_rules_are_visible(self) -> None:
        guess = self.sorter().guess("out", "国网电力有限公司", "供电")
        assert (guess.category, guess.why, guess.words) == ("utilities", "rule", "电力")

    def test_the_owners_answer_beats_a_rule(self) -> None:
        sorter = self.sorter(Correction("out", "国网电力有限公司", "供电", "rent"))
        assert sorter.guess("out", "国网电力有限公司", "别的").category == "rent"
        assert sorter.guess("out", "国网电力有限公司", "别的").sure_percent == 100

    def test_it_learns_what_it_was_told_and_says_how_sure_it_is(self) -> None:
        taught = [Correction("out", f"老王海鲜档{n}", "扫码付款", "goods") for n in range(6)]
        taught += [Correction("out", f"阳光幼儿园{n}", "学杂费", "owner_out") for n in range(6)]
        sorter = self.sorter(*taught)
        fish, school = sorter.guess("out", "老王海鲜档口", "扫码付款"), sorter.guess("out", "阳光幼儿园大班", "学杂费")
        assert (fish.category, fish.why, school.category, school.why) == ("goods", "model", "owner_out", "model")
        assert 80 <= fish.sure_percent <= 100
        assert sorter.guess("out", "从没见过的商户甲", "").category == "unsorted_out"
        assert sorter.guess("out", "从没见过的商户甲", "").sure_percent == 0
