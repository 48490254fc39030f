"""Pairs shown to the owner: planted overlaps with noise, in a made-up month, and how many proposals are right.

The wallet's bill has no column of the way of paying and the bank's line does not name the wallet, so that no rule can tie them.
"""

import random
from datetime import date, timedelta

from puhui.merchant.book_tables import proposal_rules, tie_rules
from puhui.merchant.core.tie_out import Telling, answered, tie
from puhui.merchant.core.tie_proposals import Known, Proposal, propose

RULES, LIMITS, START = tie_rules(), proposal_rules(), date(2026, 3, 1)
SHOPS = ("海鲜批发部", "老李粮油", "鑫源包装", "顺达物流", "阿芳水果", "通达五金", "春晓茶叶", "大同副食")


def row(key: str, source: str, minor: int = 5000, late: int = 0, text: str = "", **more: str) -> Telling:
    """An outgoing payment of March."""
    kind = {"wechat": "wallet", "icbc": "bank", "cmb": "bank"}.get(source, "own")
    return Telling(key, source, kind, more.get("direction", "out"), minor, START + timedelta(days=late), more.get("time", ""),
                   (), text, more.get("method", ""))  # fmt: skip


def noisy(seed: int, payments: int) -> tuple[list[Telling], set[tuple[str, str]]]:
    """(rows, true pairs): half of what a card paid is named at the bank by the shop, the rest is `消费`; every fifth amount is round."""
    dice, rows, pairs = random.Random(seed), [], set()
    for n in range(payments):
        minor = dice.choice((2000, 5000, 10000)) if n % 5 == 0 else dice.randrange(500, 300_000)
        day, shop, way = dice.randrange(28), dice.choice(SHOPS), dice.random()
        wallet = row(f"w{n}", "wechat", minor, day, f"{shop} 商户消费", time=f"{dice.randrange(8, 22):02d}:00:00")
        if way < 0.5:
            text = f"消费 {shop}" if dice.random() < 0.5 else "消费"
            rows += [wallet, row(f"b{n}", "icbc", minor, day + dice.choice((0, 0, 0, 1, 2)), text)]
            pairs.add((f"w{n}", f"b{n}"))
        elif way < 0.75:
            rows.append(wallet)
        else:
            rows.append(row(f"b{n}", "icbc", minor, day, f"转账 {dice.choice(SHOPS)}"))
    return rows, pairs


def proposals(rows: list[Telling], known: Known = Known()) -> list[Proposal]:  # noqa: B008  a frozen value
    return propose(rows, known, RULES, LIMITS)


class TestPlantedNoise:
    def test_how_many_are_found_and_how_many_are_right(self) -> None:
        counts = {"true": 0, "shown": 0, "right": 0, "with words": 0, "right with words": 0}
        for seed in range(5):
            rows, pairs = noisy(seed, 400)
            assert tie(rows, RULES) == []
            found = proposals(rows)
            right = [each for each in found if (each.main, each.lesser) in pairs]
            counts["true"] += len(pairs)
            counts["shown"] += len(found)
            counts["right"] += len(right)
            counts["with words"] += sum(bool(each.words) for each in found)
            counts["right with words"] += sum(bool(each.words) for each in right)
        assert counts == {"true": 978, "shown": 961, "right": 894, "with words": 518, "right with words": 487}


class TestAProposal:
    def test_tells_its_reasons(self) -> None:
        rows = [row("a", "wechat", text="海鲜批发部 商户消费"), row("b", "icbc", late=1, text="消费 海鲜批发")]
        assert proposals(rows) == [Proposal("a", "b", 1, "海鲜批发", 0)]

    def test_is_of_what_was_typed_and_a_bill_of_any_kind(self) -> None:
        rows = [row("a", "icbc", text="付 老李"), row("o", "", text="付供应商 老李")]
        assert [(each.main, each.lesser, each.words) for each in proposals(rows)] == [("o", "a", "老李")]

    def test_is_none_where_the_money_came_from_elsewhere(self) -> None:
        bank = row("b", "icbc", text="房租")
        for other in (
            row("a", "wechat", method="零钱"),
            row("a", "wechat", method="招商银行(1234)"),
            row("a", "wechat", direction="in"),
            row("a", "wechat", minor=5001),
            row("a", "wechat", late=4),
            row("a", "cmb", text="房租"),
        ):
            assert proposals([other, bank]) == []
        assert proposals([row("a", "wechat"), row("b", "icbc", text="支付宝-房租")]) == []

    def test_is_none_in_a_crowd_unless_words_tell_them_apart(self) -> None:
        crowd = [row(f"w{n}", "wechat", text="海鲜" if n == 3 else "散客") for n in range(5)]
        assert proposals([*crowd, row("b", "icbc", text="消费")]) == []
        assert proposals([*crowd, row("b", "icbc", text="消费 海鲜")]) == [Proposal("w3", "b", 0, "海鲜", 4)]

    def test_comes_once_a_row_and_not_after_a_no(self) -> None:
        rows = [row("a", "wechat"), row("c", "wechat", late=1), row("b", "icbc")]
        assert [(each.main, each.lesser) for each in proposals(rows)] == [("a", "b")]
        assert [(each.main, each.lesser) for each in proposals(rows, Known({("a", "b")}))] == [("c", "b")]
        assert proposals(rows, Known(held={"a", "c"})) == []


class TestTheOwnersWord:
    LIVE = ("a", "b", "c")

    def test_goes_before_the_rules(self) -> None:
        rows = [row("a", "wechat", method="工商银行(1)"), row("b", "icbc", text="财付通-x")]
        found = tie(rows, RULES)
        assert [(each.main, each.lesser) for each in found] == [("a", "b")]
        assert answered(found, [], {("a", "b")}, self.LIVE) == []

    def test_needs_a_main_row_that_is_live_and_makes_no_ring(self) -> None:
        said = [("a", "b"), ("b", "c"), ("c", "a")]
        assert [(each.main, each.lesser, each.why) for each in answered([], said, (), self.LIVE)] == [
            ("a", "b", "owner"),
            ("a", "c", "owner"),
        ]
        assert answered([], [("a", "b")], (), ("b",)) == []
