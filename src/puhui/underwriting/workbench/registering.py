"""From a model folder to the register: the model, its card, and (with its tape) what training looked like.

Rules kept: a tape is taken for the training tape only if its hash is the one in the card; pictures and fine counts are
made of training rows alone; the same folder registers once.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting import live_scoring, registry
from puhui.underwriting.core.modelling import evaluation, fitting, preparing
from puhui.underwriting.core.modelling.model import Model
from puhui.underwriting.core.modelling.preparing import Asked, Prepared
from puhui.underwriting.core.modelling.rebinning import fine_counts
from puhui.underwriting.core.modelling.terms import Terms
from puhui.underwriting.core.modelling.training_picture import TrainingPicture
from puhui.underwriting.registry import ModelDraft
from puhui.underwriting.workbench import card_facts, model_folder, rebinning
from puhui.underwriting.workbench.tape import read_tape


@dataclass(frozen=True, slots=True)
class By:
    """Who registers, and when; `tape_name` where the file lies under another name than it came with."""

    person: str
    now: datetime
    tape_name: str = ""


def register_folder(place: Path, *, name: str, by: By, tape: Path | None = None) -> list[str]:
    """Register every kind of a folder; returns the ids of the models. Without the tape they can be neither watched for
    drift nor re-binned on screen."""
    card = model_folder.read_card(place)
    card["tape"]["name"] = by.tape_name or card["tape"]["name"]
    fitted = [model_folder.read(place, kind)[0] for kind in card["kinds"]]
    rows = None if tape is None else training_rows(tape, card, fitted[0].terms)
    found = []
    for model in fitted:
        picture = None if rows is None else picture_of(model, rows)
        found.append(registry.register_model(_draft(name, model, card, picture), by=by.person, now=by.now))
    return found


def register_rebinned(
    parent: dict[str, Any], tape: Path, cuts: dict[str, dict[str, Any]], *, name: str, made_from: str, by: By
) -> str:
    """Fit the coefficients of a registered scorecard again over other bins, judge it, register it as the next version.

    `parent` is the register's card row {content, card}; `cuts` gives for a feature {edges} or {groups}."""
    model, card = live_scoring.rebuilt(parent["content"]), parent["card"]["folder"]
    assert model.scorecard is not None
    rows = training_rows(tape, card, model.terms)
    changed = rebinning.refitted(model, cuts, rows)
    judged = fitting.judge(changed, rows)
    test = rows.split.judging
    found = evaluation.evaluate(rows.bad[test], judged.test_pd, rows.weight[test], seed=card["asked"]["seed"])
    draft = _draft(name, changed, _recounted(card, found, changed), picture_of(changed, rows))
    return registry.register_model(replace(draft, made_from=made_from), by=by.person, now=by.now)


def training_rows(tape: Path, card: dict[str, Any], policy: Terms) -> Prepared:
    """The tape prepared as it was for the fit, by the terms of that time. Refuses another tape."""
    read = read_tape(tape)
    if read.sha256 != card["tape"]["sha256"]:
        told = "这不是训练该模型的数据 · this is not the tape the model was fitted on"
        raise Refused(Refusal("TAPE_DIFFERS", told, where=tape.name))
    asked = card["asked"]
    return preparing.prepare(
        read.frame, Asked(asked["target"], asked["positive"], asked["time"], asked["weight"], tuple(asked["drop"]), tuple(asked["keep"]),
                          asked["seed"]), policy,
    )  # fmt: skip


def picture_of(model: Model, rows: Prepared) -> dict[str, Any]:
    """The training picture of a model's features and score; for a scorecard the fine counts of each column too."""
    training = rows.split.training
    values = rows.values.filter(pl.Series(training)).select([feature.name for feature in model.features])
    specials = {feature.name: list(feature.specials) for feature in model.features}
    stored = TrainingPicture.of(values, fitting.judge(model, rows).training_pd, specials=specials).as_json()
    bins = model.scorecard.bins if model.scorecard else ()
    bad, weight = rows.bad[training], rows.weight[training]
    return stored | {"fine": {one.name: fine_counts(one, values[one.name], bad, weight).as_json() for one in bins}}


def _draft(name: str, model: Model, card: dict[str, Any], picture: dict[str, Any] | None) -> ModelDraft:
    content = live_scoring.stored(model)
    facts = card_facts.of(card, {model.kind: content["model"]})
    own = next(one for one in facts["models"] if one["kind"] == model.kind)
    shown = facts | {"name": name, "models": [own], "evaluation": own["evaluation"], "folder": card}
    return ModelDraft(name, model.kind, content, shown, card["tape"]["name"], card["tape"]["sha256"], picture)


def _recounted(card: dict[str, Any], found: evaluation.Evaluation, model: Model) -> dict[str, Any]:
    """The parent's card with the figures of the new bins; what was not worked out again is left out."""
    assert model.scorecard is not None
    kept = ("rows", "columns", "target", "positive", "split", "leakage", "left_out", "told", "notes")
    first = next(one for one in card["answers"] if one["kind"] == model.kind)
    answer = {name: first[name] for name in kept if name in first} | {
        "kind": model.kind, "auc": round(found.auc, 6), "ks": round(found.ks, 6), "gini": round(found.gini, 6), "brier": round(found.brier, 6),
        "features": [{"name": one.name, "iv": round(one.iv, 4)} for one in model.scorecard.bins],
    }  # fmt: skip
    return {name: value for name, value in card.items() if name != "hashes"} | {
        "kinds": [model.kind], "answers": [answer], "evidence": {model.kind: {"evaluation": found.as_json()}},
    }  # fmt: skip
