"""The pages of the loan book over the real room: exact figures, previews that move nothing, events recorded once, papers, and who sees what."""

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from pypdf import PdfReader

from puhui.journeys import close_day as closing
from puhui.journeys import day_attempts
from puhui.parties import operations as parties
from puhui.parties.operations import PersonDraft, ShopDraft
from puhui.servicing import book, operations, queries, what_if
from puhui.servicing.operations.book_loan import Booking
from puhui.servicing.operations.confirm_disclosure import Reading
from puhui.servicing.tests.bookings import FIRST_DAY, NOW, ONE_MINUTE, TERMS, request_for
from puhui.simulate.owners import invented_owner
from puhui.store import tenancy
from puhui.web.tests import visitors
from tests import databases

ME, OTHER = invented_owner("ME1", seed=1), invented_owner("OTHER2", seed=1)
FIRST_DUE = date(2026, 2, 15)


def lent(owner: Any = ME, *, name: str = "1", institution_id: str = "inst_a") -> str:
    """100,000 yuan at 12 % over 12 months from 15 January, to an owner with a shop."""
    operations.open_books(FIRST_DAY, now=NOW)
    draft = PersonDraft(owner.name, owner.id_number, owner.phone, invented=True)
    person = parties.register_person(draft, now=NOW)
    shop = parties.register_shop(person, ShopDraft(f"橙子小馆 {name}"), now=NOW)
    asked = replace(request_for(name=name, institution_id=institution_id), person_id=person, shop_id=shop)
    form = operations.disclose(asked, key=f"form-{name}", now=NOW)
    reading = Reading(shown_at=NOW - ONE_MINUTE, scrolled_to_end=True, device="test")
    operations.confirm_disclosure(form.disclosure_id, sha256=form.sha256, reading=reading, key=f"yes-{name}", now=NOW)
    loan_id = operations.book_loan(Booking(form.disclosure_id, TERMS), key=f"book-{name}", now=NOW)
    operations.disburse(loan_id, on=FIRST_DAY, key=f"out-{name}", now=NOW)
    return loan_id


