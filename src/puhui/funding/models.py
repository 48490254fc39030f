"""Rows of the funding room: institutions, their programmes, allotments of quota as facts, matches, partners.

Rule kept: the used quota is never stored, it is a fold over `funding_allotment`; the programme's row is what two
matches that want the same money queue behind. An institution sees its own rows; matches name several institutions,
so only the platform sees them; partners (助贷渠道) are the platform's.
"""

from django.db import models
from django.db.models import F, Q

from puhui.store.sealed import SealedField

# Ways of paying back that a programme can fund; the words are those of the loan book's terms.
METHODS = {"equal_installment": "等额本息", "at_will": "随借随还"}
LENDER_TYPES = {"bank": "银行", "cfc": "消费金融公司", "mcc": "小额贷款公司", "trust": "信托公司"}


def plain_methods() -> list[str]:
    """What a programme funds that does not say."""
    return ["equal_installment"]


class Institution(models.Model):
    """A funding institution (资金方) = a tenant. `sample` marks an invented one, shown as such wherever it is."""

    id = models.CharField(primary_key=True, max_length=40)  # inst_…
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    lender_type = models.CharField(max_length=10, choices=list(LENDER_TYPES.items()))
    sample = models.BooleanField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "funding_institution"
        constraints = [
            models.CheckConstraint(
                condition=Q(lender_type__in=list(LENDER_TYPES)), name="institution_lender_type_known"
            ),
            models.CheckConstraint(condition=~Q(id="platform"), name="institution_is_not_the_platform"),
        ]


class Programme(models.Model):
    """A programme (资金方案): rules as data, fixed once loaded; a change is a new code. In force [from, until)."""

    id = models.CharField(primary_key=True, max_length=40)  # prog_…
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="programmes")
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    rate_min = models.DecimalField(max_digits=9, decimal_places=6)
    rate_max = models.DecimalField(max_digits=9, decimal_places=6)
    rate_discount = models.DecimalField(max_digits=9, decimal_places=6)
    limit_min_minor = models.BigIntegerField()
    limit_max_minor = models.BigIntegerField()
    ratings = models.JSONField()
    months = models.JSONField()
    methods = models.JSONField(default=plain_methods)
    regions = models.JSONField(default=list)  # divisions (GB/T 2260) of 2, 4 or 6 digits; none: the whole country
    quota_minor = models.BigIntegerField()
    valid_from = models.DateField()
    valid_until = models.DateField()
    whitelisted = models.BooleanField()
    terms_hash = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "funding_programme"
        constraints = [
            models.CheckConstraint(condition=Q(valid_from__lt=F("valid_until")), name="programme_in_force_some_day"),
            models.CheckConstraint(
                condition=Q(rate_min__gte=0) & Q(rate_min__lte=F("rate_max")), name="programme_rates_in_order"
            ),
            models.CheckConstraint(
                condition=Q(limit_min_minor__gt=0) & Q(limit_min_minor__lte=F("limit_max_minor")),
                name="programme_limits_in_order",
            ),
            models.CheckConstraint(condition=Q(quota_minor__gte=0), name="programme_quota_not_negative"),
        ]


class Match(models.Model):
    """One answer of the matcher for one offer, with every programme's refusal or rank. Append-only."""

    id = models.CharField(primary_key=True, max_length=40)  # match_…
    application_id = models.CharField(max_length=40, db_index=True)
    offer_id = models.CharField(max_length=40, db_index=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, null=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, null=True)
    amount_minor = models.BigIntegerField()
    months = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=20, default="equal_installment", choices=list(METHODS.items()))
    rating = models.CharField(max_length=10)
    place = models.CharField(max_length=6, blank=True, default="")  # division of the business, as far as it was known
    offered_rate = models.DecimalField(max_digits=9, decimal_places=6)
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    as_of = models.DateField()
    candidates = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "funding_match_record"
        constraints = [
            models.CheckConstraint(
                condition=Q(programme__isnull=True, institution__isnull=True, annual_rate__isnull=True)
                | Q(programme__isnull=False, institution__isnull=False, annual_rate__isnull=False),
                name="match_all_or_nothing",
            )
        ]


class Allotment(models.Model):
    """A fact about quota: `allotment_id` is what was reserved, `verb` what happened to it. Append-only."""

    id = models.BigAutoField(primary_key=True)
    allotment_id = models.CharField(max_length=40)  # allot_…
    verb = models.CharField(max_length=10)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="allotments")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)
    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="allotments", db_constraint=True)
    application_id = models.CharField(max_length=40, db_index=True)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "funding_allotment"
        indexes = [models.Index(fields=["programme", "verb"], name="allotment_by_programme")]
        constraints = [
            models.CheckConstraint(condition=Q(verb__in=["reserve", "confirm", "void"]), name="allotment_verb_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="allotment_amount_positive"),
            models.UniqueConstraint(
                fields=["allotment_id"], condition=Q(verb="reserve"), name="allotment_reserved_once"
            ),
            models.UniqueConstraint(
                fields=["allotment_id"], condition=Q(verb__in=["confirm", "void"]), name="allotment_ends_once"
            ),
            models.UniqueConstraint(fields=["match"], condition=Q(verb="reserve"), name="match_reserved_once"),
        ]


class Partner(models.Model):
    """A channel that sends applications by the API (合作渠道). Its secret signs requests and is sealed."""

    id = models.CharField(primary_key=True, max_length=40)  # partner_…
    name = models.CharField(max_length=120)
    key_id = models.CharField(max_length=40, unique=True)
    secret = SealedField()
    calls_a_minute = models.PositiveIntegerField()
    active = models.BooleanField(default=True)
    sample = models.BooleanField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "funding_partner"


class PartnerNonce(models.Model):
    """A nonce that was used; a second use is a replay. Older than the clock window they are swept."""

    id = models.BigAutoField(primary_key=True)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT)
    nonce = models.CharField(max_length=80)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "funding_partner_nonce"
        constraints = [models.UniqueConstraint(fields=["partner", "nonce"], name="partner_nonce_once")]


class PartnerMinute(models.Model):
    """Calls of one partner in one minute of the clock; counted in the database so that all web workers agree."""

    id = models.BigAutoField(primary_key=True)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT)
    minute = models.DateTimeField()
    calls = models.PositiveIntegerField()

    class Meta:
        db_table = "funding_partner_minute"
        constraints = [models.UniqueConstraint(fields=["partner", "minute"], name="partner_minute_once")]


class PartnerApplication(models.Model):
    """Which applications a partner sent: it may see these and no others. Append-only."""

    application_id = models.CharField(primary_key=True, max_length=40)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="applications")
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "funding_partner_application"


def lock_programme(programme_id: str) -> Programme | None:
    """The programme's row, locked until the end of the transaction: matches for its quota queue here."""
    return (
        Programme.objects.select_for_update(of=("self",)).select_related("institution").filter(id=programme_id).first()
    )
