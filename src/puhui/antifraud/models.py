"""Rows of antifraud: one assessment an application as it was seen, and the rules that hit. Append-only; platform only.

No name, phone or ID number is kept: people and phones stand as blind indexes, devices as the hash that came in.
"""

from typing import cast

from django.db import models

from puhui.antifraud.core import assessment
from puhui.antifraud.core.outcome import Outcome
from puhui.antifraud.core.rulebook import Hit as HitValue


class Assessment(models.Model):
    """`id` orders arrivals; `facts` are the signals as seen; `unknown` the rules nobody could decide."""

    id = models.BigAutoField(primary_key=True)
    application_key = models.CharField(max_length=80, db_index=True)
    input_hash = models.CharField(max_length=64)
    person_index = models.BinaryField(db_index=True)
    phone_index = models.BinaryField(db_index=True)
    device_hash = models.CharField(max_length=128, null=True, db_index=True)
    applied_at = models.DateTimeField(db_index=True)
    signals = models.JSONField()
    outcome = models.CharField(max_length=10)
    unknown = models.JSONField()
    rulebook = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_assessment"
        constraints = [
            models.UniqueConstraint(fields=["application_key", "input_hash"], name="antifraud_assessment_once"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=["pass", "step_up", "review", "refuse"]),
                name="antifraud_assessment_outcome",
            ),
        ]

    def as_value(self) -> assessment.Assessment:
        """The answer as plain data; hits in the order of the rulebook."""
        hits = tuple(
            HitValue(hit.code, hit.severity, hit.outcome, hit.text_zh, hit.text_en, hit.evidence)
            for hit in sorted(self.hits.all(), key=lambda hit: hit.id)
        )
        return assessment.Assessment(
            id=self.id,
            application_key=self.application_key,
            outcome=cast(Outcome, self.outcome),
            hits=hits,
            unknown=tuple(self.unknown),
            signals=self.signals,
            rulebook=self.rulebook,
            applied_at=self.applied_at,
        )


class Hit(models.Model):
    """One rule true of one assessment, with the values that made it so."""

    id = models.BigAutoField(primary_key=True)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="hits")
    code = models.CharField(max_length=60, db_index=True)
    severity = models.CharField(max_length=10)
    outcome = models.CharField(max_length=10)
    text_zh = models.CharField(max_length=200)
    text_en = models.CharField(max_length=200)
    evidence = models.JSONField()

    class Meta:
        db_table = "antifraud_hit"
