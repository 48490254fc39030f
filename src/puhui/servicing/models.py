"""The rows of the loan book. Facts are appended; of a loan and its instalments only derived columns change.

Rule kept: the database keeps the law too (card 21): positive postings between two different accounts, nothing paid
beyond what is due, one open business day, one key once; migrations add row security per institution, append-only
tables and fixed terms.
"""

from django.db import models
from django.db.models import F, Q

from puhui.servicing.core.accounts import CHART
from puhui.servicing.core.classification import CLASSES
from puhui.servicing.core.lifecycle import STATES


class Disclosure(models.Model):
    """A cost disclosure form as shown to a borrower (综合融资成本明示表): immutable, hashed."""

    id = models.TextField(primary_key=True)
    institution_id = models.TextField(db_index=True)
    person_id = models.TextField()
    shop_id = models.TextField()
    application_id = models.TextField()
    offer_id = models.TextField(db_index=True)
    lender_type = models.TextField()
    payee = models.TextField()
    sha256 = models.TextField()
    form = models.JSONField()
    apr_simple = models.DecimalField(max_digits=12, decimal_places=6)
    apr_compound = models.DecimalField(max_digits=12, decimal_places=6)
    cap = models.DecimalField(max_digits=9, decimal_places=6)
    cap_source = models.TextField()
    min_read_seconds = models.PositiveSmallIntegerField()
    recorded_at = models.DateTimeField()


class DisclosureConfirmation(models.Model):
    """The borrower's confirmation of exactly that form."""

    disclosure = models.OneToOneField(Disclosure, models.PROTECT, primary_key=True, related_name="confirmation")
    institution_id = models.TextField()
    sha256 = models.TextField()
    shown_at = models.DateTimeField()
    scrolled_to_end = models.BooleanField()
    device = models.TextField(blank=True)
    confirmed_at = models.DateTimeField()

    class Meta:
        db_table = "servicing_disclosure_confirmation"


class Loan(models.Model):
    """One loan: identity and terms are fixed, the last group of columns is derived from facts."""

    id = models.TextField(primary_key=True)
    institution_id = models.TextField()
    person_id = models.TextField(db_index=True)
    shop_id = models.TextField(db_index=True)
    application_id = models.TextField(db_index=True)
    offer_id = models.TextField(unique=True)
    disclosure = models.OneToOneField(Disclosure, models.PROTECT)
    currency = models.TextField()
    principal_minor = models.BigIntegerField()
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    periods = models.PositiveSmallIntegerField()
    method = models.TextField()
    day_count = models.TextField()
    rounding = models.TextField()
    waterfall = models.TextField()
    disbursed_on = models.DateField()
    first_due_on = models.DateField(null=True)
    final_due_on = models.DateField()
    booked_on = models.DateField()
    recorded_at = models.DateTimeField()

    state = models.TextField(choices=list(STATES.items()))
    outstanding_minor = models.BigIntegerField(default=0)
    received_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    days_past_due = models.IntegerField(default=0)
    five_class = models.TextField(default=CLASSES[0])
    closed_on = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["institution_id", "state"], name="loan_by_institution_state")]
        constraints = [
            models.CheckConstraint(condition=Q(principal_minor__gt=0), name="loan_principal_positive"),
            models.CheckConstraint(
                condition=Q(outstanding_minor__gte=0) & Q(outstanding_minor__lte=F("principal_minor")),
                name="loan_outstanding_within_principal",
            ),
            models.CheckConstraint(
                condition=Q(credit_minor__gte=0) & Q(credit_minor__lte=F("received_minor")),
                name="loan_credit_within_received",
            ),
            models.CheckConstraint(condition=Q(state__in=list(STATES)), name="loan_state_known"),
            models.CheckConstraint(condition=Q(five_class__in=CLASSES), name="loan_five_class_known"),
            models.CheckConstraint(condition=Q(days_past_due__gte=0), name="loan_days_past_due_not_negative"),
        ]


