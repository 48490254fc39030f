"""Which programme funds an offer: hard filters in a stated order, then the borrower first, over columns.

Rules kept: every refusal has a code and is reported per programme, the first in the order of `FILTERS`; among those
left the borrower's lowest yearly cost wins, then the quota that is most behind its plan (used first), then the code,
so that equal inputs give equal answers. One request is a batch of one (card 6); in a batch the requests are served in
the order given and each takes its amount from the quota before the next is asked. Exact integers only (card 18).

>>> match(Requests.of([]), ProgrammeColumns.of([]), on=date(2026, 1, 1))
[]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
RATE_SCALE = 10**6

# The order is the order of precedence: what the programme is, what the platform may do, what the borrower asks, money.
FILTERS: tuple[tuple[str, str], ...] = (
    ("PROGRAMME_NOT_IN_FORCE", "方案不在有效期 · the programme is not in force on this day"),
    ("PARTNER_NOT_WHITELISTED", "平台不在该机构合作名单 · the platform is not on the institution's whitelist"),
    ("LEGAL_CAP_UNKNOWN", "当日无适用的利率上限规则 · no legal cap is on record for this lender on this day"),
    (
        "REGION_UNKNOWN",
        "方案限定地区，而经营地尚不明确 · the programme names its regions, and the place of business is not known well enough",
    ),
    ("REGION_NOT_SERVED", "经营地不在方案的展业地区 · the place of business lies outside the programme's regions"),
    ("RATING_NOT_TAKEN", "评级不在准入范围 · the rating is not taken"),
    ("AMOUNT_BELOW_MINIMUM", "金额低于下限 · the amount is below the minimum"),
    ("AMOUNT_ABOVE_MAXIMUM", "金额高于上限 · the amount is above the maximum"),
    ("TERM_NOT_OFFERED", "期限不提供 · this number of months is not offered"),
    ("METHOD_NOT_OFFERED", "还款方式不提供 · this way of paying back is not offered"),
    ("RATE_BELOW_FLOOR", "利率低于资金方下限 · the rate is below the institution's floor"),
    ("RATE_ABOVE_MAXIMUM", "利率高于方案上限 · the rate is above the programme's maximum"),
    ("ABOVE_LEGAL_CAP", "年化成本超过法定上限 · the yearly cost is above the legal cap"),
    ("QUOTA_EXHAUSTED", "剩余额度不足 · the quota left does not cover the amount"),
)
TEXTS = dict(FILTERS)
_QUOTA = len(FILTERS) - 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be funded; `annual_rate` is what underwriting offered. `place`: administrative division of the business, two,
    four or six digits (GB/T 2260), empty where it is not known."""

    amount_minor: int
    annual_rate: Decimal
    months: int
    rating: str
    method: str = "equal_installment"
    place: str = ""


