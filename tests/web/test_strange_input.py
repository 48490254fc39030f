"""What a stranger types into the pages of a loan: whatever it is, an answer in words, never a fault, and the book as it was."""

from datetime import timedelta

import pytest
from django.test import Client

from puhui.web.console.event_forms import EVENTS
from tests.web import test_loan_book as pages
from tests.web.test_loan_book import loan, months_book  # noqa: F401  the month of one loan, lived once

AMOUNTS = (
    "",
    " ",
    "abc",
    "１００",
    "1e9",
    "1E400",
    "NaN",
    "Infinity",
    "-1",
    "0",
    "0.001",
    "1,2,3",
    "¥5",
    "9" * 15,
    "9" * 30,
    "0x10",
    "1_000",
    "5;DROP",
    "١٢",
)
RATES = ("", "NaN", "Infinity", "1e999", "-1", "401", "1e-30", "7.1234567", "七", "7%%")
COUNTS = ("", "0", "-1", "1.5", "481", "9" * 30, "two")
DAYS = (
    "",
    "soon",
    "2026-02-30",
    "2026-01-14",
    "2026-02-16",
    "0001-01-01",
    "9999-12-31",
    "2026-02-15T10:00",
    "20260215",
    "99999999999-01-01",
)
GOOD = {
    "amount": "5",
    "annual_rate": "7.2",
    "periods": "2",
    "first_due_on": "",
    "prepayment": "reduce_installment",
    "guarantor": "",
    "how_much": "",
}


def asked(kind: str, **changes: str) -> dict[str, str]:
    return pages.filled(**{name: GOOD.get(name, "1") for name in EVENTS[kind].asks}) | changes


def tried(kind: str) -> list[dict[str, str]]:
    """Every form of this kind with one thing wrong."""
    wrong: dict[str, tuple[str, ...]] = {
        "amount": AMOUNTS, "annual_rate": RATES, "periods": COUNTS, "first_due_on": DAYS[1:], "on": DAYS, "reason": ("", "x", "长" * 201),
        "prepayment": ("", "whatever"),
    }  # fmt: skip
    fields = (*EVENTS[kind].asks, "on", "reason")
    return [asked(kind, **{name: value}) for name in fields for value in wrong.get(name, ("", "whatever", "9" * 400))]


@pytest.mark.parametrize("kind", [kind for kind in EVENTS if kind not in ("reverse", "notify_transfer")])
def test_no_event_takes_what_is_none(loan: str, kind: str) -> None:  # noqa: F811
    operator, before = pages.staff("operator"), pages.book_now()
    for form in tried(kind):
        for step in ("preview", "confirm"):
            answer = operator.post(f"/loans/{loan}/events/{kind}/", form | {"step": step, "key": ""})
            assert answer.status_code in (200, 409, 422), (form, step)
        assert pages.book_now() == before, form


def test_an_event_without_a_key_or_of_no_kind_or_of_no_loan_is_refused(loan: str) -> None:  # noqa: F811
    operator, before = pages.staff("operator"), pages.book_now()
    answer = operator.post(f"/loans/{loan}/events/repay/", asked("repay", step="confirm", key=""))
    assert answer.status_code == 409
    assert "缺少幂等键" in pages.text(answer)
    nowhere = ("nothing", "reverse", "notify_transfer")  # there is nothing to undo, and the claim was never sold
    for place in ("/loans/loan_none/events/repay/", *(f"/loans/{loan}/events/{kind}/" for kind in nowhere)):
        assert operator.post(place, asked("repay")).status_code == 404, place
    assert pages.book_now() == before


@pytest.mark.parametrize("place", ["?on={}", "payoff/?on={}"])
def test_a_payoff_is_quoted_for_a_day_only(loan: str, place: str) -> None:  # noqa: F811
    operator = pages.staff("operator")
    for day in DAYS:
        assert operator.get(f"/loans/{loan}/{place.format(day)}").status_code == 200, day


def test_the_owners_what_if_answers_anything(loan: str) -> None:  # noqa: F811
    client = pages.owner(pages.ME.phone)
    for day in DAYS:
        assert client.get(f"/m/loans/{loan}/early/", {"on": day}).status_code in (200, 422), day
    for yuan in AMOUNTS:
        answer = client.get(f"/m/loans/{loan}/early/", {"yuan": yuan})
        assert answer.status_code in (200, 422), yuan
        assert answer.status_code == 200 or 'id="yuan-wrong"' in pages.text(answer), yuan
    assert client.get(f"/m/loans/{loan}/draw/").status_code == 404  # this contract names no limit


def test_a_closed_loan_takes_nothing_more(loan: str) -> None:  # noqa: F811
    operator = pages.staff("operator")
    done = operator.post(f"/loans/{loan}/events/payoff/", pages.filled(step="confirm", key="all"))
    assert done.status_code == 302
    closed = pages.book_now()
    for kind in (
        "repay",
        "prepay",
        "payoff",
        "disburse",
        "holiday",
        "rate_change",
        "restructure",
        "write_off",
        "compensate",
        "waive",
    ):
        for step in ("preview", "confirm"):
            answer = operator.post(f"/loans/{loan}/events/{kind}/", asked(kind, step=step, key=f"{kind}-1"))
            assert answer.status_code == 409, (kind, step)
    assert pages.book_now() == closed
    page = operator.get(f"/loans/{loan}/")
    assert page.status_code == 200
    assert {event.kind for event in page.context["events"]} <= {"charge_fee", "refund"}
    client = pages.owner(pages.ME.phone)
    assert client.get(f"/m/loans/{loan}/early/").status_code == 404
    assert client.get(f"/m/loans/{loan}/").status_code == 200


def test_two_tabs_with_one_key_record_one_thing(loan: str) -> None:  # noqa: F811
    tabs = [pages.staff("operator"), Client()]
    tabs[1].cookies = tabs[0].cookies
    first = tabs[0].post(f"/loans/{loan}/events/repay/", asked("repay", step="confirm", key="k"))
    again = tabs[1].post(f"/loans/{loan}/events/repay/", asked("repay", step="confirm", key="k"))
    other = tabs[1].post(f"/loans/{loan}/events/repay/", asked("repay", step="confirm", key="k", amount="6"))
    assert (first.status_code, again.status_code, other.status_code) == (302, 302, 409)
    book = tabs[0].get(f"/book/?on={pages.FIRST_DUE - timedelta(days=1)}")
    assert book.status_code == 200
    for day in DAYS:
        assert tabs[0].get("/book/", {"on": day}).status_code in (200, 404), day
