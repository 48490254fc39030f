"""Daily figures of a live model: drift against the training picture, thin windows, alerts from the policy's lines."""

import numpy as np
import polars as pl
import pytest

from puhui.policy.core import alert_line, stability
from puhui.underwriting.core.modelling import daily_figures, watching
from puhui.underwriting.core.modelling.training_picture import TrainingPicture


def training(rows: int = 1000) -> pl.DataFrame:
    chance = np.random.default_rng(1)
    return pl.DataFrame({"months": chance.normal(size=rows), "trade": chance.choice(["a", "b"], rows)})


class TestTrainingPicture:
    def test_agrees_with_csi_of_the_rows_themselves(self):
        before, after = training(), training(400).with_columns(months=pl.col("months") + 1, trade=pl.lit("c"))
        picture = TrainingPicture.from_json(TrainingPicture.of(before, before["months"].to_numpy()).as_json())
        score, columns = picture.against(after, after["months"].to_numpy())
        by_rows = stability.csi(before, after)
        assert [(c.column, c.psi) for c in columns] == [(c.column, pytest.approx(c.psi)) for c in by_rows]
        assert score.psi == pytest.approx(columns[1].psi)

    def test_rare_words_beyond_the_commonest_are_one_bin(self):
        words = [f"w{k}" for k in range(300) for _ in range(3)]
        picture = TrainingPicture.of(pl.DataFrame({"w": words}), np.linspace(0, 1, 900))
        assert len(picture.words["w"]) == 201
        _, (same,) = picture.against(pl.DataFrame({"w": words}), np.linspace(0, 1, 900))
        assert same.psi == pytest.approx(0)


def decisions(rows: int, approved: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"approved": [k < approved for k in range(rows)], "reason": ["OK" if k < approved else "CAP" for k in range(rows)],
         "rate": [0.05 + k / 1000 if k < approved else None for k in range(rows)], "overridden": [None] * rows,
         "latency_ms": [float(k) for k in range(rows)], "pd": [k / rows for k in range(rows)]},
        schema=daily_figures.DECISIONS)  # fmt: skip


class TestFigures:
    def test_a_window_worked_by_hand(self):
        told = daily_figures.of_decisions(decisions(100, 40), decisions(50, 30), min_rows=30)
        assert told.figures == {
            "decisions": 100.0, "approval_rate": 0.4, "approval_change": pytest.approx(0.2), "rate_p10": pytest.approx(0.054),
            "rate_median": 0.07, "rate_p90": 0.085, "override_rate": None, "latency_p99_ms": 98.0,
        }  # fmt: skip
        assert told.details["reasons"] == [{"code": "CAP", "decisions": 60}, {"code": "OK", "decisions": 40}]
        assert told.missing == {"override_rate": "NOT_RECORDED"}

    def test_too_few_decisions_give_no_figure_and_say_so(self):
        told = daily_figures.of_decisions(decisions(29, 10), decisions(0, 0), min_rows=30)
        assert told.figures["decisions"] == 29.0
        assert {told.figures[name] for name in told.missing} == {None}
        assert set(told.missing.values()) == {"FEW_ROWS"}

    def test_drift_only_over_what_could_be_scored(self):
        before = training()
        picture = TrainingPicture.of(before, before["months"].to_numpy())
        pd = pl.Series([None] * 900 + before["months"].to_list()[900:])
        told = daily_figures.of_drift(picture, before, pd, min_rows=30)
        assert (told.figures["scored"], told.missing) == (100.0, {})
        none = daily_figures.of_drift(picture, before, pl.Series([None] * 1000, dtype=pl.Float64), min_rows=30)
        assert none.missing == {"psi_score": "NOT_SCORED", "psi_inputs_most": "NOT_SCORED"}

    def test_matured_loans(self):
        pd, bad = pl.Series(np.linspace(0, 1, 100)), pl.Series([0] * 70 + [1] * 30)
        told = daily_figures.of_outcomes(pd, bad, trained_auc=0.9, min_bads=20)
        assert (told.figures["auc_matured"], told.figures["ks_matured"], told.figures["auc_drop"]) == (
            1.0, 1.0, pytest.approx(-0.1),
        )  # fmt: skip
        thin = daily_figures.of_outcomes(pd, bad, trained_auc=0.9, min_bads=31)
        assert thin.figures["auc_matured"] is None
        assert thin.missing["auc_drop"] == "NOT_MATURED"


class TestAlerts:
    LINES = watching.in_force().alert_lines

    def test_the_gravest_line_passed_counts(self):
        (alert,) = alert_line.passed({"psi_score": 0.3, "override_rate": None, "auc_drop": 0.05}, self.LINES)
        assert (alert.line.figure, alert.line.level, alert.line.above) == ("psi_score", "act", 0.25)
        assert (
            alert.message == "评分分布显著偏移（psi_score 0.3 > 0.25） · the score has moved far (psi_score 0.3 > 0.25)"
        )

    def test_between_the_lines_is_watched(self):
        (alert,) = alert_line.passed({"psi_score": 0.2}, self.LINES)
        assert alert.line.level == "watch"

    def test_nothing_missing_raises_anything(self):
        assert alert_line.passed({line.figure: None for line in self.LINES}, self.LINES) == []
