"""Draw and pay back at will (随借随还) from the offer to the last day: the owner's pages and the console's, exact figures, nothing moved by a refusal."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from puhui.journeys import disburse as paying_out
from puhui.servicing import queries, what_if
from puhui.servicing.operations import close_through
from puhui.servicing.views import LoanFilter
from puhui.store import tenancy
from puhui.web import clock
from puhui.web.phone import offers
from puhui.web.tests import visitors
from tests import databases
from tests.web import test_owner_pages as pages


@pytest.fixture(scope="module")
def line(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[str, str, str]]:
    """A made-up town; its best firm's owner took 100,000 of a limit of 200,000 at will. The database, the loan, the firm."""
    from puhui.simulate.town import build_town

    place, name = tmp_path_factory.mktemp("made-up") / "town", f"at_will_{os.getpid()}"
    build_town(place, firms=160, seed=3)
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):
        with databases.moved_to(name):
            firm = pages._appraised(Path(place))
            client = pages.owner(pages.ME.phone)
            address = client.post("/m/apply/", pages.form(firm))["Location"]
            loan_id = accepted(client, address)
        yield name, loan_id, firm


@pytest.fixture
def loan(line: tuple[str, str, str], django_db_blocker: Any) -> Iterator[str]:
    name, loan_id, _firm = line
    with django_db_blocker.unblock(), databases.moved_to(name), transaction.atomic():
        yield loan_id
        transaction.set_rollback(True)


def accepted(client: Client, address: str) -> str:
    page = client.get(f"{address}form/?way=at_will&yuan=100,000")
    assert page.status_code == 200
    offer = page.context["offer"]
    assert (offer.method, offer.draw_minor, offer.principal_minor) == ("at_will", 10_000_000, 20_000_000)
    session = client.session
    session[offers._SHOWN] = {offer.disclosure_hash: (clock.now() - timedelta(seconds=60)).isoformat()}
    session.save()
    sent = {
        "disclosure_hash": offer.disclosure_hash, "consent_institution_id": offer.institution_id, "read_to_end": "yes",
        "way": "at_will", "yuan": offer.draw_yuan,
    }  # fmt: skip
    location = client.post(f"{address}accept/", sent)["Location"]
    loan_id = location.split("/")[3]
    with tenancy.scope(tenancy.PLATFORM):
        assert paying_out.disburse(loan_id, now=clock.now()).state == "active"
    return loan_id


def me() -> Client:
    from puhui.parties import queries as known

    client = pages.owner(pages.ME.phone)
    with tenancy.scope(tenancy.PLATFORM):
        person = known.find_person(pages.ME.phone)
    session = client.session
    session["owner_person"] = person.id if person else ""
    session.save()
    return client


def staff() -> Client:
    visitors.staff("one.operator", "operator")
    return visitors.enter("one.operator")


def facts(loan_id: str) -> list[tuple[str, int | None]]:
    with tenancy.scope(tenancy.PLATFORM):
        return [(fact.kind, fact.amount_minor) for fact in what_if.facts(loan_id)]


def owed(loan_id: str) -> int:
    with tenancy.scope(tenancy.PLATFORM):
        assert queries.verify() == []
        return queries.loan(loan_id).outstanding_minor


def text(answer: Any) -> str:
    return str(answer.content.decode())


def confirmed(page: Any, **changes: str) -> dict[str, str]:
    """What the confirmation of a shown cost sends."""
    sent = {
        "yuan": page.context["yuan"],
        "key": page.context["key"],
        "agreed": "yes",
    }
    return sent | changes


class TestTheOfferAtWill:
    def test_became_a_loan_under_the_limit_with_the_form_of_its_terms(self, loan: str) -> None:
        with tenancy.scope(tenancy.PLATFORM):
            shown = queries.loan(loan)
            form = queries.disclosure(shown.disclosure_id)
        assert (shown.terms.method, shown.terms.principal_minor, shown.terms.limit_minor) == (
            "at_will",
            10_000_000,
            20_000_000,
        )
        assert (shown.terms.periods, shown.terms.period_every, shown.terms.day_count) == (1, 12, "actual/360")
        assert form is not None
        assert form["form"]["items"][0]["how_charged"].startswith("按日计息")
        with tenancy.scope(tenancy.PLATFORM), connection.cursor() as cursor:
            cursor.execute("SELECT amount_minor, verb FROM funding_allotment ORDER BY id")
            assert cursor.fetchall() == [
                (20_000_000, "reserve"),
                (20_000_000, "confirm"),
            ]  # the whole limit is kept free

    @pytest.mark.parametrize(
        ("yuan", "told"),
        [
            ("", "请只写数字"),
            ("五万", "请只写数字"),
            ("0", "要大于零"),
            ("-1", "要大于零"),
            ("200,000.01", "不超过额度"),
            ("1e9", "请只写数字"),
            ("0.001", "请只写数字"),
        ],
    )
    def test_asks_again_for_a_first_draw_that_is_none(
        self, line: tuple[str, str, str], django_db_blocker: Any, yuan: str, told: str, firm_offer: tuple[Client, str]
    ) -> None:
        client, address = firm_offer
        answer = client.get(f"{address}form/", {"way": "at_will", "yuan": yuan})
        assert answer.status_code == 422
        assert told in text(answer)
        assert 'id="yuan-wrong"' in text(answer)

    def test_is_told_from_the_plain_way_by_its_hash(self, firm_offer: tuple[Client, str]) -> None:
        client, address = firm_offer
        hashes = {
            client.get(f"{address}form/{query}").context["offer"].disclosure_hash
            for query in ("", "?way=at_will&yuan=50000", "?way=at_will&yuan=60000")
        }
        assert len(hashes) == 3
        assert "随借随还" in text(client.get(address))

    @pytest.fixture
    def firm_offer(self, line: tuple[str, str, str], django_db_blocker: Any) -> Iterator[tuple[Client, str]]:
        """An offer of the same firm that nobody has accepted: another application of the same owner."""
        name, _loan, firm = line
        with django_db_blocker.unblock(), databases.moved_to(name), transaction.atomic():
            client = pages.owner(pages.ME.phone)
            yield client, client.post("/m/apply/", pages.form(firm, key="k2"))["Location"]
            transaction.set_rollback(True)


