"""`puhui model fit --rejects`: what is added only fits; the caveat is in the answer and in the card. All rows are made up."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling import fitting as fitting_core
from puhui.underwriting.core.modelling import preparing, terms
from puhui.underwriting.core.modelling.preparing import Asked
from puhui.underwriting.workbench import fitting, model_folder
from puhui.underwriting.workbench.rejects import Rejects, augmented
from puhui.underwriting.workbench.tape import read_tape

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

    def test_where_rows_are_split_by_time_the_refused_have_their_days(self, tapes, tmp_path):
        accepted, refused = tapes
        for path in tapes:
            frame = pl.read_csv(path)
            days = pl.date_range(pl.date(2020, 1, 1), pl.date(2029, 12, 31), eager=True).head(frame.height)
            frame.with_columns(days.alias("day")).write_csv(path)
        asked = Asked("bad", time="day")
        rows = preparing.prepare(read_tape(accepted).frame, asked, terms.in_force())
        learnt, told = augmented(rows, Rejects(refused, "fuzzy"), terms.in_force(), seed=1)
        assert rows.split.days is not None
        count, last = pl.read_csv(refused).height, rows.split.days[rows.split.training].max()
        assert told["refused"] == count
        assert "refused_without_time" not in told
        assert learnt.split.days is not None
        added = learnt.split.days[len(rows.bad) :]
        assert len(added) == 2 * count
        assert added[:count].tolist() == added[count:].tolist()
        assert (added[0], added[1], added.max()) == (18262.0, 18263.0, last)
        weights = fitting_core.recency_of(learnt, terms.in_force())
        assert len(weights) == learnt.split.training.sum()
        assert 3.0 < weights.max() / weights.min() < 4.0  # a quarter, less the refused who share the last day

    def test_refused_without_a_day_stand_in_the_middle_and_are_counted(self, tapes, tmp_path):
        accepted, refused = tapes
        frame = pl.read_csv(accepted)
        days = pl.date_range(pl.date(2020, 1, 1), pl.date(2029, 12, 31), eager=True).head(frame.height)
        frame.with_columns(days.alias("day")).write_csv(accepted)
        rows = preparing.prepare(read_tape(accepted).frame, Asked("bad", time="day"), terms.in_force())
        learnt, told = augmented(rows, Rejects(refused, "parcelling"), terms.in_force(), seed=1)
        assert told["refused_without_time"] == pl.read_csv(refused).height
        assert rows.split.days is not None
        assert learnt.split.days is not None
        middle = float(np.median(rows.split.days[rows.split.training]))
        assert set(learnt.split.days[len(rows.bad) :].tolist()) == {middle}
