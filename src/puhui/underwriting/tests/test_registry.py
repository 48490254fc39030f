"""The register: versions, two persons, one live version of a name, nothing edited, verdicts on splits."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from puhui.kernel.refusal import Refused
from puhui.underwriting import model_queries, models, registry
from puhui.underwriting.registry import ModelDraft

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DRAFT = ModelDraft(name="小店", kind="scorecard", content={"intercept": -1.5}, card={"evaluation": {"auc": 0.7}},
                   tape_name="tape.csv", tape_hash="ab" * 32)  # fmt: skip
STUDY = {"proposal": {"candidate": "trade", "way": "separate", "gain": 21.0}, "tried": [], "left_out": [], "rows": 6000}

pytestmark = pytest.mark.usefixtures("db")


def registered(**other) -> str:
    return registry.register_model(replace(DRAFT, **other), by="an", now=NOW)


def refused(code: str, *args, **kw) -> None:
    rows = (models.ModelMove.objects.count(), models.FittedModel.objects.count(), models.SplitVerdict.objects.count())
    with pytest.raises(Refused) as no:
        args[0](*args[1:], **kw)
    assert no.value.refusal.code == code
    assert rows == (
        models.ModelMove.objects.count(),
        models.FittedModel.objects.count(),
        models.SplitVerdict.objects.count(),
    )


class TestRegister:
    def test_the_same_content_registers_once_and_versions_count_up(self):
        first, second = registered(), registered(content={"intercept": -1.6})
        assert registered(name="other") == first
        assert [(m.id, m.version, m.state) for m in model_queries.fitted_models()] == [
            (second, 2, "registered"), (first, 1, "registered"),
        ]  # fmt: skip
        assert model_queries.fitted_model(first).content == {"intercept": -1.5}

    def test_refuses_a_name_of_nothing(self):
        refused("MODEL_NAME_INVALID", registry.register_model, replace(DRAFT, name="  "), by="an", now=NOW)
        refused("MODEL_UNKNOWN", model_queries.fitted_model, "model_none")


class TestLife:
    def test_from_registered_to_retired_by_two_persons(self):
        model_id = registered()
        refused("SECOND_PERSON_NEEDED", registry.move_model, model_id, "approve", by="an", now=NOW)
        refused("MOVE_IMPOSSIBLE", registry.move_model, model_id, "go_live", by="bo", now=NOW)
        assert registry.move_model(model_id, "approve", by="bo", note="看过卡片", now=NOW) == "approved"
        assert registry.move_model(model_id, "go_live", by="an", now=NOW) == "live"
        assert registry.move_model(model_id, "retire", by="an", now=NOW) == "retired"
        refused("MOVE_IMPOSSIBLE", registry.move_model, model_id, "go_live", by="bo", now=NOW)
        view = model_queries.fitted_model(model_id)
        assert [(m.move, m.moved_by) for m in view.moves] == [
            ("register", "an"), ("approve", "bo"), ("go_live", "an"), ("retire", "an"),
        ]  # fmt: skip
        assert view.possible == ()

    def test_going_live_retires_the_version_that_was(self):
        first, second = registered(), registered(content={"intercept": -1.6})
        for model_id in (first, second):
            registry.move_model(model_id, "approve", by="bo", now=NOW)
            registry.move_model(model_id, "go_live", by="bo", now=NOW)
        assert [(m.id, m.state) for m in model_queries.fitted_models()] == [(second, "live"), (first, "retired")]
        assert [m.id for m in model_queries.live_models()] == [second]

    def test_the_database_keeps_two_persons_apart_and_edits_nothing(self):
        row = models.FittedModel.objects.get(id=registered())
        with pytest.raises(IntegrityError), transaction.atomic():
            models.ModelMove.objects.create(model=row, move="approve", state_before="registered", state_after="approved",
                                            moved_by="an", registered_by="an", moved_at=NOW)  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            models.FittedModel.objects.filter(id=row.id).update(name="x")
        with pytest.raises(DatabaseError), transaction.atomic():
            models.ModelMove.objects.filter(model=row).delete()


class TestSplits:
    def propose(self, study=STUDY) -> str:
        return registry.record_proposal(
            study, tape=("tape.csv", "ab" * 32), target="bad", terms_version="v", by="an", now=NOW
        )

    def test_open_until_a_named_person_answers_once(self):
        proposal = self.propose()
        assert self.propose() == proposal
        assert model_queries.split_proposals()[0].accepted is None
        refused("PERSON_NEEDED", registry.answer_proposal, proposal, accepted=True, by=" ", now=NOW)
        registry.answer_proposal(proposal, accepted=True, by="bo", note="数据够了", now=NOW)
        (shown,) = model_queries.split_proposals()
        assert (shown.accepted, shown.said_by, shown.note) == (True, "bo", "数据够了")
        refused("PROPOSAL_ANSWERED", registry.answer_proposal, proposal, accepted=False, by="bo", now=NOW)
        refused("PROPOSAL_UNKNOWN", registry.answer_proposal, "split_none", accepted=True, by="bo", now=NOW)

    def test_nothing_is_proposed_where_nothing_pays(self):
        refused("NOTHING_PROPOSED", self.propose, STUDY | {"proposal": None})
