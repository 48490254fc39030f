"""The kernel's small laws: exact money, sharing without loss, clamped months, sorted ids, checked identifiers."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puhui.kernel.canonical import canonical_json, digest
from puhui.kernel.china_ids import check_bank_card, check_id_card, check_phone, check_uscc
from puhui.kernel.ids import new_id
from puhui.kernel.masked import Secret, mask_id_number, mask_name, mask_phone
from puhui.kernel.money import Money, MoneyUnreadable, format_yuan, parse_yuan
from puhui.kernel.periods import Period, add_months
from puhui.kernel.plain import as_plain
from puhui.kernel.rounding import half_even, half_up, split


class TestMoney:
    @pytest.mark.parametrize(
        ("text", "minor"),
        [("0", 0), ("1234.5", 123450), (" 1,234.50 ", 123450), ("-0.01", -1), ("+3", 300), ("1,000,000", 100000000)],
    )
    def test_reads_yuan_exactly(self, text: str, minor: int) -> None:
        assert parse_yuan(text) == minor

    @pytest.mark.parametrize("text", ["", "1,234.5元", "¥5", "1,23", "1e3", "0.001", "nan", "1 000", "--1", "１２"])
    def test_refuses_what_is_not_an_amount_and_names_it(self, text: str) -> None:
        with pytest.raises(MoneyUnreadable, match=r"1234\.50|0\.01"):
            parse_yuan(text)

    @given(st.integers(-(10**15), 10**15))
    def test_writes_what_it_reads(self, minor: int) -> None:
        assert parse_yuan(format_yuan(minor)) == minor

    def test_never_mixes_currencies_or_takes_floats(self) -> None:
        with pytest.raises(ValueError, match="cannot combine CNY with USD"):
            Money(1, "CNY") + Money(1, "USD")
        with pytest.raises(TypeError):
            Money(1.5)  # type: ignore[arg-type]
        assert (Money(5) - Money(7), str(Money(-5))) == (Money(-2), "CNY -0.05")


class TestSplit:
    @given(st.integers(-(10**14), 10**14), st.lists(st.integers(0, 99), min_size=1).filter(any))
    def test_loses_nothing(self, whole: int, weights: list[int]) -> None:
        parts = split(whole, weights)
        assert sum(parts) == whole
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)

    @pytest.mark.parametrize("weights", [[], [0], [1, -1]])
    def test_refuses_weights_that_share_nothing(self, weights: list[int]) -> None:
        with pytest.raises(ValueError, match="weights"):
            split(10, weights)

    def test_rounds_as_named(self) -> None:
        halves = [Decimal("0.5"), Decimal("1.5"), Decimal("-0.5")]
        assert [half_up(half) for half in halves] == [1, 2, -1]
        assert [half_even(half) for half in halves] == [0, 2, 0]


class TestPeriods:
    def test_tile_without_gap_or_overlap(self) -> None:
        january, february = Period(date(2026, 1, 1), date(2026, 2, 1)), Period(date(2026, 2, 1), date(2026, 3, 1))
        days = [date(2026, 1, 1) + timedelta(n) for n in range(59)]
        assert all((day in january) != (day in february) for day in days)
        assert (january.days, february.days) == (31, 28)

    def test_cannot_end_before_they_start(self) -> None:
        with pytest.raises(ValueError, match="cannot end"):
            Period(date(2026, 2, 1), date(2026, 1, 1))

    @pytest.mark.parametrize(
        ("anchor", "n", "expected"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2024, 1, 31), 1, date(2024, 2, 29)),
            (date(2026, 12, 15), 1, date(2027, 1, 15)),
            (date(2026, 3, 31), -1, date(2026, 2, 28)),
        ],
    )
    def test_months_are_clamped(self, anchor: date, n: int, expected: date) -> None:
        assert add_months(anchor, n) == expected


class TestIds:
    def test_sort_by_birth_and_never_repeat(self) -> None:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        ids = [new_id("loan", now=start + timedelta(milliseconds=n)) for n in range(500)]
        assert ids == sorted(ids)
        assert len({new_id("loan", now=start) for _ in range(1000)}) == 1000

    def test_need_a_clock_with_a_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            new_id("loan", now=datetime(2026, 1, 1))  # noqa: DTZ001


class TestSecret:
    def test_never_shows_itself(self) -> None:
        phone = Secret("13800138000")
        assert (f"{phone}", repr(phone), str([phone])) == ("***", "Secret(***)", "[Secret(***)]")
        assert (phone.reveal(), phone == Secret("13800138000"), bool(Secret(""))) == ("13800138000", True, False)
        assert len({phone, Secret("13800138000")}) == 1

    def test_masks_short_values_wholly(self) -> None:
        assert (mask_phone("110"), mask_id_number("12"), mask_name("李")) == ("***", "**", "李")


class TestCanonical:
    def test_is_equal_for_equal_content_in_any_order(self) -> None:
        assert digest({"a": 1, "b": [date(2026, 1, 1)]}) == digest({"b": ["2026-01-01"], "a": 1})

    @pytest.mark.parametrize("value", [float("nan"), object()])
    def test_refuses_what_has_no_form(self, value: object) -> None:
        with pytest.raises((ValueError, TypeError)):
            canonical_json(value)


class TestChineseIdentifiers:
    @pytest.mark.parametrize(
        ("code", "severity"),
        [
            ("91350200MA2YJ1XR9G", "ok"),
            ("91440101MA5CJQ4N59", "ok"),
            ("91350100M0001TGQXM", "warn"),  # genuine early Fujian codes fail their own check digit
            ("91350211M0000XUF46", "warn"),
            ("9135020OMA2YJ1XR9G", "refuse"),
            ("123", "refuse"),
        ],
    )
    def test_a_credit_code_that_fails_its_check_warns_only(self, code: str, severity: str) -> None:
        assert check_uscc(code).severity == severity

    @pytest.mark.parametrize(
        ("text", "ok"),
        [("11010519491231002X", True), ("11010519491231002x ", True), ("110105194912310021", False), ("1", False)],
    )
    def test_a_resident_id_that_fails_is_refused(self, text: str, ok: bool) -> None:
        assert check_id_card(text).ok is ok

    @pytest.mark.parametrize(
        ("text", "severity"),
        [
            ("+86 138-0013-8000", "ok"),
            ("17012345678", "warn"),
            ("12800138000", "refuse"),
            ("138001380001234", "refuse"),
        ],
    )
    def test_phones(self, text: str, severity: str) -> None:
        assert check_phone(text).severity == severity

    @pytest.mark.parametrize(
        ("text", "severity"),
        [("6222021001123456789", "ok"), ("6222 0210 0112 3456 788", "warn"), ("12345", "refuse")],
    )
    def test_bank_cards(self, text: str, severity: str) -> None:
        assert check_bank_card(text).severity == severity


@dataclass(frozen=True)
class _Part:
    day: date
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Whole:
    parts: list[_Part]
    by_name: dict[str, _Part]
    sums: set[int]
    rate: Decimal = Decimal("0.10")
    found: object = field(default_factory=lambda: bytearray(b"x"))


class TestPlainValues:
    def test_are_those_of_the_standard_library_and_nothing_inside_is_shared(self) -> None:
        part = _Part(date(2026, 1, 31), ("a", "b"))
        told = _Whole([part], {"a": part}, {1, 2})
        plain = as_plain(told)
        assert plain == asdict(told)
        assert plain["parts"] == [{"day": date(2026, 1, 31), "names": ("a", "b")}]
        plain["parts"].append(1)
        plain["by_name"]["b"] = plain["sums"].add(3)
        plain["found"].extend(b"y")
        assert (len(told.parts), set(told.by_name), told.sums, told.found) == (1, {"a"}, {1, 2}, bytearray(b"x"))
