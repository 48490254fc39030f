"""Sell loans, or one funder's parts of them, to another legal entity of the book or to somebody outside (债权转让).

Rules kept: a sale is of the open business date; one that is dated back is refused, since the days between were closed in the seller's
books, and what is found out later about days before it is booked with who holds the claim then. All loans of a sale go over, or none.
The borrower's terms do not change; a sale binds the borrower from the notice on (Civil Code 546), which is recorded with it or later.
A sale to somebody outside is of the whole loan, and ends it here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import loan_ledger, models
from puhui.servicing.core import accounts, lifecycle
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.fold import Fact
from puhui.servicing.core.parted import Triple
from puhui.servicing.core.sale import Standing, allotted, bought, sold
from puhui.servicing.history import History
from puhui.servicing.holders import holders, provision_parts
from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.waiting_credit import settle_waiting_credit
from puhui.servicing.operations.write_difference import Cause, store_postings, write_difference
from puhui.servicing.operations.write_entry import Said, loan_or_refusal, refuse_unless_today, store_event

OUTSIDE = "outside"
_CARRIED = (
    *accounts.RECEIVABLE_OF_HEAD.values(),
    accounts.BORROWER_CREDIT,
    accounts.MEMO_INTEREST,
    accounts.WRITTEN_OFF,
    accounts.PURCHASE_DISCOUNT,
    accounts.PURCHASE_PREMIUM,
)


@dataclass(frozen=True, slots=True)
class Sale:
    """What is sold, by whom, to whom (`outside`, with the buyer's name in `buyer_name`), for how much in all, on which business date.

    `notified_on` is the day on which the borrowers were told, where that is known already.
    """

    loan_ids: tuple[str, ...]
    seller: str
    buyer: str
    price_minor: int
    on: date
    buyer_name: str = ""
    notified_on: date | None = None
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Sold:
    """One loan of a sale: at par, provided for, its part of the price, and the seller's result (below zero: a loss)."""

    loan_id: str
    event_id: str
    claim_minor: int
    provision_minor: int
    price_minor: int
    result_minor: int


@transaction.atomic
def transfer_loans(sale: Sale, *, key: str, now: datetime) -> list[Sold]:
    """Record the sale; loan by loan what went over. Raises Refused; asked again under the same key it answers again."""
    asked = Asked(sale.seller, "transfer_loans", key, asdict(sale), now)
    answer = answer_once(asked, lambda: {"sold": [asdict(each) for each in _transfer(sale, asked)]})
    return [Sold(**each) for each in answer["sold"]]


def quote_transfer(sale: Sale, *, now: datetime) -> list[Sold]:
    """What the sale would do, loan by loan; nothing stays. Raises Refused as the sale would."""
    with transaction.atomic():
        told = _transfer(sale, Asked(sale.seller, "quote_transfer", new_id("ask", now=now), asdict(sale), now))
        transaction.set_rollback(True)
    return told


def _transfer(sale: Sale, asked: Asked) -> list[Sold]:
    _refuse(sale)
    today = refuse_unless_today(sale.on)
    loans = [_loan(loan_id, sale) for loan_id in sorted(sale.loan_ids)]
    for loan in loans:
        settle_waiting_credit(loan, today, _of_loan(asked, loan))
    parts = _standing(loans, sale.seller, today)
    prices = allotted(sale.price_minor, [part.claim_minor for part in parts])
    return [_sell(loan, part, price, sale, asked) for loan, part, price in zip(loans, parts, prices, strict=True)]


def _refuse(sale: Sale) -> None:
    if not sale.loan_ids or len(set(sale.loan_ids)) != len(sale.loan_ids):
        raise Refused(
            Refusal("LOANS_WRONG", "请列出要转让的贷款，每笔一次 · name each loan that is sold, once", where="loan_ids")
        )
    whole = isinstance(sale.price_minor, int) and not isinstance(sale.price_minor, bool)
    if not whole or sale.price_minor < 0:
        text = f"转让价须为非负整数分 · a price is whole fen, not below zero: {sale.price_minor}"
        raise Refused(Refusal("PRICE_WRONG", text, where="price_minor"))
    if sale.buyer == sale.seller or not sale.buyer or (sale.buyer == OUTSIDE and not sale.buyer_name.strip()):
        text = "请写明另一受让方（平台外的写名称） · the buyer is another entity; one outside the book is named"
        raise Refused(Refusal("BUYER_WRONG", text, where="buyer"))
    if sale.notified_on is not None and sale.notified_on > sale.on:
        text = f"通知日晚于转让日，请以后另行登记 · a notice of a later day is recorded on that day: {sale.notified_on}"
        raise Refused(Refusal("DATES_OUT_OF_ORDER", text, where="notified_on"))


def _loan(loan_id: str, sale: Sale) -> models.Loan:
    """Locked, in service, and held by the seller: all of it where the buyer is outside."""
    loan = loan_or_refusal(loan_id)
    if loan.state not in lifecycle.SERVICED:
        text = f"贷款{lifecycle.STATES[loan.state]}，不能转让 · a loan that is {loan.state} cannot be sold"
        raise Refused(Refusal("MOVE_NOT_ALLOWED", text, where=loan_id))
    held, names = holders(loan)
    if sale.seller not in names:
        raise Refused(
            Refusal("SELLER_HOLDS_NOTHING", "转让方未持有该贷款 · the seller holds no part of it", where=loan_id)
        )
    if (held.institution == names.index(sale.seller)).sum() > 1:
        text = (
            "转让方持有该贷款的两部分，账上不可分 · the seller holds two parts of it, which its books do not tell apart"
        )
        raise Refused(Refusal("PARTS_NOT_SEPARABLE", text, where=loan_id))
    if sale.buyer == OUTSIDE and len(names) > 1:
        text = "共同出资的贷款只能在平台内转让份额 · a part of a shared loan can be sold within the book only"
        raise Refused(Refusal("SHARED_LOAN", text, where=loan_id))
    return loan


def _standing(loans: Sequence[models.Loan], seller: str, today: date) -> list[Standing]:
    """What the seller's part of each loan stands at, from the journal; its provision by the seller's method."""
    ledger = loan_ledger.balances([loan.id for loan in loans])
    found = []
    for loan in loans:
        held, names = holders(loan)
        provided = provision_parts(loan, held, names, today - timedelta(days=1))
        mine = held.institution == names.index(seller)
        balances = {account: ledger.get((loan.id, seller, account), 0) for account in _CARRIED}
        found.append(Standing(balances, int(provided[mine].sum())))
    return found


def _sell(loan: models.Loan, part: Standing, price: int, sale: Sale, asked: Asked) -> Sold:
    of_loan = _of_loan(asked, loan)
    history = History.of(loan)
    details: dict[str, Any] = {"seller": sale.seller, "buyer": sale.buyer, "reason": sale.reason, "by": sale.by}
    if sale.buyer == OUTSIDE:  # with what was set aside, for a sale that is undone
        targets = {"provision_minor": loan.provision_minor, "ecl_minor": loan.ecl_minor}
        details |= {
            "outside": True,
            "buyer_name": sale.buyer_name,
            "provided": part.provision_minor,
            "targets": targets,
        }
    details |= {"notified_on": sale.notified_on.isoformat()} if sale.notified_on else {}
    event = store_event(
        "transfer", of_loan, loan=loan, said=Said(sale.on, price, details=details), business_date=sale.on
    )
    cause = Cause("transfer", event, sale.on, sale.on)
    if sale.buyer == OUTSIDE:
        fact = history.next(Fact(day_number(sale.on), "transfer", price, event.id, details=details))
        write_difference(loan, *history.with_and_without(fact, sale.on), cause, of_loan)
    else:
        _hand_over(loan, part, price, cause, of_loan)
    result = price - part.carried_minor
    return Sold(loan.id, event.id, part.claim_minor, part.provision_minor, price, result)


def _of_loan(asked: Asked, loan: models.Loan) -> Asked:
    """The sale as it is asked of one of its loans: entries and facts have a key each."""
    return Asked(asked.institution_id, asked.operation, f"{asked.key}/{loan.id}", asked.inputs, asked.now)


def _hand_over(loan: models.Loan, part: Standing, price: int, cause: Cause, asked: Asked) -> None:
    """Postings in both books, the seller's part ended, the buyer's begun."""
    event = cause.event
    assert event is not None
    seller, buyer = event.details["seller"], event.details["buyer"]
    row = _own_row(loan, seller)
    end_part(row, event)
    fresh = begin_part(row, buyer, event)
    fresh.bought_principal_minor = part.of(accounts.LOAN_PRINCIPAL)
    fresh.discount_minor = part.claim_minor - price
    fresh.save(force_insert=True)
    held, names = holders(loan)
    provided = provision_parts(loan, held, names, cause.business_date - timedelta(days=1))
    places = held.from_weight * fresh.of_weight == fresh.from_weight * held.of_weight
    opening = bought(part, price, provision_minor=int(provided[places].sum()))
    wanted: dict[str, list[Triple]] = {seller: sold(part, price), buyer: opening}
    store_postings(loan, wanted, cause, asked)
    hold(loan, held_by=buyer if fresh.from_weight == 0 else None)


def _own_row(loan: models.Loan, seller: str) -> models.Share:
    """The seller's part as a row; a loan that was never shared gets its one part now."""
    row = models.Share.objects.filter(loan=loan, institution_id=seller, end=None).first()
    if row is not None:
        return row
    part = {"from_weight": 0, "to_weight": 1, "of_weight": 1}
    return models.Share.objects.create(loan=loan, loan_number=loan.number, institution_id=seller, **part)


def end_part(row: models.Share, event: models.Event) -> None:
    """The part is no longer its holder's, from this fact on."""
    event.refresh_from_db(fields=["sequence"])
    models.ShareEnd.objects.create(
        share=row,
        institution_id=row.institution_id,
        loan_id=row.loan_id,
        event=event,
        ended_on=event.effective_date,
        sequence=event.sequence,
    )


def begin_part(row: models.Share, holder: str, event: models.Event) -> models.Share:
    """The same part, with another holder; not stored yet."""
    return models.Share(
        loan_id=row.loan_id,
        loan_number=row.loan_number,
        institution_id=holder,
        from_weight=row.from_weight,
        to_weight=row.to_weight,
        of_weight=row.of_weight,
        since_on=event.effective_date,
        bought_by=event,
    )


def hold(loan: models.Loan, *, held_by: str | None) -> None:
    """Note the first funder, and let the next end of day look at the loan."""
    columns: dict[str, Any] = {"look_on": None}
    if held_by is not None:
        columns["held_by"] = held_by
    models.Loan.objects.filter(pk=loan.pk).update(**columns)
