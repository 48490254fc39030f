"""A what-if never changes live decisions: an appraisal stands when a person says so, the first by itself."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting import loading, models, operations, queries
from puhui.underwriting.operations import AppraisalTerms
from puhui.underwriting.tests.invented_folder import Town, write_folder

NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def load_id(tmp_path: Path) -> str:
    folder = write_folder(tmp_path, Town(firms=60, labelled=45, sales_yuan=9_000_000))
    return loading.load_folder(folder, now=NOW).load_id


def appraised(load_id: str, budget_minor: int) -> str:
    return operations.appraise(load_id, terms=AppraisalTerms(budget_minor=budget_minor), now=NOW).appraisal_id


def standing_id() -> str | None:
    view = queries.standing_appraisal()
    return view.appraisal_id if view else None


class TestAnAppraisal:
    def test_stands_by_itself_when_it_is_the_first_and_not_when_it_is_a_what_if(self, load_id: str) -> None:
        assert standing_id() is None
        first = appraised(load_id, 300_000_000)
        what_if = appraised(load_id, 0)
        assert what_if != first
        assert standing_id() == first

    def test_stands_once_a_person_says_so_and_the_saying_is_kept(self, load_id: str) -> None:
        first, second = appraised(load_id, 300_000_000), appraised(load_id, 400_000_000)
        for _ in range(2):
            operations.let_stand(second, by="analyst", now=NOW)
        assert standing_id() == second
        assert list(models.Standing.objects.order_by("id").values_list("appraisal_id", "said_by")) == [
            (first, "first appraisal"),
            (second, "analyst"),
        ]

    def test_that_nobody_knows_cannot_stand(self, load_id: str) -> None:
        first = appraised(load_id, 300_000_000)
        with pytest.raises(Refused, match="APPRAISAL_UNKNOWN"):
            operations.let_stand("run_0", by="analyst", now=NOW)
        assert standing_id() == first
