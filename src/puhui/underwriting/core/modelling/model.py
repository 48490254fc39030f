"""A fitted model as plain data, and the one way to score with it: a frame in, chances, points and reasons out.

Rules kept: JSON (and UBJSON for trees), never a pickle; a tape of a million and one applicant take the same path and give the
same bits; what is missing, unseen or unread is said beside the answer, and a tape without the columns is refused by their names.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling import calibration, columns, preparing, scorecard
from puhui.underwriting.core.modelling.boosting import Boosted
from puhui.underwriting.core.modelling.columns import Column
from puhui.underwriting.core.modelling.preparing import Feature
from puhui.underwriting.core.modelling.reason_codes import Dictionary
from puhui.underwriting.core.modelling.scorecard import Scorecard
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
CHUNK_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class ModelScores:
    """One entry a row. `notes` says what was not as in training: unseen:<col>, unread:<col>, all_missing."""

    pd: Floats
    points: npt.NDArray[np.int64]
    reasons: pl.Series
    reasons_text: pl.Series
    notes: pl.Series


@dataclass(frozen=True, slots=True)
class Model:
    """`kind`: scorecard or boosting, with that part filled. `about`: everything else that is known of the fit (see workbench)."""

    kind: str
    features: tuple[Feature, ...]
    columns: tuple[Column, ...]
    time: Column | None
    middles: tuple[float, ...]
    terms: Terms
    scorecard: Scorecard | None = None
    boosted: Boosted | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """Columns a tape must have to be scored."""
        needs_time = self.time is not None and any(feature.to_time for feature in self.features)
        return tuple(column.name for column in self.columns) + ((self.time.name,) if needs_time and self.time else ())

    def score(self, frame: pl.DataFrame, *, reasons: bool = True) -> ModelScores:
        """Score raw rows. Raises Refused COLUMNS_MISSING, naming each with its nearest namesake."""
        _all_there(frame, self.required)
        if frame.height <= CHUNK_ROWS:
            return self._score(frame, reasons=reasons)
        parts = [
            self._score(frame.slice(start, CHUNK_ROWS), reasons=reasons) for start in range(0, frame.height, CHUNK_ROWS)
        ]
        return ModelScores(
            np.concatenate([part.pd for part in parts]), np.concatenate([part.points for part in parts]),
            *(pl.concat([getattr(part, name) for part in parts]) for name in ("reasons", "reasons_text", "notes")),
        )  # fmt: skip

    def chances(self, values: pl.DataFrame) -> Floats:
        """Chances of default from feature values already read."""
        if self.scorecard is not None:
            card = self.scorecard
            return calibration.chances(card.log_odds_of(card.base_points + card.parts(values).sum(axis=1)))
        assert self.boosted is not None
        return calibration.chances(self.boosted.calibration.apply(self.boosted.raw(values)))

    def values(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Feature values of raw rows."""
        return self._read(frame, noting=False)[0]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "features": [{"name": f.name, "kind": f.kind, "specials": list(f.specials), "to_time": f.to_time} for f in self.features],
            "columns": [column.as_json() for column in self.columns], "time": None if self.time is None else self.time.as_json(),
            "middles": [None if np.isnan(middle) else middle for middle in self.middles], "terms": self.terms.stored,
            "scorecard": None if self.scorecard is None else self.scorecard.as_json(),
            "boosted": None if self.boosted is None else self.boosted.as_json(),
            "reasons": Dictionary(self.features, self.middles).as_json(),
        }  # fmt: skip

    @staticmethod
    def of(stored: dict[str, Any], boosters: Sequence[bytes] = ()) -> "Model":
        features = tuple(Feature(f["name"], f["kind"], tuple(f["specials"]), f["to_time"]) for f in stored["features"])
        return Model(
            stored["kind"], features, tuple(Column.of(column) for column in stored["columns"]),
            None if stored["time"] is None else Column.of(stored["time"]),
            tuple(float("nan") if middle is None else middle for middle in stored["middles"]), Terms(stored["terms"]),
            None if stored["scorecard"] is None else Scorecard.of(stored["scorecard"]),
            None if stored["boosted"] is None else Boosted.of(stored["boosted"], boosters),
        )  # fmt: skip

    def _score(self, frame: pl.DataFrame, *, reasons: bool) -> ModelScores:
        values, notes = self._read(frame, noting=reasons)
        if self.scorecard is not None:
            points, odds, cost = self._by_card(self.scorecard, values)
        else:
            points, odds, cost = self._by_trees(values, reasons=reasons)
        empty = pl.Series([""], dtype=pl.String).new_from_index(0, frame.height)
        codes, words = empty, empty
        if reasons:
            codes, words = Dictionary(self.features, self.middles).reasons(
                cost, values, self.terms.scorecard["reasons"]
            )
        return ModelScores(calibration.chances(odds), points, codes, words, notes)

    def _by_card(self, card: Scorecard, values: pl.DataFrame) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        parts = card.parts(values)
        points = card.base_points + parts.sum(axis=1)
        cost = np.zeros((values.height, len(self.features)))
        names = [feature.name for feature in self.features]
        for place, (bins, neutral) in enumerate(zip(card.bins, card.neutral, strict=True)):
            cost[:, names.index(bins.name)] = neutral - parts[:, place]
        return points, card.log_odds_of(points), cost

    def _by_trees(self, values: pl.DataFrame, *, reasons: bool) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        assert self.boosted is not None
        odds = self.boosted.calibration.apply(self.boosted.raw(values))
        offset, factor = scorecard.points_scale(self.terms.scorecard)
        points = np.rint(offset - factor * odds).astype(np.int64)
        if not reasons:
            return points, odds, np.zeros((values.height, len(self.features)))
        shares, names = self.boosted.shares(values, first=int(self.terms.scorecard["reasons"]))
        order = [names.index(feature.name) for feature in self.features]
        return points, odds, np.where(shares > 1e-6, shares, 0.0)[:, order]

    def _read(self, frame: pl.DataFrame, *, noting: bool) -> tuple[pl.DataFrame, pl.Series]:
        """Feature values, and what could not be read (empty unless `noting`: whoever asks for no reasons is told no notes)."""
        read, notes = list[pl.Series](), list[pl.Series]()
        for column in self.columns:
            raw = frame[column.name]
            values = columns.read(raw, column)
            read.append(values.alias(column.name))
            if not noting:
                continue
            _noted(notes, columns.unread(raw, values, column), f"unread:{column.name}")
            if column.kind == "category":
                unseen = values.is_not_null() & ~values.is_in(list(column.levels)).fill_null(False)
                _noted(notes, unseen, f"unseen:{column.name}")
        table = pl.DataFrame(read)
        decided = None
        if self.time is not None and self.time.name in self.required:
            decided = columns.read(frame[self.time.name], self.time).fill_null(np.nan).to_numpy()
        if not noting:
            silent = pl.Series([""], dtype=pl.String).new_from_index(0, frame.height)
            return preparing.feature_values(table, self.features, decided), silent
        _noted(notes, table.select(pl.all_horizontal(pl.all().is_null())).to_series(), "all_missing")
        if not notes:
            return preparing.feature_values(table, self.features, decided), pl.Series([""]).new_from_index(
                0, frame.height
            )
        said = pl.DataFrame([note.alias(f"n{number}") for number, note in enumerate(notes)])
        joined = said.select(pl.concat_str(pl.all(), separator=";", ignore_nulls=True)).to_series()
        return preparing.feature_values(table, self.features, decided), joined.fill_null("")


def _noted(notes: list[pl.Series], mask: pl.Series, text: str) -> None:
    """Adds a note where there is any row to be told of."""
    if mask.any():
        notes.append(_where(mask, text))


def _where(mask: pl.Series, text: str) -> pl.Series:
    filled = pl.Series([text], dtype=pl.String).new_from_index(0, len(mask))
    return filled.zip_with(mask, pl.Series([None], dtype=pl.String).new_from_index(0, len(mask)))


def _all_there(frame: pl.DataFrame, required: Sequence[str]) -> None:
    missing = [name for name in required if name not in frame.columns]
    if not missing:
        return
    told = []
    for name in missing:
        near = difflib.get_close_matches(name, frame.columns, n=1, cutoff=0.6)
        told.append(f"{name} (~ {near[0]})" if near else name)
    raise Refused(
        Refusal(
            "COLUMNS_MISSING",
            f"评分数据缺少{len(missing)}列：{', '.join(told)} · the tape lacks {len(missing)} columns: {', '.join(told)}",
        )
    )
