"""What keepers of records were asked: shown to whom, with which consent, kept or failed, how old; and to no institution."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client

from puhui.funding import operations as funding
from puhui.funding import queries as funding_queries
from puhui.parties import operations as parties
from puhui.parties.operations import ConsentDraft
from puhui.simulate.owners import invented_owner
from puhui.store import tenancy
from puhui.underwriting import keeper_queries, models
from puhui.underwriting.keeper_queries import Wanted
from puhui.underwriting.outside import asking
from puhui.web import access, clock
from puhui.web.tests import visitors


def asked(number: int, keeper: str, person_id: str, consent_id: str, at: datetime, **answer: object) -> str:
    """A question on record, and what came of it where anything did."""
    subject = person_id if keeper == "bureau" else "92420500MA4A000007"
    question = models.KeeperQuestion.objects.create(
        id=f"ask_{number}", keeper=keeper, subject=subject, person_id=person_id, consent_id=consent_id,
        purpose="loan_approval", asked_at=at,
    )  # fmt: skip
    if answer:
        told = {"said": "", "attempts": 1, "took_ms": 240, "answered_at": at + timedelta(milliseconds=240)} | answer
        models.KeeperAnswer.objects.create(question=question, **told)
    return question.id


@pytest.fixture
def person_id(fresh_database: object) -> str:
    """Four questions about one invented person: answered, answered long ago, in vain, and one whose asker died."""
    now = clock.now()
    today = now.astimezone(asking.ZONE).date()
    with transaction.atomic():
        person_id = parties.register_person(invented_owner("K1", seed=1), now=now)
        draft = ConsentDraft("credit_report", ("identity", "credit_report"), "bureau-1", "phone")
        consent_id = parties.give_consent(person_id, draft, now=now)
        seen = {
            "outcome": "answered",
            "source": "bureau",
            "values": {"balance_minor": 5, "overdue_now_minor": 0},
            "content_hash": "ab" * 32,
        }
        asked(
            1,
            "bureau",
            person_id,
            consent_id,
            now - timedelta(days=40),
            observed_on=today - timedelta(days=42),
            **seen,
        )
        asked(
            2,
            "bureau",
            person_id,
            consent_id,
            now - timedelta(hours=2),
            observed_on=today - timedelta(days=3),
            **seen,
        )
        asked(
            3,
            "registry",
            person_id,
            consent_id,
            now - timedelta(hours=1),
            outcome="down",
            said="ConnectError",
            attempts=2,
        )
        asked(4, "registry", person_id, consent_id, now - timedelta(minutes=5))
        funding.load_sample_programmes(now=now)
    visitors.staff("yun", access.OPERATOR)
    visitors.staff("sun", access.INSTITUTION, funding_queries.institutions()[0].id)
    return person_id


class TestQuestionsToKeepers:
    def test_are_listed_with_consent_answer_age_and_failure(self, person_id: str) -> None:
        page = visitors.enter("yun").get("/keepers/")
        rows = [(row.question_id, row.outcome, row.kept, row.stands, row.took_ms) for row in page.context["rows"]]
        assert rows == [
            ("ask_4", "left", 0, False, None), ("ask_3", "down", 0, False, 240), ("ask_2", "answered", 2, True, 240),
            ("ask_1", "answered", 2, False, 240),
        ]  # fmt: skip
        told = page.content.decode()
        for text in (
            "查询本人征信",
            "bureau-1",
            "ConnectError",
            "2 项，已 3 天",
            "仍有效，不再重问",
            "已过期，下次重问",
            "问了 2 遍",
            "无结果，提问方已中断",
        ):
            assert text in told, text
        day = {row.keeper: (row.asked, row.answered, row.in_vain, row.mean_ms) for row in page.context["keepers"]}
        assert day == {"bureau": (1, 1, 0, 240), "registry": (2, 0, 1, 240)}
        assert "balance_minor" not in told

    def test_are_found_by_keeper_outcome_and_person(self, person_id: str) -> None:
        client = visitors.enter("yun")

        def found(**typed: str) -> list[str]:
            return [row.question_id for row in client.get("/keepers/", typed).context["rows"]]

        assert found(keeper="bureau") == ["ask_2", "ask_1"]
        assert found(outcome="left") == ["ask_4"]
        assert found(outcome="waiting") == []
        assert found(outcome="down", keeper="registry", person=person_id) == ["ask_3"]
        assert found(person="person_of_nobody") == []
        assert found(keeper="neighbour", page="-1") == ["ask_4", "ask_3", "ask_2", "ask_1"]

    def test_say_when_the_consent_was_taken_back(self, person_id: str) -> None:
        client = visitors.enter("yun")
        assert "已撤回" not in client.get("/keepers/").content.decode()
        with tenancy.scope(tenancy.PLATFORM):
            parties.withdraw_consent(models.KeeperQuestion.objects.get(id="ask_2").consent_id, now=clock.now())
        assert "已撤回" in client.get("/keepers/").content.decode()

    def test_are_seen_by_no_institution(self, person_id: str) -> None:
        client: Client = visitors.enter("sun")
        assert client.get("/keepers/").status_code == 403
        for institution in funding_queries.institutions():
            with tenancy.scope(institution.id):
                assert keeper_queries.questions(Wanted(), page=1, now=clock.now()) == ([], 0)
        with tenancy.scope(tenancy.PLATFORM):
            assert keeper_queries.questions(Wanted(), page=1, now=clock.now())[1] == 4
