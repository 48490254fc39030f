"""What being late costs (罚息, 复利): interest on unpaid dues, day by day, exact below a cent.

Rule kept: carry += unpaid × yearly rate for each day from the due date on; what is asked is round(carry), so nothing is
lost and days add up. While an instalment is at most the days of grace late nothing is asked; paid by then, the carry is
dropped; later, it is asked from the due date on (domain facts 2.3). The yearly rate has been capped by the rules.

>>> from puhui.servicing.core.dues import Dues
>>> dues = Dues.empty(1); dues.asked["principal"][0] = 788_488; dues.asked["interest"][0] = 100_000
>>> late = Lateness(Late(180_000, 360, 0, compound=True)); dues.fall_due(0); late.run(dues, 0); late.run(dues, 20)
>>> dues.asked["penalty"][0], dues.asked["compound"][0]
(7885, 1000)
"""

from dataclasses import dataclass, field

from puhui.servicing.core.dues import Dues, Late
from puhui.servicing.core.rounding import HALF_UP, round_ratio
from puhui.servicing.core.terms import RATE_SCALE

_ON_PRINCIPAL = (("penalty", "principal"),)
_ON_BOTH = (*_ON_PRINCIPAL, ("compound", "interest"))


@dataclass(slots=True)
class Lateness:
    """Carries of one loan by head and instalment, in units of 1 ÷ (days of the year × 10⁶) minor units."""

    late: Late | None
    now: int | None = None
    carry: dict[str, dict[int, int]] = field(
        default_factory=lambda: {head: {} for head, _ in _ON_BOTH}
    )  # head, instalment
    charged: dict[tuple[int, str], int] = field(default_factory=dict)  # asked by facts, beside what the carry asks
    waived: dict[tuple[int, str], int] = field(default_factory=dict)

    def copy(self) -> "Lateness":
        """The same carries, to go on from in another way."""
        carry = {head: carried.copy() for head, carried in self.carry.items()}
        return Lateness(self.late, self.now, carry, self.charged.copy(), self.waived.copy())

    def run(self, dues: Dues, day: int) -> None:
        """Let lateness cost up to `day`."""
        since, self.now = self.now if self.now is not None else day, day
        if self.late is None or day <= since or not dues.open_due:
            return
        for head, base in _ON_BOTH if self.late.compound else _ON_PRINCIPAL:
            self._run(dues, since, head, base, self.late)

    def _run(self, dues: Dues, since: int, head: str, base: str, late: Late) -> None:
        day, due_days, carried = self.now or since, dues.dues, self.carry[head]
        owed, paid, whole = dues.asked[base], dues.paid[base], late.basis_days * RATE_SCALE
        for k in dues.open_due:
            due = due_days[k]
            if due >= day:
                break
            carry = carried.get(k)
            if carry is None and owed[k] == paid[k]:
                continue
            days = day - max(since, due)
            carried[k] = carry = (carry or 0) + (owed[k] - paid[k]) * late.rate_millionths * days
            if day - due > late.grace_days:
                asked = round_ratio(carry, whole, HALF_UP)
                dues.asked[head][k] = asked + self.charged.get((k, head), 0) - self.waived.get((k, head), 0)

    def charge(self, k: int, head: str, amount: int) -> None:
        """A charge by a fact joined an instalment."""
        self.charged[k, head] = self.charged.get((k, head), 0) + amount

    def waive(self, k: int, head: str, amount: int) -> None:
        """Part of what was asked is forgiven."""
        self.waived[k, head] = self.waived.get((k, head), 0) + amount

    def settled(self, k: int) -> None:
        """Paid in full: a carry that was not asked (within grace) is dropped; one that was, can grow no more."""
        for carried in self.carry.values():
            carried.pop(k, None)
