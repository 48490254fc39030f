"""Rows of the room: loads of firms and invoices, scorecards, appraisals with a verdict a firm, applications, offers.

Rule kept: facts are appended (a changed folder is another load); only the platform sees these tables, institutions see
none (row-level security in migrations/0002). Amounts are fen. Ids of what is met outside the room are prefixed text;
firms and invoices have small integer keys because there are millions of them.
"""

from django.db import models
from django.db.models import Q

from puhui.store.sealed import SealedField
from puhui.underwriting.fitted_rows import (
    FitRequest,
    FitStep,
    FittedModel,
    ModelAlert,
    ModelDay,
    ModelMove,
    SplitProposal,
    SplitVerdict,
)  # fmt: skip

__all__ = [
    "AcceptanceCurve", "Application", "ApplicationMove", "Appraisal", "ChurnPoint", "Document", "EvidenceItem", "EvidenceSignal", "FairnessReport",
    "Firm", "FitRequest", "FitStep", "FittedModel", "Invoice", "KeeperAnswer", "KeeperQuestion", "Load", "ModelAlert", "ModelDay", "ModelMove", "Offer",
    "OfferMove", "Questionnaire", "Rejection", "Scorecard", "SplitProposal", "SplitVerdict", "Standing", "Verdict",
]  # fmt: skip


class Load(models.Model):
    """One folder (or one applicant's own invoices) as read; `content_hash` makes loading twice harmless."""

    id = models.CharField(primary_key=True, max_length=40)  # load_…
    content_hash = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=12)  # folder | application
    origin = models.CharField(max_length=10)  # real | invented
    name = models.CharField(max_length=120)
    counts = models.JSONField()
    loaded_at = models.DateTimeField()
    seconds = models.FloatField()

    class Meta:
        db_table = "underwriting_load"
        constraints = [
            models.CheckConstraint(condition=Q(origin__in=["real", "invented"]), name="underwriting_load_origin"),
        ]


class Firm(models.Model):
    """A firm as its load describes it; `rating` and `defaulted` are empty where unknown."""

    id = models.AutoField(primary_key=True)
    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="firms")
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    rating = models.CharField(max_length=1, null=True)
    defaulted = models.SmallIntegerField(null=True)

    class Meta:
        db_table = "underwriting_firm"
        constraints = [
            models.UniqueConstraint(fields=["load", "code"], name="underwriting_firm_code"),
            models.CheckConstraint(
                condition=Q(defaulted__in=[0, 1]) | Q(defaulted=None), name="underwriting_firm_flag"
            ),
        ]


class Invoice(models.Model):
    """A VAT invoice of a firm. The key (firm, line) keeps a firm's invoices together, in order of date.

    No foreign key: it would be checked a million times a load; the load joins firms by code, so none can dangle.
    """

    pk = models.CompositePrimaryKey("firm_id", "line")
    firm_id = models.IntegerField()
    line = models.IntegerField()
    direction = models.CharField(max_length=8)  # sale | purchase
    number = models.CharField(max_length=40)
    issued_on = models.DateField()
    counterparty = models.CharField(max_length=120)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    valid = models.BooleanField()

    class Meta:
        db_table = "underwriting_invoice"
        constraints = [
            models.CheckConstraint(
                condition=Q(direction__in=["sale", "purchase"]), name="underwriting_invoice_direction"
            ),
        ]


class Rejection(models.Model):
    """What was left out of a load, or loaded with a warning: file, row, column, value, reason."""

    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="rejections")
    file = models.CharField(max_length=120)
    row = models.IntegerField()
    column = models.CharField(max_length=40)
    value = models.CharField(max_length=200)
    reason = models.CharField(max_length=40)
    severity = models.CharField(max_length=10)  # rejected | duplicate | warning

    class Meta:
        db_table = "underwriting_rejection"


