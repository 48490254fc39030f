"""`puhui mirror same`: which records of a table are one party, with the weight of every pair and its parts."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from puhui.antifraud.core import matching
from puhui.antifraud.graphs import files
from puhui.antifraud.graphs.ring_study import peak_mb, sizes
from puhui.kernel.refusal import Refusal, Refused


@dataclass(frozen=True, slots=True)
class PartyStudy:
    """`answer`: what is printed. `pairs`: left, right (ids, or row numbers from 1), weight, chance, parts; `members`: id and party."""

    answer: dict[str, Any]
    pairs: pl.DataFrame
    members: pl.DataFrame


def study(path: Path, *, seed: int) -> PartyStudy:
    """Read, compare, join. Raises Refused where the file cannot be used."""
    started = time.perf_counter()
    records = files.read_table(path, texts=True)
    if not records.height:
        raise Refused(Refusal("RECORDS_EMPTY", "没有记录 · there are no records", str(path)))
    terms = matching.in_force()
    found = matching.match(records, terms, seed=seed)
    likely = found.pairs.filter(pl.col("chance") >= terms["likely"])
    party = matching.parties(records.height, likely)
    ids = records["id"] if "id" in records.columns else pl.Series("id", np.arange(1, records.height + 1))
    unread = [name for name in records.columns if name not in (*found.compared, "id")]
    several = np.bincount(party)
    answer = {
        "records": records.height, "parties": len(several), "pairs_compared": found.pairs.height, "pairs_likely": likely.height,
        "sizes": {name: value for name, value in sizes(party).items() if name != "histogram"}, "compared": list(found.compared),
        "levels": {name: {"m": _told(found.m[place]), "u": _told(found.u[place])} for place, name in enumerate(found.compared)},
        "prior": found.prior, "told": found.told, "notes": [f"left unread: {', '.join(unread[:12])}"] if unread else [],
        "terms": terms["version"], "seconds": round(time.perf_counter() - started, 3), "peak_mb": peak_mb(),
    }  # fmt: skip
    named = found.pairs.with_columns(left=ids.gather(found.pairs["left"]), right=ids.gather(found.pairs["right"]))
    return PartyStudy(answer, named, pl.DataFrame([ids.alias("id"), pl.Series("party", party)]))


def _told(chances: Any) -> list[float]:
    """Different, close, equal."""
    return [round(float(one), 6) for one in chances]
