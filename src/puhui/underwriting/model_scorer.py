"""Registered models offered to the policy floor: a policy names one as `underwriting.model@model_…`, and its `pd` decides with the rules.

Rule kept: only a model that a second person has approved scores applicants; one that was retired since still replays what it
decided. The very code that trained and watches the model scores here, one row or a million (live_scoring).
"""

from functools import lru_cache

import polars as pl

from puhui.kernel.refusal import Refused
from puhui.policy.core.scorer import Scorer
from puhui.underwriting import live_scoring, model_queries

NAME = "underwriting.model"
_MAY_SCORE = ("approved", "live", "retired")


def find(version: str) -> Scorer | None:
    """The scorer of a model's id; None for one that is unknown or that nobody has approved."""
    try:
        return _approved(version)
    except LookupError:
        return None


@lru_cache(maxsize=64)
def _approved(version: str) -> Scorer:
    """Once approved a model is for ever fit to score (its states lead to live and retired only), so it is asked for once a process.

    Raises LookupError otherwise, which is not remembered.
    """
    try:
        view = model_queries.fitted_model(version)
    except Refused as no:
        raise LookupError(version) from no
    if view.state not in _MAY_SCORE:
        raise LookupError(version)

    def chance(frame: pl.DataFrame) -> pl.Series:
        return live_scoring.chances(view, frame)

    return Scorer(NAME, version, live_scoring.required(view), chance)
