"""The console's book under more constraints and its fairness report, over a made-up town."""

import os
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from puhui.simulate.town import build_town
from puhui.store import tenancy
from puhui.underwriting import models, operations, queries
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


class TestAcceptance:
    def offered(self, *, letter: str, percent: int, taken: int, left: int) -> None:
        """So many offers at this rate with an outcome, one a shop; made up."""
        rows, start = [], models.Offer.objects.count()
        for n in range(start, start + taken + left):
            state = "accepted" if n < start + taken else "declined"
            of = models.Application.objects.create(
                id=f"app_{n:032x}", key=f"k{n}", input_hash="h", entrance="file", person_id="p", shop_id=f"s{n}",
                requested_minor=1, months=12, state=state, submitted_at=clock.now(), answer={"rating": letter},
            )  # fmt: skip
            rows.append(models.Offer(
                id=f"offer_{n:032x}", application=of, decision_id="d", limit_minor=1, annual_rate=Decimal(percent) / 100,
                months=12, state=state, made_at=clock.now(), valid_until=clock.now(), disclosure_hash="x",
            ))  # fmt: skip
        models.Offer.objects.bulk_create(rows)

    def test_of_too_few_offers_counts_them_and_keeps_no_curve(self, analyst: Client) -> None:
        self.offered(letter="A", percent=5, taken=3, left=1)
        answer = analyst.post("/acceptance/learn/", follow=True)
        told, shown = answer.content.decode(), answer.context["shown"]
        assert "已有结果的报价4份（接受3、离开1）" in told
        assert "授信政策写明用给定曲线" in told
        assert "用现在的报价重新估计" not in told
        assert [(b.rating, b.from_rate, b.offers, b.left, b.share) for b in shown.bands] == [("A", 0.05, 4, 1, 0.25)]
        assert (shown.used, shown.learned, models.AcceptanceCurve.objects.count()) == ("given", [], 0)

    def test_shows_the_learned_curve_beside_the_given_one_and_whom_it_does_not_know(self, analyst: Client) -> None:
        self.offered(letter="A", percent=5, taken=150, left=50)
        self.offered(letter="A", percent=9, taken=50, left=150)
        answer = analyst.post("/acceptance/learn/", follow=True)
        told, (chart, *_others) = answer.content.decode(), answer.context["charts"]
        assert "曲线已估计并留存" in told
        lines = {series.name: dict(zip(chart.labels, series.values, strict=True)) for series in chart.series}
        assert (lines["实际离开"]["5.5"], lines["实际离开"]["9.5"], lines["实际离开"]["6.5"]) == (25, 75, None)
        # Two rates, one slope: the logistic runs through both, so half way (7 %) one half leaves; at 5.5 % σ(−ln 3 · ¾).
        assert lines["自己的曲线"]["5.5"] == pytest.approx(30.5, abs=0.2)
        assert lines["区间下限"]["5.5"] < lines["自己的曲线"]["5.5"] < lines["区间上限"]["5.5"]
        assert (lines["自己的曲线"]["4.5"], lines["给定曲线"]["4.5"] is None) == (None, False)
        assert "没有评级 B、C 的报价" in told
        assert (answer.context["shown"].used, answer.context["newest"].offers) == ("given", 400)

    def test_is_learned_by_analysts_only(self, analyst: Client) -> None:
        self.offered(letter="A", percent=5, taken=150, left=150)
        visitors.staff("yunying", access.OPERATOR)
        staff = visitors.enter("yunying")
        assert "用现在的报价重新估计" not in staff.get("/acceptance/").content.decode()
        assert (staff.post("/acceptance/learn/").status_code, models.AcceptanceCurve.objects.count()) == (403, 0)
