"""Credit that waits for the end of its due date, and a write on that very day: what the book keeps until then.

Rule kept: on a due date credit meets what is due at the end of the day, or before, with the first thing that is written on the loan that
day. A write therefore starts from the loan as it is kept (credit still waiting, or used already), and ends with the credit used.
"""

from datetime import date

from puhui.servicing import models
from puhui.servicing.core.fold import Folded
from puhui.servicing.history import History
from puhui.servicing.operations.asked_once import Asked
from puhui.servicing.operations.write_difference import Cause, write_difference


def as_kept(loan: models.Loan, history: History, told: Folded, today: date) -> Folded:
    """The loan as its row has it: `told` used all credit that is due today; where the row has not, so does this fold."""
    if told.credit_minor == loan.credit_minor:
        return told
    return history.folded(today, overdue_stays=True, credit_waits=True)


def settle_waiting_credit(loan: models.Loan, today: date, asked: Asked) -> None:
    """Use it now, where something else than a fact of the fold is about to be written; the loan is read anew."""
    history = History.of(loan)
    told = history.folded(today, overdue_stays=True)
    kept = as_kept(loan, history, told, today)
    if kept is not told:
        write_difference(loan, kept, told, Cause("settle_credit", None, today, today), asked)
        loan.refresh_from_db()
