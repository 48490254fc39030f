"""Learn what is ordinary (同类画像): the signals of the latest applications on record, confirmed fraud left out, as quantiles.

Rule kept: figures are `policy/casework.toml`; too few on record and nothing is learned; a picture is never edited, the newest counts.
"""

from datetime import datetime

from django.db import transaction

from puhui.antifraud import models
from puhui.antifraud.core import casework, fraud_scorer, unusualness


@transaction.atomic
def learn_peers(*, now: datetime) -> int | None:
    """The picture's number, or None where too few applications are on record."""
    terms = casework.figures()["peers"]
    stored = models.Assessment.objects.filter(recorded_at__lte=now).order_by("-id")
    latest = list(stored.values_list("application_key", "signals")[: terms["latest"]])
    fraud = models.Label.objects.filter(application_key__in=[name for name, _ in latest], fraud=True, known_at__lte=now)
    bad = set(fraud.values_list("application_key", flat=True))
    rows = [signals for name, signals in latest if name not in bad]
    if len(rows) < terms["least"]:
        return None
    peers = unusualness.learn(rows, fraud_scorer.names(), known_least=terms["known_least"], knots=terms["knots"])
    made = models.PeerPicture.objects.create(content=peers.as_json(), applications=len(rows), learned_at=now)
    return int(made.id)
