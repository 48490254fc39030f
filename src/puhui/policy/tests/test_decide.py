"""Decisions by the live version, its challenger and its shadows: recorded, chained, replayed to the same answer."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from puhui.kernel.refusal import Refused
from puhui.policy import models, operations, queries, replay, scorers, versions
from puhui.policy.core.guardrail import read_guardrail
from puhui.policy.operations import ExperimentDraft
from puhui.policy.tests import credit_policy
from puhui.policy.tests.credit_policy import HEAD, KIND, NOW, ON, RULES

STRICT = HEAD + "EVERYBODY,asked_minor > 0,refuse,grave,一律不批,nobody\n"
MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _offered() -> None:
    scorers.register("tests.flat", credit_policy.flat_scorer)


class TestADecision:
    def test_is_recorded_with_version_inputs_hits_scores_and_reasons(self) -> None:
        credit_policy.published(terms='[scorer]\nname = "tests.flat"\nversion = "1"\n' + credit_policy.TERMS)
        seen = {"age_years": 17, "asked_minor": 100, "debt_ratio": "0.9000", "stress": 0.5, "months": 6}
        answer = operations.decide(KIND, [operations.Application("shop_1", seen)], on=ON, now=NOW)[0]
        kept = queries.decision(answer.decision_id)
        assert kept.inputs == seen
        assert kept.output == {
            "outcome": "refuse", "limit_minor": 0, "rate_bps": 1200, "scores": {"pd": 0.05}, "outputs": {},
            "hits": ["MINOR", "IN_DEBT"], "unknown": [], "asked_by_missing": [],
        }  # fmt: skip
        assert [(reason["code"], reason["evidence"]) for reason in kept.reasons] == [
            ("MINOR", {"age_years": 17}), ("IN_DEBT", {"debt_ratio": "0.9000"}),
        ]  # fmt: skip
        assert (kept.batch.kind, kept.batch.policy_version, kept.batch.arm) == ("policy.application", "1", "champion")
        assert kept.batch.elapsed_microseconds

    def test_for_want_of_a_value_is_a_review_that_says_so(self) -> None:
        credit_policy.published()
        seen = {"age_years": 40, "asked_minor": 100, "months": 6}
        answer = operations.decide(KIND, [operations.Application("shop_1", seen)], on=ON, now=NOW)[0]
        assert (answer.outcome, answer.output["unknown"], answer.limit_minor) == ("review", ["IN_DEBT"], 0)
        assert [(reason["rule"], reason["missing"]) for reason in answer.reasons] == [("IN_DEBT", True)]

    def test_of_a_thousand_replays_to_the_same_output(self) -> None:
        credit_policy.published(terms='[scorer]\nname = "tests.flat"\nversion = "2"\n' + credit_policy.TERMS)
        answers = credit_policy.decide_days(250, 4)
        assert len(answers) == 1_000
        for batch in models.DecisionBatch.objects.all():
            rows = queries.batch_rows(batch.id)
            assert replay.replayer_of(batch.kind)([row.inputs for row in rows], batch.parameters) == [
                row.output for row in rows
            ]
        assert all(replay.replay(answer.decision_id).same for answer in answers[::250])
        assert queries.verify_chain() == queries.ChainReport(1_000, None)

    def test_alone_is_as_in_a_batch(self) -> None:
        credit_policy.published()
        batch = credit_policy.applications(40)
        together = operations.decide(KIND, batch, on=ON, now=NOW)
        alone = [operations.decide(KIND, [each], on=ON, now=NOW)[0] for each in batch]
        assert [each.output for each in alone] == [each.output for each in together]

    def test_may_be_told_a_column_of_an_earlier_version(self) -> None:
        credit_policy.published()
        shorter = {
            **credit_policy.TEXTS,
            "columns.csv": credit_policy.COLUMNS.replace("city,text,,yes,,,城市,city\n", ""),
        }
        later = operations.draft_version(KIND, shorter, author="ann", now=NOW)
        operations.move_version(later, "submit", by="ann", now=NOW)
        operations.move_version(later, "approve", by="bob", now=NOW)
        operations.publish_version(later, at=NOW + MINUTE, by="cat", now=NOW)
        seen = {"age_years": 40, "asked_minor": 100, "debt_ratio": "0.1", "months": 6, "city": "甲"}
        answer = operations.decide(KIND, [operations.Application("s", seen)], on=ON, now=NOW + MINUTE)[0]
        assert (answer.version, queries.decision(answer.decision_id).inputs) == ("application@2", seen)

    def test_with_inputs_that_cannot_be_read_moves_nothing(self) -> None:
        credit_policy.published()
        for inputs, code in (
            ({"agee": 3}, "INPUT_UNKNOWN"),
            ({"age_years": "x"}, "INPUT_KIND"),
            ({"age_years": 999}, "INPUT_RANGE"),
        ):
            with pytest.raises(Refused) as caught, transaction.atomic():
                operations.decide(
                    KIND, [operations.Application("s", {"asked_minor": 1, "months": 6} | inputs)], on=ON, now=NOW
                )
            assert caught.value.refusal.code == code
        assert models.Decision.objects.count() == models.DecisionBatch.objects.count() == 0


SEEN = st.fixed_dictionaries({
    "asked_minor": st.integers(0, 10**9), "months": st.integers(1, 36), "age_years": st.none() | st.integers(0, 150),
    "debt_ratio": st.none() | st.decimals(0, 10, places=4).map(str) | st.just(Decimal("0.5")) | st.just(0.25),
    "stress": st.none() | st.floats(0, 1) | st.just(-0.0), "city": st.none() | st.text(max_size=20),
})  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(SEEN, min_size=1, max_size=4))
def test_whatever_is_seen_is_found_again_by_hash_and_by_replay(batch: list[dict[str, Any]]) -> None:
    with transaction.atomic():
        credit_policy.published(terms='[scorer]\nname = "tests.flat"\nversion = "1"\n' + credit_policy.TERMS)
        try:
            answers = operations.decide(
                KIND, [operations.Application(f"s{n}", seen) for n, seen in enumerate(batch)], on=ON, now=NOW
            )
        except Refused as refused:
            assume(refused.refusal.code != "INPUT_KIND")  # a text that PostgreSQL cannot hold
            raise
        assert queries.verify_chain() == queries.ChainReport(len(batch), None)
        assert all(replay.replay(answer.decision_id).same for answer in answers)
        transaction.set_rollback(True)


def start(rules: str, mode: str, share: int, *rails: str, terms: str = credit_policy.TERMS) -> str:
    version_id = credit_policy.approved(rules, terms=terms)
    draft = ExperimentDraft(version_id, mode, share, None, [read_guardrail(rail) for rail in rails])
    return operations.start_experiment(draft, by="cat", now=NOW)


class TestAChallenger:
    def test_decides_for_its_share_and_always_for_the_same(self) -> None:
        credit_policy.published()
        start(STRICT, "challenger", 3_000)
        first = operations.decide(KIND, credit_policy.applications(400), on=ON, now=NOW)
        again = operations.decide(KIND, credit_policy.applications(400), on=ON, now=NOW + MINUTE)
        assert [each.arm for each in first] == [each.arm for each in again]
        assert 80 < sum(each.arm == "challenger" for each in first) < 160
        assert {(each.arm, each.version) for each in first} == {
            ("champion", "application@1"),
            ("challenger", "application@2"),
        }
        assert all(each.outcome == "refuse" for each in first if each.arm == "challenger")
        assert queries.verify_chain().broken_at is None

    def test_beyond_a_guard_rail_is_stopped_and_an_alert_is_raised(self) -> None:
        credit_policy.published()
        experiment = start(STRICT, "challenger", 5_000, "approval_rate 0.1.. 60m n50")
        for n in range(3):
            operations.decide(KIND, credit_policy.applications(20, seed=n), on=ON, now=NOW + n * MINUTE)
        assert models.ExperimentStop.objects.count() == 0  # fewer than fifty of the challenger's yet
        answers = operations.decide(KIND, credit_policy.applications(300, seed=9), on=ON, now=NOW + 5 * MINUTE)
        assert "challenger" in {each.arm for each in answers}
        stop, alert = models.ExperimentStop.objects.get(), models.Alert.objects.get()
        assert (stop.experiment_id, stop.by, stop.stopped_at) == (experiment, "护栏 guard-rail", NOW + 5 * MINUTE)
        assert (alert.kind, alert.metric, alert.value, alert.bound) == ("guardrail", "approval_rate", 0.0, 0.1)
        after = operations.decide(KIND, credit_policy.applications(300, seed=9), on=ON, now=NOW + 6 * MINUTE)
        assert {each.arm for each in after} == {"champion"}

    def test_that_fails_leaves_its_subjects_to_the_champion(self, monkeypatch: pytest.MonkeyPatch) -> None:
        credit_policy.published()
        scorers.register(
            "tests.flat", lambda version: None if version == "2" and broken else credit_policy.flat_scorer(version)
        )
        broken = False
        terms = '[scorer]\nname = "tests.flat"\nversion = "2"\n' + credit_policy.TERMS
        start(RULES, "challenger", 10_000, "fault_count ..0 60m", terms=terms)
        broken = True
        answers = operations.decide(KIND, credit_policy.applications(5), on=ON, now=NOW)
        assert {each.arm for each in answers} == {"champion"}
        assert sorted(models.Alert.objects.values_list("kind", flat=True)) == ["fault", "guardrail"]
        assert models.ExperimentStop.objects.count() == 1

    def test_comes_alone_and_reviewed(self) -> None:
        credit_policy.published()
        start(STRICT, "challenger", 100)
        draft = credit_policy.drafted(RULES)
        before = models.Experiment.objects.count()
        for version_id, mode, share, code in (
            (credit_policy.approved(), "challenger", 100, "CHALLENGER_RUNNING"), (draft, "challenger", 100, "EXPERIMENT_VERSION"),
            (draft, "shadow", 100, "EXPERIMENT_VERSION"), (credit_policy.approved(), "shadow", 0, "EXPERIMENT_SHARE"),
            (versions.live(KIND, NOW).version_id, "shadow", 100, "EXPERIMENT_VERSION"), (draft, "dance", 1, "EXPERIMENT_VERSION"),
        ):  # fmt: skip
            with pytest.raises(Refused) as caught, transaction.atomic():
                operations.start_experiment(ExperimentDraft(version_id, mode, share), by="cat", now=NOW)
            assert caught.value.refusal.code == code
        assert models.Experiment.objects.count() == before


class TestAShadow:
    def test_is_recorded_and_never_acted_on(self) -> None:
        credit_policy.published()
        plain = operations.decide(KIND, credit_policy.applications(60), on=ON, now=NOW)
        start(STRICT, "shadow", 10_000)
        watched = operations.decide(KIND, credit_policy.applications(60), on=ON, now=NOW)
        assert [each.output for each in watched] == [each.output for each in plain]
        assert models.Decision.objects.filter(batch__kind="shadow.application").count() == 0  # nobody waited for it
        assert (operations.run_shadows(now=NOW + MINUTE), operations.run_shadows(now=NOW + MINUTE)) == (60, 0)
        shadows = models.Decision.objects.filter(batch__kind="shadow.application")
        assert shadows.count() == 60
        assert {row.output["outcome"] for row in shadows} == {"refuse"}
        assert queries.verify_chain() == queries.ChainReport(180, None)
        assert replay.replay(shadows.first().id).same  # type: ignore[union-attr]

    def test_that_fails_costs_nobody_an_answer(self) -> None:
        credit_policy.published()
        start(STRICT, "shadow", 10_000, terms='[scorer]\nname = "tests.flat"\nversion = "1"\n')
        scorers.register("tests.flat", lambda version: None)
        answers: list[Any] = operations.decide(KIND, credit_policy.applications(5), on=ON, now=NOW)
        assert len(answers) == 5
        assert operations.run_shadows(now=NOW + MINUTE) == 5
        assert models.Alert.objects.get().kind == "fault"
        assert models.Decision.objects.filter(batch__kind="shadow.application").count() == 0

    def test_watches_its_share_of_what_was_decided_while_it_ran_and_no_more(self) -> None:
        credit_policy.published()
        experiment = start(STRICT, "shadow", 5_000)
        operations.decide(KIND, credit_policy.applications(40), on=ON, now=NOW)
        operations.decide(KIND, credit_policy.applications(10, seed=8), on=ON, now=NOW + MINUTE)
        operations.stop_experiment(experiment, by="cat", reason="seen enough", now=NOW + 2 * MINUTE)
        operations.decide(KIND, credit_policy.applications(30, seed=9), on=ON, now=NOW + 3 * MINUTE)
        operations.run_shadows(now=NOW + 4 * MINUTE)
        watched = models.DecisionBatch.objects.filter(kind="shadow.application").order_by("decided_at")
        assert [run.decided_at for run in watched] == [NOW, NOW + MINUTE]
        assert 10 <= watched[0].decisions.count() <= 30
        assert models.ShadowProgress.objects.get().done
        assert queries.verify_chain().broken_at is None
