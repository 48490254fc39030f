"""The policy pages: the editor refuses with a place, a backtest while editing stores nothing, a second person reviews, who may what."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from puhui.policy import models, operations, snapshot, versions
from puhui.policy.tests import credit_policy
from puhui.policy.tests.credit_policy import KIND
from puhui.underwriting import shipped_policy
from puhui.web import clock
from puhui.web.console import policy_forms
from puhui.web.tests import visitors

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(snapshot, "folder_of", lambda kind: tmp_path / kind)


def staff(name: str, role: str) -> Client:
    visitors.staff(name, role)
    return visitors.enter(name)


def form_of(version_id: str, **changed: str) -> dict[str, str]:
    """The editor's form as the browser would send it, with some fields typed over."""
    texts = versions.texts_of(version_id)
    rows = policy_forms.read_rules(texts["rules.csv"])
    posted = {f"rule-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}
    posted |= {f"text:{name}": text for name, text in texts.items() if name != "rules.csv"}
    edition = models.Version.objects.get(id=version_id).edition
    return posted | {"rules": str(len(rows) + 3), "edition": str(edition), "note": ""} | changed


def drafted_by(name: str) -> str:
    operations.open_rulebook(KIND, name_zh="申请", name_en="application", now=clock.now())
    return operations.draft_version(KIND, credit_policy.TEXTS, author=name, now=clock.now())


def page(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


class TestTheFirstDraft:
    def test_starts_from_the_policy_that_comes_along_and_only_where_there_is_none(self) -> None:
        client = staff("fenxi", "analyst")
        assert "从随附的授信策略起草" in page(client.get("/policies/"))
        edited = client.post("/policies/first/", follow=True)
        (version,) = versions.versions(shipped_policy.KIND)
        assert (version.state, version.author) == ("draft", "fenxi")
        assert versions.texts_of(version.version_id) == shipped_policy.texts()
        assert "AGE_BELOW" in page(edited)
        assert "已经有版本了" in page(client.post("/policies/first/", follow=True))
        assert len(versions.versions(shipped_policy.KIND)) == 1

    def test_is_not_begun_by_an_operator(self) -> None:
        client = staff("yunying", "operator")
        assert "从随附的授信策略起草" not in page(client.get("/policies/"))
        assert (client.post("/policies/first/").status_code, models.Version.objects.count()) == (403, 0)


class TestTheEditor:
    def test_checks_a_condition_while_it_is_typed(self) -> None:
        client, version_id = staff("ann", "analyst"), drafted_by("ann")
        bad = form_of(version_id, **{"rule-0-condition": "age_year < 18"})
        told = page(client.post(f"/policies/{version_id}/check/?row=0", bad))
        assert "没有字段 age_year" in told
        assert "<mark>age_year</mark> &lt; 18" in told
        assert "<code>age_years</code>" in told
        good = page(client.post(f"/policies/{version_id}/check/?row=0", form_of(version_id)))
        assert "条件可用" in good

    def test_saves_and_refuses_without_losing_what_was_typed(self) -> None:
        client, version_id = staff("ann", "analyst"), drafted_by("ann")
        typed = {"rule-2-code": "NEW", "rule-2-condition": "stress > 0.9", "rule-2-outcome": "review", "rule-2-severity": "warn",
                 "rule-2-text_zh": "新", "rule-2-text_en": "new"}  # fmt: skip
        assert client.post(f"/policies/{version_id}/edit/", form_of(version_id, **typed)).status_code == 302
        assert "NEW,stress > 0.9" in versions.texts_of(version_id)["rules.csv"]
        before = versions.texts_of(version_id)
        refused = client.post(
            f"/policies/{version_id}/edit/", form_of(version_id, **{"rule-0-condition": "age_years < "})
        )
        assert refused.status_code == 422
        assert "age_years &lt; </textarea>" in page(refused) or "age_years &lt;</textarea>" in page(refused)
        stale = client.post(f"/policies/{version_id}/edit/", form_of(version_id, edition="1"))
        assert (stale.status_code, versions.texts_of(version_id)) == (422, before)

    def test_backtests_what_is_typed_and_stores_nothing(self) -> None:
        credit_policy.published()
        credit_policy.decide_days(60, 1)
        client, version_id = staff("ann", "analyst"), drafted_by("ann")
        before = (models.Decision.objects.count(), versions.texts_of(version_id))
        same = page(client.post(f"/policies/{version_id}/backtest/", form_of(version_id)))
        assert "data-same" in same
        changed = form_of(version_id, segment="city", **{"rule-1-condition": "debt_ratio > 0.9"})
        told = page(client.post(f"/policies/{version_id}/backtest/", changed))
        assert "data-same" not in told
        assert "60 笔申请" in told
        assert "IN_DEBT" in told
        assert (models.Decision.objects.count(), versions.texts_of(version_id)) == before

    def test_is_the_authors_only(self) -> None:
        version_id = drafted_by("ann")
        other = staff("ben", "analyst")
        assert other.get(f"/policies/{version_id}/edit/").status_code == 302
        assert staff("olga", "operator").get(f"/policies/{version_id}/edit/").status_code == 403


class TestAVersionsPage:
    def test_leads_from_draft_to_published_by_two_people(self) -> None:
        author, second, admin = staff("ann", "analyst"), staff("ben", "analyst"), staff("gao", "admin")
        version_id = drafted_by("ann")
        address = f"/policies/{version_id}/"
        author.post(f"{address}act/", {"move": "submit"})
        assert "等待作者以外的第二人审核" in page(author.get(address))
        author.post(f"{address}act/", {"move": "approve"})
        assert versions.version(version_id).state == "in_review"
        second.post(f"{address}act/", {"move": "approve"})
        second.post(f"{address}act/", {"move": "publish"})
        assert (versions.version(version_id).state, versions.version(version_id).reviewer) == ("approved", "ben")
        admin.post(f"{address}act/", {"move": "publish", "at": ""})
        assert versions.live(KIND, clock.now()).version_id == version_id
        assert "在用" in page(admin.get("/policies/"))

    def test_shows_what_changed(self) -> None:
        first = credit_policy.published()
        author = staff("ann", "analyst")
        fresh = author.post(f"/policies/{first}/draft/")["Location"].split("/")[2]
        author.post(f"/policies/{fresh}/edit/", form_of(fresh, **{"rule-1-condition": "debt_ratio > 0.6"}))
        told = page(author.get(f"/policies/{fresh}/"))
        assert "+ IN_DEBT,debt_ratio &gt; 0.6" in told
        assert "- IN_DEBT,debt_ratio &gt; 0.5" in told

    @pytest.mark.parametrize("where", ["/policies/", "/experiments/application/"])
    def test_is_closed_to_institutions(self, where: str) -> None:
        credit_policy.published()
        visitors.staff("sun", "institution", "inst_1")
        assert visitors.enter("sun").get(where).status_code == 403
        assert staff("olga", "operator").get(where).status_code == 200
        assert Client().get(where).status_code == 302


class TestExperiments:
    def test_are_started_watched_and_stopped_by_an_administrator(self) -> None:
        credit_policy.published()
        version_id = credit_policy.approved(credit_policy.RULES + "MORE,stress > 0.5,refuse,warn,更,more\n")
        admin, analyst = staff("gao", "admin"), staff("ann2", "analyst")
        asked = {"version": version_id, "mode": "shadow", "share": "100", "guardrails": "", "ends_at": ""}
        assert analyst.post(f"/experiments/{KIND}/start/", asked).status_code == 403
        admin.post(f"/experiments/{KIND}/start/", asked | {"share": "x"})
        assert models.Experiment.objects.count() == 0
        admin.post(f"/experiments/{KIND}/start/", asked)
        operations.decide(KIND, credit_policy.applications(40), on=credit_policy.ON, now=clock.now())
        assert operations.run_shadows(now=clock.now()) == 40
        told = page(admin.get(f"/experiments/{KIND}/"))
        assert "影子与实际" in told
        experiment = models.Experiment.objects.get()
        admin.post(f"/experiment/{experiment.id}/stop/", {"reason": "够了 · enough", "kind": KIND})
        assert models.ExperimentStop.objects.get().reason == "够了 · enough"
