"""A fraud model beside its training (模型监控): how far score and signals have moved, and how well it still finds fraud.

Rules kept: bins come from the training rows, counted once and kept with the model as plain numbers; a figure without enough rows or
confirmed frauds is None; lines and windows are `policy/model_watch.toml`, whose version stands beside each day's figures.

>>> kept = picture(np.array([[1.0], [2.0], [3.0], [4.0]], dtype=np.float32), ("people_1hop",), np.array([0.1, 0.2, 0.3, 0.4]))
>>> moved = shifts(kept, np.array([[4.0], [4.0]], dtype=np.float32), ("people_1hop",), np.array([0.1, 0.2]))
>>> sorted(moved), moved["people_1hop"].psi > 0.25, in_force()["version"]
(['fraud_chance', 'people_1hop'], True, '2026-11-29')
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel import shipped
from puhui.policy.core import stability
from puhui.policy.core.alert_line import AlertLine
from puhui.policy.core.stability import Cuts, Shift

SCORE = "fraud_chance"
Matrix = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]


def in_force() -> dict[str, Any]:
    """The table shipped with this release."""
    return shipped.tree("puhui.antifraud", "policy/model_watch.toml")


def lines() -> list[AlertLine]:
    """The lines of the table."""
    return [AlertLine(**row) for row in in_force()["alert"]]


def picture(seen: Matrix, features: Sequence[str], chance: Numbers) -> dict[str, Any]:
    """Cuts and counts of every signal and of the score over the training rows, as plain data."""
    return {name: _counted(values) for name, values in _columns(seen, features, chance).items()}


def shifts(kept: Mapping[str, Any], seen: Matrix, features: Sequence[str], chance: Numbers) -> dict[str, Shift]:
    """PSI of the score and of every signal against the picture."""
    found = {}
    for name, values in _columns(seen, features, chance).items():
        if name in kept:
            cuts, labels = Cuts(tuple(kept[name]["edges"])), Cuts(tuple(kept[name]["edges"])).labels()
            counts = np.bincount(cuts.places(values), minlength=len(labels))
            found[name] = stability.shift(name, labels, kept[name]["counts"], counts)
    return found


def figures(
    moved: Mapping[str, Shift], trained: Mapping[str, Any], judged: Mapping[str, float] | None
) -> dict[str, float | None]:
    """The day's figures by name. `trained`: the measures at training; `judged`: the same on what has matured since."""
    signals = [shift.psi for name, shift in moved.items() if name != SCORE]
    known = judged or {}
    ratio = known.get("expected_over_seen")
    lost = _lost(trained, known) if "auprc" in known and "auprc" in trained else None
    return {
        "psi_score": round(moved[SCORE].psi, 6) if SCORE in moved else None,
        "psi_signals_most": round(max(signals), 6) if signals else None,
        "auroc": known.get("auroc"),
        "auprc": known.get("auprc"),
        "auprc_lost": None if lost is None else round(lost, 4),
        "miscalibration": None if ratio is None else round(abs(ratio - 1), 4),
    }


def _lost(trained: Mapping[str, Any], known: Mapping[str, float]) -> float:
    """Average precision lost beyond what so few frauds leave to chance: its variance is about p(1 − p)/frauds (Boyd, Eng, Page 2013).

    Half a fraud found and half a one missed are added to p there, or a perfect judgement of four frauds would count as certain.
    """
    variance = 0.0
    for side in (trained, known):
        frauds = max(1, side["frauds"])
        p = (side["auprc"] * frauds + 0.5) / (frauds + 1)
        variance += p * (1 - p) / frauds
    least = float(in_force()["daily"]["chance_z"]) * variance**0.5
    return max(0.0, float(trained["auprc"]) - float(known["auprc"]) - least)


def _columns(seen: Matrix, features: Sequence[str], chance: Numbers) -> dict[str, Numbers]:
    wide = np.asarray(seen, dtype=np.float64)
    return {name: wide[:, place] for place, name in enumerate(features)} | {SCORE: np.asarray(chance, dtype=np.float64)}


def _counted(values: Numbers) -> dict[str, list[float] | list[int]]:
    cuts = stability.cuts_of(values)
    return {
        "edges": list(cuts.edges),
        "counts": np.bincount(cuts.places(values), minlength=len(cuts.labels())).tolist(),
    }
