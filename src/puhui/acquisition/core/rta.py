"""The real-time question (RTA) in one inner language, and the decision: join (参竞) with which strategies, or reject.

A media asks at retrieval time whether the advertiser joins for this person; adapters translate its words to `Ask` and
`Answer` to its words, and judge nothing. Laws kept here:

1. Whoever is in a protected audience is rejected whatever a strategy says; who switched personalisation off meets only
   strategies that use nothing about the person.
2. No usable id means that nobody can be left out, so the answer is no.
3. Joining names at least one strategy: a media reads "join" without a name as "join with everything".
4. A strategy that is not live is never named.

>>> audiences = Audiences(("declined", "lookalike"), protected=frozenset())
>>> strategy = Strategy("tencent", "new", exclude=("declined",), grades=(("lookalike", 1.5),))
>>> rule = Rulebook.of([strategy], audiences)
>>> decide(rule, mask=0b10, bucket=3).grants[0]
Grant(strategy='new', grade=1.5, mean=1.0, cpa_fen=0, cpc_fen=0, cpm_fen=0, pcvr=0.0)
>>> decide(rule, mask=0b01, bucket=3).reason
'EXCLUDED'
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

OPTED_OUT = "opted_out"
BUCKETS = 10
REASONS = (
    "JOIN",
    "EXCLUDED",
    "PROTECTED",
    "NO_STRATEGY",
    "NO_ID",
    "NOT_LOADED",
    "STOPPED",
    "MALFORMED",
    "OVERSIZED",
    "ERROR",
    "PING",
    "METHOD",
    "FLOOR",
)


@dataclass(frozen=True, slots=True)
class Ad:
    """One advertisement of a second request: the media's group, its creatives, products, and the strategy it is bound to."""

    adgroup_id: int
    creative_ids: tuple[int, ...] = ()
    products: tuple[tuple[int, str], ...] = ()
    strategy: str = ""


@dataclass(slots=True)
class Ask:
    """What a media asks. `keys` are device keys (core/device_ids), best first; `asked` the strategies in question, none for all.

    `arms` are the media's own experiment groups; `floors` are OpenRTB impressions as (id, floor in fen per thousand).
    """

    request_id: str = ""
    keys: list[int] = field(default_factory=list)
    asked: tuple[str, ...] = ()
    arms: tuple[int, ...] = ()
    ping: bool = False
    second: bool = False
    ads: tuple[Ad, ...] = ()
    floors: tuple[tuple[str, int], ...] = ()
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """A strategy that joins: `grade` before the mean is kept, `mean` to keep, prices in fen (0: none), `pcvr` in [0, 1]."""

    strategy: str
    grade: float
    mean: float
    cpa_fen: int
    cpc_fen: int
    cpm_fen: int
    pcvr: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Join with `grants`, or reject (no grants) for a `reason` of REASONS; good for `cache_s` seconds."""

    grants: tuple[Grant, ...]
    cache_s: int
    reason: str
    bucket: int | None = None

    @property
    def joins(self) -> bool:
        """Whether any strategy joins."""
        return bool(self.grants)


@dataclass(frozen=True, slots=True)
class Strategy:
    """One row of strategies.csv. `include`: any of these audiences, none for everybody; `exclude`: none of these."""

    media: str
    name: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    grades: tuple[tuple[str, float], ...] = ()
    mean: float = 1.0
    cpa_fen: int = 0
    cpc_fen: int = 0
    cpm_fen: int = 0
    pcvr: float = 0.0
    personalised: bool = True
    buckets: frozenset[int] = frozenset()
    arms: frozenset[int] = frozenset()
    cache_join_s: int | None = None
    cache_reject_s: int | None = None
    live: bool = True


@dataclass(frozen=True, slots=True)
class Caches:
    """Seconds for which a media may keep an answer."""

    join_s: int = 3600
    reject_s: int = 86400
    error_s: int = 60


@dataclass(frozen=True, slots=True)
class Audiences:
    """Names by bit: audience i is bit i of a mask. `protected` are never sought."""

    names: tuple[str, ...]
    protected: frozenset[str] = frozenset()

    def mask(self, wanted: Sequence[str]) -> int:
        """The bits of those that are loaded; one that is not loaded has nobody in it.

        >>> Audiences(("a", "b")).mask(["b", "elsewhere"])
        2
        """
        return sum(1 << bit for bit, name in enumerate(self.names) if name in wanted)


@dataclass(frozen=True, slots=True)
class _Line:
    strategy: Strategy
    include: int
    exclude: int
    grades: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The live strategies of one media over the loaded audiences, with the media's caches."""

    lines: tuple[_Line, ...]
    protected: int
    opted_out: int
    caches: Caches
    coefficients: tuple[float, float] = (0.2, 5.0)

    @staticmethod
    def of(
        strategies: Sequence[Strategy],
        audiences: Audiences,
        *,
        caches: Caches | None = None,
        coefficients: tuple[float, float] = (0.2, 5.0),
    ) -> "Rulebook":
        """Audience names resolved to bits. An include that names only absent audiences matches nobody."""
        lines = tuple(
            _Line(
                each,
                audiences.mask(each.include) if each.include else -1,
                audiences.mask(each.exclude),
                tuple((audiences.mask([name]), factor) for name, factor in each.grades),
            )
            for each in strategies
            if each.live
        )
        hidden = [name for name in audiences.protected if name != OPTED_OUT]
        return Rulebook(lines, audiences.mask(hidden), audiences.mask([OPTED_OUT]), caches or Caches(), coefficients)


