"""Front door, writes: the verbs of the loan book. One file a verb; this one only names them."""

from puhui.servicing.operations.book_loan import book_loan
from puhui.servicing.operations.cancel_loan import cancel_loan
from puhui.servicing.operations.choose_provision import choose_provision
from puhui.servicing.operations.close_day import close_day, close_through
from puhui.servicing.operations.confirm_disclosure import confirm_disclosure
from puhui.servicing.operations.disburse import disburse
from puhui.servicing.operations.disclose import disclose
from puhui.servicing.operations.open_books import open_books
from puhui.servicing.operations.record_fact import record_fact
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.operations.transfer_loans import transfer_loans

__all__ = [
    "book_loan",
    "cancel_loan",
    "choose_provision",
    "close_day",
    "close_through",
    "confirm_disclosure",
    "disburse",
    "disclose",
    "open_books",
    "record_fact",
    "record_repayment",
    "transfer_loans",
]
