"""Exact journals in text: what a fact posted in one institution's books, as an accountant writes it (Dr, Cr, yuan)."""

from puhui.servicing import models


def journal(institution_id: str, *kinds: str) -> list[str]:
    """`day kind  debit → credit  yuan`, a line a posting, of the kinds asked for (all without one), in the order posted."""
    rows = models.Posting.objects.filter(institution_id=institution_id).order_by("id")
    if kinds:
        rows = rows.filter(entry__kind__in=kinds)
    return [
        f"{day:%m-%d} {kind}: {debit} → {credit} {minor // 100}.{minor % 100:02d}"
        for day, kind, debit, credit, minor in rows.values_list(
            "business_date", "entry__kind", "debit", "credit", "amount_minor"
        )
    ]


def table(text: str) -> list[str]:
    """The lines of a table in a test."""
    return [" ".join(line.split()) for line in text.strip().splitlines()]