class TestTheOwner:
    def test_sees_what_is_owed_what_is_left_and_what_a_day_costs(self, loan: str) -> None:
        page = me().get(f"/m/loans/{loan}/")
        known, rate = page.context["limit"], page.context["loan"].terms.annual_rate
        assert (known.left_minor, page.context["loan"].outstanding_minor, page.context["run_minor"]) == (
            10_000_000,
            10_000_000,
            0,
        )
        assert page.context["day_minor"] == round(10_000_000 * rate / 360)
        assert [each["minor"] for each in page.context["draws"]] == [10_000_000]
        assert "再借一笔" in text(page)

    def test_is_shown_the_cost_and_draws_it_once_however_often_yes_is_pressed(self, loan: str) -> None:
        client = me()
        page = client.get(f"/m/loans/{loan}/draw/", {"yuan": "30,000"})
        cost, rate = page.context["cost"], page.context["loan"].terms.annual_rate
        assert (cost.amount_minor, cost.balance_minor, cost.left_minor) == (3_000_000, 13_000_000, 7_000_000)
        assert (cost.day_minor, cost.month_minor) == (round(3_000_000 * rate / 360), round(3_000_000 * rate / 12))
        assert owed(loan) == 10_000_000
        sent = confirmed(page)
        for _press in range(2):
            answer = client.post(f"/m/loans/{loan}/draw/", sent)
            assert (answer.status_code, answer["Location"]) == (302, f"/m/loans/{loan}/")
        assert facts(loan) == [("disburse", 3_000_000), ("disburse", 10_000_000)]
        assert owed(loan) == 13_000_000
        assert "已借出 30,000.00 元" in text(client.get(f"/m/loans/{loan}/"))

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"agreed": ""}, "请先勾选"),
            ({"yuan": "100,000.01"}, "超过可用额度"),
            ({"yuan": "0"}, "须大于零"),
            ({"yuan": "-5"}, "须大于零"),
            ({"yuan": "三万"}, "请只写数字"),
            ({"yuan": "1e9"}, "请只写数字"),
            ({"yuan": "99999999999999999999"}, "超过可用额度"),
            ({"key": ""}, "请先看清楚"),
            ({"key": "ask_1"}, "请先看清楚"),
            ({"yuan": "20000"}, "请先看清楚"),
        ],
    )
    def test_is_told_why_not_and_nothing_moves(self, loan: str, changes: dict[str, str], told: str) -> None:
        client = me()
        page = client.get(f"/m/loans/{loan}/draw/", {"yuan": "30,000"})
        answer = client.post(f"/m/loans/{loan}/draw/", confirmed(page, **changes))
        assert answer.status_code == 422
        assert told in text(answer)
        assert facts(loan) == [("disburse", 10_000_000)]
        assert owed(loan) == 10_000_000

    def test_is_asked_to_look_again_when_the_day_has_ended_meanwhile(self, loan: str) -> None:
        client = me()
        page = client.get(f"/m/loans/{loan}/draw/", {"yuan": "30,000"})
        with tenancy.scope(tenancy.PLATFORM):
            today = queries.business_date()
            assert today is not None
            close_through(today, now=clock.now())
        answer = client.post(f"/m/loans/{loan}/draw/", confirmed(page))
        assert answer.status_code == 422
        assert "日期变了" in text(answer)
        assert client.post(f"/m/loans/{loan}/draw/", confirmed(answer)).status_code == 302
        assert owed(loan) == 13_000_000

    def test_is_not_let_into_anothers_limit(self, loan: str) -> None:
        stranger = pages.owner(pages.OTHER.phone)
        assert stranger.get(f"/m/loans/{loan}/draw/").status_code == 404
        assert stranger.post(f"/m/loans/{loan}/draw/", {"yuan": "1"}).status_code == 404

    def test_works_out_a_repayment_interest_first_then_principal(self, loan: str) -> None:
        with tenancy.scope(tenancy.PLATFORM):
            today = queries.business_date()
            assert today is not None
            close_through(today + timedelta(days=9), now=clock.now())
            interest = round(10_000_000 * queries.loan(loan).terms.annual_rate * 10 / 360)
        page = me().get(f"/m/loans/{loan}/early/", {"yuan": "40000"})
        (way,) = page.context["ways"]
        assert (way["interest_minor"], way["principal_minor"]) == (interest, 4_000_000 - interest)
        assert way["owed_minor"] == 6_000_000 + interest
        assert way["saved_minor"] > 0
        assert "少付利息" in text(page)
        (little,) = me().get(f"/m/loans/{loan}/early/", {"yuan": "1"}).context["ways"]
        assert (little["interest_minor"], little["saved_minor"]) == (100, 0)

    def test_who_paid_all_back_owes_nothing_and_can_draw_again(self, loan: str) -> None:
        operator = staff()
        sent = {"on": page_day(), "reason": "柜面 001", "step": "confirm", "key": "all"}
        assert operator.post(f"/loans/{loan}/events/payoff/", sent).status_code == 302
        client = me()
        assert "您现在不欠钱" in text(client.get(f"/m/loans/{loan}/"))
        page = client.get(f"/m/loans/{loan}/draw/", {"yuan": "200000"})
        assert client.post(f"/m/loans/{loan}/draw/", confirmed(page)).status_code == 302
        assert owed(loan) == 20_000_000