@pytest.fixture(scope="module")
def months_book(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A month of one loan, lived once in a database of its own; its name, and the loan."""
    name = f"book_{os.getpid()}"
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):  # type: ignore[attr-defined]
        with databases.moved_to(name):
            loan_id = lent()
            operations.close_through(FIRST_DUE - timedelta(days=1), now=NOW)
        yield name, loan_id


@pytest.fixture
def loan(months_book: tuple[str, str], django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """The first instalment of this loan is due today; what the test does is rolled back."""
    name, loan_id = months_book
    with django_db_blocker.unblock(), databases.moved_to(name), transaction.atomic():  # type: ignore[attr-defined]
        yield loan_id
        transaction.set_rollback(True)


def staff(role: str, institution_id: str = "") -> Client:
    name = f"one.{role}{institution_id}"
    visitors.staff(name, role, institution_id)
    return visitors.enter(name)


def owner(phone: str) -> Client:
    client = Client()
    client.get("/m/login/")
    session = client.session
    with tenancy.scope(tenancy.PLATFORM):
        from puhui.parties import queries as known

        found = known.find_person(phone)
    session["owner_phone"], session["owner_person"] = phone, found.id if found else ""
    session.save()
    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def pdf(answer: Any) -> str:
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


def book_now() -> tuple[Any, ...]:
    """Everything that a refused or merely shown event must leave as it is."""
    with connection.cursor() as cursor:
        counted = []
        for table in ("event", "entry", "posting", "move", "request"):
            cursor.execute(f"SELECT count(*) FROM servicing_{table}")
            counted.append(cursor.fetchone())
        cursor.execute("SELECT state, outstanding_minor, credit_minor, received_minor FROM servicing_loan ORDER BY id")
        return (*counted, cursor.fetchall(), queries.trial_balance())


def filled(**changes: str) -> dict[str, str]:
    return {"on": FIRST_DUE.isoformat(), "reason": "柜面现金 001", "step": "preview"} | changes


class TestALoansPage:
    def test_says_what_is_due_what_comes_next_and_how_the_book_judges_it(self, loan: str) -> None:
        page = staff("analyst").get(f"/loans/{loan}/")
        now = page.context["now"]
        assert (now["due_minor"], now["next_minor"], now["next_on"]) == (888_488, 888_488, FIRST_DUE)
        assert (now["principal_minor"], now["days_late"], now["rest_minor"]) == (10_000_000, 0, 10_661_853)
        assert page.context["risk"]["stage"] == 1
        assert [row.state for row in page.context["rows"]][:2] == ["due", "planned"]
        assert "¥8,884.88" in text(page)
        assert "记一笔" not in text(page)

    def test_shows_each_days_accrual_and_the_journal_entry_by_entry(self, loan: str) -> None:
        client = staff("analyst")
        lines = client.get(f"/loans/{loan}/accruals/").context["lines"]
        assert len(lines) == 31
        assert sum(line["interest_minor"] for line in lines) == 100_000
        entries = client.get(f"/loans/{loan}/").context["entries"]
        assert [(each.kind, [line.amount_minor for line in each.lines]) for each in entries][-1] == (
            "disburse",
            [10_000_000],
        )

    @pytest.mark.parametrize(
        ("on", "total", "interest", "saved"),
        [
            ("2026-01-31", 10_051_613, 51_613, 610_240),
            ("2026-02-15", 10_100_000, 100_000, 561_853),
            ("2026-02-16", 10_103_290, 103_290, 558_563),
        ],
    )
    def test_quotes_a_payoff_for_any_day(self, loan: str, on: str, total: int, interest: int, saved: int) -> None:
        page = staff("analyst").get(f"/loans/{loan}/payoff/?on={on}")
        payoff = page.context["payoff"]
        assert (payoff.total_minor, payoff.interest_minor, payoff.saved_minor) == (total, interest, saved)

    @pytest.mark.parametrize("on", ["", "soon", "2026-01-14", "3026-01-01"])
    def test_quotes_nothing_for_a_day_that_is_none(self, loan: str, on: str) -> None:
        answer = staff("analyst").get(f"/loans/{loan}/payoff/?on={on}")
        assert answer.status_code == 200
        assert "请选放款日以后的一天" in text(answer)


class TestAnEvent:
    def test_is_shown_as_a_difference_and_moves_nothing_before_it_is_confirmed(self, loan: str) -> None:
        before, client = book_now(), staff("operator")
        page = client.post(f"/loans/{loan}/events/repay/", filled(amount="8900"))
        compared = {str(line["name"]): (line["before"], line["after"]) for line in page.context["compared"]}
        assert compared["剩余本金"] == (10_000_000, 9_211_512)
        assert compared["到期未还"] == (888_488, 0)
        assert compared["溢缴款"] == (0, 1_512)
        assert dict(page.context["by_head"]) == {"interest": 100_000, "principal": 788_488}
        assert book_now() == before

    def test_is_recorded_once_with_who_and_why(self, loan: str) -> None:
        client = staff("operator")
        page = client.post(f"/loans/{loan}/events/repay/", filled(amount="8,900.00"))
        confirmed = filled(amount="8,900.00", step="confirm", key=page.context["key"])
        for _twice in range(2):
            assert client.post(f"/loans/{loan}/events/repay/", confirmed).status_code == 302
        assert (queries.loan(loan).outstanding_minor, queries.loan(loan).credit_minor) == (9_211_512, 1_512)
        latest, first = what_if.facts(loan)
        assert (latest.kind, latest.amount_minor, latest.by, latest.reason) == (
            "repay", 890_000, "one.operator", "柜面现金 001",
        )  # fmt: skip
        assert first.kind == "disburse"
        assert queries.verify() == []
        assert "柜面现金 001" in text(client.get(f"/loans/{loan}/"))

    def test_of_a_former_day_is_folded_in_where_it_belongs(self, loan: str) -> None:
        operations.close_through(date(2026, 2, 20), now=NOW)
        assert queries.loan(loan).days_past_due == 5
        client = staff("operator")
        page = client.post(f"/loans/{loan}/events/repay/", filled(amount="8884.88"))
        assert (page.context["before"]["days_late"], page.context["after"]["days_late"]) == (6, 0)
        confirmed = filled(amount="8884.88", step="confirm", key=page.context["key"])
        client.post(f"/loans/{loan}/events/repay/", confirmed)
        assert queries.loan(loan).state == "active"
        assert "补记" in text(client.get(f"/loans/{loan}/"))
        assert queries.verify() == []

    def test_is_undone_by_a_reversal_and_stays_on_the_page_struck_through(self, loan: str) -> None:
        paid = operations.record_repayment(loan, 888_488, on=FIRST_DUE, key="p", now=NOW)
        assert paid.outstanding_minor == 9_211_512
        client, fact = staff("operator"), what_if.facts(loan)[0]
        page = client.post(f"/loans/{loan}/events/reverse/", filled(fact=fact.id))
        assert (page.context["before"]["principal_minor"], page.context["after"]["principal_minor"]) == (
            9_211_512,
            10_000_000,
        )
        confirmed = filled(fact=fact.id, step="confirm", key=page.context["key"])
        assert client.post(f"/loans/{loan}/events/reverse/", confirmed).status_code == 302
        assert queries.loan(loan).outstanding_minor == 10_000_000
        assert 'class="undone"' in text(client.get(f"/loans/{loan}/"))
        assert client.get(f"/loans/{loan}/events/reverse/?fact={fact.id}").status_code == 404
        assert queries.verify() == []

    @pytest.mark.parametrize(
        ("kind", "given", "status", "told"),
        [
            ("repay", {"amount": "0"}, 422, "金额须大于零"),
            ("repay", {"amount": "1.234"}, 422, "最多两位小数"),
            ("repay", {"amount": "100", "on": "2026-02-16"}, 422, "不能晚于营业日"),
            ("repay", {"amount": "100", "on": "2026-01-14"}, 422, "不能早于放款日"),
            ("repay", {"amount": "100", "reason": "?"}, 422, "原因"),
            ("rate_change", {"annual_rate": "many"}, 422, "百分数"),
            ("refund", {"amount": "100"}, 409, "ABOVE_CREDIT"),
            ("waive", {"amount": "100"}, 409, "ABOVE_OUTSTANDING"),
            ("recover", {"amount": "100"}, 409, "NOT_WRITTEN_OFF"),
        ],
    )
    def test_that_cannot_be_is_refused_in_words_and_moves_nothing(
        self, loan: str, kind: str, given: dict[str, str], status: int, told: str
    ) -> None:
        before, client = book_now(), staff("operator")
        for step in ("preview", "confirm"):
            answer = client.post(f"/loans/{loan}/events/{kind}/", filled(**given, step=step, key="k"))
            assert answer.status_code == status
            assert told in text(answer)
        assert book_now() == before

    def test_is_for_operators_and_administrators(self, loan: str) -> None:
        before = book_now()
        for client in (staff("analyst"), staff("institution", "inst_a")):
            answer = client.post(f"/loans/{loan}/events/repay/", filled(amount="100", step="confirm", key="k"))
            assert answer.status_code == 403
        assert book_now() == before

    def test_of_an_unknown_kind_or_fact_is_not_found(self, loan: str) -> None:
        client, disbursed = staff("operator"), what_if.facts(loan)[0]
        assert client.get(f"/loans/{loan}/events/gift/").status_code == 404
        assert client.get(f"/loans/{loan}/events/reverse/?fact={disbursed.id}").status_code == 404


class TestTheBooksPage:
    @pytest.fixture
    def two(self, loan: str) -> tuple[str, str]:
        """Ours, and another institution's loan that was booked a day later; both closed through 17 February."""
        other = lent_today(OTHER, name="2", institution_id="inst_b")
        operations.close_through(date(2026, 2, 17), now=NOW)
        return loan, other

    def test_adds_up_by_lateness_class_and_account(self, two: tuple[str, str]) -> None:
        page = staff("analyst").get("/book/")
        assert page.context["day"] == date(2026, 2, 17)
        assert (page.context["loans"], page.context["late"], page.context["late_minor"]) == (2, 1, 10_000_000)
        assert page.context["outstanding_minor"] == 20_000_000
        buckets = page.context["tables"]["buckets"]
        assert [row[1:] for row in buckets.rows[:2]] == [
            (0, 10_000_000, 10_000_000),
            (10_000_000, 0, 10_000_000),
        ] or [tuple(row[1:]) for row in buckets.rows[:2]] == [(0, 10_000_000, 10_000_000), (10_000_000, 0, 10_000_000)]
        assert tuple(buckets.foot[1:]) == (10_000_000, 10_000_000, 20_000_000)
        debit, credit = page.context["tables"]["trial-balance"].foot[1:]
        assert debit == credit > 20_000_000

    def test_of_a_former_date_is_that_dates_record(self, two: tuple[str, str]) -> None:
        page = staff("analyst").get("/book/?day=2026-01-31")
        assert (page.context["outstanding_minor"], page.context["late"]) == (10_000_000, 0)
        assert staff("operator").get("/book/?day=2026-02-18").status_code == 404
        assert staff("admin").get("/book/?day=tomorrow").status_code == 404

    def test_is_downloaded_table_by_table_as_csv(self, two: tuple[str, str]) -> None:
        client = staff("analyst")
        answer = client.get("/book/buckets.csv?day=2026-02-17")
        assert answer["Content-Disposition"] == 'attachment; filename="puhui-buckets-2026-02-17.csv"'
        rows = list(csv.reader(io.StringIO(text(answer).removeprefix("\ufeff"))))
        assert rows[1] == ["未逾期", "0.00", "100000.00", "100000.00"]
        assert rows[2] == ["逾期 1–30 天", "100000.00", "0.00", "100000.00"]
        assert rows[-1] == ["合计", "100000.00", "100000.00", "200000.00"]
        for name in ("classes", "stages", "provisions", "trial-balance", "settlement", "roll"):
            assert client.get(f"/book/{name}.csv").status_code == 200, name
        assert client.get("/book/secrets.csv").status_code == 404

    def test_shows_what_each_funder_is_owed(self, loan: str) -> None:
        operations.record_repayment(loan, 890_000, on=FIRST_DUE, key="p", now=NOW)
        operations.close_through(FIRST_DUE, now=NOW)
        (line,) = staff("analyst").get("/book/").context["tables"]["settlement"].rows
        assert tuple(line[2:]) == (1, 788_488, 100_000, 0, 0, 1_512, 890_000)

    def test_shows_an_institution_its_own_and_nothing_of_another(self, two: tuple[str, str]) -> None:
        ours, theirs = two
        client = staff("institution", "inst_a")
        page = client.get("/book/")
        assert (page.context["outstanding_minor"], page.context["loans"]) == (10_000_000, 1)
        assert client.get("/book/?institution=inst_b").status_code == 404
        assert client.get("/book/buckets.csv?institution=inst_b").status_code == 404
        assert client.get(f"/loans/{ours}/").status_code == 200
        for place in (
            "",
            "payoff/",
            "accruals/",
            "papers/contract.pdf",
            "papers/statement.pdf",
            "receipts/event_1.pdf",
        ):
            assert client.get(f"/loans/{theirs}/{place}").status_code == 404, place


def lent_today(person: Any, *, name: str, institution_id: str, **booked: Any) -> str:
    """A loan of today's business date."""
    today = queries.business_date()
    assert today is not None
    terms = replace(TERMS, disbursed_on=today)
    draft = PersonDraft(person.name, person.id_number, person.phone, invented=True)
    person_id = parties.register_person(draft, now=NOW)
    shop = parties.register_shop(person_id, ShopDraft("别家"), now=NOW)
    asked = replace(request_for(terms, name=name, institution_id=institution_id), person_id=person_id, shop_id=shop)
    form = operations.disclose(asked, key=f"form-{name}", now=NOW)
    reading = Reading(shown_at=NOW - ONE_MINUTE, scrolled_to_end=True, device="test")
    operations.confirm_disclosure(form.disclosure_id, sha256=form.sha256, reading=reading, key=f"yes-{name}", now=NOW)
    loan_id = operations.book_loan(Booking(form.disclosure_id, terms, **booked), key=f"book-{name}", now=NOW)
    operations.disburse(loan_id, on=today, key=f"out-{name}", now=NOW)
    return loan_id


class TestALoanOfTwoFunders:
    @pytest.fixture
    def shared(self, loan: str) -> str:
        """Seventy parts inst_a, thirty inst_b, lent on 15 February; closed that day, paid 1,000.00 the next."""
        shared_id = lent_today(OTHER, name="2", institution_id="inst_a", funders=(("inst_a", 70), ("inst_b", 30)))
        operations.close_through(FIRST_DUE, now=NOW)
        operations.record_repayment(shared_id, 100_000, on=date(2026, 2, 16), key="p", now=NOW)
        operations.close_through(date(2026, 2, 16), now=NOW)
        return shared_id

    def test_says_who_funds_which_part(self, shared: str) -> None:
        page = staff("analyst").get(f"/loans/{shared}/")
        assert page.context["shares"] == [
            {"name": "inst_a", "percent": "70.00%"},
            {"name": "inst_b", "percent": "30.00%"},
        ]

    def test_is_open_to_both_with_their_own_postings_and_to_no_third(self, shared: str) -> None:
        lines: dict[str, int] = {}
        for institution in ("inst_a", "inst_b"):
            page = staff("institution", institution).get(f"/loans/{shared}/")
            assert page.status_code == 200, institution
            assert page.context["now"]["principal_minor"] == 10_000_000
            paid_out = [each for each in page.context["entries"] if each.kind == "disburse"]
            lines[institution] = sum(line.amount_minor for each in paid_out for line in each.lines)
        assert lines == {"inst_a": 7_000_000, "inst_b": 3_000_000}
        assert staff("institution", "inst_c").get(f"/loans/{shared}/").status_code == 404

    def test_gives_each_its_part_of_the_book_and_of_the_money(self, shared: str) -> None:
        theirs = staff("institution", "inst_b").get("/book/")
        assert theirs.context["outstanding_minor"] == 3_000_000
        ours = staff("institution", "inst_a").get("/book/")
        assert ours.context["outstanding_minor"] == 17_000_000
        (line,) = ours.context["tables"]["settlement"].rows
        assert tuple(line[3:]) == (0, 0, 0, 0, 100_000, 100_000)


class TestTheEndOfDay:
    def test_is_queued_once_and_not_run_in_the_request(self, loan: str) -> None:
        client = staff("operator")
        first = client.post("/closing/run/", {"day": "2026-02-15"}, follow=True)
        assert "日终已排队" in text(first)
        assert "已经在执行" in text(client.post("/closing/run/", {"day": "2026-02-15"}, follow=True))
        with connection.cursor() as cursor:
            cursor.execute("SELECT args ->> 'day' FROM procrastinate_jobs WHERE task_name = 'puhui.journeys.close_day'")
            assert cursor.fetchall() == [("2026-02-15",)]
        assert queries.business_date() == FIRST_DUE
        assert "every 2s" in text(client.get("/closing/progress/?day=2026-02-15"))

    def test_of_another_date_is_not_run(self, loan: str) -> None:
        answer = staff("operator").post("/closing/run/", {"day": "2026-02-14"}, follow=True)
        assert "营业日已经变动" in text(answer)
        assert not day_attempts.asked_for(date(2026, 2, 14))

    def test_is_remembered_with_how_long_it_took(self, loan: str) -> None:
        closing.close_day(now=NOW, day=FIRST_DUE)
        (attempt,) = day_attempts.attempts()
        assert (attempt.business_date, attempt.fault) == (FIRST_DUE, "")
        row = staff("analyst").get("/closing/").context["rows"][0]
        assert row["turn"].business_date == FIRST_DUE
        assert row["turn"].figures["accrued_minor"] == 3290
        assert float(row["seconds"]) >= 0
        assert staff("operator").get("/closing/progress/?day=2026-02-15")["HX-Refresh"] == "true"

    def test_that_failed_says_why_to_whoever_looks(self, loan: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO journeys_day_attempt (business_date, started_at, milliseconds, fault) VALUES (%s, %s, 7, %s)",
                [FIRST_DUE, NOW, "LawBroken: trial balance"],
            )
        page = text(staff("analyst").get("/closing/"))
        assert "LawBroken: trial balance" in page
        assert "的执行失败" in page

    def test_shows_how_far_a_run_under_way_is(self, loan: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE servicing_business_day SET state = 'closing' WHERE state = 'open'")
            cursor.execute(
                "INSERT INTO servicing_business_day (business_date, state, opened_at) VALUES ('2026-02-16', 'open', now())"
            )
            for first, done in ((1, "now()"), (2, "NULL"), (3, "NULL"), (4, "NULL")):
                cursor.execute(
                    "INSERT INTO servicing_day_slice (business_date, first_number, last_number, done_at) "
                    f"VALUES ('2026-02-15', {first}, {first}, {done})"
                )
        (closing_turn,) = [turn for turn in book.turns() if turn.state == "closing"]
        assert closing_turn.percent == 25
        assert "1 / 4 个分片完成" in text(staff("analyst").get("/closing/"))


class TestPapers:
    def test_name_the_owner_in_full_for_operators_and_log_the_look(self, loan: str) -> None:
        page = pdf(staff("operator").get(f"/loans/{loan}/papers/contract.pdf"))
        assert ME.name in page
        assert ME.id_number in page
        assert "2026-02-15 7,884.88 1,000.00 0.00 8,884.88 92,115.12" in page
        with connection.cursor() as cursor:
            cursor.execute("SELECT field, seen_by FROM parties_reveal ORDER BY field")
            assert cursor.fetchall() == [("id_number", "one.operator"), ("name", "one.operator")]

    def test_are_masked_for_everybody_else(self, loan: str) -> None:
        page = pdf(staff("analyst").get(f"/loans/{loan}/papers/statement.pdf"))
        assert ME.name not in page
        assert ME.id_number not in page
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM parties_reveal")
            assert cursor.fetchone() == (0,)

    def test_are_the_owners_own_and_nobody_elses(self, loan: str) -> None:
        operations.record_repayment(loan, 890_000, on=FIRST_DUE, key="p", now=NOW)
        fact, mine, stranger = what_if.facts(loan)[0], owner(ME.phone), owner(OTHER.phone)
        places = [f"papers/{kind}.pdf" for kind in ("contract", "statement", "payoff_letter")]
        for place in (*places, f"receipts/{fact.id}.pdf", "early/", ""):
            assert stranger.get(f"/m/loans/{loan}/{place}").status_code == 404, place
        receipt = pdf(mine.get(f"/m/loans/{loan}/receipts/{fact.id}.pdf"))
        assert "人民币捌仟玖佰元整" in receipt
        assert "¥7,884.88" in receipt
        assert "¥92,115.12" in receipt
        assert "8,900.00 7,884.88 1,000.00 15.12 92,115.12" in pdf(mine.get(f"/m/loans/{loan}/papers/statement.pdf"))

    def test_certify_nothing_while_anything_is_owed(self, loan: str) -> None:
        answer = owner(ME.phone).get(f"/m/loans/{loan}/papers/payoff_letter.pdf")
        assert answer.status_code == 409
        assert "还没有结清" in text(answer)

    def test_that_do_not_exist_are_not_found(self, loan: str) -> None:
        client = staff("operator")
        assert client.get(f"/loans/{loan}/papers/receipt.pdf").status_code == 404
        assert client.get(f"/loans/{loan}/papers/poem.pdf").status_code == 404
        assert client.get(f"/loans/{loan}/receipts/{what_if.facts(loan)[0].id}.pdf").status_code == 404


class TestTheOwnersPages:
    def test_say_what_to_pay_when_and_what_it_is_made_of(self, loan: str) -> None:
        page = text(owner(ME.phone).get(f"/m/loans/{loan}/"))
        assert "今天就要还" in page
        assert "¥8,884.88" in page
        assert "其中还本金 ¥7,884.88，付利息 ¥1,000.00" in page

    def test_quote_a_payoff_good_for_the_chosen_day(self, loan: str) -> None:
        page = owner(ME.phone).get(f"/m/loans/{loan}/early/?on=2026-02-16")
        assert page.context["payoff"].total_minor == 10_103_290
        assert "只在 2026年2月16日（周一） 当天有效" in text(page)

    @pytest.mark.parametrize("on", ["2026-02-14", "2030-01-01", "someday"])
    def test_quote_nothing_for_a_day_that_cannot_be(self, loan: str, on: str) -> None:
        answer = owner(ME.phone).get(f"/m/loans/{loan}/early/?on={on}")
        assert answer.status_code == 422
        assert "请选" in text(answer)

    def test_show_both_ways_of_paying_a_part_early_and_move_nothing(self, loan: str) -> None:
        operations.record_repayment(loan, 888_488, on=FIRST_DUE, key="p", now=NOW)
        before = book_now()
        page = owner(ME.phone).get(f"/m/loans/{loan}/early/?yuan=30000")
        smaller, sooner = page.context["ways"]
        assert (page.context["before"].level_minor, smaller["after"].level_minor) == (888_488, 599_126)
        assert (smaller["after"].last_on, smaller["saved_minor"]) == (date(2027, 1, 15), 182_984)
        assert sooner["after"].last_on < date(2027, 1, 15)
        assert book_now() == before

    @pytest.mark.parametrize("yuan", ["", "0", "many", "-5", "101000.00", "1.234"])
    def test_ask_again_for_an_amount_that_is_none(self, loan: str, yuan: str) -> None:
        assert owner(ME.phone).get(f"/m/loans/{loan}/early/", {"yuan": yuan}).status_code == 422
