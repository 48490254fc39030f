"""What the pages say that paying a part early saves: the truth in each case, and the reason where it is nothing, before anybody pays."""

import pytest

from tests.web import test_loan_book as pages
from tests.web.test_loan_book import loan, months_book  # noqa: F401  the month of one loan, lived once


# 100,000 yuan at 12 %, the first instalment due today and unpaid: 30,000 pays it (8,884.88), 21,115.12 is early; levelled over eleven
# months the early part would have asked 6.09949 % of itself. Interest that follows the balance: core, test_amendments.EARLY.
def test_of_planned_interest_done_sooner_saves_nothing_and_the_owner_is_told_why(loan: str) -> None:  # noqa: F811
    page = pages.owner(pages.ME.phone).get(f"/m/loans/{loan}/early/", {"yuan": "30000"})
    smaller, sooner = page.context["ways"]
    assert (smaller["way"], sooner["way"]) == ("reduce_installment", "last_installment")
    assert smaller["saved_minor"] == 128_789
    assert sooner["saved_minor"] == 0
    assert "这个办法不省利息" in pages.text(page)
    assert "利息按原来的计划收" in pages.text(page)


def test_a_sum_that_reaches_no_principal_saves_nothing(loan: str) -> None:  # noqa: F811
    page = pages.owner(pages.ME.phone).get(f"/m/loans/{loan}/early/", {"yuan": "1"})
    assert [way["saved_minor"] for way in page.context["ways"]] == [0, 0]
    assert "没有还到本金" in pages.text(page)


@pytest.mark.parametrize(
    ("way", "told"),
    [("last_installment", "店主不省利息：合同的利息按原计划收"), ("reduce_installment", "店主少付利息 ¥1,287.89")],
)
def test_staff_see_it_before_they_record_it(loan: str, way: str, told: str) -> None:  # noqa: F811
    before = pages.book_now()
    answer = pages.staff("operator").post(f"/loans/{loan}/events/prepay/", pages.filled(amount="30000", prepayment=way))
    assert answer.status_code == 200
    assert told in pages.text(answer)
    assert pages.book_now() == before