@dataclass(frozen=True, slots=True)
class Programme:
    """An institution's rules as data. In force on [valid_from, valid_until). `legal_cap` None: no rule was found.

    `rate_discount` is taken off the offered rate (a subsidised programme); the borrower pays what is left.
    `regions` are divisions that it lends in, two, four or six digits each; none: the whole country.
    """

    code: str
    rate_min: Decimal
    rate_max: Decimal
    limit_min_minor: int
    limit_max_minor: int
    ratings: tuple[str, ...]
    months: tuple[int, ...]
    quota_minor: int
    used_minor: int
    valid_from: date
    valid_until: date
    whitelisted: bool
    legal_cap: Decimal | None
    rate_discount: Decimal = Decimal(0)
    methods: tuple[str, ...] = ("equal_installment",)
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One programme's answer: `refusal` is the first filter that failed, or empty; rank 1 is the best of those left."""

    code: str
    refusal: str
    annual_rate: Decimal
    quota_left_minor: int
    urgency_millionths: int
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer to one request; `chosen` is None when nobody funds it, and `candidates` say why."""

    chosen: str | None
    annual_rate: Decimal | None
    candidates: tuple[Candidate, ...]

    @property
    def refusals(self) -> dict[str, str]:
        """Programme → reason code."""
        return {each.code: each.refusal for each in self.candidates if each.refusal}


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """Requests in columns of shape (requests,); rates in millionths a year."""

    amount_minor: Whole
    rate: Whole
    months: Whole
    rating: tuple[str, ...]
    method: tuple[str, ...]
    place: tuple[str, ...]

    @classmethod
    def of(cls, batch: Sequence[Request]) -> "Requests":
        return cls(
            np.array([each.amount_minor for each in batch], np.int64),
            np.array([_millionths(each.annual_rate) for each in batch], np.int64),
            np.array([each.months for each in batch], np.int64),
            tuple(each.rating for each in batch),
            tuple(each.method for each in batch),
            tuple(each.place for each in batch),
        )

    def __len__(self) -> int:
        return len(self.rating)


@dataclass(frozen=True, slots=True, eq=False)
class ProgrammeColumns:
    """Programmes sorted by code, with their whole numbers in columns of shape (programmes,)."""

    rows: tuple[Programme, ...]
    rate_min: Whole
    rate_max: Whole
    limit_min: Whole
    limit_max: Whole
    discount: Whole
    cap: Whole

    @classmethod
    def of(cls, batch: Sequence[Programme]) -> "ProgrammeColumns":
        rows = tuple(sorted(batch, key=lambda each: each.code))
        return cls(
            rows,
            np.array([_millionths(each.rate_min) for each in rows], np.int64),
            np.array([_millionths(each.rate_max) for each in rows], np.int64),
            np.array([each.limit_min_minor for each in rows], np.int64),
            np.array([each.limit_max_minor for each in rows], np.int64),
            np.array([_millionths(each.rate_discount) for each in rows], np.int64),
            np.array([0 if each.legal_cap is None else _millionths(each.legal_cap) for each in rows], np.int64),
        )


def match(requests: Requests, programmes: ProgrammeColumns, *, on: date) -> list[Choice]:
    """One choice a request, in the order given; quotas run down along the batch."""
    rates = requests.rate[:, None] - programmes.discount[None, :]
    failed = _first_failed(_checks(requests, programmes, rates, on))
    left = np.array([each.quota_minor - each.used_minor for each in programmes.rows], np.int64)
    choices = []
    for position in range(len(requests)):
        amount = int(requests.amount_minor[position])
        choice, winner = _choose(programmes, rates[position], failed[position], left, amount, on)
        if winner is not None:
            left[winner] -= amount
        choices.append(choice)
    return choices


def _checks(requests: Requests, programmes: ProgrammeColumns, rates: Whole, on: date) -> list[Flags]:
    """True where a filter fails, in the order of FILTERS without the quota; each broadcasts to (requests, programmes)."""
    rows, amount = programmes.rows, requests.amount_minor[:, None]
    return [
        np.array([[not each.valid_from <= on < each.valid_until for each in rows]], np.bool_),
        np.array([[not each.whitelisted for each in rows]], np.bool_),
        np.array([[each.legal_cap is None for each in rows]], np.bool_),
        _outside(requests.place, [each.regions for each in rows], unknown=True),
        _outside(requests.place, [each.regions for each in rows], unknown=False),
        _absent(requests.rating, [each.ratings for each in rows]),
        amount < programmes.limit_min[None, :],
        amount > programmes.limit_max[None, :],
        _absent(requests.months.tolist(), [each.months for each in rows]),
        _absent(requests.method, [each.methods for each in rows]),
        rates < programmes.rate_min[None, :],
        rates > programmes.rate_max[None, :],
        rates > programmes.cap[None, :],
    ]


def _absent(asked: Sequence[object], offered: Sequence[Sequence[object]]) -> Flags:
    missing = [[value not in allowed for allowed in offered] for value in asked]
    return np.array(missing, np.bool_).reshape(len(asked), len(offered))


def _outside(places: Sequence[str], regions: Sequence[tuple[str, ...]], *, unknown: bool) -> Flags:
    """Where a place lies in none of a programme's regions: surely, or (`unknown`) perhaps, as it is told too roughly or not at all."""
    said = {(place, served): _serves(served, place) for place in set(places) for served in regions}
    wanted = None if unknown else False
    return np.array([[said[place, served] is wanted for served in regions] for place in places], np.bool_).reshape(
        len(places), len(regions)
    )


def _serves(regions: tuple[str, ...], place: str) -> bool | None:
    """
    >>> _serves(("4201", "43"), "420102"), _serves(("4201",), "420500"), _serves(("4201",), "42"), _serves(("4201",), ""), _serves((), "")
    (True, False, None, None, True)
    """
    if not regions or place.startswith(regions):
        return True
    return None if any(region.startswith(place) for region in regions) else False


def _first_failed(checks: list[Flags]) -> Whole:
    """Number of the first filter that fails, or that of the quota's where none did (it is asked last, one by one)."""
    failing = np.stack(np.broadcast_arrays(*checks))
    return np.where(failing.any(axis=0), failing.argmax(axis=0), _QUOTA)


def _choose(
    programmes: ProgrammeColumns, rates: Whole, failed: Whole, left: Whole, amount: int, on: date
) -> tuple[Choice, int | None]:
    open_to = [j for j in range(len(programmes.rows)) if failed[j] == _QUOTA and left[j] >= amount]
    urgency = [_urgency(each, int(left[j]), on) for j, each in enumerate(programmes.rows)]
    order = sorted(open_to, key=lambda j: (int(rates[j]), -urgency[j], programmes.rows[j].code))
    ranks = {j: place for place, j in enumerate(order, 1)}
    candidates = tuple(
        Candidate(
            code=each.code,
            refusal="" if j in ranks else FILTERS[int(failed[j])][0],
            annual_rate=Decimal(int(rates[j])) / RATE_SCALE,
            quota_left_minor=int(left[j]),
            urgency_millionths=urgency[j],
            rank=ranks.get(j),
        )
        for j, each in enumerate(programmes.rows)
    )
    if not order:
        return Choice(None, None, candidates), None
    best = order[0]
    return Choice(programmes.rows[best].code, candidates[best].annual_rate, candidates), best


def _urgency(programme: Programme, left: int, on: date) -> int:
    """How far the quota lags behind an even use over its life: share left of money less share left of time, × 10⁶.

    Above zero: money is left over for the time that remains, so it should be used sooner.
    """
    days = (programme.valid_until - programme.valid_from).days
    days_left = min(max((programme.valid_until - on).days, 0), days)
    if programme.quota_minor <= 0 or days <= 0:
        return 0
    return left * RATE_SCALE // programme.quota_minor - days_left * RATE_SCALE // days


def _millionths(rate: Decimal) -> int:
    return int(rate * RATE_SCALE)
