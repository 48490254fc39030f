"""Rows of acquisition: touches, the link of a touch to an application, costs. Facts only; append-only; platform only."""

from django.db import models


class Touch(models.Model):
    """Somebody landed on our page from an advertisement, a QR code or a partner's link."""

    id = models.CharField(primary_key=True, max_length=40)  # touch_…
    key = models.CharField(max_length=200, unique=True)
    input_hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=40)
    campaign = models.CharField(max_length=80, blank=True)
    click_id = models.CharField(max_length=200, blank=True, db_index=True)
    device_hash = models.CharField(max_length=128, null=True, db_index=True)
    landed_at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_touch"


class Link(models.Model):
    """The touch an application is owed to, and the rule that said so."""

    application_id = models.CharField(primary_key=True, max_length=40)
    touch = models.ForeignKey(Touch, on_delete=models.PROTECT, related_name="links")
    rule = models.CharField(max_length=40)
    applied_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_link"


class Cost(models.Model):
    """What a media charged for a campaign on a day; a refund is a negative row."""

    id = models.CharField(primary_key=True, max_length=40)  # cost_…
    key = models.CharField(max_length=200, unique=True)
    input_hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=40)
    campaign = models.CharField(max_length=80, blank=True)
    on = models.DateField(db_index=True)
    amount_minor = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_cost"
        constraints = [models.CheckConstraint(condition=~models.Q(amount_minor=0), name="acquisition_cost_moves_money")]
