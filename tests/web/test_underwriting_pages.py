"""The console's book under more constraints and its fairness report, over a made-up town."""

import os
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from puhui.simulate.town import build_town
from puhui.store import tenancy
from puhui.underwriting import operations, queries
from puhui.underwriting.core import questionnaire
from puhui.underwriting.operations import EvidenceDraft
from puhui.underwriting.views import AppraisalOutcome, FairnessView
from puhui.web import access, clock
from puhui.web.tests import visitors
from tests import databases


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[tuple[str, AppraisalOutcome]]:
    place, name = tmp_path_factory.mktemp("made-up") / "town", f"portfolio_{os.getpid()}"
    build_town(place, firms=160, seed=3)
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):  # type: ignore[attr-defined]
        with databases.moved_to(name):
            load = operations.load_folder(place, now=clock.now())
            outcome = operations.appraise(
                load.load_id, terms=operations.AppraisalTerms(budget_minor=10**9), now=clock.now()
            )
        yield name, outcome


@pytest.fixture
def outcome(town: tuple[str, AppraisalOutcome], django_db_blocker: pytest.FixtureRequest) -> Iterator[AppraisalOutcome]:
    name, found = town
    with django_db_blocker.unblock(), databases.moved_to(name), transaction.atomic():  # type: ignore[attr-defined]
        yield found
        transaction.set_rollback(True)


@pytest.fixture
def analyst(outcome: AppraisalOutcome) -> Client:
    visitors.staff("fenxi", access.ANALYST)
    return visitors.enter("fenxi")


def kept() -> list[FairnessView]:
    with tenancy.scope(tenancy.PLATFORM):
        return queries.fairness_reports()


class TestTheBestBook:
    def test_shows_the_answer_its_proof_and_three_other_ways(self, analyst: Client) -> None:
        page = analyst.get("/portfolio/", {"loss_bps": "40", "rating_share": "60"})
        assert page.status_code == 200
        plan = page.context["plan"]
        assert plan.profit_minor >= max(row["profit_minor"] for row in plan.others.values())
        assert plan.gap < 0.05
        for text in ("离最优最多还差", "平均分配", "按评级排队", "按评分贪心", "多担风险，多赚多少"):
            assert text in page.content.decode()

    @pytest.mark.parametrize(
        ("typed", "told"),
        [({"budget_yuan": "很多"}, "预算应为数字"), ({"loss_bps": "-3"}, "请写 0–10000 的整数"),
         ({"fewest": "100000"}, "没有找到足够的户数")],
    )  # fmt: skip
    def test_says_what_is_wrong_and_solves_nothing(self, analyst: Client, typed: dict[str, str], told: str) -> None:
        page = analyst.get("/portfolio/", typed)
        assert (page.status_code, told in page.content.decode(), "plan" in page.context) == (422, True, False)


