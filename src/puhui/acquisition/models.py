"""Rows of acquisition; the platform's alone. Facts (touch, link, cost, signal, media report, creative, budget, audience log, experiments, what
loans earned, what was stopped) are append-only; folds over them (owed, spend of a day) and the state of a conversion on its way out may change."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
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
    """What a media charged for a campaign on a day, for one creative where it says so; a refund is a negative row."""

    id = models.CharField(primary_key=True, max_length=40)  # cost_…
    key = models.CharField(max_length=200, unique=True)
    input_hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=40)
    campaign = models.CharField(max_length=80, blank=True)
    creative = models.CharField(max_length=80, blank=True, default="")
    on = models.DateField(db_index=True)
    amount_minor = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_cost"
        constraints = [models.CheckConstraint(condition=~models.Q(amount_minor=0), name="acquisition_cost_moves_money")]


_CLICK, _STEP = models.Q(kind="click"), ~models.Q(subject="")


class Signal(models.Model):
    """One fact of the chain as it came: an impression or click from a media, an event of our own funnel."""

    id = models.BigAutoField(primary_key=True)
    key = models.UUIDField(unique=True)  # made of what names the fact, so that a repeat is recognised
    content = models.BigIntegerField()  # a mark of all the rest, to tell a repeat from another fact under the same name
    kind = models.CharField(max_length=24)
    media = models.CharField(max_length=24)
    campaign = models.CharField(max_length=80, blank=True)
    creative = models.CharField(max_length=80, blank=True)
    click_id = models.CharField(max_length=255, blank=True)
    device = models.BigIntegerField(null=True)  # core/device_ids key, as PostgreSQL's signed number
    subject = models.CharField(max_length=64, blank=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    value_minor = models.BigIntegerField(null=True)
    quality = models.SmallIntegerField(null=True)
    consent = models.BooleanField(default=False)  # a separate consent to tell the media of a credit outcome
    raw = models.JSONField(default=dict)

    class Meta:
        db_table = "acquisition_signal"
        indexes = [
            models.Index(fields=["click_id"], condition=_CLICK & ~models.Q(click_id=""), name="acq_click_by_id"),
            models.Index(fields=["device"], condition=_CLICK & models.Q(device__isnull=False), name="acq_click_by_device"),
            models.Index(fields=["click_id"], condition=_STEP & ~models.Q(click_id=""), name="acq_step_by_click"),
            models.Index(fields=["device"], condition=_STEP & models.Q(device__isnull=False), name="acq_step_by_device"),
            models.Index(fields=["subject"], condition=_STEP, name="acq_signal_subject"),
            models.Index(fields=["happened_at"], include=["kind", "subject"], condition=_STEP, name="acq_step_by_time"),
            BrinIndex(
                fields=["happened_at"], opclasses=["timestamptz_minmax_multi_ops"], autosummarize=True, pages_per_range=16,
                name="acq_signal_by_time",
            ),
        ]  # fmt: skip


class Owed(models.Model):
    """The click a person's way through the funnel is owed to: a fold over signals, done again when one comes late.

    With it stands what the person did and where their clicks are found: each step's first time (`kinds` and `first_at`, side by side), the devices of their
    steps and of the clicks of their click ids, and those click ids of which a click has no device.
    """

    subject = models.CharField(primary_key=True, max_length=64)
    began_at = models.DateTimeField()
    click = models.ForeignKey(Signal, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    clicked_at = models.DateTimeField(null=True, db_index=True)
    kinds = ArrayField(models.TextField(), default=list)
    first_at = ArrayField(models.DateTimeField(), default=list)
    click_ids = ArrayField(models.TextField(), default=list)
    devices = ArrayField(models.BigIntegerField(), default=list)
    media = models.CharField(max_length=24, blank=True)
    campaign = models.CharField(max_length=80, blank=True)
    creative = models.CharField(max_length=80, blank=True)
    rule = models.CharField(max_length=40)

    class Meta:
        db_table = "acquisition_owed"


class DayCount(models.Model):
    """Facts of a media by China day, a sum kept as they are stored (day_counts.py); several slots, read together."""

    id = models.BigAutoField(primary_key=True)
    on = models.DateField()
    media = models.CharField(max_length=24)
    campaign = models.CharField(max_length=80, blank=True)
    creative = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=24)
    slot = models.SmallIntegerField()
    facts = models.BigIntegerField()
    unidentified = models.BigIntegerField()  # without any usable id
    newest_at = models.DateTimeField()  # received

    class Meta:
        db_table = "acquisition_day_count"
        constraints = [
            models.UniqueConstraint(
                fields=["on", "media", "campaign", "creative", "kind", "slot"], name="acquisition_day_count_once"
            )
        ]


class DayDelay(models.Model):
    """Clicks of a media and China day by how long they were on their way, in seconds rounded up to three figures."""

    id = models.BigAutoField(primary_key=True)
    on = models.DateField()
    media = models.CharField(max_length=24)
    slot = models.SmallIntegerField()
    delay_s = models.IntegerField()
    clicks = models.BigIntegerField()

    class Meta:
        db_table = "acquisition_day_delay"
        constraints = [
            models.UniqueConstraint(fields=["on", "media", "slot", "delay_s"], name="acquisition_day_delay_once")
        ]


class Conversion(models.Model):
    """What a media is to be told of one person's step: on its way until the media took it, refused it, or we gave up."""

    QUEUED, SENT, REFUSED, GIVEN_UP, WITHDRAWN = "queued", "sent", "refused", "given_up", "withdrawn"

    key = models.UUIDField(primary_key=True)  # of subject, step and media: the media's own deduplication key too
    media = models.CharField(max_length=24)
    kind = models.CharField(max_length=24)
    click = models.ForeignKey(Signal, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=64)
    happened_at = models.DateTimeField()
    value_minor = models.BigIntegerField(null=True)
    quality = models.SmallIntegerField(null=True)
    state = models.CharField(max_length=12, default=QUEUED)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    answer = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "acquisition_conversion"
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="queued"), name="acq_conversion_due")]


