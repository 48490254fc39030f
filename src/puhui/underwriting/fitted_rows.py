"""Rows of fitted models: what was registered, how it moved, what each day of it looked like, alerts, fits, splits.

Rule kept: all of them are appended, never edited. A model's state is its last move; a fit's is its last step; a proposal
to split is open until a verdict stands beside it. Institutions see none of this (row-level security, migrations/0031).
"""

from django.db import models
from django.db.models import Q


class FittedModel(models.Model):
    """One fitted model as JSON. `picture` is what its training looked like; `card` the facts of its model card."""

    id = models.CharField(primary_key=True, max_length=40)  # model_…
    name = models.CharField(max_length=60)
    version = models.IntegerField()
    kind = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    content = models.JSONField()
    card = models.JSONField()
    picture = models.JSONField(null=True)
    tape_name = models.CharField(max_length=200)
    tape_hash = models.CharField(max_length=64)
    made_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="made")
    registered_by = models.CharField(max_length=150)
    registered_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "underwriting_fitted_model"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="underwriting_fitted_version"),
            models.CheckConstraint(condition=Q(kind__in=["scorecard", "boosting"]), name="underwriting_fitted_kind"),
        ]


class ModelMove(models.Model):
    """One step in a model's life, by whom and why."""

    model = models.ForeignKey(FittedModel, on_delete=models.PROTECT, related_name="moves")
    move = models.CharField(max_length=16)
    state_before = models.CharField(max_length=12)
    state_after = models.CharField(max_length=12)
    moved_by = models.CharField(max_length=150)
    registered_by = models.CharField(max_length=150)  # of the model, so that the database can keep two persons apart
    note = models.CharField(max_length=400, blank=True)
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_model_move"
        constraints = [
            models.CheckConstraint(
                condition=~Q(move__in=["approve", "reject"]) | ~Q(moved_by=models.F("registered_by")),
                name="underwriting_model_two_persons",
            ),
        ]


class ModelDay(models.Model):
    """The figures of one live model on one day, by the policy version that asked for them."""

    model = models.ForeignKey(FittedModel, on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    told = models.JSONField()
    policy_version = models.CharField(max_length=60)
    computed_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_model_day"
        constraints = [models.UniqueConstraint(fields=["model", "day"], name="underwriting_model_day_once")]


class ModelAlert(models.Model):
    """A figure of a day that passed a line of the policy."""

    model_day = models.ForeignKey(ModelDay, on_delete=models.PROTECT, related_name="alerts")
    figure = models.CharField(max_length=40)
    value = models.FloatField()
    above = models.FloatField()
    level = models.CharField(max_length=10)
    message = models.CharField(max_length=300)
    raised_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "underwriting_model_alert"
        constraints = [models.UniqueConstraint(fields=["model_day", "figure"], name="underwriting_alert_once")]


class FitRequest(models.Model):
    """A tape that was brought, and what is to be fitted on it; the file lies in the installation's folder by its hash."""

    id = models.CharField(primary_key=True, max_length=40)  # fit_…
    name = models.CharField(max_length=60)
    tape_name = models.CharField(max_length=200)
    tape_hash = models.CharField(max_length=64)
    asked = models.JSONField()
    requested_by = models.CharField(max_length=150)
    requested_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "underwriting_fit_request"


class FitStep(models.Model):
    """How far a fit is: started, done (with the models registered) or refused (with why)."""

    request = models.ForeignKey(FitRequest, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=20)
    told = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_fit_step"
        constraints = [
            models.CheckConstraint(condition=Q(step__in=["queued", "started", "done", "refused"]), name="underwriting_fit_step_kind"),
        ]  # fmt: skip


class SplitProposal(models.Model):
    """A split of a model that would pay, with the whole study behind it; it changes nothing by itself."""

    id = models.CharField(primary_key=True, max_length=40)  # split_…
    digest = models.CharField(max_length=64, unique=True)
    tape_name = models.CharField(max_length=200)
    tape_hash = models.CharField(max_length=64)
    target = models.CharField(max_length=200)
    study = models.JSONField()
    terms_version = models.CharField(max_length=60)
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "underwriting_split_proposal"


class SplitVerdict(models.Model):
    """A person's answer to a proposal."""

    proposal = models.OneToOneField(SplitProposal, on_delete=models.PROTECT, related_name="verdict")
    accepted = models.BooleanField()
    said_by = models.CharField(max_length=150)
    note = models.CharField(max_length=400, blank=True)
    said_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_split_verdict"
