"""The decision record: chained, append-only, replayable."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, connection, connections

from puhui.kernel.canonical import digest
from puhui.policy import models, operations, queries, record, replay
from puhui.policy.record import BatchDraft, DecisionDraft

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
BATCH = BatchDraft("test.double", "doubling", "1", {"factor": 2}, date(2026, 3, 1))


def record_two() -> list[str]:
    drafts = [DecisionDraft(f"firm:{n}", {"x": n}, {"y": 2 * n}, [{"code": "DOUBLED"}]) for n in (1, 2)]
    return operations.record_decisions(BATCH, drafts, now=NOW)[1]


@pytest.mark.django_db
class TestTheRecord:
    def test_chains_every_decision_to_the_one_before(self) -> None:
        first, second = record_two()
        assert queries.decision(second).previous_hash == queries.decision(first).row_hash
        assert queries.verify_chain() == queries.ChainReport(2, None)

    def test_takes_several_batches_in_one_step_and_hashes_them_as_one_by_one(self) -> None:
        (before,) = operations.record_decisions(BATCH, [DecisionDraft("firm:0", {"x": 0}, {"y": 0})], now=NOW)[1]
        drafts = [
            DecisionDraft(f"firm:{n}", {"x": n, "名": "店"}, {"y": -0.5 * n}, [{"code": "DOUBLED"}]) for n in (1, 2)
        ]
        made = [operations.drafted(BATCH, [draft], now=NOW) for draft in drafts]
        assert models.Decision.objects.count() == 1  # drafted is not recorded
        operations.record_drafted(made, now=NOW)
        rows = list(models.Decision.objects.order_by("sequence"))
        assert [row.id for row in rows] == [before, made[0].ids[0], made[1].ids[0]]
        assert [row.batch_id for row in rows[1:]] == [each.batch_id for each in made]
        assert [row.inputs for row in rows[1:]] == [draft.inputs for draft in drafts]
        for row, one, draft, former in zip(rows[1:], made, drafts, rows, strict=False):
            common = record.batch_digest(one.batch_id, BATCH)
            assert row.row_hash == record.row_hash(previous_hash=former.row_hash, batch=common, draft=draft)
            plain = [former.row_hash, common, draft.subject, draft.inputs, draft.output, draft.reasons]
            assert row.row_hash == digest(plain)
        assert queries.verify_chain() == queries.ChainReport(3, None)

    def test_keeps_what_batches_share_once_and_reads_batches_that_held_their_own(self) -> None:
        (before,) = operations.record_decisions(BATCH, [DecisionDraft("firm:0", {"x": 0}, {"y": 0})], now=NOW)[1]
        record_two()
        other = BatchDraft("test.double", "doubling", "1", {"factor": 3}, date(2026, 3, 1))
        operations.record_decisions(other, [DecisionDraft("firm:3", {"x": 3}, {"y": 9})], now=NOW)
        kept = {row.hash: row.content for row in models.DecisionParameters.objects.all()}
        assert kept == {digest(told): told for told in ({"factor": 2}, {"factor": 3})}
        assert queries.verify_chain() == queries.ChainReport(4, None)
        of = queries.decision(before).batch
        older = models.DecisionBatch(id="run_older", kind=of.kind, own={"factor": 2}, as_of=of.as_of, decided_at=NOW)
        older.save(force_insert=True)
        assert (of.own, of.parameters, older.shared_id, older.parameters) == (None, {"factor": 2}, None, {"factor": 2})

    def test_replays_a_decision_with_its_batch(self) -> None:
        replay.register("test.double", lambda rows, p: [{"y": row["x"] * p["factor"]} for row in rows])
        assert replay.replay(record_two()[1]).same

    def test_says_when_code_no_longer_gives_the_recorded_answer(self) -> None:
        replay.register("test.double", lambda rows, p: [{"y": 0} for _ in rows])
        found = replay.replay(record_two()[0])
        assert (found.recorded, found.replayed, found.same) == ({"y": 2}, {"y": 0}, False)


class TestTamperingIsSeen:
    def test_neither_the_application_nor_the_owner_can_edit_a_decision(self, fresh_database: object) -> None:
        record_two()
        for link in (connection, connections["owner"]):
            with pytest.raises(DatabaseError), link.cursor() as cursor:
                cursor.execute("UPDATE policy_decision SET output = '{}'")
        assert queries.verify_chain() == queries.ChainReport(2, None)

    def test_an_edit_by_a_superuser_who_drops_the_trigger_breaks_the_chain(self, fresh_database: object) -> None:
        first, _ = record_two()
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE policy_decision DISABLE TRIGGER ALL")
            cursor.execute("UPDATE policy_decision SET output = '{\"y\": 3}' WHERE id = %s", [first])
        assert queries.verify_chain().broken_at == first
        assert models.Decision.objects.count() == 2

    @pytest.mark.parametrize(
        "done", ["UPDATE policy_parameters SET content = '{\"factor\": 3}'", "DELETE FROM policy_parameters"]
    )
    def test_shared_parameters_that_are_others_or_gone_break_it_too(self, fresh_database: object, done: str) -> None:
        first, _ = record_two()
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(done)
        assert queries.verify_chain() == queries.ChainReport(2, None)
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE policy_parameters DISABLE TRIGGER ALL")
            cursor.execute(done)
        assert queries.verify_chain().broken_at == first
