"""`puhui model fit --rejects`: what is added only fits; the caveat is in the answer and in the card. All rows are made up."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling.preparing import Asked
from puhui.underwriting.workbench import fitting, model_folder
from puhui.underwriting.workbench.rejects import Rejects

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def tapes(tmp_path: Path) -> tuple[Path, Path]:
    """Applicants of a made-up lender that refused the worse half by `income`."""
    chance = np.random.default_rng(6)
    income, age = chance.normal(50, 15, 6000), chance.integers(20, 60, 6000)
    bad = (chance.random(6000) < 1 / (1 + np.exp(0.5 + (income - 50) / 15 + (age - 40) / 20))).astype(int)
    granted = income + chance.normal(0, 8, 6000) > 50
    frame = pl.DataFrame({"income": income.round(1), "age": age, "trade": chance.choice(["a", "b"], 6000), "bad": bad})
    accepted, refused = tmp_path / "accepted.csv", tmp_path / "refused.csv"
    frame.filter(pl.Series(granted)).write_csv(accepted)
    frame.filter(pl.Series(~granted)).drop("bad").write_csv(refused)
    return accepted, refused


class TestRejects:
    @pytest.mark.parametrize("method", ["parcelling", "fuzzy", "reweighting"])
    def test_judged_on_the_same_granted_loans_with_the_caveat_told(self, tapes, tmp_path, method):
        accepted, refused = tapes
        plain = fitting.fit_tape(accepted, Asked("bad"), kind="scorecard", out=tmp_path / "plain", now=NOW)
        found = fitting.fit_tape(accepted, Asked("bad"), kind="scorecard", out=tmp_path / method, now=NOW,
                                 rejects=Rejects(refused, method))  # fmt: skip
        (answer,) = found.answers
        assert answer["split"] == plain.answers[0]["split"]
        assert answer["reject_inference"]["method"] == method
        assert "Hand & Henley 1993" in answer["reject_inference"]["caveat_zh"]
        assert answer["reject_inference"]["refused"] == pl.read_csv(refused).height
        assert model_folder.read_card(tmp_path / method)["reject_inference"] == json.loads(
            json.dumps(answer["reject_inference"])
        )
        assert answer["auc"] == pytest.approx(plain.answers[0]["auc"], abs=0.02)
        if method != "reweighting":
            card = model_folder.read(tmp_path / method)[0].scorecard
            assert card is not None
            counted = sum(card.bins[0].rows)
            assert counted > answer["split"]["training_rows"]

    @pytest.mark.parametrize(("change", "code"), [("age", "COLUMNS_MISSING"), (None, "REJECT_METHOD_UNKNOWN")])
    def test_refusals_write_nothing(self, tapes, tmp_path, change, code):
        accepted, refused = tapes
        if change:
            pl.read_csv(refused).drop(change).write_csv(refused)
        with pytest.raises(Refused) as no:
            fitting.fit_tape(accepted, Asked("bad"), kind="scorecard", out=tmp_path / "out", now=NOW,
                             rejects=Rejects(refused, "fuzzy" if change else "guess"))  # fmt: skip
        assert no.value.refusal.code == code
        assert not (tmp_path / "out").exists()
