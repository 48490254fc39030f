"""Invoices an owner keeps in the folder. Append-only: an invoice is what it says; the same one twice is refused by the database too."""

from django.db import models


class KeptInvoice(models.Model):
    """One invoice of a shop; `key` is its number, with the code of the old kinds."""

    id = models.BigAutoField(primary_key=True)
    shop_id = models.TextField()
    key = models.TextField()
    issued_on = models.DateField()
    seller_id = models.TextField()
    seller = models.TextField()
    buyer_id = models.TextField()
    buyer = models.TextField()
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    kind = models.TextField()
    status = models.TextField()
    red_of = models.TextField()
    item = models.TextField()
    form = models.TextField()
    kept_at = models.DateTimeField()

    class Meta:
        db_table = "merchant_invoice"
        constraints = [models.UniqueConstraint(fields=["shop_id", "key"], name="invoice_once")]
