"""To whom a loan of direct payment (受托支付) goes: the supplier's account that staff named last, its number sealed, shown masked."""

from dataclasses import dataclass
from datetime import datetime

from puhui.antifraud import models
from puhui.kernel.masked import Secret


@dataclass(frozen=True, slots=True)
class Payee:
    """`account` prints ***; `shown` is what pages may say."""

    name: str
    account: Secret
    shown: str
    reason: str
    by: str
    named_at: datetime


def named(application_key: str) -> Payee | None:
    """The payee in force, or None where nobody named one."""
    row = models.NamedPayee.objects.filter(application_key=application_key).order_by("-id").first()
    return None if row is None else Payee(row.name, row.account, row.shown, row.reason, row.by, row.named_at)
