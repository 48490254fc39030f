"""Counters of the serving processes in shared memory: each worker writes its own row, whoever is asked adds the rows up.

A row belongs to a seat, not to a process: a worker that is born again goes on counting where the dead one was. One seat
more than there are workers is the spare's; when it steps in, it takes over what the dead one had promised.
"""

import mmap
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from puhui.acquisition.core.rta import REASONS

MEDIA = ("tencent", "ocean_engine", "baidu", "openrtb")
STRATEGIES = 512  # the most whose joins are counted one by one
_EDGES_US = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000)  # upper edges of the histogram, microseconds
HEARTBEAT, GENERATION, PID, OPEN, RESPAWNS, SPENT_US, READY, SPARE = range(8)
_REASONS_AT = 16
_TIMES_AT = _REASONS_AT + len(MEDIA) * len(REASONS)
_JOINS_AT = _TIMES_AT + len(_EDGES_US) + 1
_PROMISED_AT = _JOINS_AT + STRATEGIES
ROW = -(-(_PROMISED_AT + STRATEGIES + 1) // 64) * 64


class Counters:
    """Rows of unsigned 64-bit numbers over shared memory."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._map = mmap.mmap(-1, workers * ROW * 8)
        self._all = memoryview(self._map).cast("Q")

    def row(self, worker: int) -> memoryview:
        """The row of a worker's place."""
        return self._all[worker * ROW : (worker + 1) * ROW]

    def total(self, place: int) -> int:
        """Sum over the workers."""
        return sum(self._all[worker * ROW + place] for worker in range(self.workers))

    def text(self, strategies: Sequence[tuple[str, str]], facts: Iterable[tuple[str, str, object]]) -> str:
        """All counters in Prometheus' format; `facts` are further gauges as (name, labels, value)."""
        lines = ["# TYPE puhui_rta_requests_total counter"]
        for at, media in enumerate(MEDIA):
            for number, reason in enumerate(REASONS):
                count = self.total(reason_place(at, number))
                if count:
                    lines.append(f'puhui_rta_requests_total{{media="{media}",answer="{reason}"}} {count}')
        lines += ["# TYPE puhui_rta_joins_total counter"]
        for number, (media, name) in enumerate(strategies[:STRATEGIES]):
            lines.append(f'puhui_rta_joins_total{{media="{media}",strategy="{name}"}} {self.total(_JOINS_AT + number)}')
        lines += ["# TYPE puhui_rta_seconds histogram"]
        running = 0
        for number in range(len(_EDGES_US) + 1):
            running += self.total(_TIMES_AT + number)
            edge = f"{_EDGES_US[number] / 1e6:g}" if number < len(_EDGES_US) else "+Inf"
            lines.append(f'puhui_rta_seconds_bucket{{le="{edge}"}} {running}')
        lines += [f"puhui_rta_seconds_count {running}", f"puhui_rta_seconds_sum {self.total(SPENT_US) / 1e6:.6f}"]
        gauges = (("connections", OPEN), ("respawns_total", RESPAWNS))
        lines += [f"puhui_rta_{name} {self.total(place)}" for name, place in gauges]
        lines += [f"puhui_rta_{name}{{{labels}}} {value}" if labels else f"puhui_rta_{name} {value}"
                  for name, labels, value in facts]  # fmt: skip
        return "\n".join(lines) + "\n"


def reason_place(media: int, reason: int) -> int:
    """Where a row counts answers of a media with a reason."""
    return _REASONS_AT + media * len(REASONS) + reason


def join_place(strategy: int) -> int:
    """Where a row counts joins of a strategy; those past the last place share it."""
    return _JOINS_AT + min(strategy, STRATEGIES - 1)


def promised_place(strategy: int) -> int:
    """Where a row keeps what this worker's bids promised under the gate, in thousandths of a fen."""
    return _PROMISED_AT + min(strategy, STRATEGIES - 1)


def gate_place() -> int:
    """Where a row keeps the serial of the gate that its promises belong to."""
    return _PROMISED_AT + STRATEGIES


def inherit(row: memoryview, dead: memoryview) -> None:
    """What a dead worker's bids promised under the gate is its successor's from here on; promises of an older gate are void."""
    serial, heirs = gate_place(), range(_PROMISED_AT, _PROMISED_AT + STRATEGIES)
    if dead[serial] > row[serial]:
        for place in heirs:
            row[place] = 0
        row[serial] = dead[serial]
    for place in heirs:
        if dead[serial] == row[serial]:
            row[place] += dead[place]
        dead[place] = 0


def time_place(spent_us: float) -> int:
    """Where a row counts an answer that took so long."""
    return _TIMES_AT + bisect_left(_EDGES_US, spent_us)
