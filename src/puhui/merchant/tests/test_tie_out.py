"""Planted overlaps: the same month in a platform, two wallets and two banks; every payment is counted once.

The world is made by a seed (simulated): payments paid by a bank card through a wallet appear in both files, some a day or two
later at the bank; equal amounts on equal days are common on purpose.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.merchant.book_tables import tie_rules
from puhui.merchant.core.tie_out import Telling, tie

RULES = tie_rules()
START = date(2026, 3, 1)
BANKS = {"icbc": "工商银行(9876)", "cmb": "招商银行(1234)"}
CALLED = {"wechat": "财付通-", "alipay": "支付宝-", "meituan": "美团"}


World = tuple[list[Telling], set[tuple[str, str]], set[str]]


def planted(seed: int, payments: int = 400, *, blur: bool = False) -> World:
    """(rows, true pairs (main, lesser), rows that are no pair). `blur`: the bank's line does not name the wallet."""
    dice = random.Random(seed)
    world: World = ([], set(), set())
    for n in range(payments):
        day, amount = (
            START + timedelta(days=dice.randrange(30)),
            dice.choice((1000, 1200, 1500, 2000, 8800, n * 7 + 101)),
        )
        clock = f"{dice.randrange(8, 22):02d}:{dice.randrange(60):02d}:{dice.randrange(60):02d}"
        plant(world, n, day, amount, clock, dice, blur=blur)
    return world


def plant(world: World, n: int, day: date, amount: int, clock: str, dice: random.Random, *, blur: bool) -> None:
    rows, pairs, single = world
    wallet = dice.choice(("wechat", "alipay"))
    way, key, bank = dice.random(), f"{wallet}{n:04d}", dice.choice(tuple(BANKS))
    pocket = "零钱" if wallet == "wechat" else "余额宝"

    def told(direction: str, text: str, method: str) -> None:
        rows.append(Telling(key, wallet, "wallet", direction, amount, day, clock, (f"O{n}",), text, method))

    def banked(direction: str, text: str, bank: str, late: int, at: str) -> str:
        later = day + timedelta(days=late)
        rows.append(Telling(f"{bank}{n:04d}", bank, "bank", direction, amount, later, at, (), text, ""))
        return rows[-1].key

    if way < 0.45:  # paid by a bank card through the wallet
        told("out", f"店{n}", BANKS[bank])
        text = "消费" if blur else f"{CALLED[wallet]}店{n}"
        pairs.add((key, banked("out", text, bank, dice.choice((0, 0, 0, 0, 1)), "" if dice.random() < 0.5 else clock)))
    elif way < 0.65:  # from the wallet's own pocket
        told("out", f"店{n}", pocket)
        single.add(key)
    elif way < 0.8:  # a bank's own payment
        single.add(banked("out", f"转账 供货商{n}", "icbc", 0, clock))
    elif way < 0.9:  # customers pay into the wallet
        told("in", f"客{n}", "零钱")
        single.add(key)
    else:  # withdrawn to the bank
        told("neutral", "提现", BANKS["icbc"])
        pairs.add((key, banked("in", f"{CALLED[wallet]}提现", "icbc", 1, "")))


def groups(rows: list[Telling], pairs: set[tuple[str, str]]) -> dict[tuple[object, ...], int]:
    """How many pairs there are of each (amount, wallet, bank, direction): equal payments may swap partners unseen."""
    by_key = {row.key: row for row in rows}
    found: dict[tuple[object, ...], int] = {}
    for main, lesser in pairs:
        one, other = by_key[main], by_key[lesser]
        name = (one.amount_minor, one.source, other.source, other.direction)
        found[name] = found.get(name, 0) + 1
    return found


class TestPlantedOverlaps:
    @pytest.mark.parametrize("seed", range(5))
    def test_exact_pairs_are_found_all_and_nothing_else(self, seed: int) -> None:
        rows, pairs, single = planted(seed)
        ties = tie(rows, RULES)
        assert groups(rows, {(each.main, each.lesser) for each in ties}) == groups(rows, pairs)
        assert not {each.lesser for each in ties} & single

    def test_fuzzy_pairs_are_tied_by_the_method_alone(self) -> None:
        """The bank's line says nothing of the wallet: 100 % are still found, because the wallet names the bank."""
        rows, pairs, _ = planted(7, blur=True)
        ties = tie(rows, RULES)
        found, true = groups(rows, {(each.main, each.lesser) for each in ties}), groups(rows, pairs)
        right = sum(min(count, true.get(name, 0)) for name, count in found.items())
        precision, recall = right / sum(found.values()), right / sum(true.values())
        assert recall >= 0.97
        assert precision >= 0.9

    @settings(max_examples=15, deadline=None)
    @given(st.integers(0, 10**6), st.randoms(use_true_random=False))
    def test_the_order_of_rows_changes_nothing(self, seed: int, dice: random.Random) -> None:
        rows, _, _ = planted(seed, 60)
        shuffled = list(rows)
        dice.shuffle(shuffled)
        assert tie(rows, RULES) == tie(shuffled, RULES)

    def test_an_order_paid_through_a_wallet_by_a_card_is_one_payment(self) -> None:
        rows = list(self.chain())
        ties = tie(rows, RULES)
        assert {(each.main, each.lesser) for each in ties} == {("mt", "wx"), ("mt", "bk")}

    def chain(self) -> Iterator[Telling]:
        yield Telling("mt", "meituan", "platform", "out", 990, START, "13:25:20", ("M1",), "美团订单", "微信支付")
        yield Telling(
            "wx", "wechat", "wallet", "out", 990, START, "13:25:22", ("W1",), "美团平台商户", "工商银行(9876)"
        )
        yield Telling("bk", "icbc", "bank", "out", 990, START, "", (), "财付通-美团平台商户", "")

    def test_one_order_number_ties_whatever_else_is_said(self) -> None:
        rows = [
            Telling("a", "alipay", "wallet", "in", 1250, START, "08:01:05", ("A0001",), "青菜", ""),
            Telling("b", "alipay", "wallet", "in", 1250, START, "08:01:01", ("A0001", "2026"), "青菜", "", "b"),
        ]
        assert [(each.main, each.lesser, each.why) for each in tie(rows, RULES)] == [("a", "b", "order")]

    def test_the_same_direction_twice_at_one_source_stays_two(self) -> None:
        rows = [
            Telling(f"a{n}", "wechat", "wallet", "out", 5000, START, "08:00:00", (), "某店", "零钱") for n in range(3)
        ]
        assert tie(rows, RULES) == []