class MediaConsent(models.Model):
    """A person withdrew the consent to tell media of credit outcomes, or gave it again; without a row the facts' own mark counts."""

    id = models.BigAutoField(primary_key=True)
    subject = models.CharField(max_length=64, db_index=True)
    given = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_media_consent"


class MediaReport(models.Model):
    """What a media itself counted for a campaign on a day; a later report of the same day replaces the earlier in reading."""

    id = models.CharField(primary_key=True, max_length=40)  # mrp_…
    key = models.CharField(max_length=200, unique=True)
    input_hash = models.CharField(max_length=64)
    media = models.CharField(max_length=24)
    campaign = models.CharField(max_length=80)
    on = models.DateField()
    impressions = models.BigIntegerField()
    clicks = models.BigIntegerField()
    conversions = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_media_report"


class Campaign(models.Model):
    """A campaign of one media under one strategy. Its state and budget are read from their own rows."""

    id = models.CharField(primary_key=True, max_length=40)  # cmp_…
    media = models.CharField(max_length=24)
    name = models.CharField(max_length=80)
    strategy = models.CharField(max_length=64, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_campaign"
        constraints = [models.UniqueConstraint(fields=["media", "name"], name="acquisition_campaign_name")]


class CampaignMove(models.Model):
    """A step in a campaign's life: draft → live ⇄ stopped → ended."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="moves")
    state = models.CharField(max_length=12)
    why = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_campaign_move"


class Creative(models.Model):
    """One wording as it was checked: what it says, and what the linter of that day found. Another wording is another row."""

    id = models.CharField(primary_key=True, max_length=40)  # crv_…
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="creatives")
    title = models.CharField(max_length=80)
    text = models.TextField()
    landing = models.CharField(max_length=300)
    findings = models.JSONField(default=list)
    rules_from = models.DateField()
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_creative"


class Budget(models.Model):
    """The daily limit of a campaign from a moment on, and what a result may cost; the latest counts. `source`: a person or a proposal's name."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="budgets")
    daily_minor = models.BigIntegerField()
    target_minor = models.BigIntegerField(null=True)
    source = models.CharField(max_length=120, blank=True)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_budget"
        constraints = [models.CheckConstraint(condition=models.Q(daily_minor__gte=0), name="acquisition_budget_sign")]


class SpendDay(models.Model):
    """What was promised of a campaign's limit on a day; the database itself refuses a yuan too many."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="spend")
    on = models.DateField()
    limit_minor = models.BigIntegerField()
    promised_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "acquisition_spend_day"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "on"], name="acquisition_spend_day_once"),
            models.CheckConstraint(
                condition=models.Q(promised_minor__gte=0, promised_minor__lte=models.F("limit_minor")),
                name="acquisition_spend_day_kept",
            ),
        ]


class AudienceMove(models.Model):
    """A device entered or left an audience, when and why: who could be shown what is a fold over these."""

    id = models.BigAutoField(primary_key=True)
    audience = models.CharField(max_length=64)
    device = models.BigIntegerField()
    inside = models.BooleanField()
    why = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_audience_move"
        indexes = [
            models.Index(fields=["audience", "device", "id"], name="acq_audience_device"),
            models.Index(fields=["device"], name="acq_audience_of_device"),
        ]


class AudiencePublication(models.Model):
    """What was handed to the servers: content mark, sizes, strategies, by whom."""

    id = models.BigAutoField(primary_key=True)
    generation = models.BigIntegerField()
    content = models.CharField(max_length=64)
    sizes = models.JSONField()
    strategies = models.TextField()
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_audience_publication"


class Earned(models.Model):
    """What the loan of a person whom an advertisement brought earned on a day, net of loss: the difference to what was told before."""

    id = models.BigAutoField(primary_key=True)
    subject = models.CharField(max_length=64)
    on = models.DateField()
    amount_minor = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_earned"
        indexes = [models.Index(fields=["subject", "on"], name="acq_earned_subject")]
        constraints = [models.CheckConstraint(condition=~models.Q(amount_minor=0), name="acquisition_earned_moves")]


class Experiment(models.Model):
    """A comparison of strategies, or of one with nothing, over the delivery's own ten buckets: who is in it and what counts, fixed at its start."""

    id = models.CharField(primary_key=True, max_length=40)  # exp_…
    name = models.CharField(max_length=80, unique=True)
    media = models.CharField(max_length=24)
    arms = models.JSONField()  # [[name, strategy or "", [buckets]], …]; the first is the control
    audience = models.CharField(max_length=64)  # whose devices are compared, as it stood at the start
    kind = models.CharField(max_length=24)  # the step that counts
    planned = models.IntegerField()
    created_by = models.CharField(max_length=80)
    starts_at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_experiment"


class ExperimentMove(models.Model):
    """An experiment ran from here on, or was stopped with an arm kept."""

    id = models.BigAutoField(primary_key=True)
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="moves")
    state = models.CharField(max_length=12)
    kept = models.CharField(max_length=80, blank=True)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_experiment_move"


class CreativeVerdict(models.Model):
    """What the nightly look said of a creative of a live campaign, and what was done; empty `creative`: of the campaign as a whole."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="verdicts")
    creative = models.CharField(max_length=80, blank=True)
    verdict = models.CharField(max_length=12)
    share = models.FloatField(null=True)
    figures = models.JSONField()
    done = models.CharField(max_length=24, blank=True)
    on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_creative_verdict"
        constraints = [models.UniqueConstraint(fields=["campaign", "creative", "on"], name="acquisition_verdict_once")]


class GateMove(models.Model):
    """Somebody stopped delivery or let it go on: everything, or one media."""

    id = models.BigAutoField(primary_key=True)
    media = models.CharField(max_length=24, blank=True)
    stopped = models.BooleanField()
    why = models.CharField(max_length=200)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "acquisition_gate_move"
