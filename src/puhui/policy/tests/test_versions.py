"""The life of a version: a second person, a time, nothing edited; and where it is refused, nothing moved."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from puhui.kernel.refusal import Refused
from puhui.policy import models, operations, versions
from puhui.policy.tests import credit_policy
from puhui.policy.tests.credit_policy import HEAD, KIND, NOW, RULES

HOUR = timedelta(hours=1)


def stored() -> list[object]:
    return [
        *models.Version.objects.order_by("id").values_list(),
        *models.VersionMove.objects.order_by("id").values_list(),
    ]


def refused(code: str, write: Callable[[], object]) -> None:
    before = stored()
    with pytest.raises(Refused) as caught, transaction.atomic():
        write()
    assert caught.value.refusal.code == code
    assert stored() == before


@pytest.mark.django_db
class TestAVersion:
    def test_goes_from_draft_to_live_and_to_rest(self) -> None:
        version_id = credit_policy.published(at=NOW + HOUR)
        refused("NO_LIVE_POLICY", lambda: versions.live(KIND, NOW))
        assert versions.live(KIND, NOW + HOUR).version_id == version_id
        operations.move_version(version_id, "retire", by="cat", now=NOW + 2 * HOUR)
        assert versions.live(KIND, NOW + HOUR).version_id == version_id
        refused("NO_LIVE_POLICY", lambda: versions.live(KIND, NOW + 2 * HOUR))
        assert [(move.move, move.by) for move in versions.moves_of(version_id)] == [
            ("draft", "ann"), ("submit", "ann"), ("approve", "bob"), ("publish", "cat"), ("retire", "cat"),
        ]  # fmt: skip

    def test_published_later_takes_over_at_its_time(self) -> None:
        first = credit_policy.published()
        second = credit_policy.published(HEAD + "ONLY,age_years < 20,refuse,grave,小,young\n", at=NOW + HOUR)
        assert versions.live(KIND, NOW + HOUR - timedelta(microseconds=1)).version_id == first
        assert versions.live(KIND, NOW + HOUR).version_id == second
        assert [view.name for view in versions.versions(KIND)] == ["application@2", "application@1"]

    def test_needs_a_second_person(self) -> None:
        version_id = credit_policy.drafted()
        operations.move_version(version_id, "submit", by="ann", now=NOW)
        refused("SECOND_PERSON", lambda: operations.move_version(version_id, "approve", by="ann", now=NOW))
        refused("SECOND_PERSON", lambda: operations.move_version(version_id, "send_back", by="ann", note="x", now=NOW))
        refused("NOTE_MISSING", lambda: operations.move_version(version_id, "send_back", by="bob", now=NOW))
        assert operations.move_version(version_id, "send_back", by="bob", note="请改 · mend", now=NOW) == "draft"

    def test_moves_only_as_the_table_says(self) -> None:
        version_id = credit_policy.drafted()
        for move in ("approve", "retire", "send_back", "fly"):
            refused("MOVE_IMPOSSIBLE", lambda move=move: operations.move_version(version_id, move, by="bob", now=NOW))  # type: ignore[misc]
        refused("MOVE_IMPOSSIBLE", lambda: operations.publish_version(version_id, at=NOW, by="cat", now=NOW))
        refused("NOT_YOUR_DRAFT", lambda: operations.move_version(version_id, "submit", by="bob", now=NOW))

    def test_is_never_published_for_the_past_or_twice_for_one_time(self) -> None:
        version_id = credit_policy.approved()
        refused("PUBLISH_AT", lambda: operations.publish_version(version_id, at=NOW - HOUR, by="cat", now=NOW))
        refused(
            "PUBLISH_AT", lambda: operations.publish_version(version_id, at=NOW.replace(tzinfo=None), by="cat", now=NOW)
        )
        credit_policy.published(at=NOW)
        refused("PUBLISH_AT", lambda: operations.publish_version(version_id, at=NOW, by="cat", now=NOW))

    def test_with_grave_findings_is_submitted_only_on_purpose(self) -> None:
        version_id = credit_policy.drafted(HEAD + "NEVER,age_years < 1 AND age_years > 2,refuse,grave,从不,never\n")
        refused("STATIC_CHECKS", lambda: operations.move_version(version_id, "submit", by="ann", now=NOW))
        assert operations.move_version(version_id, "submit", by="ann", now=NOW, force=True) == "in_review"

    def test_naming_a_scorer_nobody_offers_is_not_submitted(self) -> None:
        version_id = credit_policy.drafted(terms='[scorer]\nname = "nobody"\nversion = "1"\n')
        refused("SCORER_UNKNOWN", lambda: operations.move_version(version_id, "submit", by="ann", now=NOW))

    def test_naming_what_the_room_forbids_is_not_submitted(self) -> None:
        credit_policy.drafted()
        columns = credit_policy.COLUMNS + "gender,text,,yes,,,性别,sex\n"
        version_id = operations.draft_version(
            KIND, {**credit_policy.TEXTS, "columns.csv": columns}, author="ann", now=NOW
        )
        refused("FORBIDDEN_INPUT", lambda: operations.move_version(version_id, "submit", by="ann", now=NOW, force=True))

    def test_keeps_the_kinds_of_columns(self) -> None:
        credit_policy.published()
        other = {
            **credit_policy.TEXTS,
            "columns.csv": credit_policy.COLUMNS.replace("debt_ratio,decimal,4", "debt_ratio,decimal,2"),
        }
        version_id = operations.draft_version(KIND, other, author="ann", now=NOW)
        refused("COLUMN_KIND_CHANGED", lambda: operations.move_version(version_id, "submit", by="ann", now=NOW))


@pytest.mark.django_db
class TestADraft:
    def test_that_cannot_be_read_is_not_stored(self) -> None:
        credit_policy.drafted()
        for rules, code in (
            (HEAD + "A,agee > 1,refuse,grave,x,x\n", "COLUMN_UNKNOWN"),
            ("code\n", "RULE_HEAD_MISSING"),
        ):
            refused(code, lambda rules=rules: operations.draft_version(  # type: ignore[misc]
                KIND, credit_policy.texts(rules), author="ann", now=NOW))  # fmt: skip
        refused(
            "RULEBOOK_UNKNOWN", lambda: operations.draft_version("other", credit_policy.TEXTS, author="ann", now=NOW)
        )

    def test_is_changed_by_its_author_in_one_tab(self) -> None:
        version_id, other = credit_policy.drafted(), credit_policy.texts(RULES + "MORE,stress > 0.9,review,warn,x,x\n")
        assert operations.revise_draft(version_id, other, by="ann", edition=1) == 2
        refused("DRAFT_CHANGED", lambda: operations.revise_draft(version_id, credit_policy.TEXTS, by="ann", edition=1))
        refused("NOT_YOUR_DRAFT", lambda: operations.revise_draft(version_id, credit_policy.TEXTS, by="bob", edition=2))
        assert versions.texts_of(version_id) == other

    def test_that_left_draft_is_edited_by_nobody(self) -> None:
        version_id = credit_policy.approved()
        refused("NOT_YOUR_DRAFT", lambda: operations.revise_draft(version_id, credit_policy.TEXTS, by="ann", edition=1))


STATEMENTS = [
    "UPDATE policy_version SET texts = '{}'", "UPDATE policy_version SET author = 'x'", "UPDATE policy_version SET state = 'draft'",
    "UPDATE policy_version SET published_from = now()", "UPDATE policy_version SET reviewer = author", "DELETE FROM policy_version",
    "UPDATE policy_version_move SET by = 'x'", "DELETE FROM policy_version_move", "UPDATE policy_rulebook SET name_en = 'x'",
]  # fmt: skip


class TestTheDatabaseKeepsTheLaw:
    def test_for_what_is_published(self, fresh_database: object) -> None:
        credit_policy.published()
        before = stored()
        for statement in STATEMENTS:
            for alias in ("default", "owner"):
                with pytest.raises(DatabaseError), connections[alias].cursor() as cursor:
                    cursor.execute(statement)
        assert stored() == before
