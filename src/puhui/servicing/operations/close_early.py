"""Close one loan for the day that is closing, because something is to be written on it now.

Rule kept: a loan's end of D comes before anything of D+1. Its slice cannot be worked on meanwhile (the lock is shared), and
will leave the loan out; two writers on one loan wait for each other.
"""

from puhui.servicing import models
from puhui.servicing.operations.close_slice import close_slice, closing_of
from puhui.servicing.slices import Range


def close_early(loan_id: str) -> int | None:
    """Inside the writer's transaction: close the loan where that is still to be done; returns its number, None if unknown."""
    models.open_day(lock="share")
    number = models.Loan.objects.filter(pk=loan_id).values_list("number", flat=True).first()
    closing = models.closing_day()
    if number is None or closing is None:
        return number
    of_loan = models.DaySlice.objects.filter(
        business_date=closing.business_date, first_number__lte=number, last_number__gte=number
    )
    if (part := of_loan.first()) is None:  # booked since the closing began
        return number
    models.lock_slice(part, share=True)
    part.refresh_from_db()
    if part.done_at is not None:
        return number
    day, now = closing.business_date, models.BusinessDay.objects.get(state="open").opened_at
    models.lock_loan(loan_id)
    if not models.DayPart.objects.filter(business_date=day, first_number=number, closed_early=True).exists():
        close_slice(Range(day, number, number), closing_of(day, now=now), early=True)
    return number