class ChurnPoint(models.Model):
    """One rate of a load's churn curve and the share of customers of each rating who leave at it."""

    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="churn_points")
    annual_rate = models.FloatField()
    churn_a = models.FloatField()
    churn_b = models.FloatField()
    churn_c = models.FloatField()

    class Meta:
        db_table = "underwriting_churn"
        constraints = [models.UniqueConstraint(fields=["load", "annual_rate"], name="underwriting_churn_rate")]


class Scorecard(models.Model):
    """A fitted model as JSON; `digest` is that of its content."""

    id = models.CharField(primary_key=True, max_length=40)  # card_…
    digest = models.CharField(max_length=64, unique=True)
    load = models.ForeignKey(Load, on_delete=models.PROTECT)
    as_of = models.DateField()
    content = models.JSONField()
    fitted_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_scorecard"


class Appraisal(models.Model):
    """One solve of the lender's problem over a load. Its id is also the id of its batch of decisions."""

    id = models.CharField(primary_key=True, max_length=40)  # run_…
    load = models.ForeignKey(Load, on_delete=models.PROTECT)
    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT)
    key = models.CharField(max_length=64, db_index=True)
    as_of = models.DateField()
    budget_minor = models.BigIntegerField()
    lgd = models.DecimalField(max_digits=9, decimal_places=6)
    cost_of_funds = models.DecimalField(max_digits=9, decimal_places=6)
    seed = models.IntegerField()
    policy_version = models.CharField(max_length=60)
    dual_price = models.FloatField()
    parameters = models.JSONField()  # those of its batch of decisions: policy, models, curve, terms
    totals = models.JSONField()
    curve = models.JSONField()
    seconds = models.JSONField()
    appraised_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "underwriting_appraisal"


class Standing(models.Model):
    """From when on which appraisal judges applicants; the newest row counts."""

    appraisal = models.ForeignKey(Appraisal, on_delete=models.PROTECT)
    said_by = models.CharField(max_length=150)
    since = models.DateTimeField()

    class Meta:
        db_table = "underwriting_standing"


class Verdict(models.Model):
    """The answer to one firm in one appraisal."""

    appraisal = models.ForeignKey(Appraisal, on_delete=models.PROTECT, related_name="verdicts")
    firm = models.ForeignKey(Firm, on_delete=models.PROTECT, related_name="verdicts")
    decision_id = models.CharField(max_length=40)
    pd = models.FloatField(null=True)
    rating = models.CharField(max_length=1, null=True)
    rating_on_file = models.BooleanField()
    approved = models.BooleanField()
    limit_cap_minor = models.BigIntegerField()
    limit_minor = models.BigIntegerField()
    annual_rate = models.FloatField(null=True)
    expected_profit_minor = models.BigIntegerField()
    value_per_yuan = models.FloatField(null=True)
    evidence = models.JSONField()
    features = models.JSONField()
    shown = models.JSONField()
    reasons = models.JSONField()

    class Meta:
        db_table = "underwriting_verdict"
        constraints = [
            models.UniqueConstraint(fields=["appraisal", "firm"], name="underwriting_verdict_firm"),
            models.CheckConstraint(
                condition=Q(approved=True, limit_minor__gt=0, limit_minor__lte=models.F("limit_cap_minor"))
                | Q(approved=False, limit_minor=0),
                name="underwriting_verdict_limit",
            ),
        ]


