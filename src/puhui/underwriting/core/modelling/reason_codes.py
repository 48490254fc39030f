"""Why a row scores as it does, in codes and words: the features that cost it most, and on which side of the usual they lie.

Rules kept: a reason is a feature and a side (LOW, HIGH, MISSING, CODE, WORD); its code is stable for a model, its words come from
the feature's name. Only what makes the row worse than usual is a reason. Ties go to the feature that stands first.

>>> code_of("Annual income", "LOW"), words_of("income", "LOW")
('ANNUAL_INCOME_LOW', ('“income”偏低', '“income” is low'))
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling.preparing import Feature

Floats = npt.NDArray[np.float64]
SIDES = ("LOW", "HIGH", "MISSING", "CODE", "WORD")
_WORDS = {
    "LOW": ("“{0}”偏低", "“{0}” is low"),
    "HIGH": ("“{0}”偏高", "“{0}” is high"),
    "MISSING": ("“{0}”缺失", "“{0}” is missing"),
    "CODE": ("“{0}”为特殊代码", "“{0}” is a special code"),
    "WORD": ("“{0}”的取值风险较高", "the value of “{0}” is riskier than usual"),
}


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Features in model order with their middle value in training, which parts LOW from HIGH."""

    features: tuple[Feature, ...]
    middles: tuple[float, ...]

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {"feature": feature.name, "middle": None if np.isnan(middle) else middle, "reasons": [
                {"code": code_of(feature.name, side), "side": side, "zh": words_of(feature.name, side)[0], "en": words_of(feature.name, side)[1]}
                for side in _sides(feature)]} for feature, middle in zip(self.features, self.middles, strict=True)
        ]  # fmt: skip

    def reasons(self, cost: Floats, values: pl.DataFrame, most: int) -> tuple[pl.Series, pl.Series]:
        """`cost`: rows by features, positive makes worse. → codes joined by ";", and words in both languages."""
        rows, width = cost.shape
        if width == 0 or rows == 0:
            empty = pl.Series([""] * rows, dtype=pl.String)
            return empty, empty
        side = np.column_stack(
            [
                _side(values[feature.name], feature, middle)
                for feature, middle in zip(self.features, self.middles, strict=True)
            ]
        )
        order = np.argsort(-cost, axis=1, kind="stable")[:, :most]
        taken = np.take_along_axis(cost, order, axis=1) > 0
        place = np.where(taken, order * len(SIDES) + np.take_along_axis(side, order, axis=1), width * len(SIDES))
        codes = np.array(
            [code_of(feature.name, one) for feature in self.features for one in SIDES] + [""], dtype=object
        )
        words = np.array(
            [" · ".join(words_of(feature.name, one)) for feature in self.features for one in SIDES] + [""], dtype=object
        )
        return _joined(codes[place], ";"), _joined(words[place], "; ")


def middles_of(values: pl.DataFrame, features: Sequence[Feature]) -> tuple[float, ...]:
    """Median of each number over training rows, special codes left out."""
    found = []
    for feature in features:
        column = values[feature.name]
        if column.dtype == pl.String:
            found.append(float("nan"))
            continue
        middle = column.filter(~column.is_in(list(feature.specials))).median()
        found.append(float(middle) if isinstance(middle, float) else float("nan"))
    return tuple(found)


def code_of(name: str, side: str) -> str:
    """A code of capital letters, digits and Chinese characters."""
    return re.sub(r"[^0-9A-Za-z\u4e00-\u9fff]+", "_", name).strip("_").upper() + "_" + side


def words_of(name: str, side: str) -> tuple[str, str]:
    """Chinese and English."""
    zh, en = _WORDS[side]
    return zh.format(name), en.format(name)


def _sides(feature: Feature) -> tuple[str, ...]:
    if feature.kind == "category":
        return ("WORD", "MISSING")
    return ("LOW", "HIGH", "MISSING") + (("CODE",) if feature.specials else ())


def _side(values: pl.Series, feature: Feature, middle: float) -> npt.NDArray[np.int64]:
    missing = values.is_null().to_numpy()
    if feature.kind == "category":
        return np.where(missing, SIDES.index("MISSING"), SIDES.index("WORD"))
    numbers = values.fill_null(np.nan).to_numpy()
    plain = np.where(numbers > middle, SIDES.index("HIGH"), SIDES.index("LOW"))
    coded = np.where(np.isin(numbers, feature.specials), SIDES.index("CODE"), plain)
    return np.where(missing, SIDES.index("MISSING"), coded)


def _joined(parts: npt.NDArray[np.object_], between: str) -> pl.Series:
    columns = [pl.Series(f"r{number}", parts[:, number].tolist(), dtype=pl.String) for number in range(parts.shape[1])]
    frame = pl.DataFrame(columns)
    return frame.select(
        pl.concat_str(
            [pl.when(pl.col(name) != "").then(name) for name in frame.columns], separator=between, ignore_nulls=True
        )
    ).to_series()