def decide(
    rule: Rulebook,
    *,
    mask: int,
    bucket: int,
    asked: Sequence[str] = (),
    arms: Sequence[int] = (),
    opted_out: bool = False,
) -> Answer:
    """The answer for a person in the audiences of `mask`, in our own `bucket` (0 to 9) and the media's `arms`."""
    if mask & rule.protected:
        return Answer((), rule.caches.reject_s, "PROTECTED", bucket)
    opted_out = opted_out or bool(mask & rule.opted_out)
    grants, caches, eligible = [], [], False
    for line in rule.lines:
        strategy = line.strategy
        if (asked and strategy.name not in asked) or not _in_trial(strategy, bucket, arms):
            continue
        if opted_out and strategy.personalised:
            continue
        eligible = True
        if mask & line.exclude or not (line.include == -1 or mask & line.include):
            if strategy.cache_reject_s is not None:
                caches.append(strategy.cache_reject_s)
            continue
        grants.append((_grant(line, mask, opted_out=opted_out), strategy.cache_join_s))
    if not grants:
        seconds = min([rule.caches.reject_s, *caches]) if eligible else rule.caches.error_s
        reason = "EXCLUDED" if eligible else ("PROTECTED" if opted_out else "NO_STRATEGY")
        return Answer((), seconds, reason, bucket)
    kept = min(rule.caches.join_s if own is None else own for _, own in grants)
    return Answer(tuple(grant for grant, _ in grants), kept, "JOIN", bucket)


def bucket_of(key: int) -> int:
    """Our own experiment bucket of a device, 0 to 9, mixed so that it is independent of the key's order.

    >>> sorted({bucket_of(key) for key in range(200)})
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    return ((key * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 33) % BUCKETS


def _in_trial(strategy: Strategy, bucket: int, arms: Sequence[int]) -> bool:
    """A strategy with buckets serves only those; with arms only requests of one of these experiments."""
    if strategy.buckets and bucket not in strategy.buckets:
        return False
    return not strategy.arms or any(arm in strategy.arms for arm in arms)


def _grant(line: _Line, mask: int, *, opted_out: bool) -> Grant:
    strategy, grade = line.strategy, line.strategy.mean
    if not opted_out:
        for bit, factor in line.grades:
            if mask & bit:
                grade *= factor
    return Grant(
        strategy.name, grade, strategy.mean, strategy.cpa_fen, strategy.cpc_fen, strategy.cpm_fen, strategy.pcvr
    )
