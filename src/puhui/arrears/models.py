"""Rows of arrears: the worklist of a business date (derived, replaced whole) and contacts (facts, append-only).

Both belong to the funding institution of the loan: it sees its own, the platform sees all.
"""

from datetime import date

from django.db import models

from puhui.arrears.core.contact_rules import Contacts


class WorklistItem(models.Model):
    """A late loan on one business date; `place` is its order in the list."""

    as_of = models.DateField()
    loan_id = models.CharField(max_length=40)
    institution_id = models.CharField(max_length=40, db_index=True)
    person_id = models.CharField(max_length=40)
    days_past_due = models.IntegerField()
    bucket = models.CharField(max_length=4)
    overdue_minor = models.BigIntegerField()
    place = models.IntegerField()

    class Meta:
        db_table = "arrears_worklist"
        constraints = [
            models.UniqueConstraint(fields=["as_of", "loan_id"], name="arrears_worklist_once"),
            models.CheckConstraint(condition=models.Q(days_past_due__gt=0), name="arrears_worklist_is_late"),
        ]


class Contact(models.Model):
    """A contact with the debtor: who, how, when, what came of it."""

    id = models.CharField(primary_key=True, max_length=40)  # cont_…
    key = models.CharField(max_length=200)
    input_hash = models.CharField(max_length=64)
    loan_id = models.CharField(max_length=40, db_index=True)
    institution_id = models.CharField(max_length=40, db_index=True)
    person_id = models.CharField(max_length=40, db_index=True)
    channel = models.CharField(max_length=10)
    contacted_at = models.DateTimeField()
    contacted_on = models.DateField()  # the debtor's local day, by which the limits count
    contacted_by = models.CharField(max_length=150)
    result = models.CharField(max_length=20)
    promised_on = models.DateField(null=True)

    class Meta:
        db_table = "arrears_contact"
        constraints = [models.UniqueConstraint(fields=["institution_id", "key"], name="arrears_contact_once")]


def contacts_on(person_id: str, day: date) -> Contacts:
    """What the debtor has had that day, as far as the asker may see (an institution counts its own)."""
    channels = Contact.objects.filter(person_id=person_id, contacted_on=day).values_list("channel", flat=True)
    visits = sum(channel == "visit" for channel in channels)
    return Contacts(calls=len(channels) - visits, visits=visits)
