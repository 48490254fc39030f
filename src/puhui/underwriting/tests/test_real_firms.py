"""The main job on the 425 real firms (read-only, not part of the project): counts, quality, the optimum's shape."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from puhui.underwriting import loading, models, operations, queries
from puhui.underwriting.operations import AppraisalTerms

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DATA = Path(os.environ.get("PUHUI_DATA", Path(__file__).resolve().parents[5] / "shared" / "data")) / "smb_invoices"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="real data not at hand: set PUHUI_DATA to its folder")


@pytest.mark.usefixtures("fresh_database")
def test_425_real_firms_are_appraised() -> None:
    load = loading.load_folder(DATA, now=NOW)
    assert load.origin == "real"
    assert {name: load.counts[name] for name in ("firms", "rows_read", "invoices", "exact_duplicate")} == {
        "firms": 425, "rows_read": 1_099_441, "invoices": 1_085_740, "exact_duplicate": 11_665,
    }  # fmt: skip
    assert load.counts["same_invoice_again"] == 2_036
    assert not load.rejections
    assert loading.load_folder(DATA, now=NOW).already_loaded
    assert models.Invoice.objects.count() == 1_085_740

    outcome = operations.appraise(load.load_id, terms=AppraisalTerms(), now=NOW)
    view, default = outcome.view, outcome.view.checks["default"]
    assert (view.as_of, view.firms, default["firms"], default["defaults"]) == (date(2020, 2, 22), 425, 123, 27)
    assert 0.80 < default["auc"] < 0.92
    assert default["auc_interval"][0] < default["auc"] < default["auc_interval"][1]
    assert default["brier"] < 0.6 * default["brier_of_base_rate"]
    assert view.checks["rating"]["accuracy"] > 1.4 * view.checks["rating"]["accuracy_of_commonest"]
    assert view.lent_minor == view.budget_minor == 10_000_000_000
    assert view.dual_price > 0.01
    assert not any(row.approved for row in outcome.rows if row.rating == "D" or row.defaulted == 1)
    assert sum(not row.rating_on_file for row in outcome.rows) == 302
    assert view.seconds["load"] + view.seconds["features"] < 60
    again = queries.resolve(outcome.appraisal_id, view.budget_minor)
    assert again.expected_profit_minor == view.expected_profit_minor
    assert again.seconds < 1
