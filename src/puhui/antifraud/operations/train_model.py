"""Train a model of fraud on what is confirmed, beside the champion, and let a second person make it champion; the former one retires.

Rule kept: it learns from signals as they were stored when each application came and from labels known by now; a challenger scores
nothing that is acted on until it is approved; only the newest challenger waits, those before it are superseded.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from puhui.antifraud import labelled, live_scoring, models
from puhui.antifraud.core import fraud_scorer, model_watch
from puhui.antifraud.core.fraud_scorer import Draws, FraudScorer
from puhui.antifraud.labelled import Labelled
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused

MOST_ROWS = 300_000
MACHINE = "puhui"  # who trains when nobody asked; any person may approve what it made


@transaction.atomic
def train_model(*, seed: int, by: str, now: datetime, most: int = MOST_ROWS) -> str:
    """A new challenger from the latest assessments; an application without a label counts as honest. Returns its id."""
    if not by.strip():
        raise Refused(Refusal("PERSON_MISSING", "须写明是谁 · it needs to say who", where="by"))
    found = labelled.latest(most, known_by=now)
    try:
        scorer, measures = fraud_scorer.fit(found.rows, found.fraud, seed=seed)
    except fraud_scorer.TooFewFrauds as few:
        text = f"已确认的欺诈太少，无法训练 · too few confirmed frauds to train on: {few}"
        raise Refused(Refusal("TOO_FEW_FRAUDS", text, where="labels")) from None
    told: dict[str, Any] = measures | {"trained_on": len(found.rows), "seed": seed}
    if (beside := _beside_champion(scorer, found, seed)) is not None:
        told["beside_champion"] = beside
    trained = found.rows[: len(found.rows) * 3 // 4]
    _, chance = scorer.raw_and_chance(trained)
    picture = model_watch.picture(
        fraud_scorer.matrix(trained, scorer.features), scorer.features, np.asarray(chance, dtype=np.float64)
    )
    models.FraudModel.objects.filter(state="challenger").update(state="superseded")
    row = models.FraudModel.objects.create(
        id=new_id("fmod", now=now), state="challenger", content=scorer.as_json() | {"picture": picture},
        measures=told, trained_at=now, trained_by=by,
    )  # fmt: skip
    return str(row.id)


def retrain_if_due(*, now: datetime) -> str:
    """A challenger when so many days have gone by and so many frauds were confirmed since the last was trained; else why not."""
    due = model_watch.in_force()["retraining"]
    last = models.FraudModel.objects.order_by("-trained_at").first()
    if last is not None and now < last.trained_at + timedelta(days=due["every_days"]):
        return f"trained {last.trained_at:%Y-%m-%d}, again after {due['every_days']} days"
    confirmed = models.Label.objects.filter(fraud=True, known_at__lte=now)
    fresh = confirmed.filter(recorded_at__gt=last.trained_at) if last is not None else confirmed
    if (count := fresh.values("application").distinct().count()) < due["least_new_frauds"]:
        return f"{count} newly confirmed frauds, {due['least_new_frauds']} needed"
    try:
        return train_model(seed=int(now.timestamp()) % 100_000, by=MACHINE, now=now)
    except Refused as refused:
        return str(refused.refusal)


@transaction.atomic
def approve_model(model_id: str, *, by: str) -> None:
    """Make a challenger the champion. Not by who trained it."""
    row = models.FraudModel.objects.select_for_update().filter(id=model_id).first()
    if row is None or row.state != "challenger":
        raise Refused(
            Refusal("MODEL_NOT_CHALLENGER", "不是待审的挑战者模型 · it is no challenger", where=model_id[:60])
        )
    if not by.strip() or by == row.trained_by:
        raise Refused(Refusal("SECOND_PERSON", "须由训练者以外的第二人批准 · a second person approves", where=model_id))
    models.FraudModel.objects.filter(state="champion").update(state="retired")
    row.state, row.approved_by = "champion", by
    row.save(update_fields=["state", "approved_by"])


def _beside_champion(scorer: FraudScorer, found: Labelled, seed: int) -> dict[str, Any] | None:
    """Both on the latest eighth, which the new one never saw; `champion_saw` says how much of it the old one may have."""
    champion = models.FraudModel.objects.filter(state="champion").first()
    if champion is None:
        return None
    table, first = model_watch.in_force()["retraining"], len(found.rows) * 7 // 8
    draws = Draws(seed, table["resamples"], table["interval"])
    old = live_scoring.scorer(champion.id)
    saw = sum(at <= champion.trained_at for at in found.recorded[first:])
    beside = fraud_scorer.compared(old, scorer, found.rows[first:], found.fraud[first:], draws)
    return beside | {"champion": champion.id, "champion_saw": saw, "rows": len(found.rows) - first}
