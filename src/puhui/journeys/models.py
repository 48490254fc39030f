"""What a journey remembers of being asked: the key, what was asked (as a keyed hash), and the answer it gave.

Rule kept: every write takes an idempotency key and remembers its input (card 24). Journeys own no other row. The hash
is keyed, since what is asked holds ID numbers, which a plain hash would not hide. See docs/decisions/0031.
"""

from django.db import models


class Request(models.Model):
    """One journey that was asked for and done; append-only, the platform's."""

    id = models.BigAutoField(primary_key=True)
    journey = models.CharField(max_length=20)
    key = models.CharField(max_length=160)
    input_hash = models.BinaryField()
    answer = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "journeys_request"
        constraints = [models.UniqueConstraint(fields=["journey", "key"], name="journey_key_once")]


class DayAttempt(models.Model):
    """One run of an end of day: how long it took, and the fault that ended it, if any. Append-only, the platform's."""

    id = models.BigAutoField(primary_key=True)
    business_date = models.DateField(db_index=True)
    started_at = models.DateTimeField()
    milliseconds = models.BigIntegerField()
    fault = models.TextField(blank=True)

    class Meta:
        db_table = "journeys_day_attempt"
