"""What each rule catches and whom it troubles in a made-up world of known truth (虚构): the table shown beside the rules.

Adversaries of every scheme are planted among the honest and replayed by the rules that decide now (`detection`). Rules that ask for a
signal which the made-up world does not have are never hit there; nothing is known of them, and the table says so.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from puhui.antifraud import live_rules
from puhui.simulate import adversaries, detection

MEMBERS, CONFIRMED_DAYS = 40, 45  # a fraud is known once its first instalment is a fortnight late
_START = datetime(2026, 1, 1, tzinfo=UTC)


def study(
    *, honest: int, seed: int, gang_seeds: Sequence[int], judged: int = 2_000, members: int = MEMBERS
) -> list[dict[str, Any]]:
    """One row a rule, in the rulebook's order: hits among adversaries and honest, of how many; the scheme it finds best; by which version."""
    schemes = dict.fromkeys(adversaries.SCHEMES, members)
    world = detection.World(honest, seed, _START, judged=judged, confirmed_days=CONFIRMED_DAYS)
    found = detection.studies(schemes, world, gang_seeds=list(gang_seeds))
    rules = live_rules.current(_START.replace(year=_START.year + 1))
    rows = []
    for rule in rules.book.rules:
        caught = sum((Counter(one.caught.get(rule.code, {})) for one in found), Counter[str]())
        best, best_hits = max(caught.items(), key=lambda item: item[1], default=("", 0))
        rows.append({
            "code": rule.code, "fraud_hits": caught.total(), "frauds": members * len(schemes) * len(found),
            "honest_hits": found[0].honest_hits.get(rule.code, 0), "honest": found[0].honest_judged,
            "best": best, "best_hits": best_hits, "best_members": members * len(found) if best else 0,
            "rulebook": rules.version, "world_seed": seed, "applications": honest,
        })  # fmt: skip
    return rows
