"""Rows of rulebooks and their versions, of experiments, and of the decision record: the platform's only.

Rule kept: moves, experiments, their ends, alerts and decisions are appended; a version is fixed once it leaves draft, and who
wrote it cannot be the one who reviewed it. PostgreSQL keeps these laws (migrations), not only the operations.
"""

from typing import Any

from django.db import models
from django.db.models import F, Q


class Rulebook(models.Model):
    """What is decided by rules: one a kind of decision (application, line increase …)."""

    kind = models.CharField(primary_key=True, max_length=40)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "policy_rulebook"


class Version(models.Model):
    """One version of a rulebook: all its texts, and where it stands in its life."""

    id = models.CharField(primary_key=True, max_length=40)  # rbv_…
    rulebook = models.ForeignKey(Rulebook, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    based_on = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    texts = models.JSONField()
    content_hash = models.CharField(max_length=64, db_index=True)
    note = models.CharField(max_length=400, default="")
    author = models.CharField(max_length=150)
    reviewer = models.CharField(max_length=150, default="")
    state = models.CharField(max_length=12)
    edition = models.IntegerField(default=1)  # of a draft, so that two tabs cannot overwrite each other
    created_at = models.DateTimeField()
    published_from = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "policy_version"
        constraints = [
            models.UniqueConstraint(fields=["rulebook", "number"], name="policy_version_number"),
            models.UniqueConstraint(fields=["rulebook", "published_from"], name="policy_version_one_at_a_time"),
            models.CheckConstraint(condition=~Q(author=""), name="policy_version_has_author"),
            models.CheckConstraint(
                condition=Q(reviewer="") | ~Q(reviewer=F("author")), name="policy_version_second_person"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review", "discarded"])
                | (Q(state="approved") & ~Q(reviewer=""))
                | (Q(state__in=["published", "retired"]) & ~Q(reviewer="") & Q(published_from__isnull=False)),
                name="policy_version_reviewed",
            ),
        ]


class VersionMove(models.Model):
    """One step in a version's life: who, when, why."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="moves")
    move = models.CharField(max_length=12)
    state_before = models.CharField(max_length=12)
    state_after = models.CharField(max_length=12)
    by = models.CharField(max_length=150)
    note = models.CharField(max_length=400, default="")
    content_hash = models.CharField(max_length=64)
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "policy_version_move"


class Experiment(models.Model):
    """A challenger that decides for its share, or a shadow that only watches. Never edited; its early end is a row."""

    id = models.CharField(primary_key=True, max_length=40)  # exp_…
    rulebook = models.ForeignKey(Rulebook, on_delete=models.PROTECT, related_name="experiments")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(max_length=12)
    salt = models.CharField(max_length=40)
    share_buckets = models.IntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    started_by = models.CharField(max_length=150)

    class Meta:
        db_table = "policy_experiment"
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=["challenger", "shadow"]), name="policy_experiment_mode"),
            models.CheckConstraint(condition=Q(share_buckets__range=(1, 10_000)), name="policy_experiment_share"),
        ]


class ExperimentStop(models.Model):
    """The early end of an experiment, by a person or by a guard-rail; one an experiment."""

    experiment = models.OneToOneField(Experiment, on_delete=models.PROTECT, related_name="stop", primary_key=True)
    stopped_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=400)

    class Meta:
        db_table = "policy_experiment_stop"


class ShadowProgress(models.Model):
    """How far along the chain a shadow has looked; `done` once it has ended and seen all that was decided while it ran."""

    experiment = models.OneToOneField(Experiment, on_delete=models.PROTECT, related_name="progress", primary_key=True)
    upto_sequence = models.BigIntegerField()
    done = models.BooleanField(default=False)

    class Meta:
        db_table = "policy_shadow_progress"


class Guardrail(models.Model):
    """A bound on the challenger of an experiment, set when it starts."""

    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="guardrails")
    metric = models.CharField(max_length=40)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    window_minutes = models.IntegerField()
    minimum_n = models.IntegerField()

    class Meta:
        db_table = "policy_guardrail"


class Alert(models.Model):
    """Something that a person must look at: a guard-rail was broken, a challenger or shadow failed."""

    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="alerts")
    kind = models.CharField(max_length=20)  # guardrail, fault
    metric = models.CharField(max_length=40, default="")
    value = models.FloatField(null=True)
    bound = models.FloatField(null=True)
    n = models.IntegerField(default=0)
    told = models.CharField(max_length=400)
    raised_at = models.DateTimeField()

    class Meta:
        db_table = "policy_alert"
        indexes = [models.Index(fields=["experiment", "raised_at"], name="policy_alert_when")]


class DecisionParameters(models.Model):
    """What batches have in common, kept once under the SHA-256 of its canonical form: most decisions of a day share it."""

    hash = models.CharField(primary_key=True, max_length=64)
    content = models.JSONField()

    class Meta:
        db_table = "policy_parameters"


class DecisionBatch(models.Model):
    """Decisions taken together: one solve over many firms, or a batch of one applicant.

    Its parameters are `shared`; batches from before they were kept once hold their `own`. No foreign key watches over `shared`: it would
    lock the one row that every decision of the day points at; `puhui audit verify` finds the parameters of every batch (decision 0186).
    """

    id = models.CharField(primary_key=True, max_length=40)  # run_…
    kind = models.CharField(max_length=60)
    policy_name = models.CharField(max_length=60)
    policy_version = models.CharField(max_length=60)
    own = models.JSONField(null=True, db_column="parameters")
    shared = models.ForeignKey(DecisionParameters, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False,
                               db_index=False, db_column="parameters_hash")  # fmt: skip
    as_of = models.DateField()
    decided_at = models.DateTimeField()
    version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    experiment = models.ForeignKey(Experiment, null=True, on_delete=models.PROTECT, related_name="batches")
    arm = models.CharField(max_length=12, default="", db_default="")
    elapsed_microseconds = models.IntegerField(null=True)

    class Meta:
        db_table = "policy_batch"
        indexes = [models.Index(fields=["experiment", "arm", "decided_at"], name="policy_batch_arm",
                                condition=Q(experiment__isnull=False))]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                condition=Q(own__isnull=False) ^ Q(shared__isnull=False), name="policy_batch_parameters"
            )
        ]

    @property
    def parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = self.own if self.shared is None else self.shared.content  # type: ignore[assignment]
        return found


class Decision(models.Model):
    """One answer: what was seen, what came out, why, under which policy version."""

    id = models.CharField(primary_key=True, max_length=40)  # dec_…
    sequence = models.BigIntegerField(unique=True)
    batch = models.ForeignKey(DecisionBatch, on_delete=models.PROTECT, related_name="decisions")
    position = models.IntegerField()
    subject = models.CharField(max_length=80, db_index=True)
    inputs = models.JSONField()
    output = models.JSONField()
    reasons = models.JSONField()
    previous_hash = models.CharField(max_length=64)
    row_hash = models.CharField(max_length=64)

    class Meta:
        db_table = "policy_decision"
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="policy_decision_place")]
