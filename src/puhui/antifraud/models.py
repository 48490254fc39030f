"""Rows of antifraud: arrivals and entities (the graph), assessments and hits, labels, lists, leads, cases, appeals, models.

Platform only. All but a case, an appeal's answer and a model's state is append-only. No name, phone or ID number is kept: people
and phones stand as keyed blind indexes and 64-bit keys of them, entities with a masked text.
"""

from typing import cast

from django.db import models

from puhui.antifraud.core import assessment
from puhui.antifraud.core.entity_kind import KINDS
from puhui.antifraud.core.outcome import Outcome
from puhui.antifraud.core.rulebook import Hit as HitValue
from puhui.store.sealed import SealedField


class Assessment(models.Model):
    """`id` orders arrivals; `facts` are the signals as seen; `unknown` the rules nobody could decide."""

    id = models.BigAutoField(primary_key=True)
    application_key = models.CharField(max_length=80, db_index=True)
    input_hash = models.CharField(max_length=64)
    person_index = models.BinaryField(db_index=True)
    phone_index = models.BinaryField(db_index=True)
    device_hash = models.CharField(max_length=128, null=True, db_index=True)
    applied_at = models.DateTimeField(db_index=True)
    signals = models.JSONField()
    outcome = models.CharField(max_length=10)
    unknown = models.JSONField()
    rulebook = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()
    position = models.BigIntegerField(null=True, db_index=True)
    strategy = models.CharField(max_length=16, default="", db_default="")
    conditions = models.JSONField(default=dict, db_default={})
    score = models.FloatField(null=True)
    scored_by = models.CharField(max_length=60, default="", db_default="")

    class Meta:
        db_table = "antifraud_assessment"
        constraints = [
            models.UniqueConstraint(fields=["application_key", "input_hash"], name="antifraud_assessment_once"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=["pass", "step_up", "review", "refuse"]),
                name="antifraud_assessment_outcome",
            ),
        ]

    def as_value(self) -> assessment.Assessment:
        """The answer as plain data; hits in the order of the rulebook."""
        hits = tuple(
            HitValue(hit.code, hit.severity, hit.outcome, hit.text_zh, hit.text_en, hit.evidence, hit.action)
            for hit in sorted(self.hits.all(), key=lambda hit: hit.id)
        )
        return assessment.Assessment(
            id=self.id,
            application_key=self.application_key,
            outcome=cast(Outcome, self.outcome),
            hits=hits,
            unknown=tuple(self.unknown),
            signals=self.signals,
            rulebook=self.rulebook,
            applied_at=self.applied_at,
            position=self.position,
            strategy=self.strategy or self.outcome,
            conditions=self.conditions,
            score=self.score,
            scored_by=self.scored_by,
        )


class Hit(models.Model):
    """One rule true of one assessment, with the values that made it so."""

    id = models.BigAutoField(primary_key=True)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="hits")
    code = models.CharField(max_length=60, db_index=True)
    severity = models.CharField(max_length=10)
    outcome = models.CharField(max_length=10)
    text_zh = models.CharField(max_length=200)
    text_en = models.CharField(max_length=200)
    evidence = models.JSONField()
    action = models.CharField(max_length=40, default="", db_default="")

    class Meta:
        db_table = "antifraud_hit"


class Arrival(models.Model):
    """An application joins the graph: one column a kind of entity (a key, or null where it is not known)."""

    position = models.BigAutoField(primary_key=True)
    application = models.BigIntegerField(db_index=True)
    application_key = models.CharField(max_length=80)
    applied_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    amount_minor = models.BigIntegerField(null=True)
    person = models.BigIntegerField()
    phone = models.BigIntegerField(null=True)
    device = models.BigIntegerField(null=True)
    card = models.BigIntegerField(null=True)
    licence = models.BigIntegerField(null=True)
    operator = models.BigIntegerField(null=True)
    shop_phone = models.BigIntegerField(null=True)
    address = models.BigIntegerField(null=True)
    wifi = models.BigIntegerField(null=True)
    place = models.BigIntegerField(null=True)
    ip_block = models.BigIntegerField(null=True)
    agent = models.BigIntegerField(null=True)
    channel = models.BigIntegerField(null=True)

    class Meta:
        db_table = "antifraud_arrival"
        indexes = [
            models.Index(fields=[kind, "applied_at", "position"], name=f"antifraud_arrival_{kind}",
                         condition=models.Q(**{f"{kind}__isnull": False}))
            for kind in KINDS
        ]  # fmt: skip


