"""Rows: people, their shops, what they allowed, and who looked.

An institution sees a person only while that person's consent to it stands: the separate consent of PIPL Art. 23 *is*
the row-level security rule. Names, phones and ID numbers are sealed; blind indexes find them.
"""

from django.db import models

from puhui.store.sealed import SealedField


class Person(models.Model):
    """An owner. `invented` marks a made-up person, shown as such wherever the person is."""

    id = models.CharField(primary_key=True, max_length=40)  # person_…
    name = SealedField()
    id_number = SealedField()
    phone = SealedField()
    id_number_index = models.BinaryField(unique=True)
    phone_index = models.BinaryField(db_index=True)
    name_index = models.BinaryField(db_index=True)
    invented = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "parties_person"


class Shop(models.Model):
    """A business of one owner. `evidence_code` is its code in the invoice evidence (E17), when there is any."""

    id = models.CharField(primary_key=True, max_length=40)  # shop_…
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="shops")
    name = models.CharField(max_length=200)
    credit_code = models.CharField(max_length=18, blank=True, db_index=True)
    evidence_code = models.CharField(max_length=40, blank=True, db_index=True)
    invented = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "parties_shop"


class Consent(models.Model):
    """One purpose, one receiver, given at a time; withdrawal is a row of its own."""

    id = models.CharField(primary_key=True, max_length=40)  # cons_…
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consents")
    institution_id = models.CharField(max_length=40, blank=True, db_index=True)  # blank: the platform itself
    purpose = models.CharField(max_length=40)
    data_kinds = models.JSONField()
    text_version = models.CharField(max_length=40)
    given_at = models.DateTimeField()
    channel = models.CharField(max_length=20)

    class Meta:
        db_table = "parties_consent"


class ConsentWithdrawal(models.Model):
    """Withdrawing is as easy as giving (PIPL Art. 15)."""

    consent = models.OneToOneField(Consent, on_delete=models.PROTECT, primary_key=True, related_name="withdrawal")
    withdrawn_at = models.DateTimeField()

    class Meta:
        db_table = "parties_consent_withdrawal"


class Reveal(models.Model):
    """Someone saw a sealed value: who, which, why, when. Append-only."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    field = models.CharField(max_length=20)
    reason = models.CharField(max_length=200)
    seen_by = models.CharField(max_length=150)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "parties_reveal"