class TestEvidence:
    @pytest.fixture
    def application_id(self, outcome: AppraisalOutcome) -> str:
        now = clock.now()
        draft = operations.ApplicationDraft("phone", "person_1", "shop_1", 1_500_000, 12, segment="shop")
        made = operations.submit_application(draft, key="k", now=now)
        photo = operations.keep_document(b"\x89PNG\r\n\x1a\n the bill", now=now)
        answers = {"trade": "tobacco_shop", "wallet_month_yuan": "65000", "tobacco_month_yuan": "31000", "rent_month_yuan": "4500",
                   "instalments_month_yuan": "0", "overdue_now_yuan": "0", "worst_late_days": "0", "inquiries_3m": "1",
                   "credit_since_year": "2015"}  # fmt: skip
        told = questionnaire.evidence(answers, on=now.date(), photos={"wallet_month_yuan": photo})
        proofs = [
            EvidenceDraft("person_1", "shop_1", seen, made, photo if seen.source == "photo" else "")
            for _name, seen in told
        ]
        operations.record_evidence(proofs, key="e", now=now)
        operations.decide_application(made, now=now)
        return made

    def test_shows_items_estimates_the_binding_bound_and_the_parts_of_the_price(self, application_id: str) -> None:
        visitors.staff("yunying", access.OPERATOR)
        page = visitors.enter("yunying").get(f"/evidence/{application_id}/").content.decode()
        for text in (
            "收款码流水",
            "烟草订单",
            "月营业额估计",
            "由此决定",
            "预期损失",
            "合法上限",
            "我已当面核对",
            "看照片",
        ):
            assert text in page, text

    def test_is_graded_better_by_who_has_seen_it_and_says_who(self, application_id: str) -> None:
        visitors.staff("yunying", access.OPERATOR)
        staff = visitors.enter("yunying")
        with tenancy.scope(tenancy.PLATFORM):
            told = next(line for line in queries.evidence_shown(application_id).lines if line.kind == "rent")
        staff.post(f"/evidence/{application_id}/{told.item_id}/verify/")
        with tenancy.scope(tenancy.PLATFORM):
            newest = queries.evidence_shown(application_id).lines[0]
        assert (newest.kind, newest.grade, newest.verified_by) == ("rent", "B", "yunying")

    def test_photos_open_for_operators_only_as_files(self, application_id: str, analyst: Client) -> None:
        with tenancy.scope(tenancy.PLATFORM):
            photo = next(
                line.document_hash for line in queries.evidence_shown(application_id).lines if line.document_hash
            )
        assert analyst.get(f"/evidence/photos/{photo}/").status_code == 403
        visitors.staff("yunying", access.OPERATOR)
        answer = visitors.enter("yunying").get(f"/evidence/photos/{photo}/")
        assert (answer["Content-Type"], answer.content) == ("image/png", b"\x89PNG\r\n\x1a\n the bill")
        assert answer["Content-Disposition"].startswith("attachment")

    def test_of_an_unknown_application_is_not_found(self, analyst: Client) -> None:
        assert analyst.get("/evidence/app_nobody/").status_code == 404


class TestFairness:
    def declared(self, outcome: AppraisalOutcome) -> SimpleUploadedFile:
        rows = [
            "subject,group",
            *(f"{row.firm},{'甲' if i % 2 else '乙'}" for i, row in enumerate(outcome.rows)),
            "NOBODY,甲",
        ]
        return SimpleUploadedFile("groups.csv", "\n".join(rows).encode(), content_type="text/csv")

    def test_compares_declared_groups_and_keeps_the_report(self, analyst: Client, outcome: AppraisalOutcome) -> None:
        sent = {"file": self.declared(outcome), "over": "appraisal"}
        page = analyst.post("/fairness/run/", sent, follow=True)
        told = page.content.decode()
        assert "报告已生成并留存" in told
        content = kept()[0].content
        assert (content["subjects"], content["declared"], content["not_found"]) == (160, 161, 1)
        for group in content["groups"]:
            share = group["approved_share"]
            assert 0 <= share["low"] <= share["value"] <= share["high"] <= 1
        first = next(g for g in content["groups"] if g["group"] == "甲")
        mine = [row for i, row in enumerate(outcome.rows) if i % 2]
        assert first["approved_share"]["value"] == round(sum(row.approved for row in mine) / len(mine), 6)
        assert "甲" in told

    @pytest.mark.parametrize(
        ("content", "told"),
        [("a,b\n1,2\n", "须有 subject、group 两列"), ("subject,group\nE1,\n", "不能为空"), ("subject,group\nE1,x\nE1,y\n", "说法不一"),
         ("subject,group\nNOBODY,x\n", "一个也没有找到"), ("subject,group\nE1,x\n", "没有一组达到30个")],
    )  # fmt: skip
    def test_refuses_a_bad_file_by_name_and_keeps_nothing(
        self, analyst: Client, outcome: AppraisalOutcome, content: str, told: str
    ) -> None:
        file = SimpleUploadedFile("groups.csv", content.replace("E1", outcome.rows[0].firm).encode())
        page = analyst.post("/fairness/run/", {"file": file, "over": "appraisal"}, follow=True)
        assert told in page.content.decode()
        assert kept() == []

    def test_is_made_by_analysts_only(self, outcome: AppraisalOutcome) -> None:
        visitors.staff("yunying", access.OPERATOR)
        answer = visitors.enter("yunying").post("/fairness/run/", {"file": self.declared(outcome)})
        assert (answer.status_code, kept()) == (403, [])