class Application(models.Model):
    """A request for a loan, from whichever entrance. `key` and `input_hash` make sending it twice harmless."""

    id = models.CharField(primary_key=True, max_length=40)  # app_…
    key = models.CharField(max_length=120, unique=True)
    input_hash = models.CharField(max_length=64)
    entrance = models.CharField(max_length=8)  # phone | partner | file
    person_id = models.CharField(max_length=40)
    shop_id = models.CharField(max_length=40)
    partner_ref = models.CharField(max_length=120, blank=True)
    firm = models.ForeignKey(Firm, on_delete=models.PROTECT, null=True)
    requested_minor = models.BigIntegerField()
    months = models.SmallIntegerField()
    segment = models.CharField(max_length=10, blank=True, default="")  # shop | company | farmer, as the applicant says
    purpose = models.CharField(max_length=20, blank=True, default="")  # what the money is for, as the applicant says
    id_expires_on = models.DateField(null=True)  # of the resident ID, as told; date.max where it never does
    place = models.CharField(max_length=6, blank=True, default="", db_default="")  # division of the business, as told
    state = models.CharField(max_length=12)
    submitted_at = models.DateTimeField(db_index=True)
    decision_id = models.CharField(max_length=40, blank=True)
    answer = models.JSONField(null=True)
    loan_id = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "underwriting_application"
        indexes = [models.Index(fields=["shop_id"], name="underwriting_app_shop")]
        constraints = [
            models.CheckConstraint(condition=Q(requested_minor__gt=0), name="underwriting_app_amount"),
            models.CheckConstraint(
                condition=Q(entrance__in=["phone", "partner", "file"]), name="underwriting_app_door"
            ),
        ]


class ApplicationMove(models.Model):
    """One step in an application's life; appended, never changed."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="moves")
    move = models.CharField(max_length=16)
    state_before = models.CharField(max_length=12)
    state_after = models.CharField(max_length=12)
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_application_move"


class Offer(models.Model):
    """What an approved applicant is offered: at most this limit, at this yearly rate, until this moment."""

    id = models.CharField(primary_key=True, max_length=40)  # offer_…
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="offer")
    decision_id = models.CharField(max_length=40)
    limit_minor = models.BigIntegerField()
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    months = models.SmallIntegerField()
    state = models.CharField(max_length=12)
    made_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    disclosure_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "underwriting_offer"
        constraints = [
            models.CheckConstraint(condition=Q(limit_minor__gt=0), name="underwriting_offer_limit"),
            models.CheckConstraint(
                condition=~Q(state="accepted") | ~Q(disclosure_hash=""), name="underwriting_offer_disclosed"
            ),
        ]


class OfferMove(models.Model):
    """One step in an offer's life; appended, never changed."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="moves")
    move = models.CharField(max_length=16)
    state_before = models.CharField(max_length=12)
    state_after = models.CharField(max_length=12)
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_offer_move"


class KeeperQuestion(models.Model):
    """A question put to a keeper of records outside (credit bureau, business registry): of whom, by which consent, for what. Never edited.

    Its id goes over the wire, so that asking again after a fault is the same question there. `subject` is the person's id,
    or the shop's unified credit code.
    """

    id = models.CharField(primary_key=True, max_length=40)  # ask_…
    keeper = models.CharField(max_length=12)  # bureau | registry
    subject = models.CharField(max_length=40)
    person_id = models.CharField(max_length=40)
    consent_id = models.CharField(max_length=40)
    purpose = models.CharField(max_length=30)
    asked_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_keeper_question"
        indexes = [
            models.Index(fields=["keeper", "subject", "asked_at"], name="underwriting_keeper_asked"),
            models.Index(fields=["keeper", "-asked_at"], name="underwriting_keeper_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(keeper__in=["bureau", "registry"]), name="underwriting_keeper_known"),
            models.CheckConstraint(condition=~Q(consent_id=""), name="underwriting_keeper_consent"),
        ]


class KeeperAnswer(models.Model):
    """What came of a question. `values` are the few fields that evidence has, nothing else of the answer is kept but its SHA-256."""

    id = models.BigAutoField(primary_key=True)
    question = models.OneToOneField(KeeperQuestion, on_delete=models.PROTECT, related_name="answer")
    outcome = models.CharField(max_length=12)  # answered | unknown | no_consent | refused | down | malformed
    said = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=20, blank=True)
    observed_on = models.DateField(null=True)
    values = models.JSONField(null=True)
    content_hash = models.CharField(max_length=64, blank=True)
    attempts = models.SmallIntegerField()
    took_ms = models.IntegerField()
    answered_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_keeper_answer"
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="answered") ^ Q(values__isnull=True), name="underwriting_keeper_said"
            )
        ]


