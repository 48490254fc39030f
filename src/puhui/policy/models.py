"""Rows of the decision record: append-only, chained by hash, visible to the platform only."""

from django.db import models


class DecisionBatch(models.Model):
    """Decisions taken together: one solve over many firms, or a batch of one applicant."""

    id = models.CharField(primary_key=True, max_length=40)  # run_…
    kind = models.CharField(max_length=60)
    policy_name = models.CharField(max_length=60)
    policy_version = models.CharField(max_length=60)
    parameters = models.JSONField()
    as_of = models.DateField()
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "policy_batch"


class Decision(models.Model):
    """One answer: what was seen, what came out, why, under which policy version."""

    id = models.CharField(primary_key=True, max_length=40)  # dec_…
    sequence = models.BigIntegerField(unique=True)
    batch = models.ForeignKey(DecisionBatch, on_delete=models.PROTECT, related_name="decisions")
    position = models.IntegerField()
    subject = models.CharField(max_length=80, db_index=True)
    inputs = models.JSONField()
    output = models.JSONField()
    reasons = models.JSONField()
    previous_hash = models.CharField(max_length=64)
    row_hash = models.CharField(max_length=64)

    class Meta:
        db_table = "policy_decision"
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="policy_decision_place")]