class Entity(models.Model):
    """What staff may see of an entity: its kind and a masked text. `key` is that of the arrivals' columns."""

    key = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=16)
    shown = models.CharField(max_length=60)
    first_seen_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_entity"


class Trade(models.Model):
    """An arrival names a counterparty of its invoices, or itself: `key` of the kind counterparty, its share of the side, its last invoice."""

    id = models.BigAutoField(primary_key=True)
    position = models.BigIntegerField(db_index=True)
    application = models.BigIntegerField()
    person = models.BigIntegerField()
    applied_at = models.DateTimeField()
    side = models.CharField(max_length=8)
    key = models.BigIntegerField()
    share = models.FloatField()
    last_on = models.DateField(null=True)

    class Meta:
        db_table = "antifraud_trade"
        indexes = [models.Index(fields=["key", "applied_at", "position"], name="antifraud_trade_key")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(side__in=["self", "buyer", "supplier"]), name="antifraud_trade_side"
            ),
            models.CheckConstraint(condition=models.Q(share__gte=0.0, share__lte=1.0), name="antifraud_trade_share"),
        ]


class Label(models.Model):
    """What became known of an application: fraud or not, since when, from whom. The latest known counts."""

    id = models.BigAutoField(primary_key=True)
    application = models.BigIntegerField()
    application_key = models.CharField(max_length=80)
    fraud = models.BooleanField()
    known_at = models.DateTimeField()
    source = models.CharField(max_length=20)
    case_id = models.CharField(max_length=40, default="", db_default="")
    by = models.CharField(max_length=150)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_label"
        indexes = [
            models.Index(fields=["application", "known_at", "id"], name="antifraud_label_known", include=["fraud"])
        ]


class Listing(models.Model):
    """An entity on a black, grey or white list, with reason, source, evidence and an end: no list is for ever."""

    id = models.CharField(primary_key=True, max_length=40)  # list_…
    key = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=16)
    shown = models.CharField(max_length=60)
    colour = models.CharField(max_length=5)
    reason = models.CharField(max_length=400)
    source = models.CharField(max_length=40)
    evidence = models.JSONField()
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_listing"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(colour__in=["black", "grey", "white"]), name="antifraud_listing_colour"
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("starts_at")), name="antifraud_listing_ends"
            ),
            models.CheckConstraint(
                condition=~models.Q(reason="") & ~models.Q(source=""), name="antifraud_listing_reason"
            ),
        ]


class ListingEnd(models.Model):
    """An entry taken off before its end: an appeal was upheld, or it was a mistake."""

    listing = models.OneToOneField(Listing, on_delete=models.PROTECT, related_name="end", primary_key=True)
    ended_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=400)

    class Meta:
        db_table = "antifraud_listing_end"


class Case(models.Model):
    """Leads that share strong entities, worked by one person, confirmed or cleared by two."""

    id = models.CharField(primary_key=True, max_length=40)  # case_…
    state = models.CharField(max_length=16)
    owner = models.CharField(max_length=150, default="")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    score = models.FloatField()
    amount_minor = models.BigIntegerField()
    tipping_off = models.BooleanField(default=False, db_default=False)
    proposed_by = models.CharField(max_length=150, default="")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "antifraud_case"
        indexes = [models.Index(fields=["state", "due_at"], name="antifraud_case_queue")]


class CaseEntity(models.Model):
    """A strong entity of a case: what a later lead must share to join it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="entities")
    key = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=16)

    class Meta:
        db_table = "antifraud_case_entity"
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="antifraud_case_entity_once")]


class Lead(models.Model):
    """One suspicion: from a rule, the model, the graph, a complaint, the police or the autopsy of a first-payment default."""

    id = models.CharField(primary_key=True, max_length=40)  # lead_…
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="leads")
    source = models.CharField(max_length=20)
    application_key = models.CharField(max_length=80, db_index=True)
    position = models.BigIntegerField(null=True)
    score = models.FloatField()
    amount_minor = models.BigIntegerField()
    evidence = models.JSONField()
    told = models.CharField(max_length=400, default="")
    raised_by = models.CharField(max_length=150, default="")
    raised_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_lead"
        constraints = [models.UniqueConstraint(fields=["application_key", "source"], name="antifraud_lead_once")]


class Complaint(models.Model):
    """What somebody told about an application or about an entity that applications share; `key` is that of the arrivals' columns."""

    id = models.CharField(primary_key=True, max_length=40)  # comp_…
    fingerprint = models.CharField(max_length=64, unique=True)
    application_key = models.CharField(max_length=80, default="")
    kind = models.CharField(max_length=16, default="")
    key = models.BigIntegerField(null=True)
    shown = models.CharField(max_length=60, default="")
    text = models.CharField(max_length=400)
    door = models.CharField(max_length=40)
    received_at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=150)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_complaint"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(application_key="", key__isnull=False)
                | models.Q(~models.Q(application_key=""), key__isnull=True),
                name="antifraud_complaint_about",
            )
        ]


