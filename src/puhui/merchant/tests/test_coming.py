"""What is known to come enters the thirteen weeks once: bills, debts, taxes and instalments beside the run of the books that holds some already."""

from datetime import UTC, date, datetime, timedelta

import pytest

from puhui.merchant import operations, tool_facts
from puhui.merchant.core import known_cash
from puhui.merchant.operations import EntryDraft, tool_records
from puhui.merchant.operations.tool_records import Told
from puhui.merchant.tools import coming, money

SHOP, TODAY = "shop_coming", date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)


def entry(key: str, day: date, minor: int, debit: str, credit: str) -> EntryDraft:
    return EntryDraft(key, day, minor, debit, credit, key)


def tell(kind: str, day: date, **fields: object) -> None:
    tool_records.record(SHOP, Told(kind, day, fields, f"{kind}/{sorted(fields.items())}"), today=TODAY, now=NOW)


@pytest.mark.parametrize(
    ("known", "usual", "weeks", "told"),
    [
        ([0, 500, 0], 0, 13, [0, 500, 0]),  # a new thing
        ([100, 100, 100], 1300, 13, [0, 0, 0]),  # the ordinary run itself
        ([300, 0, 0, 0], 1300, 13, [200, -100, -100, 0]),  # as much, but sooner
        ([0, 0, 0, 900], 1300, 13, [0, 0, 0, 500]),  # more than the run
        ([5, 5], 0, 0, [5, 5]),  # no week of books yet
    ],
)
def test_the_running_sum_is_the_larger_of_known_and_usual(known: list[int], usual: int, weeks: int, told: list[int]) -> None:  # fmt: skip
    assert known_cash.beyond(known, usual_minor=usual, usual_weeks=weeks) == told


@pytest.mark.django_db
class TestWhatIsKnown:
    def test_comes_by_its_day_with_the_taxes_of_the_quarter(self) -> None:
        operations.open_books(SHOP, "person_coming", now=NOW)
        days = [TODAY - timedelta(days=back) for back in range(61)]  # 1 October to 30 November
        drafts = [entry(f"s{day}", day, 500_000, "cash", "sales") for day in days]
        drafts += [entry(f"g{day}", day, 300_000, "goods", "cash") for day in days]
        drafts.append(entry("t", date(2026, 11, 1), 800_000, "tax", "cash"))
        operations.record_entries(SHOP, drafts, today=TODAY, now=NOW)
        tell("bill", TODAY, who="批发部", amount="2000", due_on="2026-12-10")
        tell("bill", TODAY - timedelta(days=40), who="烟厂", amount="900", due_on="2026-11-20")
        tell("credit_sale", TODAY, who="学校", amount="700", due_on="2026-12-20")
        tell("credit_sale", TODAY - timedelta(days=40), who="老王", amount="300", due_on="2026-11-01")
        tell("planned", TODAY, name="年货", way="out", amount="8000", on="2026-12-30")
        facts = tool_facts.Facts(SHOP, TODAY)
        known, notes = coming.coming(facts, 91)
        # 92 days of 5,000 and what was sold on credit: 461,775 with tax, of which 1 % and 6 % of that; profit 172,660.71 less 60,000 at 20 %, halved
        assert [(each.kind, each.on.isoformat(), each.minor) for each in known] == [
            ("supplier", "2026-11-30", -90_000),
            ("supplier", "2026-12-10", -200_000),
            ("customer", "2026-12-20", 70_000),
            ("planned", "2026-12-30", -800_000),
            ("tax", "2027-01-15", -601_607),
            ("tax", "2027-01-15", -484_635),
        ]
        assert [zh for zh, _ in notes] == ["已经晚了的赊账 ¥300.00 说不准哪天还，没算进去"]
        # 1,000 a week went to taxes in the eight weeks of the books: by the seventh week 7,000 of the 10,862.42 are in the ordinary run
        assert coming.added(facts, known, 13) == [
            -90_000, -200_000, 70_000, 0, -800_000, 0, -386_242, 100_000, 100_000, 100_000, 86_242, 0, 0]  # fmt: skip
        page = money.forecast(facts, {})
        assert [row.text for row in page.sections[0].rows] == ["-¥900.00", "-¥2,000.00", "¥700.00", "-¥8,000.00", "-¥6,016.07", "-¥4,846.35"]  # fmt: skip