class Instalment(models.Model):
    """One planned instalment; the last three columns are derived."""

    pk = models.CompositePrimaryKey("loan_id", "n")
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="instalments", db_index=False)
    institution_id = models.TextField()
    n = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    due_on = models.DateField()
    principal_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField()

    paid_principal_minor = models.BigIntegerField(default=0)
    paid_interest_minor = models.BigIntegerField(default=0)
    settled_on = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["starts_on"], condition=Q(settled_on__isnull=True), name="instalment_open_by_start")
        ]
        constraints = [
            models.CheckConstraint(condition=Q(starts_on__lt=F("due_on")), name="instalment_period_not_empty"),
            models.CheckConstraint(
                condition=Q(paid_principal_minor__gte=0) & Q(paid_principal_minor__lte=F("principal_minor")),
                name="instalment_principal_paid_within_due",
            ),
            models.CheckConstraint(
                condition=Q(paid_interest_minor__gte=0) & Q(paid_interest_minor__lte=F("interest_minor")),
                name="instalment_interest_paid_within_due",
            ),
        ]


class Entry(models.Model):
    """A business event of one legal entity. Where cash moved, `loan_id` and `cash_minor` are the fact to fold."""

    id = models.TextField(primary_key=True)
    institution_id = models.TextField()
    kind = models.TextField()
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="entries")
    cash_minor = models.BigIntegerField(null=True)
    effective_date = models.DateField()
    business_date = models.DateField(db_index=True)
    recorded_at = models.DateTimeField()
    idempotency_key = models.TextField()
    input_hash = models.TextField()
    reverses = models.ForeignKey("self", models.PROTECT, null=True, db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution_id", "kind", "idempotency_key"], name="entry_key_once"),
            models.CheckConstraint(condition=Q(effective_date__lte=F("business_date")), name="entry_not_in_the_future"),
        ]


class Posting(models.Model):
    """`amount_minor` leaves account `credit` and arrives at account `debit`, for one loan."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings")
    institution_id = models.TextField()
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="postings")
    business_date = models.DateField()
    debit = models.TextField()
    credit = models.TextField()
    amount_minor = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["institution_id", "business_date"], name="posting_by_institution_day")]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="posting_amount_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="posting_moves_money"),
            models.CheckConstraint(
                condition=Q(debit__in=list(CHART)) & Q(credit__in=list(CHART)), name="posting_accounts_in_chart"
            ),
        ]


class Move(models.Model):
    """One step in the life of a loan."""

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="moves")
    institution_id = models.TextField()
    from_state = models.TextField()
    verb = models.TextField()
    to_state = models.TextField()
    effective_date = models.DateField()
    recorded_at = models.DateTimeField()
    reason = models.TextField(blank=True)


class Request(models.Model):
    """A write that was asked for, under its key: the same key with the same input gets the same answer."""

    institution_id = models.TextField()
    operation = models.TextField()
    idempotency_key = models.TextField()
    input_hash = models.TextField()
    answer = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution_id", "operation", "idempotency_key"], name="request_key_once")
        ]


class BusinessDay(models.Model):
    """The business date (营业日) of the whole platform, separate from the clock. Exactly one is open."""

    business_date = models.DateField(primary_key=True)
    state = models.TextField(default="open")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "servicing_business_day"
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="open"), name="one_open_business_day"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True) | Q(state="closed", closed_at__isnull=False),
                name="business_day_state_known",
            ),
        ]


class DayRun(models.Model):
    """What one end of day did to one institution's book, and its ledger balances at the end of that day."""

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
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "servicing_day_run"
        constraints = [
            models.UniqueConstraint(fields=["institution_id", "business_date"], name="one_run_per_institution_day")
        ]


def lock_loan(loan_id: str) -> Loan | None:
    """The loan's row, locked until the end of the transaction."""
    return Loan.objects.select_for_update().filter(pk=loan_id).first()


def open_day(*, lock: str = "") -> BusinessDay | None:
    """The open business day. `lock`: "share" keeps it from being closed meanwhile, "update" is for closing it."""
    suffix = {"": "", "share": " FOR SHARE", "update": " FOR UPDATE"}[lock]
    statement = "SELECT * FROM servicing_business_day WHERE state = 'open'" + suffix
    for _ in range(2):  # whoever waited for an end of day finds that row closed, and the next one on asking again
        if (day := next(iter(BusinessDay.objects.raw(statement)), None)) is not None:
            return day
    return None
