"""One worker's head: from the body of a request to the body of the answer. It never raises; a fault inside is a rejection.

An answer depends on the media, the set of audiences the person is in, their experiment bucket and the strategies asked
about; there are few such combinations, so each is decided and rendered once and kept until something changes: a
publication, the gate, the day, or the scale that keeps the mean of the coefficients.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from puhui.acquisition.channels.rta_adapter import Adapter, Unreadable
from puhui.acquisition.channels.rta_baidu import Baidu
from puhui.acquisition.channels.rta_ocean_engine import OceanEngine
from puhui.acquisition.channels.rta_openrtb import OpenRtb
from puhui.acquisition.channels.rta_tencent import Tencent
from puhui.acquisition.core.coefficients import given, scale_for
from puhui.acquisition.core.rta import REASONS, Answer, Ask, Audiences, Rulebook, bucket_of, decide
from puhui.acquisition.rta import counters, publication, tables
from puhui.acquisition.rta.audience_file import MappedAudience
from puhui.acquisition.rta.publication import Gate
from puhui.acquisition.rta.tables import MediaRule

ADAPTERS: Mapping[str, Callable[[], Adapter]] = {
    "tencent": Tencent, "ocean_engine": OceanEngine, "baidu": Baidu, "openrtb": OpenRtb,
}  # fmt: skip
_PLACE = {reason: number for number, reason in enumerate(REASONS)}
_MOST_KEPT = 50_000
_FIRST_LOOK, _STEADY = 32, 65_536  # joins after which the mean is looked at: often at first, then seldom


@dataclass(slots=True)
class _Kept:
    """An answer that was decided and rendered, where it is counted, and how often it was given."""

    prepared: Any
    answer: Answer
    counter: int
    strategies: tuple[int, ...]
    price: int = 0
    mask: int = 0
    count: int = 0
    counted: int = 0


@dataclass(slots=True)
class _Desk:
    """All that one media's questions need."""

    number: int
    adapter: Adapter
    rule: MediaRule
    rulebook: Rulebook | None = None
    uses_arms: bool = False
    kept: dict[Any, _Kept] = field(default_factory=dict)
    scales: dict[str, float] = field(default_factory=dict)
    joined: dict[str, dict[float, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    since_look: int = 0
    look_after: int = _FIRST_LOOK


class Engine:
    """Answers for all media from one publication. `row` is the worker's row of counters, `workers` how many share limits."""

    def __init__(self, folder: Path, row: memoryview, *, workers: int, today: date) -> None:
        self._folder, self._row, self._workers = folder, row, workers
        self._audience: MappedAudience | None = None
        self._gate = Gate(stopped=True)
        self._doubtful: frozenset[int] = frozenset()
        self._number: dict[tuple[str, str], int] = {}
        self._stamp: Any = None
        self._today = today
        self._shown: Counter[tuple[str, int, Answer]] = Counter()
        self.strategies: list[tuple[str, str]] = []
        self.generation = 0
        rules = tables.media_rules(today)
        self._desks = {name: _Desk(number, ADAPTERS[name](), rules[name]) for number, name in enumerate(counters.MEDIA)}

    @property
    def audience(self) -> MappedAudience | None:
        """What is served from, None before the first publication."""
        return self._audience

    def look(self, today: date) -> bool:
        """Change over to what is published now, if that changed or the day did. It raises on a fault, and the old stays."""
        stamp = publication.stamp(self._folder)
        if stamp == self._stamp and today == self._today:
            return False
        self.flush()
        self._stamp, self._today = stamp, today
        found = publication.current(self._folder)
        rules = tables.media_rules(today)
        desks = {name: _Desk(number, ADAPTERS[name](), rules[name]) for number, name in enumerate(counters.MEDIA)}
        audience = self._audience
        if found is not None:
            if audience is None or found.generation != self.generation:
                audience = MappedAudience(found.audience)
            strategies = tables.strategies(found.strategies, today)
            protected = tables.protected_audiences(today)
            for name, desk in desks.items():
                own = [each for each in strategies if each.media == name]
                desk.rulebook = Rulebook.of(
                    own,
                    Audiences(audience.names, protected),
                    caches=desk.rule.caches,
                    coefficients=desk.rule.coefficients,
                )
                desk.uses_arms = any(each.arms for each in own)
            self.strategies = [(each.media, each.name) for each in strategies]
            self._number = {pair: number for number, pair in enumerate(self.strategies)}
            self.generation = found.generation
        self._audience, self._desks, self._gate = audience, desks, publication.read_gate(self._folder)
        self._doubtful = tables.doubtful_keys(today)
        if self._row[counters.gate_place()] != self._gate.serial:
            for number in range(counters.STRATEGIES):
                self._row[counters.promised_place(number)] = 0
            self._row[counters.gate_place()] = self._gate.serial
        return True

    def answer(self, media: str, body: bytes) -> tuple[bytes, bytes]:
        """(content type, body). `media` is one of counters.MEDIA."""
        began = time.perf_counter()
        desk = self._desks[media]
        request_id = ""
        try:
            if len(body) > desk.rule.body_max_bytes:
                return self._refuse(desk, "", "OVERSIZED")
            ask = desk.adapter.read(body, self._doubtful)
            request_id = ask.request_id
            kept = self._decide(desk, ask)
            if kept.price and not self._promise(kept, ask):
                return self._refuse(desk, request_id, "STOPPED")
            spent_us = (time.perf_counter() - began) * 1e6
            reply = desk.adapter.write(kept.prepared, ask, int(spent_us) // 1000)
        except Unreadable:
            return self._refuse(desk, request_id, "MALFORMED")
        except Exception:  # whatever it is, the media must hear a no, with status 200
            return self._refuse(desk, request_id, "ERROR")
        kept.count += 1
        row = self._row
        row[kept.counter] += 1
        row[counters.time_place(spent_us)] += 1
        row[counters.SPENT_US] += int(spent_us)
        if kept.strategies:
            desk.since_look += 1
            if desk.since_look >= desk.look_after:
                self._keep_means(desk)
        return desk.adapter.content_type, reply

    def refuse(self, media: str, reason: str) -> tuple[bytes, bytes]:
        """A no without having read anything: too long, wrong method."""
        return self._refuse(self._desks[media], "", reason)

    def flush(self) -> None:
        """Bring the joins of every strategy to the shared counters."""
        for desk in self._desks.values():
            for kept in desk.kept.values():
                fresh, kept.counted = kept.count - kept.counted, kept.count
                for number in kept.strategies if fresh else ():
                    self._row[counters.join_place(number)] += fresh
                if fresh:
                    self._shown[(desk.adapter.media, kept.mask, kept.answer)] += fresh

    def shown(self) -> list[dict[str, Any]]:
        """Who was answered what since this was last asked: by audiences, bucket and strategies, with how often."""
        self.flush()
        names = self._audience.names if self._audience else ()
        lines = [
            {
                "media": media,
                "generation": self.generation,
                "audiences": [name for bit, name in enumerate(names) if mask >> bit & 1],
                "bucket": answer.bucket,
                "answer": answer.reason,
                "strategies": [grant.strategy for grant in answer.grants],
                "count": count,
            }
            for (media, mask, answer), count in self._shown.items()
        ]
        self._shown.clear()
        return lines

    def _refuse(self, desk: _Desk, request_id: str, reason: str) -> tuple[bytes, bytes]:
        self._row[_counter(desk, reason)] += 1
        seconds = desk.rule.caches.error_s
        try:
            return desk.adapter.content_type, desk.adapter.reject(request_id, seconds, reason)
        except Exception:  # an id that cannot be written back
            return desk.adapter.content_type, desk.adapter.reject("", seconds, reason)

    def _decide(self, desk: _Desk, ask: Ask) -> _Kept:
        if ask.ping:
            return self._plain(desk, "PING")
        if self._gate.stopped or desk.adapter.media in self._gate.media:
            return self._plain(desk, "STOPPED")
        if self._audience is None or desk.rulebook is None:
            return self._plain(desk, "NOT_LOADED")
        if not ask.keys:
            return self._plain(desk, "NO_ID")
        mask, bucket = self._audience.mask_of(ask.keys), bucket_of(ask.keys[0])
        asked = ask.asked[: desk.rule.max_asked]
        about = (mask, bucket, asked, ask.arms if desk.uses_arms else (), ask.opted_out)
        found = desk.kept.get(about)
        if found is None:
            found = self._render(desk, about)
        return found

    def _render(self, desk: _Desk, about: tuple[int, int, tuple[str, ...], tuple[int, ...], bool]) -> _Kept:
        mask, bucket, asked, arms, opted_out = about
        assert desk.rulebook is not None, "decided only where something is published"
        media = desk.adapter.media
        answer = decide(desk.rulebook, mask=mask, bucket=bucket, asked=asked, arms=arms, opted_out=opted_out)
        grants = tuple(each for each in answer.grants if not self._gate.stops(media, each.strategy))
        if answer.joins and not grants:
            answer = Answer((), desk.rule.caches.error_s, "STOPPED", bucket)
        elif grants != answer.grants:
            answer = Answer(grants, min(answer.cache_s, desk.rule.caches.error_s), "JOIN", bucket)
        low, high = desk.rule.coefficients
        weights = [
            given(each.grade, desk.scales.get(each.strategy, 1.0), low=low, high=high, decimals=desk.rule.decimals)
            for each in answer.grants
        ]
        prepared = desk.adapter.prepare(answer, weights, asked)
        numbers = tuple(self._number[(media, each.strategy)] for each in answer.grants)
        price = prepared[0] if media == "openrtb" else 0
        if len(desk.kept) >= _MOST_KEPT:
            self._forget(desk)
        kept = desk.kept[about] = _Kept(prepared, answer, _counter(desk, answer.reason), numbers, price, mask)
        return kept

    def _plain(self, desk: _Desk, reason: str) -> _Kept:
        found = desk.kept.get(reason)
        if found is None:
            answer = Answer((), desk.rule.caches.error_s, reason)
            found = desk.kept[reason] = _Kept(desk.adapter.prepare(answer, (), ()), answer, _counter(desk, reason), ())
        return found

    def _promise(self, kept: _Kept, ask: Ask) -> bool:
        """Whether the bid fits in this worker's part of what may still be promised; if so it is noted before it is sent.

        The note stands in shared memory, so it outlives the worker; a promise that is not won comes back with the next gate.
        """
        name = kept.prepared[1]
        limit = self._gate.promise_fen.get(name)
        if limit is None:
            return True
        place = counters.promised_place(self._number[("openrtb", name)])
        wanted = kept.price * len(ask.floors)
        if self._row[place] + wanted > limit * 1000 // self._workers:
            return False
        self._row[place] += wanted
        return True

    def _keep_means(self, desk: _Desk) -> None:
        """Weigh what was given lately, and where a strategy's mean has moved by more than half a percent, render anew."""
        self.flush()
        lately: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
        for kept in desk.kept.values():
            for grant in kept.answer.grants if kept.count else ():
                lately[grant.strategy][grant.grade] += kept.count
            kept.count = kept.counted = 0
        low, high = desk.rule.coefficients
        means = {each.strategy.name: each.strategy.mean for each in desk.rulebook.lines} if desk.rulebook else {}
        moved = False
        for name, grades in lately.items():
            seen = desk.joined[name]
            for grade in {*seen, *grades}:
                seen[grade] = seen[grade] / 2 + grades.get(grade, 0.0)
            scale = scale_for(seen, mean=means[name], low=low, high=high)
            if abs(scale / desk.scales.get(name, 1.0) - 1) > 0.005:
                desk.scales[name], moved = scale, True
        if moved:
            self._forget(desk)
        desk.since_look, desk.look_after = 0, min(desk.look_after * 2, _STEADY)

    def _forget(self, desk: _Desk) -> None:
        self.flush()
        desk.kept.clear()


def _counter(desk: _Desk, reason: str) -> int:
    """Where this media's answers for this reason are counted."""
    return counters.reason_place(desk.number, _PLACE[reason])
