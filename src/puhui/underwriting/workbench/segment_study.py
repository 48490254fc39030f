"""`puhui model segments`: would a model of each segment predict better? A study on a tape's training rows, and a proposal.

Rule kept: nothing is split here; what pays is proposed, kept for a person to answer, and told with its interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling import preparing, segment_split, segments, terms
from puhui.underwriting.core.modelling.preparing import Asked
from puhui.underwriting.workbench.tape import read_tape


@dataclass(frozen=True, slots=True)
class Studied:
    """`study` as JSON; the tape's hash and the version of the table say what it rests on."""

    study: dict[str, Any]
    tape_hash: str
    terms_version: str


def study_tape(path: Path, asked: Asked, *, by: Sequence[str] = ()) -> Studied:
    """Try every column that could tell segments apart, or those named in `by`."""
    tape, table = read_tape(path), segments.table()
    rows = preparing.prepare(tape.frame, asked, terms.in_force())
    absent = [name for name in by if name not in rows.values.columns]
    if absent:
        told = f"这些列不是可用的变量 · these columns are no inputs: {', '.join(absent)}"
        raise Refused(Refusal("SEGMENT_COLUMN_ABSENT", told, where=", ".join(absent)))
    chosen = np.flatnonzero(rows.split.training)
    most = int(table.split["max_rows"])
    sampled = len(chosen) > most
    if sampled:
        chosen = np.sort(np.random.default_rng(asked.seed).choice(chosen, most, replace=False))
    values = rows.values[chosen]
    found = segment_split.candidates(values, table.split, by)
    studied = segment_split.study(
        values, rows.bad[chosen], rows.weight[chosen], found, terms=table.split, seed=asked.seed
    )
    return Studied(studied.as_json() | {"sampled": sampled}, tape.sha256, table.version)
