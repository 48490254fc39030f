"""A sale inside the book is undone: the buyer's books for that part are emptied, the seller's are as if it had held it all along.

Rule kept: nothing is edited. What the buyer earned and received since goes to the seller, head by head and in cash; the price goes
back; each provides by its own method. Possible while the buyer holds just that part; one that was sold on or added to is sold back.
"""

from datetime import timedelta

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import loan_ledger, models
from puhui.servicing.core import accounts, lifecycle
from puhui.servicing.core.parted import Triple
from puhui.servicing.core.sale import given_back, reversed_
from puhui.servicing.holders import holders, provision_parts
from puhui.servicing.operations.asked_once import Asked
from puhui.servicing.operations.transfer_loans import begin_part, end_part, hold
from puhui.servicing.operations.write_difference import Cause, store_postings


def give_back(loan: models.Loan, sale: models.Event, cause: Cause, asked: Asked) -> str:
    """Post it in both books and turn the part round; returns the id of the first entry. Raises Refused."""
    seller, buyer = sale.details["seller"], sale.details["buyer"]
    part = models.Share.objects.filter(loan=loan, bought_by=sale, end=None).first()
    held, names = holders(loan)
    alone = buyer in names and (held.institution == names.index(buyer)).sum() == 1
    if part is None or not alone or seller in names or loan.state not in lifecycle.SERVICED:
        text = "受让方已转出或持有多个部分、或贷款已了结，请改为转回 · the part was sold on, added to or has ended; sell it back instead"
        raise Refused(Refusal("PARTS_NOT_SEPARABLE", text, where=loan.id))
    first = (
        models.Posting.objects.filter(entry__event=sale, institution_id=buyer)
        .order_by("id")
        .values_list("id", flat=True)[0]
    )
    ledger = loan_ledger.balances([loan.id], since_posting=first, since_day=sale.business_date)
    since = {account: minor for (_, institution, account), minor in ledger.items() if institution == buyer and minor}
    yesterday = cause.business_date - timedelta(days=1)
    at_buyer = int(provision_parts(loan, held, names, yesterday)[held.institution == names.index(buyer)].sum())
    assert cause.event is not None
    end_part(part, cause.event)
    again = begin_part(part, seller, cause.event)
    again.save(force_insert=True)
    hold(loan, held_by=seller if part.from_weight == 0 else None)
    held, names = holders(loan)
    asks = int(provision_parts(loan, held, names, yesterday)[held.institution == names.index(seller)].sum())
    opening, of_sale = (_posted(sale, institution) for institution in (buyer, seller))
    released = sum(minor for debit, _, minor in of_sale if debit == accounts.LOAN_LOSS_PROVISION)
    from_buyer, to_seller = given_back(opening, since, (at_buyer, released, asks))
    wanted = {buyer: from_buyer, seller: [*reversed_(of_sale), *to_seller]}
    return store_postings(loan, wanted, cause, asked)


def _posted(sale: models.Event, institution: str) -> list[Triple]:
    rows = models.Posting.objects.filter(entry__event=sale, institution_id=institution).order_by("id")
    return list(rows.values_list("debit", "credit", "amount_minor"))
