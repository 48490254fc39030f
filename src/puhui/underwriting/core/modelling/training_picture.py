"""What the training rows looked like, small enough to keep with a model: counts by bin of its score and of every column.

With it a month of applications is compared with training without the tape. Rules kept: the picture is plain JSON; words
beyond the commonest are one bin, `other`; comparing uses the picture's own cuts.

>>> picture = TrainingPicture.of(pl.DataFrame({"months": [1.0, 2.0, 3.0, 4.0]}), np.array([0.1, 0.2, 0.3, 0.4]), bins=2)
>>> score, columns = picture.against(pl.DataFrame({"months": [4.0, 4.0]}), np.array([0.1, 0.2]))
>>> round(score.psi, 3), columns[0].column, TrainingPicture.from_json(picture.as_json()) == picture
(0.52, 'months', True)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.policy.core import stability
from puhui.policy.core.stability import Cuts, Shift

SCORE, OTHER = "score", "other"
MOST_WORDS = 200
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counted:
    """Training counts by bin of one column of numbers."""

    cuts: Cuts
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TrainingPicture:
    """`numbers` and `words` by column; `score` of the model's chance of default."""

    score: Counted
    numbers: dict[str, Counted] = field(default_factory=dict)
    words: dict[str, dict[str, int]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(values: pl.DataFrame, score: npt.ArrayLike, *, bins: int = stability.BINS,
           specials: Mapping[str, Sequence[float]] | None = None) -> "TrainingPicture":  # fmt: skip
        """Count the training rows."""
        numbers, words, missing = {}, {}, {}
        for name in values.columns:
            if _is_number(values[name]):
                numbers[name] = _counted(_floats(values[name]), bins, (specials or {}).get(name, ()))
            else:
                counts = values[name].cast(pl.String).drop_nulls().value_counts(sort=True)
                pairs = list(zip(counts[name].to_list(), counts["count"].to_list()))
                words[name] = dict(pairs[:MOST_WORDS])
                rest = sum(count for _word, count in pairs[MOST_WORDS:])
                words[name] |= {OTHER: words[name].get(OTHER, 0) + rest} if rest else {}
                missing[name] = values[name].null_count()
        return TrainingPicture(_counted(np.asarray(score, dtype=np.float64), bins, ()), numbers, words, missing)

    def against(self, values: pl.DataFrame, score: npt.ArrayLike) -> tuple[Shift, list[Shift]]:
        """How the score and every column of the picture that is there moved; the largest shift first."""
        found = [
            _shift(name, known, _floats(values[name])) for name, known in self.numbers.items() if name in values.columns
        ]
        for name, counts in self.words.items():
            if name in values.columns:
                before: dict[str | None, int] = {None: self.missing[name]}
                before.update(counts)
                found.append(stability.shift_of_categories(name, before, self._said(name, values)))
        found.sort(key=lambda one: (-one.psi, one.column))
        return _shift(SCORE, self.score, np.asarray(score, dtype=np.float64)), found

    def as_json(self) -> dict[str, Any]:
        return {"score": _stored(self.score), "numbers": {name: _stored(one) for name, one in self.numbers.items()},
                "words": self.words, "missing": self.missing}  # fmt: skip

    @staticmethod
    def from_json(stored: dict[str, Any]) -> "TrainingPicture":
        numbers = {name: _read(one) for name, one in stored["numbers"].items()}
        return TrainingPicture(_read(stored["score"]), numbers, stored["words"], stored["missing"])

    def _said(self, name: str, values: pl.DataFrame) -> dict[str | None, int]:
        """Counts of the words now; where training had an `other` bin, what it did not list falls there."""
        known, counted = self.words[name], values[name].cast(pl.String).value_counts()
        said: dict[str | None, int] = {}
        for word, count in zip(counted[name].to_list(), counted["count"].to_list()):
            listed = word if word is None or word in known or OTHER not in known else OTHER
            said[listed] = said.get(listed, 0) + count
        return said


def _counted(values: Floats, bins: int, specials: Sequence[float]) -> Counted:
    cuts = stability.cuts_of(values, bins=bins, specials=specials)
    counts = np.bincount(cuts.places(values), minlength=len(cuts.labels()))
    return Counted(cuts, tuple(int(count) for count in counts))


def _shift(name: str, known: Counted, values: Floats) -> Shift:
    labels = known.cuts.labels()
    return stability.shift(name, labels, known.counts, np.bincount(known.cuts.places(values), minlength=len(labels)))


def _stored(one: Counted) -> dict[str, Any]:
    return {"edges": list(one.cuts.edges), "specials": list(one.cuts.specials), "counts": list(one.counts)}


def _read(stored: dict[str, Any]) -> Counted:
    return Counted(Cuts(tuple(stored["edges"]), tuple(stored["specials"])), tuple(stored["counts"]))


def _is_number(column: pl.Series) -> bool:
    return column.dtype.is_numeric() or column.dtype == pl.Boolean


def _floats(column: pl.Series) -> Floats:
    values: Floats = column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    return values
