"""Rows of a shop's books. Imports, corrections and month closings are facts; entries are what live tellings come to; day totals are folded.

Rule kept: an entry is a debit, a credit and an amount above nought, so the books balance by shape; it counts only while something
live tells it and no other entry is the same payment (`counted` is worked out by PostgreSQL, not by us).
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q


class Books(models.Model):
    """One shop's books: when they were opened, and whether the owner had them closed away (delete means restrict and archive)."""

    shop_id = models.TextField(primary_key=True)
    person_id = models.TextField(db_index=True)
    trade = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    restricted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "merchant_books"


class BillImport(models.Model):
    """One file handed in. `undone_at` takes it out of the books; the row and the file's hash stay."""

    id = models.TextField(primary_key=True)  # imp_…
    shop_id = models.TextField()
    source = models.TextField()
    layout = models.TextField()
    file_name = models.TextField()
    file_hash = models.TextField()
    encoding = models.TextField()
    row_count = models.IntegerField()
    told = models.IntegerField()
    fresh = models.IntegerField()
    duplicates = models.IntegerField()
    rejected = models.JSONField()
    skipped = models.JSONField()
    totals = models.JSONField()
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    imported_at = models.DateTimeField()
    imported_by = models.TextField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "merchant_import"
        indexes = [models.Index(fields=["shop_id", "imported_at"], name="import_by_shop")]
        constraints = [
            models.UniqueConstraint(
                fields=["shop_id", "file_hash"], condition=Q(undone_at__isnull=True), name="import_file_once"
            )
        ]


class Entry(models.Model):
    """One payment or promise. `key` is the same for every telling of it; `tied_to` is the entry that is the same payment."""

    id = models.BigAutoField(primary_key=True)
    shop_id = models.TextField()
    key = models.TextField()
    origin = models.TextField()  # import, typed, tool
    source = models.TextField(db_default="", default="")
    layout = models.TextField(db_default="", default="")
    day = models.DateField()
    clock = models.TextField(db_default="", default="")
    direction = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.TextField(db_default="CNY", default="CNY")
    debit = models.TextField(db_default="", default="")
    credit = models.TextField(db_default="", default="")
    sure_percent = models.SmallIntegerField(db_default=100, default=100)
    why = models.TextField(db_default="", default="")
    counterparty = models.TextField(db_default="", default="")
    note = models.TextField(db_default="", default="")
    kind = models.TextField(db_default="", default="")
    method = models.TextField(db_default="", default="")
    status = models.TextField(db_default="", default="")
    external_id = models.TextField(db_default="", default="")
    merchant_id = models.TextField(db_default="", default="")
    balance_minor = models.BigIntegerField(null=True)
    refund = models.BooleanField(db_default=False, default=False)
    live = models.BooleanField(db_default=True, default=True)
    tied_to = models.BigIntegerField(null=True)
    tie_why = models.TextField(db_default="", default="")
    recorded_at = models.DateTimeField()
    told_by = models.TextField(null=True)  # the import that brought it; what tells it too stands in Telling
    line = models.IntegerField(null=True)  # of that import's file
    counted = models.GeneratedField(
        expression=Q(live=True) & Q(tied_to__isnull=True) & Q(currency="CNY") & ~Q(debit=""),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        db_table = "merchant_entry"
        indexes = [
            models.Index(fields=["shop_id", "day", "id"], name="entry_by_day"),
            models.Index(fields=["shop_id", "amount_minor"], condition=Q(origin="import"), name="entry_by_amount"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["shop_id", "key"], name="entry_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="entry_amount_positive"),
            models.CheckConstraint(condition=Q(debit="") | ~Q(debit=F("credit")), name="entry_moves_money"),
        ]


class Telling(models.Model):
    """This import, too, tells this entry, beside the one that brought it. An entry that no live import tells any more is not live.

    Checked against both by a trigger, a statement at a time: a foreign key asks row by row (decision 0144).
    """

    pk = models.CompositePrimaryKey("entry_id", "bill_import_id")
    entry = models.ForeignKey(Entry, models.PROTECT, db_constraint=False, db_index=False)
    bill_import = models.ForeignKey(BillImport, models.PROTECT, db_constraint=False, db_index=False)
    line = models.IntegerField()

    class Meta:
        db_table = "merchant_telling"
        indexes = [BrinIndex("bill_import", autosummarize=True, name="telling_by_import")]


class Correction(models.Model):
    """The owner said what an entry is (or struck it). The newest stands; the model learns from all of them."""

    id = models.BigAutoField(primary_key=True)
    shop_id = models.TextField(db_index=True)
    entry = models.ForeignKey(Entry, models.PROTECT)
    verb = models.TextField()  # sort, strike, restore, tie, untie
    direction = models.TextField()
    counterparty = models.TextField(blank=True)
    text = models.TextField(blank=True)
    was = models.TextField(blank=True)
    now_is = models.TextField(blank=True)
    said_by = models.TextField()
    said_at = models.DateTimeField()

    class Meta:
        db_table = "merchant_correction"


class DayTotal(models.Model):
    """Sums of counted entries by day and pair of accounts: folded from entries, replaced a day at a time."""

    id = models.BigAutoField(primary_key=True)
    shop_id = models.TextField()
    day = models.DateField()
    debit = models.TextField()
    credit = models.TextField()
    amount_minor = models.BigIntegerField()
    entries = models.IntegerField()

    class Meta:
        db_table = "merchant_day_total"
        constraints = [
            models.UniqueConstraint(fields=["shop_id", "day", "debit", "credit"], name="day_total_once"),
        ]


class PayerMonth(models.Model):
    """Income less refunds of counted entries by payer of a month, payers[n] paid minors[n]: folded from entries along with the day totals."""

    id = models.BigAutoField(primary_key=True)
    shop_id = models.TextField()
    month = models.DateField()
    payers = ArrayField(models.TextField())  # a platform is one payer; "" is income whose payer is not named
    minors = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "merchant_payer_month"
        constraints = [models.UniqueConstraint(fields=["shop_id", "month"], name="payer_month_once")]


class MonthClosing(models.Model):
    """A month was closed, or opened again; the newest row of a month stands. `totals` is its trial balance then."""

    id = models.BigAutoField(primary_key=True)
    shop_id = models.TextField()
    month = models.DateField()
    verb = models.TextField()  # close, open
    totals = models.JSONField()
    digest = models.TextField()
    said_by = models.TextField()
    said_at = models.DateTimeField()

    class Meta:
        db_table = "merchant_month_closing"
        indexes = [models.Index(fields=["shop_id", "month"], name="closing_by_month")]


class Attachment(models.Model):
    """A paper or photo behind an entry, or the file behind an import."""

    id = models.TextField(primary_key=True)  # att_…
    shop_id = models.TextField(db_index=True)
    entry = models.ForeignKey(Entry, models.PROTECT, null=True)
    bill_import = models.ForeignKey(BillImport, models.PROTECT, null=True)
    name = models.TextField()
    media_type = models.TextField()
    size = models.IntegerField()
    sha256 = models.TextField()
    content = models.BinaryField()
    added_at = models.DateTimeField()

    class Meta:
        db_table = "merchant_attachment"


class ColumnMapping(models.Model):
    """Which column is which in a bill nobody knew: as a person said it, remembered by the names of the columns."""

    id = models.BigAutoField(primary_key=True)
    shop_id = models.TextField()
    heading = models.TextField()
    mapping = models.JSONField()
    said_at = models.DateTimeField()

    class Meta:
        db_table = "merchant_column_mapping"
        constraints = [models.UniqueConstraint(fields=["shop_id", "heading"], name="mapping_once")]