def page_day() -> str:
    with tenancy.scope(tenancy.PLATFORM):
        today = queries.business_date()
    assert today is not None
    return today.isoformat()


class TestTheConsole:
    def filled(self, **changes: str) -> dict[str, str]:
        return {"on": page_day(), "amount": "50000", "reason": "店主来电 13:20", "step": "preview"} | changes

    def test_shows_what_a_draw_costs_and_records_it_once(self, loan: str) -> None:
        operator = staff()
        assert "再放一笔款" in text(operator.get(f"/loans/{loan}/"))
        page = operator.post(f"/loans/{loan}/events/disburse/", self.filled())
        assert (page.status_code, page.context["cost"].left_minor) == (200, 5_000_000)
        assert page.context["after"]["principal_minor"] == 15_000_000
        assert owed(loan) == 10_000_000
        for _press in range(2):
            answer = operator.post(
                f"/loans/{loan}/events/disburse/", self.filled(step="confirm", key=page.context["key"])
            )
            assert answer.status_code == 302
        assert owed(loan) == 15_000_000

    def test_undoes_a_draw_but_not_the_first_disbursement(self, loan: str) -> None:
        operator = staff()
        operator.post(f"/loans/{loan}/events/disburse/", self.filled(step="confirm", key="k1"))
        with tenancy.scope(tenancy.PLATFORM):
            drawn, first = what_if.facts(loan)
        undo = {"on": page_day(), "reason": "重复录入", "step": "confirm", "key": "k2"}
        assert operator.post(f"/loans/{loan}/events/reverse/", undo | {"fact": first.id}).status_code == 404
        assert operator.post(f"/loans/{loan}/events/reverse/", undo | {"fact": drawn.id}).status_code == 302
        assert owed(loan) == 10_000_000

    @pytest.mark.parametrize(
        ("changes", "status", "told"),
        [
            ({"amount": "100000.01"}, 409, "超过可用额度"),
            ({"amount": "abc"}, 422, "金额请写数字"),
            ({"amount": ""}, 422, ""),
            ({"amount": "0"}, 422, "金额须大于零"),
            ({"on": "2020-01-01"}, 422, "不能早于放款日"),
            ({"on": "2999-01-01"}, 422, "不能晚于营业日"),
            ({"reason": "x"}, 422, ""),
        ],
    )
    def test_refuses_in_words_and_nothing_moves(
        self, loan: str, changes: dict[str, str], status: int, told: str
    ) -> None:
        operator = staff()
        for step in ("preview", "confirm"):
            answer = operator.post(f"/loans/{loan}/events/disburse/", self.filled(step=step, key="k", **changes))
            assert answer.status_code == status
            assert told in text(answer)
        assert facts(loan) == [("disburse", 10_000_000)]

    def test_lists_the_loan_and_prints_its_papers(self, loan: str) -> None:
        operator = staff()
        assert loan in text(operator.get("/loans/"))
        with tenancy.scope(tenancy.PLATFORM):
            assert queries.loans(where=LoanFilter(state="active")).total == 1
        for kind in ("contract", "statement"):
            assert operator.get(f"/loans/{loan}/papers/{kind}.pdf").status_code == 200
