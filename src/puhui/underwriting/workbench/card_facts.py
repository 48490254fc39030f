"""The facts of a model card, read off what `puhui model fit` keeps in its folder (card.json and the model's own JSON).

>>> of({"tape": {"name": "t.csv"}, "asked": {"target": "bad"}, "answers": [], "evidence": {}, "kinds": []}, {})["name"]
't.csv'
"""

from collections.abc import Mapping
from typing import Any

from puhui.underwriting.core.modelling import watching

SPLITS = {
    "random": "随机 · random", "time": "按时间 · by time",
    "random_by_group": "随机，同一申请人在同一边 · random, an applicant on one side",
}  # fmt: skip


def of(card: dict[str, Any], stored: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """`stored` is the JSON of each kind's model; what an older folder lacks stays out."""
    asked, answers = card["asked"], card["answers"]
    first = answers[0] if answers else {}
    return {
        "name": str(card["tape"].get("name", "")), "fitted_at": card.get("fitted_at"), "seed": asked.get("seed"),
        "terms_version": card.get("terms"), "libraries": card.get("libraries", {}),
        "tape": card["tape"] | {"target": asked.get("target"), "positive": asked.get("positive"), "time": asked.get("time"),
                                "weight": asked.get("weight"), "bads": _bads(first)},
        "split": _split(first.get("split", {})), "leaks": _leaks(first), "reject_inference": card.get("reject_inference"),
        "models": [_kind(answer, card["evidence"].get(answer["kind"], {}), card.get("hashes", {}), stored) for answer in answers],
    }  # fmt: skip


def _kind(
    answer: dict[str, Any], evidence: dict[str, Any], hashes: dict[str, str], stored: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    kind = answer["kind"]
    bands = watching.in_force().bands
    return {
        "kind": kind, "digest": hashes.get(kind), "evaluation": evidence.get("evaluation"),
        "scorecard": stored.get(kind, {}).get("scorecard"),
        "importance": None if kind == "scorecard" else _shares(answer.get("features", [])),
        "stability": {"score_psi": answer.get("psi"), "bands": {"watch": bands.watch, "act": bands.act},
                      "columns": [{"column": name, "psi": value} for name, value in _ordered(evidence.get("csi", {}))]},
    }  # fmt: skip


def _ordered(csi: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(csi.items(), key=lambda pair: (-pair[1], pair[0]))


def _shares(features: list[dict[str, Any]]) -> list[dict[str, Any]]:
    total = sum(float(one["share"]) for one in features) or 1.0
    return [{"name": one["name"], "share": float(one["share"]) / total} for one in features]


def _bads(answer: dict[str, Any]) -> int | None:
    split = answer.get("split", {})
    counts = [split.get(name) for name in ("training_bads", "test_bads")]
    return sum(counts) if all(count is not None for count in counts) else None  # type: ignore[arg-type]


def _split(told: dict[str, Any]) -> dict[str, Any]:
    """In words: how the rows were divided, with the day where time divides them."""
    how = str(told.get("by") or told.get("how") or told.get("kind") or "")
    days = [str(told[name]) for name in ("last_training_day", "first_test_day") if told.get(name) is not None]
    training, steering = told.get("training_rows"), told.get("steering_rows")
    fitted = training - steering if training is not None and steering is not None else training
    return {
        "told": SPLITS.get(how, how) + (f" ({' | '.join(days)})" if days else ""),
        "training": fitted,
        "validation": steering,
        "test": told.get("test_rows"),
    }


def _leaks(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """One line a suspected column; it was kept unless the model left it out as a leak."""
    out = {one["column"] for one in answer.get("left_out", []) if one["role"] != "feature"}
    found: dict[str, dict[str, Any]] = {}
    for one in answer.get("leakage", []):
        line = found.setdefault(
            one["column"], {"column": one["column"], "told_zh": "", "told_en": "", "kept": one["column"] not in out}
        )
        for tongue in ("zh", "en"):
            line[f"told_{tongue}"] += ("；" if tongue == "zh" else "; ") * bool(line[f"told_{tongue}"]) + str(
                one[tongue]
            )
    return list(found.values())
