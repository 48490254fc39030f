"""The model card: self-contained, in two languages, the same bytes again, and nothing runs that a tape has put in."""

import re
from pathlib import Path

import numpy as np
import polars as pl

from puhui.underwriting.core.modelling import evaluation, reject_inference
from puhui.underwriting.core.modelling.reject_inference import Applicants, RejectTerms
from puhui.underwriting.workbench import card, card_facts

NASTY = '<img src=x onerror="alert(1)">'


def facts() -> dict:
    chance = np.random.default_rng(2)
    y = (chance.random(600) < 0.3).astype(float)
    pd = np.clip(0.3 + 0.2 * (y - 0.3) + chance.normal(size=600) * 0.1, 0.01, 0.99)
    names = list(np.where(chance.random(600) < 0.5, "shop", NASTY))
    table = [{"label": "[−∞, 3)", "rows": 300.0, "bads": 30.0, "woe": 0.4, "iv": 0.05},
             {"label": NASTY, "rows": 300.0, "bads": 90.0, "woe": -0.3, "iv": 0.04},
             {"label": "missing", "rows": 0.0, "bads": 0.0, "woe": 0.0, "iv": 0.0}]  # fmt: skip
    few = Applicants(
        pl.DataFrame({"a": [1.0] * 600}), y, np.ones(600), pl.DataFrame({"a": [2.0] * 9}), pd, np.full(9, 0.5)
    )
    inferred = reject_inference.augment("fuzzy", few, terms=RejectTerms(1.0, 5, 10.0), seed=1)
    return {
        "name": f"小店 {NASTY}", "seed": 1, "libraries": {"numpy": "2.4"},
        "tape": {"name": NASTY, "rows": 600, "bads": int(y.sum()), "target": "坏", "positive": "1"},
        "split": {"told": "time", "training": 300, "validation": 100, "test": 200},
        "models": [{
            "kind": "scorecard", "digest": "ab" * 32,
            "evaluation": evaluation.evaluate(y, pd, segments=names, seed=1, resamples=20).as_json(),
            "scorecard": {"base_points": 610, "features": [
                {"name": NASTY, "coefficient": -1.0, "points": [12, -9, 0], "bins": {"iv": 0.09, "table": table}}]},
            "stability": {"score_psi": 0.03, "columns": [{"column": NASTY, "psi": 0.3}], "bands": {"watch": 0.1, "act": 0.25}},
        }],
        "leaks": [{"column": "ChgOffDate", "told_zh": "结果之后才有", "told_en": "known only after the outcome", "kept": False}],
        "reject_inference": inferred.as_json(),
    }  # fmt: skip


class TestCard:
    def test_nothing_of_the_tape_runs_and_nothing_is_fetched(self):
        text = card.html(facts())
        assert "<img" not in text
        assert not re.search(r"<script|<link|@import|url\(|onerror=\"alert\(1\)\">", text)
        assert text.count("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;") >= 6

    def test_both_languages_and_every_section(self):
        text = card.html(facts())
        for told in ("模型卡", "Columns that may leak", "known only after the outcome", "没有理论依据", "no theoretical foundation",
                     "Fairness by declared group", "[−∞, 3)", "+12", "2.4"):  # fmt: skip
            assert told in text
        assert text.count('class="zh"') == text.count('class="en"')
        assert text.count("<svg") == 4

    def test_what_is_not_known_is_left_out_or_said(self):
        text = card.html({"name": "m", "models": [{"kind": "boosting"}]})
        assert "<svg" not in text
        assert "the model has learnt from granted loans alone" in text
        assert "None" not in re.sub("None was found", "", text)

    def test_the_same_facts_give_the_same_file(self, tmp_path: Path):
        path = card.write(tmp_path, facts())
        assert path == tmp_path / "card.html"
        assert path.read_text(encoding="utf-8") == card.html(facts())

    def test_how_rows_were_divided_is_said_in_words(self):
        told = {"by": "time", "last_training_day": "2019-03-05", "first_test_day": "2019-03-06", "training_rows": 70}
        kept = {"tape": {"name": "t"}, "asked": {"target": "bad"}, "evidence": {"boosting": {}}, "kinds": ["boosting"]}
        split = card_facts.of(kept | {"answers": [{"kind": "boosting", "split": told}]}, {})["split"]
        assert split["told"] == "按时间 · by time (2019-03-05 | 2019-03-06)"
