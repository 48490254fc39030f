"""Keep invoices in a shop's folder: XML, OFD, PDF, or the tax bureau's export of many. One that is kept already is told, never doubled."""

from dataclasses import dataclass
from datetime import date, datetime

from puhui.merchant import models
from puhui.merchant.bill_tables import bill_words, invoice_words
from puhui.merchant.core.invoices import read_invoices
from puhui.merchant.operations.books import books_of
from puhui.store.undivided import undivided


@dataclass(frozen=True, slots=True)
class InvoicesKept:
    """Keys of invoices that came new, that were kept before, and rows that could not be read (with the reason)."""

    fresh: tuple[str, ...]
    known: tuple[str, ...]
    wrong: tuple[str, ...]


@undivided
def keep_invoices(shop_id: str, content: bytes, *, today: date, now: datetime) -> InvoicesKept:
    """Read a file of invoices and keep what is new. Raises Refused as `read_invoices` does; then nothing is kept."""
    books_of(shop_id, lock=True)
    invoices, wrong = read_invoices(content, invoice_words(), bill_words().limits)
    future = [each for each in invoices if each.issued_on > today]
    wrong += [f"{each.key}：开票日期在将来 · dated in the future" for each in future]
    good = {each.key: each for each in invoices if each.issued_on <= today}
    known = set(models.KeptInvoice.objects.filter(shop_id=shop_id, key__in=list(good)).values_list("key", flat=True))
    models.KeptInvoice.objects.bulk_create(
        models.KeptInvoice(
            shop_id=shop_id, key=key, issued_on=each.issued_on, seller_id=each.seller_id, seller=each.seller, buyer_id=each.buyer_id,
            buyer=each.buyer, net_minor=each.net_minor, tax_minor=each.tax_minor, gross_minor=each.gross_minor, kind=each.kind,
            status=each.status, red_of=each.red_of, item=each.item, form=each.form, kept_at=now,
        )
        for key, each in good.items() if key not in known
    )  # fmt: skip
    return InvoicesKept(tuple(key for key in good if key not in known), tuple(sorted(known)), tuple(wrong))
