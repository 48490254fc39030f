"""Registered models offered to the policy floor: a policy names one as `underwriting.model@model_…`, and its `pd` decides with the rules.

Rule kept: only a model that a second person has approved scores applicants; one that was retired since still replays what it
decided. The very code that trained and watches the model scores here, one row or a million (live_scoring).
"""

import polars as pl

from puhui.kernel.refusal import Refused
from puhui.policy.core.scorer import Scorer
from puhui.underwriting import live_scoring, model_queries

NAME = "underwriting.model"
_MAY_SCORE = ("approved", "live", "retired")


def find(version: str) -> Scorer | None:
    """The scorer of a model's id; None for one that is unknown or that nobody has approved."""
    try:
        view = model_queries.fitted_model(version)
    except Refused:
        return None
    if view.state not in _MAY_SCORE:
        return None

    def chance(frame: pl.DataFrame) -> pl.Series:
        return live_scoring.score(view, frame).pd

    return Scorer(NAME, version, live_scoring.required(view), chance)
