"""What is being served: a pointer to an audience file and a table of strategies, changed by one rename.

A publication is made whole beside the old one; then `current.json` is renamed into place. Workers look at it a few times
a second and change over between two questions. The gate (`gate.json`) stops strategies or everything at once.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from puhui.acquisition.core.audience_table import AudienceTable
from puhui.acquisition.rta import audience_file
from puhui.acquisition.rta.audience_file import AudienceInfo
from puhui.kernel.refusal import Refusal, Refused

KEPT = 3  # publications whose files stay, for going back


@dataclass(frozen=True, slots=True)
class Publication:
    """`generation` rises by one each time; `strategies` is the text of the table."""

    generation: int
    audience: Path
    strategies: str
    published_at: str


@dataclass(frozen=True, slots=True)
class Gate:
    """The last word, asked after everything else: what is stopped, and how much OpenRTB bids may still promise.

    `promise_fen` is what all workers together may promise for a strategy from this gate on; a strategy that is not in
    it has no limit of its own. `by_campaigns` are stops that follow from campaigns (campaigns.obey), the rest a person's.
    """

    stopped: bool = False
    media: frozenset[str] = frozenset()
    strategies: frozenset[tuple[str, str]] = frozenset()
    promise_fen: dict[str, int] = field(default_factory=dict)
    by_campaigns: frozenset[tuple[str, str]] = frozenset()
    serial: int = 0

    def stops(self, media: str, strategy: str) -> bool:
        """Whether anybody stopped this strategy."""
        return (media, strategy) in self.strategies or (media, strategy) in self.by_campaigns


def publish(folder: Path, table: AudienceTable, strategies: str, *, now: datetime) -> tuple[Publication, AudienceInfo]:
    """Write the table, then point at it. A fault before the last rename leaves what is served as it was."""
    folder.mkdir(parents=True, exist_ok=True)
    before = current(folder)
    generation = (before.generation if before else 0) + 1
    place = folder / f"audience-{generation:08d}.rta"
    info = audience_file.write(table, place)
    audience_file.check(place)
    _point(folder, generation, place.name, strategies, now)
    for old in sorted(folder.glob("audience-*.rta"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return Publication(generation, place, strategies, now.isoformat()), info


def publish_strategies(folder: Path, strategies: str, *, now: datetime) -> Publication:
    """The same audiences under other strategies."""
    before = current(folder)
    if before is None:
        raise Refused(Refusal("AUDIENCE_MISSING", "尚未装载人群 · load an audience first", where=str(folder.name)))
    _point(folder, before.generation + 1, before.audience.name, strategies, now)
    return Publication(before.generation + 1, before.audience, strategies, now.isoformat())


def current(folder: Path) -> Publication | None:
    """What is published, or None."""
    found = _read(folder / "current.json")
    if found is None:
        return None
    return Publication(found["generation"], folder / found["audience"], found["strategies"], found["published_at"])


def close_gate(folder: Path, gate: Gate) -> Gate:
    """Put the gate in force; workers obey within a fifth of a second."""
    folder.mkdir(parents=True, exist_ok=True)
    serial = read_gate(folder).serial + 1
    told: dict[str, Any] = {
        "stopped": gate.stopped,
        "media": sorted(gate.media),
        "strategies": sorted(map(list, gate.strategies)),
        "promise_fen": gate.promise_fen,
        "by_campaigns": sorted(map(list, gate.by_campaigns)),
        "serial": serial,
    }
    _write(folder / "gate.json", told)
    return read_gate(folder)


def read_gate(folder: Path) -> Gate:
    """The gate in force; an open one where none was ever set, a shut one where it cannot be read."""
    try:
        found = _read(folder / "gate.json")
        if found is None:
            return Gate()
        return Gate(
            found["stopped"], frozenset(found["media"]), _pairs(found["strategies"]), dict(found["promise_fen"]),
            _pairs(found["by_campaigns"]), found["serial"],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return Gate(stopped=True)


def stamp(folder: Path) -> tuple[tuple[int, int], ...]:
    """Changes whenever the pointer or the gate does."""
    found = []
    for name in ("current.json", "gate.json"):
        try:
            status = (folder / name).stat()
            found.append((status.st_ino, status.st_mtime_ns))
        except FileNotFoundError:
            found.append((0, 0))
    return tuple(found)


def _pairs(told: Iterable[list[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((media, name) for media, name in told)


def _point(folder: Path, generation: int, audience: str, strategies: str, now: datetime) -> None:
    told = {"generation": generation, "audience": audience, "strategies": strategies, "published_at": now.isoformat()}
    _write(folder / "current.json", told)


def _write(place: Path, told: dict[str, Any]) -> None:
    partial = place.with_name(f".{place.name}.{os.getpid()}")
    partial.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    partial.replace(place)


def _read(place: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found