class NamedPayee(models.Model):
    """Whom a loan of direct payment goes to; the last one named counts."""

    id = models.BigAutoField(primary_key=True)
    application_key = models.CharField(max_length=80, db_index=True)
    name = models.CharField(max_length=100)
    account = SealedField()
    key = models.BigIntegerField()
    shown = models.CharField(max_length=60)
    reason = models.CharField(max_length=400)
    by = models.CharField(max_length=150)
    named_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_payee"


class CaseMove(models.Model):
    """One step of a case: who, when, why."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="moves")
    move = models.CharField(max_length=16)
    state_before = models.CharField(max_length=16)
    state_after = models.CharField(max_length=16)
    by = models.CharField(max_length=150)
    note = models.CharField(max_length=2000, default="")
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_case_move"


class CaseNote(models.Model):
    """What an investigator wrote or attached (`document_hash`: SHA-256 of a paper kept elsewhere)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=10)
    text = models.CharField(max_length=2000)
    document_hash = models.CharField(max_length=64, default="")
    by = models.CharField(max_length=150)
    written_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_case_note"


class Appeal(models.Model):
    """An applicant objects to a refusal or to a list entry (PIPL 24, 50); a person answers."""

    id = models.CharField(primary_key=True, max_length=40)  # appeal_…
    application_key = models.CharField(max_length=80, db_index=True)
    listing = models.ForeignKey(Listing, null=True, on_delete=models.PROTECT, related_name="appeals")
    text = models.CharField(max_length=2000)
    state = models.CharField(max_length=10)
    raised_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answer = models.CharField(max_length=2000, default="")
    answered_by = models.CharField(max_length=150, default="")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "antifraud_appeal"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="open", answered_at__isnull=True)
                | (models.Q(state__in=["upheld", "rejected"]) & ~models.Q(answer="") & ~models.Q(answered_by="")),
                name="antifraud_appeal_answered",
            )
        ]


class FraudModel(models.Model):
    """A fitted model as plain data, with its measures; one champion decides, a challenger only scores."""

    id = models.CharField(primary_key=True, max_length=40)  # fmod_…
    state = models.CharField(max_length=12)
    content = models.JSONField()
    measures = models.JSONField()
    trained_at = models.DateTimeField()
    trained_by = models.CharField(max_length=150)
    approved_by = models.CharField(max_length=150, default="")

    class Meta:
        db_table = "antifraud_model"
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="champion"), name="antifraud_model_one_champion"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="champion")
                | (~models.Q(approved_by="") & ~models.Q(approved_by=models.F("trained_by"))),
                name="antifraud_model_second_person",
            ),
        ]


class PeerPicture(models.Model):
    """What is ordinary among peers, as quantiles a signal (`core/unusualness`); the newest counts."""

    id = models.BigAutoField(primary_key=True)
    content = models.JSONField()
    applications = models.IntegerField()
    learned_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_peers"


class FraudModelDay(models.Model):
    """What a model's figures were at the end of a day, by which version of the table; never edited."""

    id = models.BigAutoField(primary_key=True)
    model = models.ForeignKey(FraudModel, on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    figures = models.JSONField()
    details = models.JSONField()
    policy_version = models.CharField(max_length=20)
    computed_at = models.DateTimeField()

    class Meta:
        db_table = "antifraud_model_day"
        constraints = [models.UniqueConstraint(fields=["model", "day"], name="antifraud_model_day_once")]


class FraudModelAlert(models.Model):
    """A figure that lay above a line; it stands on the pages until a person has seen it."""

    id = models.BigAutoField(primary_key=True)
    model_day = models.ForeignKey(FraudModelDay, on_delete=models.PROTECT, related_name="alerts")
    figure = models.CharField(max_length=40)
    value = models.FloatField()
    above = models.FloatField()
    level = models.CharField(max_length=5)
    message = models.CharField(max_length=300)
    raised_at = models.DateTimeField()
    seen_by = models.CharField(max_length=150, default="")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "antifraud_model_alert"
