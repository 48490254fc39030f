"""A registered model scores rows: what is stored becomes the model it was, and says the chance of default of each row.

Rules kept: one model, one function, in training, in monitoring and live (card 27); trees are stored as UBJSON in base64
beside the JSON, never as a pickle. Rows that lack a column of the model are not scored at all: `ModelCannotScore` names
what is missing.
"""

import base64
from functools import lru_cache
from typing import Any

import polars as pl

from puhui.underwriting import model_queries
from puhui.underwriting.core.modelling.model import Model
from puhui.underwriting.model_queries import ModelView
from puhui.underwriting.model_watch import ModelCannotScore, Scored


def score(view: ModelView, rows: pl.DataFrame) -> Scored:
    """Features and chance of default of every row, in their order."""
    pd = chances(view, rows)
    return Scored(pd, _model(view.id).values(rows) if rows.height else pl.DataFrame())


def chances(view: ModelView, rows: pl.DataFrame) -> pl.Series:
    """Chance of default of every row, in their order."""
    model = _model(view.id)
    absent = [name for name in model.required if name not in rows.columns]
    if absent:
        raise ModelCannotScore(absent)
    if rows.height == 0:
        return pl.Series("pd", [], dtype=pl.Float64)
    return pl.Series("pd", model.score(rows, reasons=False).pd)


def required(view: ModelView) -> tuple[str, ...]:
    """The columns that the model cannot do without."""
    return _model(view.id).required


def stored(model: Model) -> dict[str, Any]:
    """A fitted model as the register keeps it."""
    boosters = model.boosted.stored_boosters() if model.boosted else []
    return {"model": model.as_json(), "boosters": [base64.b64encode(one).decode("ascii") for one in boosters]}


def rebuilt(content: dict[str, Any]) -> Model:
    """The model of a register row's content."""
    return Model.of(content["model"], [base64.b64decode(one) for one in content["boosters"]])


@lru_cache(maxsize=16)
def _model(model_id: str) -> Model:
    """A registered model never changes, so a process builds it once."""
    return rebuilt(model_queries.fitted_model(model_id).content)
