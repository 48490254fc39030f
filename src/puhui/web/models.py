"""Rows of the web shell: who on the staff may do what, one-time codes, text messages on their way.

Rule kept: a code is stored as a keyed hash, a phone number sealed; only the platform sees them (row-level security).
"""

from django.conf import settings
from django.db import models

from puhui.store.sealed import SealedField


class StaffProfile(models.Model):
    """What a log-in may do. An institution's user belongs to exactly one institution, nobody else to any."""

    ANALYST, OPERATOR, INSTITUTION, ADMIN = "analyst", "operator", "institution", "admin"
    ROLES = [(ANALYST, "分析员 analyst"), (OPERATOR, "运营员 operator"),
             (INSTITUTION, "资金机构用户 institution"), (ADMIN, "管理员 admin")]  # fmt: skip

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    role = models.CharField(max_length=20, choices=ROLES)
    institution_id = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "web_staff_profile"
        verbose_name = verbose_name_plural = "员工角色 staff roles"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role="institution") ^ models.Q(institution_id=""),
                name="web_staff_institution_iff_its_user",
            ),
            models.CheckConstraint(
                condition=~models.Q(institution_id="platform"), name="web_staff_institution_is_not_the_platform"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class OneTimeCode(models.Model):
    """A log-in code sent to a phone: good once, for five minutes, for five tries."""

    id = models.BigAutoField(primary_key=True)
    phone_index = models.BinaryField(db_index=True)
    address_index = models.BinaryField(db_index=True)  # of the network address that asked
    code_hash = models.BinaryField()
    sent_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "web_one_time_code"


class TextMessage(models.Model):
    """A message for the SMS gateway; stored and queued in one transaction, its text wiped once delivered."""

    QUEUED, SENT, FAILED = "queued", "sent", "failed"

    id = models.CharField(primary_key=True, max_length=40)  # sms_…
    phone = SealedField()
    text = SealedField(null=True)
    state = models.CharField(max_length=10, default=QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_fault = models.CharField(max_length=200, blank=True)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "web_text_message"


class SandboxMessage(models.Model):
    """What the local SANDBOX gateway received. Exists so that a machine without an SMS contract can be tried out."""

    id = models.CharField(primary_key=True, max_length=40)  # the sender's message id; a repeat changes nothing
    phone = SealedField()
    text = SealedField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "web_sandbox_message"


class SandboxConversion(models.Model):
    """What the local SANDBOX media received. The sender's key is taken once, as the media themselves do."""

    id = models.BigAutoField(primary_key=True)
    media = models.CharField(max_length=24)
    key = models.CharField(max_length=400)
    event = models.CharField(max_length=40)
    told = models.JSONField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "web_sandbox_conversion"
        constraints = [models.UniqueConstraint(fields=["media", "key"], name="web_sandbox_conversion_once")]


class SandboxRobotMessage(models.Model):
    """What the local SANDBOX office robots received: one row a number that stands in the text, and how often it came."""

    id = models.BigAutoField(primary_key=True)
    robot = models.CharField(max_length=12)
    number = models.CharField(max_length=40)
    text = models.TextField()
    times = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField()

    class Meta:
        db_table = "web_sandbox_robot_message"
        constraints = [models.UniqueConstraint(fields=["robot", "number"], name="web_sandbox_robot_message_once")]
