"""The rows of the loan book. Facts and journal are appended; a loan's state and its instalments are derived from them.

Rule kept: the database keeps the law too (card 21): positive postings between two different accounts, nothing paid
beyond what is due, one open business day, one key once; migrations add row security per institution, append-only
tables and fixed terms.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import connection, models
from django.db.models import F, Func, Q, Value

from puhui.servicing.core.accounts import CHART
from puhui.servicing.core.classification import CLASSES
from puhui.servicing.core.facts import KINDS
from puhui.servicing.core.lifecycle import STATES
from puhui.servicing.day_records import BusinessDay, DayPart, DayRun, DaySlice, ProvisionChoice, SettlementLine
from puhui.store import prepared

__all__ = ["BusinessDay", "DayPart", "DayRun", "DaySlice", "ProvisionChoice", "SettlementLine"]


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
    """One loan: identity and terms are fixed, the last group of columns is derived from facts.

    `number` counts loans in the order of booking: slices of the end of day are ranges of it. `policy` is all dated policy
    frozen at booking, `terms` the agreed terms beyond the typed columns. `oldest_due_on` is the oldest
    unpaid due date: a loan that stays late need not be touched every day. `look_on` is the next end of day that must look at
    the instalments; until then the running period in the three columns after it is all that the day needs. Whoever rewrites
    instalments sets `look_on` to NULL, which means: look today. `provision_minor` and `ecl_minor` are what the five classes and the
    three stages ask to be set aside; which of them stands in a funder's books is its method (provisioning.py). `held_by` is the first
    funder since a sale; empty: the institution that lent it.
    """

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
    number = models.BigIntegerField(
        unique=True,
        db_default=Func(Value("servicing_loan_number"), function="nextval", output_field=models.BigIntegerField()),
    )
    product = models.TextField(default="", blank=True)
    policy = models.JSONField(default=dict)
    terms = models.JSONField(default=dict)

    held_by = models.TextField(db_default="", default="", blank=True)
    state = models.TextField(choices=list(STATES.items()))
    outstanding_minor = models.BigIntegerField(default=0)
    received_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    oldest_due_on = models.DateField(null=True)
    five_class = models.TextField(default=CLASSES[0])
    stage = models.PositiveSmallIntegerField(default=1)
    provision_minor = models.BigIntegerField(default=0)
    ecl_minor = models.BigIntegerField(db_default=0, default=0)
    non_accrual_on = models.DateField(null=True)
    restructured_on = models.DateField(null=True)
    look_on = models.DateField(null=True)
    period_from = models.DateField(null=True)
    period_to = models.DateField(null=True)
    period_interest_minor = models.BigIntegerField(null=True)
    closed_on = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["institution_id", "state"], name="loan_by_institution_state")]
        constraints = [
            models.CheckConstraint(condition=Q(principal_minor__gt=0), name="loan_principal_positive"),
            models.CheckConstraint(condition=Q(outstanding_minor__gte=0), name="loan_outstanding_not_negative"),
            models.CheckConstraint(
                condition=Q(credit_minor__gte=0) & Q(credit_minor__lte=F("received_minor")),
                name="loan_credit_within_received",
            ),
            models.CheckConstraint(condition=Q(state__in=list(STATES)), name="loan_state_known"),
            models.CheckConstraint(condition=Q(five_class__in=CLASSES), name="loan_five_class_known"),
            models.CheckConstraint(condition=Q(stage__in=[1, 2, 3]), name="loan_stage_known"),
            models.CheckConstraint(condition=Q(provision_minor__gte=0), name="loan_provision_not_negative"),
            models.CheckConstraint(condition=Q(ecl_minor__gte=0), name="loan_ecl_not_negative"),
        ]


class Instalment(models.Model):
    """One instalment as the facts have left it: what it asks, what is paid of it. Any fold may rewrite it.

    Penalty and compound interest are counted exactly up to (not including) `penalty_to`: whole cents in `…_minor`, what is
    below a cent as a numerator in `…_carry` over (days of the year × 10⁶); from that date on they grow by unpaid × rate × days
    (core/penalty), so an unpaid instalment need not be touched every day. `charged_penalty_minor` is the part of the penalty that
    facts charged, which is owed within the days of grace too. Where the interest of a period began to run
    differently inside it, `starts_on` is that day and `earned_before_minor` what was earned by then. `fee_minor` is all fees: the planned one, which
    is earned on the due date, and those charged since, which are posted when they are charged.
    """

    pk = models.CompositePrimaryKey("loan_id", "n")
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="instalments", db_index=False, db_constraint=False)
    institution_id = models.TextField()
    n = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    due_on = models.DateField()
    principal_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField()
    earned_before_minor = models.BigIntegerField(db_default=0, default=0)

    planned_fee_minor = models.BigIntegerField(db_default=0, default=0)
    fee_minor = models.BigIntegerField(db_default=0, default=0)
    penalty_minor = models.BigIntegerField(db_default=0, default=0)
    penalty_carry = models.BigIntegerField(db_default=0, default=0)
    charged_penalty_minor = models.BigIntegerField(db_default=0, default=0)
    compound_minor = models.BigIntegerField(db_default=0, default=0)
    compound_carry = models.BigIntegerField(db_default=0, default=0)
    penalty_to = models.DateField(null=True)

    paid_principal_minor = models.BigIntegerField(default=0)
    paid_interest_minor = models.BigIntegerField(default=0)
    paid_fee_minor = models.BigIntegerField(db_default=0, default=0)
    paid_penalty_minor = models.BigIntegerField(db_default=0, default=0)
    paid_compound_minor = models.BigIntegerField(db_default=0, default=0)
    settled_on = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["loan", "starts_on"], condition=Q(settled_on__isnull=True), name="instalment_open_by_loan"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(starts_on__lte=F("due_on")), name="instalment_period_in_order"),
            models.CheckConstraint(
                condition=Q(paid_principal_minor__gte=0) & Q(paid_principal_minor__lte=F("principal_minor")),
                name="instalment_principal_paid_within_due",
            ),
            models.CheckConstraint(
                condition=Q(paid_interest_minor__gte=0) & Q(paid_interest_minor__lte=F("interest_minor")),
                name="instalment_interest_paid_within_due",
            ),
            models.CheckConstraint(
                condition=Q(paid_fee_minor__gte=0) & Q(paid_fee_minor__lte=F("fee_minor")),
                name="instalment_fee_paid_within_due",
            ),
            models.CheckConstraint(
                condition=Q(planned_fee_minor__gte=0) & Q(planned_fee_minor__lte=F("fee_minor")),
                name="instalment_planned_fee_within_fee",
            ),
            models.CheckConstraint(
                condition=Q(paid_penalty_minor__gte=0) & Q(paid_penalty_minor__lte=F("penalty_minor") + 1),
                name="instalment_penalty_paid_within_due",
            ),
            models.CheckConstraint(
                condition=Q(paid_compound_minor__gte=0) & Q(paid_compound_minor__lte=F("compound_minor") + 1),
                name="instalment_compound_paid_within_due",
            ),
            models.CheckConstraint(
                condition=Q(penalty_carry__gte=0) & Q(compound_carry__gte=0), name="instalment_carry_not_negative"
            ),
        ]


class Event(models.Model):
    """One fact about a loan (core/facts): what happened, on which day, and when the book learned of it.

    Folded by `effective_date`, then `sequence` (the order of entry). A reversal names the fact that it undoes.
    """

    id = models.TextField(primary_key=True)
    sequence = models.BigIntegerField(
        unique=True,
        db_default=Func(Value("servicing_event_sequence"), function="nextval", output_field=models.BigIntegerField()),
    )
    institution_id = models.TextField()
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="events")
    kind = models.TextField(choices=list(KINDS.items()))
    effective_date = models.DateField()
    amount_minor = models.BigIntegerField(null=True)
    ref = models.TextField(default="", blank=True)
    details = models.JSONField(default=dict)
    business_date = models.DateField()
    recorded_at = models.DateTimeField()
    idempotency_key = models.TextField()
    input_hash = models.TextField()
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution_id", "kind", "idempotency_key"], name="event_key_once"),
            models.CheckConstraint(condition=Q(kind__in=list(KINDS)), name="event_kind_known"),
            models.CheckConstraint(condition=Q(effective_date__lte=F("business_date")), name="event_not_in_the_future"),
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True) | Q(amount_minor__gte=0), name="event_amount"
            ),
        ]


class Share(models.Model):
    """What one of several funders holds of a loan: the part [from_weight, to_weight) of `of_weight`, from its booking or purchase on.

    A loan without rows here belongs wholly to its own institution, which is also the first funder where there are several. A part
    that was sold has a ShareEnd, and its buyer a row of its own with what it paid: `discount_minor` is the claim it bought, on the
    balance sheet, less its price (below zero: a premium), and leaves the books with the principal, `bought_principal_minor` then.
    """

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="shares")
    loan_number = models.BigIntegerField(db_index=True)
    institution_id = models.TextField()
    from_weight = models.PositiveIntegerField()
    to_weight = models.PositiveIntegerField()
    of_weight = models.PositiveIntegerField()
    since_on = models.DateField(null=True)
    bought_by = models.ForeignKey(Event, models.PROTECT, null=True, related_name="shares")
    bought_principal_minor = models.BigIntegerField(db_default=0, default=0)
    discount_minor = models.BigIntegerField(db_default=0, default=0)

    class Meta:
        indexes = [models.Index(fields=["institution_id", "loan"], name="share_by_institution")]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_weight__lt=F("to_weight")) & Q(to_weight__lte=F("of_weight")), name="share_not_empty"
            ),
        ]


class ShareEnd(models.Model):
    """A part that its holder sold, by which fact; the seller sees of the loan what was recorded up to `sequence`."""

    share = models.OneToOneField(Share, models.PROTECT, primary_key=True, related_name="end")
    institution_id = models.TextField()
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="share_ends")
    event = models.ForeignKey(Event, models.PROTECT)
    ended_on = models.DateField()
    sequence = models.BigIntegerField()

    class Meta:
        db_table = "servicing_share_end"
        indexes = [models.Index(fields=["institution_id", "loan"], name="share_end_by_institution")]


class Entry(models.Model):
    """One set of postings of one legal entity. `event` is the fact that caused it; an end of day has none."""

    id = models.TextField(primary_key=True)
    institution_id = models.TextField()
    kind = models.TextField()
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="entries")
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="entries")
    cash_minor = models.BigIntegerField(null=True)
    effective_date = models.DateField()
    business_date = models.DateField()
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
    """`amount_minor` leaves account `credit` and arrives at account `debit`, for one loan.

    Without a loan it is the sum of a slice's lines of one day (DayPart). Foreign keys are laws of `puhui ledger verify`, proved
    for all rows at once; a trigger a row would cost more than the row.
    """

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings", db_constraint=False, db_index=False)
    institution_id = models.TextField()
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, related_name="postings", db_constraint=False)
    business_date = models.DateField()
    debit = models.TextField()
    credit = models.TextField()
    amount_minor = models.BigIntegerField()

    class Meta:
        indexes = [BrinIndex(fields=["business_date"], name="posting_by_day", pages_per_range=16)]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="posting_amount_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="posting_moves_money"),
            models.CheckConstraint(
                condition=Q(debit__in=list(CHART)) & Q(credit__in=list(CHART)), name="posting_accounts_in_chart"
            ),
        ]


class Move(models.Model):
    """One step in the life of a loan."""

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="moves", db_constraint=False)
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


def lock_loan(loan_id: str) -> Loan | None:
    """The loan's row, locked until the end of the transaction."""
    return Loan.objects.select_for_update().filter(pk=loan_id).first()


SLICE = 7_305_004  # class of the advisory locks of slices, one a row of servicing_day_slice
BOOKS = 7_305_003  # the advisory lock of the books: shared by every write, alone by whoever moves the business date


def open_day(*, lock: str = "") -> BusinessDay | None:
    """The open business day. `lock`: "share" keeps it from being closed meanwhile, "update" is for moving it."""
    if lock:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock{'_shared' if lock == 'share' else ''}(%s)", [BOOKS])
    return prepared.one(BusinessDay, "state = 'open' ORDER BY business_date LIMIT 1", [])


def closing_day() -> BusinessDay | None:
    """The business day whose end of day is under way, if any."""
    return prepared.one(BusinessDay, "state = 'closing' ORDER BY business_date LIMIT 1", [])


def day_to_close() -> BusinessDay | None:
    """The business day whose end comes next: the one under way, else the open one."""
    return closing_day() or open_day()


def lock_slice(part: DaySlice, *, share: bool = False) -> None:
    """Hold a slice until the transaction ends: alone to close it, shared to write on one of its loans."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock{'_shared' if share else ''}(%s, %s)", [SLICE, part.pk % 2**31])
