"""One loan from its facts: terms, policy and what happened, folded into what is asked, what is paid and what is owed.

Rules kept: facts are folded by effective day, then by order of entry; a reversed fact never happened; a charge joins
the instalment whose period (start, due] holds its day and is known from the day it was recorded. Money pays what is due
by due date, then early instalments as the policy says, each by its order of heads; what is left is credit. The book's
single-loan writes, `puhui loan story`, the proof and the replay all go through `fold`.

>>> from datetime import date; from decimal import Decimal
>>> terms = LoanTerms("CNY", 10_000, Decimal("0.07"), 6, date(2024, 1, 1))
>>> told = fold(terms, Policy(), [Fact(day_number(date(2024, 2, 1)), "repay", 1701, "p1")], day_number(date(2024, 2, 1)))
>>> told.transactions[-1].by_head, told.balance_minor, told.credit_minor
({'interest': 58, 'principal': 1643}, 8357, 0)
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core import given_up, third_parties
from puhui.servicing.core.amendments import amend, refuse_above_limit, relevel, replan
from puhui.servicing.core.daycount import day_number, day_of
from puhui.servicing.core.dues import Amounts, Dues, Late, Policy, Transaction, whole_order
from puhui.servicing.core.given_up import GIVEN_UP
from puhui.servicing.core.lateness import Lateness
from puhui.servicing.core.plan import Planned, Running
from puhui.servicing.core.terms import LoanTerms

__all__ = ["Fact", "Folded", "Late", "LoanTerms", "Policy", "Telling", "day_number", "fold"]
CHARGED = {"fee": "fee", "penalty": "penalty", "charge_fee": "fee", "charge_penalty": "penalty", "charge_cost": "cost"}
AMENDING = ("disburse", "rate_change", "reschedule", "holiday", "restructure")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to the loan on day number `on`; `entered` is its place in the order of entry.

    `known_on` is the day it was recorded, where that is earlier than the day it is for (a charge announced before).
    """

    on: int
    kind: str
    amount_minor: int = 0
    ref: str = ""
    entered: int = 0
    known_on: int | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def since(self) -> int:
        return self.on if self.known_on is None else min(self.on, self.known_on)


@dataclass(slots=True)
class Folded:
    """What the facts come to on a day. `state` is open, closed, written_off or transferred.

    `closed_by` is the kind of fact that closed it; `claims` what guarantors who paid may still ask of the borrower.
    """

    dues: Dues
    transactions: list[Transaction]
    balance_minor: int
    credit_minor: int
    earned_minor: int  # interest earned so far
    as_of: int
    state: str
    closed_on: int | None
    plan: Planned | Running | None = None
    lateness: Lateness | None = None
    closed_by: str = ""
    claims: dict[str, int] = field(default_factory=dict)

    @property
    def outstanding_minor(self) -> int:
        """Everything asked and not paid, planned instalments included; nothing once written off or sold."""
        if self.state in GIVEN_UP:
            return 0
        return sum(map(self.dues.open_minor, range(len(self.dues))))

    @property
    def days_past_due(self) -> int:
        oldest = None if self.state in GIVEN_UP else self.dues.oldest_open(self.as_of)
        return 0 if oldest is None else self.as_of - oldest


def fold(
    terms: LoanTerms,
    policy: Policy,
    facts: Sequence[Fact],
    as_of: int,
    *,
    overdue_stays: bool = False,
    credit_waits: bool = False,
) -> Folded:
    """Fold the facts up to and including day number `as_of`. Raises Refused, naming the fact that cannot be.

    The plan ahead assumes that what is overdue is paid on `as_of`; with `overdue_stays`, on the next due date, as the book
    keeps it. Credit settles what is due on `as_of` at once, or with `credit_waits` only at the end of that day.
    """
    telling = Telling.begin(terms, policy)
    telling.go_on(facts, as_of)
    telling.credit_waits_on = as_of if credit_waits else None
    return telling.end(as_of, overdue_stays=overdue_stays)


