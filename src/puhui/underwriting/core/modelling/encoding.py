"""Features as read → the numbers a boosted model sees: codes apart from sizes, words by the bad rate of their like.

Rules kept: a word's rate is smoothed towards the usual one and, on training rows, comes from the other folds, so that no row
teaches itself; a word never seen gets the usual rate. Serving uses the rates of all training rows; each value by itself.

>>> made = fit(pl.DataFrame({"city": ["a"] * 60 + ["b"] * 40}), (np.arange(100) < 60).astype(np.int8), np.ones(100), {"city": ()}, 40)
>>> [name for name, _ in made.inputs], made.encoded(pl.DataFrame({"city": ["a", "c"]})).round(2).ravel().tolist()
(['city'], [1.73, 0.41])
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import calibration

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Outcome = npt.NDArray[np.int8]
FOLDS = 5
SIZE, CODE, RATE, COMMONNESS = "size", "code", "rate", "commonness"
MANY_WORDS = 30


@dataclass(frozen=True, slots=True)
class Encoding:
    """`inputs`: (feature, how) of each number the model sees; `specials` a feature; `rates`: word → log-odds, and None → missing;
    `usual` log-odds of a word never seen; `seen`: rows a word, for words of features that have many."""

    inputs: tuple[tuple[str, str], ...]
    specials: dict[str, tuple[float, ...]]
    rates: dict[str, dict[str, float]]
    missing: dict[str, float]
    seen: dict[str, dict[str, float]]
    usual: float

    def encoded(self, values: pl.DataFrame) -> Singles:
        """One row a row, one column an input."""
        columns = [self._column(values[name], how) for name, how in self.inputs]
        return np.column_stack(columns) if columns else np.zeros((values.height, 0), dtype=np.float32)

    def as_json(self) -> dict[str, Any]:
        return {"inputs": [list(pair) for pair in self.inputs], "specials": {name: list(codes) for name, codes in self.specials.items()},
                "rates": self.rates, "missing": self.missing, "seen": self.seen, "usual": self.usual}  # fmt: skip

    @staticmethod
    def of(stored: dict[str, Any]) -> "Encoding":
        return Encoding(tuple((name, how) for name, how in stored["inputs"]), {name: tuple(codes) for name, codes in stored["specials"].items()},
                        stored["rates"], stored["missing"], stored["seen"], stored["usual"])  # fmt: skip

    def _column(self, values: pl.Series, how: str) -> Singles:
        name = values.name
        if how == RATE:
            return _mapped(values, self.rates[name], self.usual, self.missing[name])
        if how == COMMONNESS:
            return _mapped(values, self.seen[name], 0.0, np.nan)
        numbers = values.fill_null(np.nan).to_numpy()
        codes = np.isin(numbers, self.specials[name])
        return (
            np.where(codes, np.nan, numbers).astype(np.float32)
            if how == SIZE
            else np.where(codes, numbers, np.nan).astype(np.float32)
        )


def fit(
    values: pl.DataFrame, bad: Outcome, weight: Floats, specials: Mapping[str, tuple[float, ...]], smoothing_rows: float
) -> Encoding:
    """Settle the inputs on training rows."""
    usual_rate = float((weight * bad).sum() / weight.sum())
    inputs: list[tuple[str, str]] = []
    rates, missing, seen = {}, {}, {}
    for column in values.get_columns():
        name = column.name
        if column.dtype == pl.String:
            inputs.append((name, RATE))
            rates[name], missing[name] = _rates(column, bad, weight, usual_rate, smoothing_rows)
            if len(rates[name]) > MANY_WORDS:
                inputs.append((name, COMMONNESS))
                counts = column.drop_nulls().value_counts()
                seen[name] = dict(
                    zip(counts[name].to_list(), np.log1p(counts["count"].to_numpy()).tolist(), strict=True)
                )
        else:
            inputs.append((name, SIZE))
            if specials[name]:
                inputs.append((name, CODE))
    kept = {name: tuple(specials[name]) for name in values.columns if values[name].dtype != pl.String}
    return Encoding(tuple(inputs), kept, rates, missing, seen, float(calibration.log_odds(np.array([usual_rate]))[0]))


def cross_encoded(
    values: pl.DataFrame, bad: Outcome, weight: Floats, full: Encoding, *, smoothing_rows: float, seed: int
) -> Singles:
    """Training rows with each word's rate taken from the other folds."""
    matrix = full.encoded(values)
    worded = [(place, name) for place, (name, how) in enumerate(full.inputs) if how == RATE]
    if not worded:
        return matrix
    fold = np.random.default_rng(seed).integers(0, FOLDS, values.height)
    usual_rate = float((weight * bad).sum() / weight.sum())
    for number in range(FOLDS):
        inside = fold == number
        mask = pl.Series(inside)
        for place, name in worded:
            rates, missing = _rates(
                values[name].filter(~mask), bad[~inside], weight[~inside], usual_rate, smoothing_rows
            )
            matrix[inside, place] = _mapped(values[name].filter(mask), rates, full.usual, missing)
    return matrix


def _rates(
    words: pl.Series, bad: Outcome, weight: Floats, usual: float, smoothing_rows: float
) -> tuple[dict[str, float], float]:
    table = (
        pl.DataFrame({"word": words, "rows": weight, "bads": weight * bad})
        .group_by("word")
        .agg(pl.sum("rows"), pl.sum("bads"))
        .sort("word")
    )
    rate = (table["bads"].to_numpy() + smoothing_rows * usual) / (table["rows"].to_numpy() + smoothing_rows)
    odds = dict(zip(table["word"].to_list(), calibration.log_odds(rate).tolist(), strict=True))
    missing = odds.pop(None, float(calibration.log_odds(np.array([usual]))[0]))  # type: ignore[call-overload]
    return odds, missing


def _mapped(words: pl.Series, known: Mapping[str, float], unknown: float, missing: float) -> Singles:
    places, figures = list(known), list(known.values())
    found = words.replace_strict(places, figures, default=unknown, return_dtype=pl.Float64).to_numpy()
    return np.where(words.is_null().to_numpy(), missing, found).astype(np.float32)
