"""The rows of the business days: the dates, what each end of day did, what it left every funder with, and how they provide.

Rule kept: what is recorded of a closed date is never edited; the day's record is what is shown of that date ever after. Rows stay
home: outside this room they are read through queries and book.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value

from puhui.servicing.core.provision import METHODS


class BusinessDay(models.Model):
    """The business date (营业日) of the whole platform, separate from the clock. Exactly one is open, at most one closing."""

    business_date = models.DateField(primary_key=True)
    state = models.TextField(default="open")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "servicing_business_day"
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state__in=["open", "closing"]), name="one_open_business_day"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "closing"], closed_at__isnull=True)
                | Q(state="closed", closed_at__isnull=False),
                name="business_day_state_known",
            ),
        ]


class DaySlice(models.Model):
    """A range of loan numbers that one end of day closes in one transaction; planned when the day starts closing."""

    business_date = models.DateField()
    first_number = models.BigIntegerField()
    last_number = models.BigIntegerField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "servicing_day_slice"
        constraints = [
            models.UniqueConstraint(fields=["business_date", "first_number"], name="one_slice_per_range"),
            models.CheckConstraint(condition=Q(first_number__lte=F("last_number")), name="slice_not_empty"),
        ]


class DayPart(models.Model):
    """What one end of day accrued on one institution's loans of one slice: arrays with one figure a loan, and sums.

    The view servicing_accrual shows the arrays as lines. `closed_early`: one loan that was closed for the day ahead of its
    slice, because something was written on it while the run went on.
    """

    business_date = models.DateField()
    institution_id = models.TextField()
    first_number = models.BigIntegerField()
    last_number = models.BigIntegerField()
    closed_early = models.BooleanField(default=False)
    loan_numbers = ArrayField(models.BigIntegerField())
    interest_minor = ArrayField(models.BigIntegerField())
    penalty_minor = ArrayField(models.BigIntegerField())
    compound_minor = ArrayField(models.BigIntegerField())
    on_balance = ArrayField(models.BooleanField())
    figures = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "servicing_day_part"
        constraints = [
            models.UniqueConstraint(
                fields=["business_date", "institution_id", "first_number", "closed_early"], name="one_part_per_slice"
            )
        ]


class ProvisionChoice(models.Model):
    """From a day on, a legal entity provides by this method; without a row, by that of its type of lender (provisioning.py)."""

    institution_id = models.TextField()
    method = models.TextField()
    effective_from = models.DateField()
    reason = models.TextField()
    chosen_by = models.TextField(blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "servicing_provision_choice"
        indexes = [models.Index(fields=["institution_id", "effective_from"], name="provision_choice_by_day")]
        constraints = [
            models.CheckConstraint(condition=Q(method__in=list(METHODS)), name="provision_choice_method_known")
        ]


class SettlementLine(models.Model):
    """What a funder is owed of the money received for it on one business date (资金方清算): the cash postings of that day."""

    institution_id = models.TextField()
    business_date = models.DateField()
    principal_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField()
    penalty_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    other_minor = models.BigIntegerField()
    loans = models.IntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "servicing_settlement_line"
        constraints = [
            models.UniqueConstraint(fields=["institution_id", "business_date"], name="one_settlement_line_a_day")
        ]


class DayRun(models.Model):
    """What one end of day did to one institution's book, and its ledger balances at the end of that day.

    `provision_moves` says how the provision came from the day before's to this one's: provided, released, used by losses and
    sales, restored by reversals (control.provision_moves).
    """

    business_date = models.DateField()
    institution_id = models.TextField()
    loans = models.IntegerField()
    accrued_minor = models.BigIntegerField()
    credit_used_minor = models.BigIntegerField()
    became_overdue = models.IntegerField()
    cured = models.IntegerField()
    closed = models.IntegerField()
    overdue_loans = models.IntegerField()
    outstanding_minor = models.BigIntegerField()
    balances = models.JSONField()
    outstanding_by_bucket = models.JSONField()
    outstanding_by_class = models.JSONField()
    penalty_minor = models.BigIntegerField(default=0)
    compound_minor = models.BigIntegerField(default=0)
    off_balance_minor = models.BigIntegerField(default=0)
    provision_minor = models.BigIntegerField(default=0)
    outstanding_by_stage = models.JSONField(default=dict)
    provision_by_class = models.JSONField(db_default=Value({}, models.JSONField()), default=dict)
    provision_by_stage = models.JSONField(db_default=Value({}, models.JSONField()), default=dict)
    provision_moves = models.JSONField(db_default=Value({}, models.JSONField()), default=dict)
    provision_method = models.TextField(db_default="", default="", blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "servicing_day_run"
        constraints = [
            models.UniqueConstraint(fields=["institution_id", "business_date"], name="one_run_per_institution_day")
        ]
