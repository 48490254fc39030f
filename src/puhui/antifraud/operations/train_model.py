"""Train a model of fraud on what is confirmed, and let a second person make it champion; the former champion retires.

Rule kept: it learns from signals as they were stored when each application came and from labels known by now; a challenger scores
nothing that is acted on until it is approved.
"""

from datetime import datetime

from django.db import transaction

from puhui.antifraud import models
from puhui.antifraud.core import fraud_scorer
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused

MOST_ROWS = 300_000


def train_model(*, seed: int, by: str, now: datetime, most: int = MOST_ROWS) -> str:
    """A new challenger from the latest assessments; an application without a label counts as honest. Returns its id."""
    rows = list(
        models.Assessment.objects.filter(recorded_at__lte=now)
        .order_by("-id")
        .values_list("application_key", "signals")[:most]
    )[::-1]
    known: dict[str, bool] = {}
    for name, fraud in (
        models.Label.objects.filter(known_at__lte=now)
        .order_by("known_at", "id")
        .values_list("application_key", "fraud")
    ):
        known[name] = fraud
    try:
        scorer, measures = fraud_scorer.fit(
            [seen for _, seen in rows], [known.get(name, False) for name, _ in rows], seed=seed
        )
    except fraud_scorer.TooFewFrauds as few:
        text = f"已确认的欺诈太少，无法训练 · too few confirmed frauds to train on: {few}"
        raise Refused(Refusal("TOO_FEW_FRAUDS", text, where="labels")) from None
    row = models.FraudModel.objects.create(
        id=new_id("fmod", now=now), state="challenger", content=scorer.as_json(),
        measures=measures | {"trained_on": len(rows), "seed": seed}, trained_at=now, trained_by=by,
    )  # fmt: skip
    return str(row.id)


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
