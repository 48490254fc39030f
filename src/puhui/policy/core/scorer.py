"""A scorer (评分器): a named, versioned function from columns to the chance of default, registered by the room that owns the model.

Rule kept: the policy floor knows no model; a version of a policy names one as `name@version`, and its answer is the
column `pd`. One row scores as a million do.

>>> scorer = Scorer("flat", "1", ("debt",), lambda frame: frame["debt"] * 0.1)
>>> scorer.over(pl.DataFrame({"debt": [0.5, None]}))["pd"].to_list()
[0.05, None]
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core.columns import Column

PD = Column("pd", "float", may_be_missing=True, zh="违约概率", en="chance of default")


@dataclass(frozen=True, slots=True)
class Scorer:
    """`columns` are the inputs that it reads; `score` gives one number a row, null where it has none."""

    name: str
    version: str
    columns: tuple[str, ...]
    score: Callable[[pl.DataFrame], pl.Series] = field(repr=False)

    @property
    def title(self) -> str:
        return f"{self.name}@{self.version}"

    def over(self, seen: pl.DataFrame) -> pl.DataFrame:
        """The frame with `pd` beside it; a chance outside [0, 1] is a fault of the model and refused."""
        found = self.score(seen).cast(pl.Float64).alias(PD.name)
        chances = found.to_numpy()  # a null is NaN here
        sound = (chances >= 0) & (chances <= 1)
        if found.len() != seen.height or np.count_nonzero(sound) + found.null_count() != found.len():
            raise Refused(Refusal("SCORE_UNSOUND", "模型给出的概率不在 0 与 1 之间 · not a chance", where=self.title))
        return seen.with_columns(found) if PD.name in seen.columns else seen.hstack([found])
