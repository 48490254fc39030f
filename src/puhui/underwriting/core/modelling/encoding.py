"""Features as read → the numbers a boosted model sees: codes apart from sizes, words as numbered levels with one rest level.

Rules kept: a word too rare to learn from shares the rest level, and so does a word never seen, which is thus judged like the
rare ones of training and not like a missing value (decision 0072). Each value is encoded by itself.

>>> made = fit(pl.DataFrame({"city": ["a"] * 60 + ["b"] * 40 + ["c"]}), {"city": ()}, least_rows=20)
>>> made.inputs, made.encoded(pl.DataFrame({"city": ["b", "c", "never seen", None]})).ravel().tolist()
((('city', 'word'),), [1.0, 2.0, 2.0, nan])
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Singles = npt.NDArray[np.float32]
SIZE, CODE, WORD = "size", "code", "word"
_FEW = 256  # values that a dictionary numbers sooner than a query does


@dataclass(frozen=True, slots=True)
class Encoding:
    """`inputs`: (feature, how) of each number the model sees; `specials` of each number; `levels` of each feature of words."""

    inputs: tuple[tuple[str, str], ...]
    specials: dict[str, tuple[float, ...]]
    levels: dict[str, tuple[str, ...]]

    @property
    def input_kinds(self) -> list[str]:
        """XGBoost's feature types: c for levels, q for numbers."""
        return ["c" if how == WORD else "q" for _, how in self.inputs]

    def encoded(self, values: pl.DataFrame) -> Singles:
        """One row a row, one column an input."""
        columns = [self._column(values[name], how) for name, how in self.inputs]
        return np.column_stack(columns) if columns else np.zeros((values.height, 0), dtype=np.float32)

    def some(self, places: Sequence[int]) -> "Encoding":
        """The inputs in these places only."""
        inputs = tuple(self.inputs[place] for place in places)
        names = {name for name, _ in inputs}
        specials = {name: codes for name, codes in self.specials.items() if name in names}
        return Encoding(inputs, specials, {name: words for name, words in self.levels.items() if name in names})

    def as_json(self) -> dict[str, Any]:
        return {
            "inputs": [list(pair) for pair in self.inputs],
            "specials": {name: list(codes) for name, codes in self.specials.items()},
            "levels": {name: list(words) for name, words in self.levels.items()},
        }

    @staticmethod
    def of(stored: dict[str, Any]) -> "Encoding":
        return Encoding(
            tuple((name, how) for name, how in stored["inputs"]),
            {name: tuple(codes) for name, codes in stored["specials"].items()},
            {name: tuple(words) for name, words in stored["levels"].items()},
        )

    def _column(self, values: pl.Series, how: str) -> Singles:
        if how == WORD:
            words = self.levels[values.name]
            if len(values) < _FEW:
                places = {word: float(place) for place, word in enumerate(words)} | {None: np.nan}
                return np.array([places.get(word, len(words)) for word in values.to_list()], dtype=np.float32)
            numbered = values.replace_strict(
                list(words), list(range(len(words))), default=len(words), return_dtype=pl.Float32
            )
            missing = values.is_null().to_numpy()
            return np.where(missing, np.float32(np.nan), numbered.to_numpy()).astype(np.float32)
        numbers = values.cast(pl.Float64).to_numpy()  # a null is NaN here
        if not self.specials[values.name] and how == SIZE:
            return numbers.astype(np.float32)
        codes = np.isin(numbers, self.specials[values.name])
        return np.where(codes == (how == SIZE), np.nan, numbers).astype(np.float32)


def fit(values: pl.DataFrame, specials: Mapping[str, tuple[float, ...]], *, least_rows: int) -> Encoding:
    """Settle the inputs on training rows."""
    inputs: list[tuple[str, str]] = []
    levels: dict[str, tuple[str, ...]] = {}
    for column in values.get_columns():
        name = column.name
        if column.dtype == pl.String:
            counted = column.drop_nulls().value_counts().filter(pl.col("count") >= least_rows)
            levels[name] = tuple(counted[name].sort().to_list())
            inputs.append((name, WORD))
            continue
        inputs.append((name, SIZE))
        if specials[name]:
            inputs.append((name, CODE))
    kept = {name: tuple(specials[name]) for name in values.columns if values[name].dtype != pl.String}
    return Encoding(tuple(inputs), kept, levels)
