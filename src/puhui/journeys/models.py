"""What a journey remembers of being asked (key, keyed hash of the input, answer), each end of day, and alerts on their way to people.

Rule kept: every write takes an idempotency key and remembers its input (card 24). The hash is keyed, since what is asked
holds ID numbers, which a plain hash would not hide. See docs/decisions/0031; for alerts 0175.
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


class AlertChannelMove(models.Model):
    """A channel was set up, or is no longer: what it is told begins with the last time it was set up. Append-only."""

    id = models.BigAutoField(primary_key=True)
    channel = models.CharField(max_length=12)
    is_on = models.BooleanField()
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "journeys_alert_channel_move"


class AlertNotice(models.Model):
    """An alert of a room as it is told to people: its own key, words of codes and figures, the page that explains it. Append-only."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=160, unique=True)
    source = models.CharField(max_length=20)
    severity = models.CharField(max_length=10)
    cause = models.CharField(max_length=120)
    zh = models.CharField(max_length=400)
    en = models.CharField(max_length=400)
    page = models.CharField(max_length=20)
    subject = models.CharField(max_length=80, blank=True)
    raised_at = models.DateTimeField()
    noted_at = models.DateTimeField()

    class Meta:
        db_table = "journeys_alert_notice"


class AlertMessage(models.Model):
    """A message to one channel; its id is the number that stands in it over all tries. `tries_before`: made before a person asked again."""

    QUEUED, SENT, REFUSED, GIVEN_UP, WITHDRAWN = "queued", "sent", "refused", "given_up", "withdrawn"

    id = models.CharField(primary_key=True, max_length=40)  # am_…
    channel = models.CharField(max_length=12)
    cause = models.CharField(max_length=120)
    severity = models.CharField(max_length=10)
    state = models.CharField(max_length=10, default=QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    tries_before = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    queued_at = models.DateTimeField(db_index=True)
    settled_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    test_by = models.CharField(max_length=150, blank=True)

    class Meta:
        db_table = "journeys_alert_message"
        indexes = [
            models.Index(fields=["channel", "due_at"], name="journeys_alert_due", condition=models.Q(state="queued"))
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="queued", settled_at__isnull=True)
                | models.Q(state__in=["sent", "refused", "given_up", "withdrawn"], settled_at__isnull=False),
                name="journeys_alert_settled_iff_over",
            )
        ]


class AlertTold(models.Model):
    """This alert is in this message: once a channel. Append-only."""

    id = models.BigAutoField(primary_key=True)
    notice = models.ForeignKey(AlertNotice, on_delete=models.PROTECT, related_name="told")
    message = models.ForeignKey(AlertMessage, on_delete=models.PROTECT, related_name="told")
    channel = models.CharField(max_length=12)

    class Meta:
        db_table = "journeys_alert_told"
        constraints = [models.UniqueConstraint(fields=["notice", "channel"], name="journeys_alert_once_a_channel")]


class AlertTry(models.Model):
    """One try that came back: what the receiver said. A try whose sender died leaves no row. Append-only."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(AlertMessage, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=10)
    answer = models.CharField(max_length=200)
    ended_at = models.DateTimeField(db_index=True)
    milliseconds = models.PositiveIntegerField()

    class Meta:
        db_table = "journeys_alert_try"
