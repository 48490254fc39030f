"""Rows of what an owner tells the tools: facts, appended and revoked, never edited."""

from django.db import models


class ToolRecord(models.Model):
    """One record of a kind of `rules/record_kinds.csv`; `client_id` makes it once, however often it is sent."""

    id = models.TextField(primary_key=True)  # rec_…
    shop_id = models.TextField()
    kind = models.TextField()
    on = models.DateField()
    body = models.JSONField()
    client_id = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "merchant_tool_record"
        indexes = [models.Index(fields=["shop_id", "kind", "on"], name="tool_record_by_kind")]
        constraints = [models.UniqueConstraint(fields=["shop_id", "client_id"], name="tool_record_once")]


class ToolRevocation(models.Model):
    """A record was taken back; it stays, and counts no more."""

    record = models.OneToOneField(ToolRecord, models.PROTECT, primary_key=True, related_name="revocation")
    revoked_at = models.DateTimeField()

    class Meta:
        db_table = "merchant_tool_revocation"
