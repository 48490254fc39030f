"""Papers as PDF, read back: exact figures in words a reader can select, fonts embedded, the hash on every page."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from puhui.kernel.refusal import Refused
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.disclosure import draw_up
from puhui.servicing.core.fold import Fact, Folded, Policy, fold
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.papers import contents, printing
from puhui.servicing.papers.capitals import in_capitals
from puhui.servicing.papers.contents import Case, Parties
from puhui.servicing.papers.printing import print_paper
from puhui.servicing.views import LoanView

TERMS = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 8, 15))
TODAY = date(2026, 11, 20)
FORM = draw_up(TERMS, payee="示例银行（虚构）")
BORROWER = Parties("张小明", "11010519491231002X", "橙子小馆", "", "示例银行（虚构）", invented=True)


def case(**changes: Any) -> Case:
    record = FORM.as_record() | {"apr_simple": str(FORM.apr_simple), "apr_compound": str(FORM.apr_compound)}
    stored = {
        "sha256": FORM.disclosure_hash, "form": record, "cap": Decimal("0.24"), "cap_source": "CAP_ALLIN bank",
        "confirmed_at": datetime(2026, 8, 15, 3, tzinfo=UTC),
    }  # fmt: skip
    loan = LoanView(
        "loan_019ab2", "inst_a", "person_1", "shop_1", "app_1", "offer_1", "disc_1", TERMS, "interest-first-1",
        date(2027, 8, 15), "active", "还款中", 9_211_512, 890_000, 0, 36, "M2", "special_mention", None,
        FORM.apr_simple, FORM.apr_compound,
    )  # fmt: skip
    return Case(replace(loan, **changes), BORROWER, stored, TODAY)


def told(*facts: tuple[date, str, int, str]) -> Folded:
    given = [Fact(day_number(on), kind, minor, ref, entered) for entered, (on, kind, minor, ref) in enumerate(facts)]
    return fold(TERMS, Policy(), given, day_number(TODAY))


PAID = (date(2026, 9, 15), "repay", 890_000, "a")
UNDONE = ((date(2026, 10, 10), "repay", 500_000, "b"), (date(2026, 10, 11), "reverse", 0, "b"))


def pages(paper: str, given: dict[str, Any]) -> list[str]:
    reader = PdfReader(io.BytesIO(print_paper(paper, given, dated=TODAY)))
    return [page.extract_text() for page in reader.pages]


class TestTheContract:
    def test_names_the_parties_the_sum_in_both_ways_and_the_yearly_cost(self) -> None:
        first, second, form, schedule = pages("contract", contents.contract(case()))
        for text in ("张小明", "11010519491231002X", "¥100,000.00", "人民币壹拾万元整", "12.00%", "等额本息"):
            assert text in first, text
        assert "须经律师审查" in first
        assert "依次抵充：利息、本金" in first
        assert "不再收取任何息费" in second
        for text in ("¥6,618.53", "¥106,618.53", "12.69%", "24.00%", "2026-08-15 11:00 北京时间"):
            assert text in form, text
        assert "2026-09-15 7,884.88 1,000.00 0.00 8,884.88 92,115.12" in schedule
        assert "2027-08-15 8,796.88 87.97 0.00 8,884.85 0.00" in schedule
        assert "100,000.00 6,618.53 0.00 106,618.53" in schedule

    def test_bears_hash_date_number_of_pages_and_what_is_invented_on_every_page(self) -> None:
        told_pages = pages("contract", contents.contract(case()))
        for number, page in enumerate(told_pages, 1):
            assert FORM.disclosure_hash in page
            assert "business date 2026-11-20" in page
            assert f"page {number} of 4" in page
            assert "虚构数据 · invented data" in page

    def test_has_its_fonts_inside(self) -> None:
        reader = PdfReader(io.BytesIO(print_paper("contract", contents.contract(case()), dated=TODAY)))
        fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
        assert fonts
        for font in fonts:
            inside = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert any(f"/FontFile{kind}" in inside for kind in ("", "2", "3")), font["/BaseFont"]

    def test_is_the_same_bytes_from_the_same_contents(self) -> None:
        given = contents.contract(case())
        assert print_paper("contract", given, dated=TODAY) == print_paper("contract", given, dated=TODAY)


class TestTheContractOfALimit:
    LINE = replace(TERMS, method="at_will", periods=1, period_every=12, day_count="actual/360", limit_minor=30_000_000)

    def test_names_the_limit_in_both_ways_and_what_is_drawn_first(self) -> None:
        first = pages("contract", contents.contract(case(terms=self.LINE)))[0]
        for text in (
            "¥300,000.00",
            "人民币叁拾万元整",
            "¥100,000.00",
            "归还的本金可以再次支用",
            "随借随还",
            "用几天算几天",
        ):
            assert text in first, text
        assert "分 1 期" not in first

    def test_in_parts_says_that_what_is_paid_out_adds_up_to_the_limit_at_most(self) -> None:
        first = pages("contract", contents.contract(case(terms=replace(TERMS, limit_minor=30_000_000))))[0]
        assert "放款累计不超过额度" in first
        assert "分 12 期" in first

    def test_letter_and_statement_count_every_draw_that_stands(self) -> None:
        draws = [
            Fact(day_number(date(2026, 9, 1)), "disburse", 5_000_000, "d1", 1),
            Fact(day_number(date(2026, 9, 2)), "disburse", 7_000_000, "d2", 2),
            Fact(day_number(date(2026, 9, 3)), "reverse", 0, "d2", 3),
        ]
        book = fold(
            self.LINE,
            Policy(recalculation=True),
            [*draws, Fact(day_number(TODAY), "payoff", 0, "p", 4)],
            day_number(TODAY),
        )
        assert contents.statement(case(terms=self.LINE), book)["principal"] == "150,000.00"
        closed = case(terms=self.LINE, state="closed", closed_on=TODAY)
        assert contents.payoff_letter(closed, book)["principal"] == "150,000.00"


class TestTheStatement:
    def test_tells_every_payment_where_it_went_and_what_is_owed(self) -> None:
        (page,) = pages("statement", contents.statement(case(), told(PAID, *UNDONE)))
        assert "2026-08-15 放款 paid out 100,000.00 100,000.00" in page
        assert "2026-09-15 还款 payment 8,900.00 7,884.88 1,015.12 92,115.12" in page
        assert "已冲正 reversed" in page
        assert "¥92,115.12 ¥17,754.64 36 ¥0.00 ¥8,900.00" in page
        assert "2 2026-10-15 7,963.73 921.15 0.00 8,884.88 15.12 逾期 late" in page
        assert "利息 interest ¥1,015.12；本金 principal ¥7,884.88" in page

    def test_of_a_period_opens_with_the_balance_before_it(self) -> None:
        given = contents.statement(case(), told(PAID, *UNDONE), since=date(2026, 10, 1))
        assert (given["opening"], given["closing"], given["paid"]) == ("92,115.12", "92,115.12", "0.00")
        assert [line["reversed"] for line in given["lines"]] == [True]


class TestTheReceipt:
    def test_says_how_much_in_both_ways_and_what_it_paid(self) -> None:
        book = told(PAID)
        given = contents.receipt(case(), book, book.transactions[1], number="event_1", recorded_at="2026-09-15 10:00")
        (page,) = pages("receipt", given)
        for text in (
            "¥8,900.00",
            "人民币捌仟玖佰元整",
            "event_1",
            "2026-09-15",
            "¥1,015.12",
            "¥7,884.88",
            "¥92,115.12",
        ):
            assert text in page, text
        assert "作废" not in page

    def test_of_a_reversed_payment_is_void(self) -> None:
        book = told(*UNDONE)
        given = contents.receipt(case(), book, book.transactions[1], number="event_2", recorded_at="2026-10-10 10:00")
        (page,) = pages("receipt", given)
        assert "本回单作废" in page


class TestThePayoffLetter:
    def test_certifies_that_nothing_is_owed(self) -> None:
        book = told(PAID, (TODAY, "payoff", 0, "z"))
        (page,) = pages("payoff_letter", contents.payoff_letter(case(state="closed", closed_on=TODAY), book))
        for text in ("兹证明", "¥100,000.00", "2026-11-20", "不再负有任何还款义务", "¥2,889.51", "¥102,889.51"):
            assert text in page, text

    def test_is_refused_while_anything_is_owed(self) -> None:
        with pytest.raises(Refused) as refused:
            contents.payoff_letter(case(), told(PAID))
        assert refused.value.refusal.code == "LOAN_NOT_CLOSED"


class TestPrinting:
    def test_without_a_chinese_font_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(printing, "CHINESE_FONTS", ("No Such Font",))
        with pytest.raises(Refused) as refused:
            print_paper("receipt", {}, dated=TODAY)
        assert refused.value.refusal.code == "PAPER_FONT_MISSING"
        assert "fonts-noto-cjk" in refused.value.refusal.message

    @pytest.mark.parametrize(
        ("minor", "words"),
        [
            (0, "人民币零元整"),
            (5, "人民币伍分"),
            (50, "人民币伍角整"),
            (105, "人民币壹元零伍分"),
            (1_000, "人民币壹拾元整"),
            (10_050, "人民币壹佰元零伍角整"),
            (1_600_200, "人民币壹万陆仟零贰元整"),
            (10_700_053, "人民币壹拾万柒仟元零伍角叁分"),
            (600_703_614, "人民币陆佰万柒仟零叁拾陆元壹角肆分"),
            (10_000_000_100, "人民币壹亿零壹元整"),
            (1_234_567_890_12, "人民币壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾元零壹角贰分"),
        ],
    )
    def test_writes_amounts_in_capitals(self, minor: int, words: str) -> None:
        assert in_capitals(minor) == words
