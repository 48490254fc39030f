"""Open the books on a first business date (营业日); from then on only the end of day moves the date."""

from datetime import date, datetime

from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models


@transaction.atomic
def open_books(first: date, *, now: datetime) -> date:
    """Open `first`, once; asked again with the same date it answers the same, with another it is refused."""
    earliest = models.BusinessDay.objects.order_by("business_date").first()
    if earliest is None:
        models.BusinessDay.objects.create(business_date=first, opened_at=now)
        return first
    if earliest.business_date != first:
        text = f"账簿已于 {earliest.business_date} 开启 · the books were opened on another date"
        raise Refused(Refusal("BOOKS_ALREADY_OPEN", text, where=str(first)))
    return first