class EvidenceItem(models.Model):
    """One piece of evidence about a small owner: what was observed over which days, by whom, how good. Never edited.

    A correction is a later item that `replaces` it. `observed_to` is the first day after what was observed; the box holds a
    plot's boundary, so that neighbours are found without reading every field of the country.
    """

    id = models.CharField(primary_key=True, max_length=40)  # evi_…
    key = models.CharField(max_length=160, unique=True)
    input_hash = models.CharField(max_length=64)
    person_id = models.CharField(max_length=40)
    shop_id = models.CharField(max_length=40)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, null=True, related_name="evidence_items")
    kind = models.CharField(max_length=20)
    source = models.CharField(max_length=20)
    grade = models.CharField(max_length=1)
    observed_from = models.DateField()
    observed_to = models.DateField()
    values = models.JSONField()
    document_hash = models.CharField(max_length=64, blank=True)
    consent_id = models.CharField(max_length=40, blank=True)
    verified_by = models.CharField(max_length=150, blank=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    box_west = models.FloatField(null=True)
    box_east = models.FloatField(null=True)
    box_south = models.FloatField(null=True)
    box_north = models.FloatField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_evidence_item"
        indexes = [
            models.Index(fields=["shop_id", "observed_to"], name="underwriting_evidence_shop"),
            models.Index(fields=["box_south"], name="underwriting_evidence_box", condition=Q(box_south__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(grade__in=["A", "B", "C", "D"]), name="underwriting_evidence_grade"),
            models.CheckConstraint(
                condition=Q(observed_from__lt=models.F("observed_to")), name="underwriting_evidence_period"
            ),
        ]


class EvidenceSignal(models.Model):
    """Something about evidence that looks like fraud, with its figure; passed on to anti-fraud, judged there. Appended."""

    item = models.ForeignKey(EvidenceItem, on_delete=models.PROTECT, related_name="signals")
    other = models.ForeignKey(EvidenceItem, on_delete=models.PROTECT, null=True, related_name="+")
    code = models.CharField(max_length=30)
    value = models.FloatField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_evidence_signal"


class Questionnaire(models.Model):
    """Answers an owner saved on the phone and may go on with; a draft, replaced at every step and gone once sent.

    Names, ID numbers and phones are asked for at the end and never stand here; `owner_index` is the phone's blind index.
    """

    owner_index = models.BinaryField(primary_key=True, max_length=32)
    segment = models.CharField(max_length=10)
    answers = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_questionnaire"


class AcceptanceCurve(models.Model):
    """How many customers leave at which rate, estimated from our own offers; the newest counts. Never edited."""

    id = models.CharField(primary_key=True, max_length=40)  # curve_…
    content = models.JSONField()
    offers = models.IntegerField()
    fitted_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "underwriting_acceptance_curve"


class FairnessReport(models.Model):
    """Answers by declared group, as computed once; who asked, over what. Never edited, and never an input of a decision."""

    id = models.CharField(primary_key=True, max_length=40)  # fair_…
    appraisal = models.ForeignKey(Appraisal, on_delete=models.PROTECT, null=True)
    declared_hash = models.CharField(max_length=64)
    content = models.JSONField()
    asked_by = models.CharField(max_length=150)
    computed_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "underwriting_fairness_report"


class Document(models.Model):
    """A paper or photo that proves something, sealed at rest; its id is the SHA-256 of the file, so it cannot become another.

    Not append-only: the change of the key that seals it writes it anew (`puhui keys rotate`).
    """

    content_hash = models.CharField(primary_key=True, max_length=64)
    media_type = models.CharField(max_length=30)
    content = SealedField()  # base64 of the file
    bytes = models.IntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "underwriting_document"
