"""What the tests of this room share: a clock that is told, and loans booked by the front door or in bulk by COPY."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.servicing import columns
from puhui.servicing.core.schedule import build
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.operations.book_loan import Booking, book_loan
from puhui.servicing.operations.confirm_disclosure import Reading, confirm_disclosure
from puhui.servicing.operations.disburse import disburse
from puhui.servicing.operations.disclose import DisclosureRequest, DrawnUp, disclose
from puhui.servicing.operations.open_books import open_books
from puhui.store import copying

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FIRST_DAY = date(2026, 1, 15)
TERMS = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, FIRST_DAY)
ONE_MINUTE = timedelta(minutes=1)


def request_for(terms: LoanTerms = TERMS, *, name: str = "1", institution_id: str = "inst_a") -> DisclosureRequest:
    return DisclosureRequest(
        institution_id=institution_id,
        lender_type="bank",
        payee="示例银行（虚构）",
        person_id=f"person_{name}",
        shop_id=f"shop_{name}",
        application_id=f"app_{name}",
        offer_id=f"offer_{name}",
        terms=terms,
    )


def confirmed_form(terms: LoanTerms = TERMS, *, name: str = "1", institution_id: str = "inst_a") -> DrawnUp:
    form = disclose(request_for(terms, name=name, institution_id=institution_id), key=f"form-{name}", now=NOW)
    reading = Reading(shown_at=NOW - ONE_MINUTE, scrolled_to_end=True, device="test")
    confirm_disclosure(form.disclosure_id, sha256=form.sha256, reading=reading, key=f"yes-{name}", now=NOW)
    return form


def booked(terms: LoanTerms = TERMS, *, name: str = "1", institution_id: str = "inst_a") -> str:
    open_books(FIRST_DAY, now=NOW)
    form = confirmed_form(terms, name=name, institution_id=institution_id)
    return book_loan(Booking(form.disclosure_id, terms), key=f"book-{name}", now=NOW)


def disbursed(terms: LoanTerms = TERMS, *, name: str = "1", institution_id: str = "inst_a") -> str:
    loan_id = booked(terms, name=name, institution_id=institution_id)
    disburse(loan_id, on=terms.disbursed_on, key=f"pay-out-{name}", now=NOW)
    return loan_id


@transaction.atomic
def disbursed_in_bulk(count: int, *, institutions: Sequence[str] = ("inst_a", "inst_b")) -> list[str]:
    """Many invented loans, straight into the tables by COPY; the same rows the front door would have written."""
    open_books(FIRST_DAY, now=NOW)
    rng = np.random.default_rng(20260115)
    batch = [
        replace(TERMS, principal_minor=int(minor), annual_rate=Decimal(int(rate)) / 1000, periods=int(periods))
        for minor, rate, periods in zip(
            rng.integers(10_000, 100_000_000, count),
            rng.integers(40, 150, count),
            rng.choice([3, 6, 12, 24], count),
            strict=True,
        )
    ]
    template_form = confirmed_form(name="template")
    ids = sorted(new_id("loan", now=NOW) for _ in range(count))
    owners = [institutions[i % len(institutions)] for i in range(count)]
    _copy_loans(batch, ids, owners, template_form)
    plan = build(batch)
    copying.copy_frame(columns.instalments_of(plan, ids, owners), "servicing_instalment")
    _copy_disbursements(batch, ids, owners)
    return ids


_DERIVED = {
    "product": pl.lit(""),
    "policy": pl.lit("{}"),
    "terms": pl.lit("{}"),
    "stage": pl.lit(1),
    "provision_minor": pl.lit(0),
}


def _copy_loans(batch: Sequence[LoanTerms], ids: list[str], owners: list[str], form: DrawnUp) -> None:
    from puhui.servicing import models

    template = models.Disclosure.objects.get(pk=form.disclosure_id)
    forms = []
    for number, _ in enumerate(ids):
        template.id, template.institution_id = f"disc_bulk_{number:07d}", owners[number]
        forms.append(models.Disclosure(**{f.attname: getattr(template, f.attname) for f in template._meta.fields}))
    models.Disclosure.objects.bulk_create(forms)
    frame = pl.DataFrame(
        {
            "id": ids,
            "institution_id": owners,
            **{f"{noun}_id": [f"{noun}_{i}" for i in ids] for noun in ("person", "shop", "application", "offer")},
            "disclosure_id": [form.id for form in forms],
            "principal_minor": [terms.principal_minor for terms in batch],
            "annual_rate": [f"{terms.annual_rate:.6f}" for terms in batch],
            "periods": [terms.periods for terms in batch],
            "outstanding_minor": [terms.principal_minor for terms in batch],
        }
    ).with_columns(
        currency=pl.lit("CNY"),
        method=pl.lit("equal_installment"),
        day_count=pl.lit("30/360"),
        rounding=pl.lit("half_up"),
        waterfall=pl.lit("interest-first-1"),
        disbursed_on=pl.lit(FIRST_DAY),
        final_due_on=pl.lit(FIRST_DAY),
        booked_on=pl.lit(FIRST_DAY),
        recorded_at=pl.lit(NOW.isoformat()),
        state=pl.lit("active"),
        received_minor=pl.lit(0),
        credit_minor=pl.lit(0),
        five_class=pl.lit("normal"),
    )
    copying.copy_frame(frame.with_columns(**_DERIVED), "servicing_loan")


def _copy_disbursements(batch: Sequence[LoanTerms], ids: list[str], owners: list[str]) -> None:
    entries = [new_id("entry", now=NOW) for _ in ids]
    amounts = [terms.principal_minor for terms in batch]
    common = {"institution_id": owners, "loan_id": ids}
    event_frame = pl.DataFrame({"id": [name.replace("entry", "event") for name in entries], **common}).with_columns(
        kind=pl.lit("disburse"),
        effective_date=pl.lit(FIRST_DAY),
        amount_minor=pl.Series(amounts),
        ref=pl.lit(""),
        details=pl.lit("{}"),
        business_date=pl.lit(FIRST_DAY),
        recorded_at=pl.lit(NOW.isoformat()),
        idempotency_key=pl.col("id"),
        input_hash=pl.lit("bulk"),
    )
    copying.copy_frame(event_frame, "servicing_event")
    entry_frame = pl.DataFrame({"id": entries, **common, "cash_minor": [-minor for minor in amounts]}).with_columns(
        kind=pl.lit("disburse"),
        event_id=pl.col("id").str.replace("entry", "event"),
        effective_date=pl.lit(FIRST_DAY),
        business_date=pl.lit(FIRST_DAY),
        recorded_at=pl.lit(NOW.isoformat()),
        idempotency_key=pl.col("id"),
        input_hash=pl.lit("bulk"),
    )
    copying.copy_frame(entry_frame, "servicing_entry")
    posting_frame = pl.DataFrame({"entry_id": entries, **common, "amount_minor": amounts}).with_columns(
        business_date=pl.lit(FIRST_DAY), debit=pl.lit("loan_principal"), credit=pl.lit("cash")
    )
    copying.copy_frame(posting_frame, "servicing_posting")