def fold_both(terms: LoanTerms, policy: Policy, facts: Sequence[Fact], more: Fact, as_of: int) -> tuple[Folded, Folded]:
    """The loan without and with one more fact, both as the book keeps them (`overdue_stays`).

    What happened before the new fact, or before the fact that it undoes, is folded once.
    """
    undone = next((fact for fact in facts if more.kind == "reverse" and fact.ref == more.ref), more)
    told = in_order(facts)
    first = bisect_left(told, _place(undone), key=_place)
    earlier, later = told[:first], told[first:]
    reversed_before = {fact.ref for fact in facts if fact.kind == "reverse"}
    begun = Telling.begin(terms, policy)
    begun.go_on(earlier, as_of, reversed_before)
    without, with_it = begun, begun.copy()
    without.go_on(later, as_of, reversed_before)
    with_it.go_on([*later, more], as_of, reversed_before | ({more.ref} if more.kind == "reverse" else set()))
    return without.end(as_of, overdue_stays=True), with_it.end(as_of, overdue_stays=True)


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """By effective day, then by order of entry."""
    return sorted(facts, key=_place)


def _place(fact: Fact) -> tuple[int, int]:
    return fact.since, fact.entered


@dataclass(slots=True)
class Telling:
    """The fold while it goes on: one fact after the other."""

    policy: Policy
    plan: Planned | Running
    lateness: Lateness
    transactions: list[Transaction]
    credit: int = 0
    state: str = "open"
    closed_on: int | None = None
    last_entered: int = -1
    credit_waits_on: int | None = None
    closed_by: str = ""
    earned_at_end: int | None = None  # interest earned when the loan was given up
    claims: dict[str, int] = field(default_factory=dict)
    written_off_minor: int = 0  # parts written off and not recovered, while the loan goes on

    @classmethod
    def begin(cls, terms: LoanTerms, policy: Policy) -> "Telling":
        """The loan as it is paid out."""
        running = policy.recalculation and terms.method != "flat"
        plan = Running.of(terms) if running or terms.method == "at_will" else Planned.of(terms)
        first = Transaction(plan.now, "disburse", terms.principal_minor, balance_minor=terms.principal_minor)
        return cls(policy, plan, Lateness(policy.late), [first])

    def copy(self) -> "Telling":
        """The same loan at the same moment, to go on from in another way."""
        plan, lateness, claims = self.plan.copy(), self.lateness.copy(), self.claims.copy()
        return replace(self, plan=plan, lateness=lateness, claims=claims, transactions=self.transactions.copy())

    def tell(self, fact: Fact) -> None:
        """One more fact. Raises Refused."""
        since = fact.since
        self._refuse_unfit(fact, since)
        self._move_to(since)
        step = _STEPS.get(fact.kind)
        if step is None:
            text = f"没有这种事件 · no such event: {fact.kind}; known: {', '.join(_STEPS)}, reverse"
            raise Refused(Refusal("EVENT_UNKNOWN", text, where=fact.ref))
        if self.state in GIVEN_UP and fact.kind not in _AFTER_CLOSING:
            step = given_up.after_the_end
        step(self, fact)
        self.last_entered = max(self.last_entered, fact.entered)
        if self.plan.balance == 0 and self.state == "open" and not self._anything_open():
            self.state, self.closed_on, self.closed_by = "closed", since, fact.kind

    def go_on(self, facts: Sequence[Fact], as_of: int, undone: set[str] | None = None) -> None:
        """Tell facts in their order, up to a day; `undone` are the refs of reversed ones, if not to be read from the facts."""
        gone = {fact.ref for fact in facts if fact.kind == "reverse"} if undone is None else undone
        for fact in in_order(facts):
            if fact.kind == "reverse" or fact.since > as_of:
                continue
            if fact.ref and fact.ref in gone:
                self.undone(fact)
            else:
                self.tell(fact)

    def undone(self, fact: Fact) -> None:
        """A fact that was reversed: shown, without effect."""
        self.transactions.append(
            Transaction(fact.on, fact.kind, fact.amount_minor, fact.ref, {}, 0, self.plan.balance, reversed=True)
        )

    def end(self, as_of: int, *, overdue_stays: bool = False) -> Folded:
        """The state at `as_of`, with the rest of the plan as it would go from there."""
        self._move_to(as_of)
        if self.state not in GIVEN_UP:
            self.plan.project(overdue_stays=overdue_stays)
        plan = self.plan
        own = plan.earned() if self.earned_at_end is None else self.earned_at_end
        earned = own + sum(transaction.capitalised.get("interest", 0) for transaction in self.transactions)
        return Folded(
            plan.dues,
            self.transactions,
            plan.balance,
            self.credit,
            earned,
            as_of,
            self.state,
            self.closed_on,
            plan,
            self.lateness,
            self.closed_by,
            self.claims,
        )

    def _refuse_unfit(self, fact: Fact, since: int) -> None:
        if since < self.transactions[0].on:
            text = f"早于放款日 {day_of(self.transactions[0].on)} · before the disbursement: {day_of(fact.on)}"
            raise Refused(Refusal("PAYMENT_BEFORE_DISBURSEMENT", text, where=fact.ref))
        if self.state == "open" or fact.entered <= self.last_entered or fact.kind in _AFTER_CLOSING:
            return
        if self.state != "closed" or not (fact.kind in CHARGED or self._draws_again(fact.kind)):
            text = f"贷款已结清或核销 · the loan is {self.state.replace('_', ' ')}; nothing is owed"
            raise Refused(Refusal("LOAN_CLOSED", text, where=fact.ref))

    def _draws_again(self, kind: str) -> bool:
        """A limit at will outlives the day on which everything was paid back."""
        terms = self.plan.terms
        return kind == "disburse" and terms.method == "at_will" and terms.limit_minor > 0

    def _move_to(self, day: int) -> None:
        """Let time pass: periods close, lateness costs, credit pays what falls due."""
        plan, dues = self.plan, self.plan.dues.dues
        while self.state == "open" and plan.closed < len(dues) and (due := dues[plan.closed]) <= day:
            self.lateness.run(plan.dues, due)
            plan.advance(due)
            if self.credit and due != self.credit_waits_on:
                self._use_credit()
        if day == plan.now:
            return
        if self.state == "open":
            self.lateness.run(plan.dues, day)
        plan.advance(day)

    def _use_credit(self) -> None:
        by_head: Amounts = {}
        used = self.pay_due(self.credit, by_head)
        if used:
            self.record(Fact(self.plan.now, "use_credit"), 0, by_head, -used)

    # What each kind of fact does ------------------------------------------------------------------------------

    def _repay(self, fact: Fact) -> None:
        by_head: Amounts = {}
        self.record(fact, fact.amount_minor, by_head, self.pay(fact, by_head))

    def pay(self, fact: Fact, by_head: Amounts) -> int:
        """Money pays what is due, then what is not yet, as the fact or the policy says; returns what is left over."""
        if fact.amount_minor <= 0:
            text = f"还款金额须大于零 · a payment above zero: {fact.amount_minor}"
            raise Refused(Refusal("AMOUNT_NOT_POSITIVE", text, where=fact.ref))
        left = fact.amount_minor - self.pay_due(fact.amount_minor, by_head)
        if left and self.state == "open":
            left -= self._pay_early(left, by_head, fact.details.get("prepayment") or self.policy.prepayment)
        return left

    def _payoff(self, fact: Fact) -> None:
        """Principal, interest to the day and charges, in one sum; credit helps to pay."""
        self._stop()
        by_head: Amounts = {}
        enough = self.plan.balance + self._open_sum() + 1
        money = fact.amount_minor + self.credit if fact.amount_minor else enough
        paid = self.pay_due(money, by_head)
        paid += self._pay_forward(money - paid, by_head, self._early_indices())
        amount = fact.amount_minor or max(paid - self.credit, 0)
        self.record(fact, amount, by_head, amount - paid)

    def _stop(self) -> None:
        """The loan is paid off today: interest and fees of the future are not asked."""
        self.plan.stop_interest()
        for k in range(self.plan.closed, self.plan.periods):
            if not isinstance(self.plan, Running):
                self.plan.dues.asked["fee"][k] = max(self._charged(k), self.plan.dues.paid["fee"][k])

    def _charge(self, fact: Fact) -> None:
        if fact.amount_minor <= 0:
            text = f"费用须大于零 · a charge above zero: {fact.amount_minor}"
            raise Refused(Refusal("AMOUNT_NOT_POSITIVE", text, where=fact.ref))
        dues = self.plan.dues
        self.state, self.closed_on = "open", None
        k = dues.holding(fact.on)
        if k is None:
            k = dues.insert(dues.dues[-1], fact.on)
            self.plan.advance(self.plan.now)
        dues.settled.pop(k, None)
        head = CHARGED[fact.kind]
        dues.asked[head][k] += fact.amount_minor
        if k < self.plan.closed:
            dues.fall_due(k)
        self.lateness.charge(k, head, fact.amount_minor)

    def _waive(self, fact: Fact) -> None:
        """Let the borrower off charges or interest that are due and unpaid, oldest first."""
        heads = tuple(fact.details.get("heads") or ("penalty", "compound", "fee", "cost"))
        left = fact.amount_minor
        by_head: Amounts = {}
        for k in self.plan.dues.open_due:
            for head in heads:
                amount = min(left, self.plan.dues.open_of(k, head))
                self.plan.dues.asked[head][k] -= amount
                self.lateness.waive(k, head, amount)
                by_head[head] = by_head.get(head, 0) + amount
                left -= amount
        if left:
            text = f"减免金额超过应收 · the waiver is above what is due by {left}"
            raise Refused(Refusal("ABOVE_OUTSTANDING", text, where=fact.ref))
        self.plan.dues.close_paid()
        self.record(fact, fact.amount_minor, by_head, 0)

    def _refund(self, fact: Fact) -> None:
        """Give credit back to the borrower."""
        if not 0 < fact.amount_minor <= self.credit:
            text = (
                f"退款须大于零且不超过溢缴款 {self.credit} · a refund is at most the credit held: {fact.amount_minor}"
            )
            raise Refused(Refusal("ABOVE_CREDIT", text, where=fact.ref))
        self.record(fact, fact.amount_minor, {}, -fact.amount_minor)

    def _amend(self, fact: Fact) -> None:
        """New terms for what is left: see amendments."""
        if fact.kind == "disburse":
            refuse_above_limit(self.plan.terms, self._paid_out(), fact.amount_minor, fact.ref)
        capitalised = amend(self.plan, fact.kind, fact.amount_minor, fact.details, where=fact.ref)
        if fact.kind == "disburse" and self.state == "closed":
            self.state, self.closed_on = "open", None
        self.record(fact, fact.amount_minor, {}, 0)
        self.transactions[-1].capitalised = capitalised
        for k in range(self.plan.closed if capitalised else 0):
            self.lateness.settled(k)

    def _paid_out(self) -> int:
        """What counts against the limit: what is owed at will, else every disbursement."""
        if self.plan.terms.method == "at_will":
            return self.plan.balance
        return sum(each.amount_minor for each in self.transactions if each.kind == "disburse" and not each.reversed)

    # Money --------------------------------------------------------------------------------------------------

    def record(self, fact: Fact, amount: int, by_head: Amounts, credit: int) -> None:
        """What a fact did, as a transaction; `credit` is what it left as credit, below zero where it used some."""
        self.credit += credit
        kept = {head: taken for head, taken in by_head.items() if taken}
        self.transactions.append(Transaction(fact.on, fact.kind, amount, fact.ref, kept, credit, self.plan.balance))

    def pay_due(self, money: int, by_head: Amounts, heads: tuple[str, ...] = ()) -> int:
        """Pay what is due, oldest first, only some heads if asked; returns what was used."""
        dues, left = self.plan.dues, money
        oldest = dues.oldest_open(self.plan.now)
        order = heads or whole_order(self.policy.order(0 if oldest is None else self.plan.now - oldest))
        for k in dues.open_due.copy():
            if not left:
                break
            left -= self._count(dues.take(k, left, order), by_head, early=False)
            if dues.open_minor(k) == 0:
                self.lateness.settled(k)
                dues.settled.setdefault(k, self.plan.now)
                dues.open_due.remove(k)
        return money - left

    def _pay_early(self, money: int, by_head: Amounts, way: str) -> int:
        """Pay what is not due yet, as the policy (or the payment itself) says; returns what was used."""
        if way == "credit":
            return 0
        if way == "reduce_installment":
            return self._pay_reducing(money, by_head)
        if way == "last_installment":
            return self._pay_forward(money, by_head, self._late_first())
        if way == "payoff_only":
            if money < self._payoff_sum():
                return 0
            self._stop()
        return self._pay_forward(money, by_head, self._early_indices())

    def _early_indices(self) -> Iterable[int]:
        return range(self.plan.closed, len(self.plan.dues))

    def _late_first(self) -> Iterable[int]:
        """From the last instalment back; the one that is running comes last."""
        return range(len(self.plan.dues) - 1, self.plan.closed - 1, -1)

    def _pay_forward(self, money: int, by_head: Amounts, instalments: Iterable[int]) -> int:
        left = money
        order = whole_order(self.policy.in_advance)
        for k in instalments:
            if not left:
                break
            interest, principal = self.plan.asked_early(k) if k < self.plan.periods else (0, 0)
            asked = self.plan.dues.asked
            asked["interest"][k], asked["principal"][k] = interest, principal
            left -= self._count(self.plan.dues.take(k, left, order), by_head, early=k < self.plan.periods)
        return money - left

    def _pay_reducing(self, money: int, by_head: Amounts) -> int:
        """Early money lowers the principal; where it covers the instalment, the later ones are levelled anew.

        On a due date the instalment of that day takes it, else the one that is running.
        """
        plan, dues = self.plan, self.plan.dues
        running = plan.closed < plan.periods and not (plan.closed and dues.dues[plan.closed - 1] == plan.now)
        k = plan.closed if running else plan.closed - 1
        ran = plan.ran_so_far() if isinstance(plan, Planned) else (0, 0)
        if running:
            interest, principal = plan.asked_early(k)
            if isinstance(plan, Planned) and k == plan.running_row():
                interest = max(
                    ran[0], dues.paid["interest"][k]
                )  # to the day only: what is not earned is never asked early
            dues.asked["interest"][k], dues.asked["principal"][k] = interest, principal
        planned = dues.asked["principal"][k]
        dues.asked["principal"][k] = dues.paid["principal"][k] + plan.balance - dues.overdue("principal")
        taken = dues.take(k, money, whole_order(self.policy.in_advance))
        used = self._count(taken, by_head, early=running)
        if isinstance(plan, Planned):
            plan.lowered(ran, taken.get("principal", 0), inside=running)
        self._lower(k, planned, taken.get("principal", 0), running)
        return used

    def _lower(self, k: int, planned: int, principal: int, running: bool) -> None:
        """Settle what instalment `k` asks after an early payment on it, and what the later ones ask then."""
        plan, dues = self.plan, self.plan.dues
        paid = dues.paid["principal"][k]
        whole = paid + dues.paid["interest"][k] >= plan.level if plan.level else paid > planned
        last = k == plan.periods - 1
        dues.asked["principal"][k] = max(planned, paid) if last or not whole else paid
        if isinstance(plan, Running) and not running:
            plan.asked_principal += principal
        if not principal or last:
            return
        if whole and isinstance(plan, Running) and running:
            plan.fixed[k] = paid
        if whole:
            relevel(plan, k + 1)
        elif paid > planned and isinstance(plan, Planned):
            replan(plan, k + 1)

    def _count(self, taken: Amounts, by_head: Amounts, *, early: bool) -> int:
        """Add what an instalment took to what the fact paid by head; returns its sum."""
        whole = 0
        for head, amount in taken.items():
            by_head[head] = by_head.get(head, 0) + amount
            whole += amount
        if "principal" in taken:
            self.plan.repaid(taken["principal"], early=early)
        return whole

    def _anything_open(self) -> bool:
        dues = self.plan.dues
        charges = ("cost", "penalty", "compound", "fee")
        ahead = range(self.plan.closed, len(dues))
        return bool(dues.open_due) or any(dues.open_of(k, head) for k in ahead for head in charges)

    def _charged(self, k: int) -> int:
        """Fees of an instalment that were charged by a fact, not planned."""
        return self.lateness.charged.get((k, "fee"), 0)

    def _open_sum(self) -> int:
        return sum(map(self.plan.dues.open_minor, range(len(self.plan.dues))))

    def _payoff_sum(self) -> int:
        """What would close the loan today."""
        tried = self.copy()
        tried._payoff(Fact(self.plan.now, "payoff"))
        return tried.transactions[-1].amount_minor + self.credit


_STEPS: dict[str, Callable[[Telling, Fact], None]] = {
    "repay": Telling._repay,
    "prepay": Telling._repay,
    "payoff": Telling._payoff,
    "waive": Telling._waive,
    "refund": Telling._refund,
    "write_off": given_up.write_off,
    "write_off_part": given_up.write_off_part,
    "compensate": third_parties.compensate,
    "recover": third_parties.recover,
    "transfer": given_up.transfer,
    "notify_transfer": third_parties.notify,
    **dict.fromkeys(CHARGED, Telling._charge),
    **dict.fromkeys(AMENDING, Telling._amend),
}
_AFTER_CLOSING = ("refund", "recover", "notify_transfer")
