"""Front door, reads: pairs of entries that may be one payment, with the reasons; and the pairs that count as one, or that the owner told apart.

Everything here is shown to the owner, who decides; nothing here changes what counts.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from puhui.merchant import ledger_folding, models
from puhui.merchant.book_tables import proposal_rules, proposals_shown, tie_rules
from puhui.merchant.core.tie_proposals import Known, Proposal, propose

_SHOWN = (
    "id",
    "day",
    "clock",
    "direction",
    "amount_minor",
    "counterparty",
    "note",
    "source",
    "origin",
    "method",
    "live",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries as the owner sees them. `why`: of a proposal its reasons; `told`: same, apart, or nothing yet; `by`: owner or rules."""

    main: dict[str, Any]
    lesser: dict[str, Any]
    why: Proposal | None = None
    told: str = ""
    by: str = ""


def proposed(shop_id: str, *, as_of: date) -> tuple[list[Pair], int]:
    """(the surest pairs that one page shows, how many there are)."""
    rows, held = ledger_folding.recent_tellings(shop_id, since=as_of - timedelta(days=proposal_rules().days_back))
    keys = {entry_id: row.key for entry_id, row in rows.items()}
    said = ledger_folding.answers(shop_id)
    apart = {(keys[main], keys[lesser]) for lesser, main, _ in said if main in keys and lesser in keys}
    apart |= {(lesser, main) for main, lesser in apart}  # a no holds whichever of the two would be the main one
    found = propose(list(rows.values()), Known(apart, held), tie_rules(), proposal_rules())
    ids = {row.key: entry_id for entry_id, row in rows.items()}
    shown = found[: proposals_shown()]
    entries = _entries(shop_id, {ids[key] for each in shown for key in (each.main, each.lesser)})
    return [Pair(entries[ids[each.main]], entries[ids[each.lesser]], each) for each in shown], len(found)


def settled(shop_id: str) -> list[Pair]:
    """The newest pairs that count as one payment, by the rules or by the owner's word, and those the owner told apart."""
    said = {(lesser, main): same for lesser, main, same in ledger_folding.answers(shop_id)}
    tied = models.Entry.objects.filter(shop_id=shop_id, live=True, tied_to__isnull=False).order_by("-day", "-id")
    rows = tied.values_list("id", "tied_to", "tie_why")[: proposals_shown()]
    pairs = [(lesser, main or 0) for lesser, main, why in rows if why != "owner" or (lesser, main) in said]
    ones = set(pairs)
    words = list(reversed([pair for pair in said if pair not in ones]))[: proposals_shown()]
    entries = _entries(shop_id, {each for lesser, main in (*ones, *words) for each in (lesser, main)})
    found = [Pair(entries[main], entries[lesser], None, "same", "owner" if (lesser, main) in said else "rules")
             for lesser, main in pairs]  # fmt: skip
    return found + [Pair(entries[main], entries[lesser], None, "same" if said[lesser, main] else "apart", "owner")
                    for lesser, main in words]  # fmt: skip


def _entries(shop_id: str, ids: set[int]) -> dict[int, dict[str, Any]]:
    rows = models.Entry.objects.filter(shop_id=shop_id, id__in=ids).values(*_SHOWN)
    return {row["id"]: dict(row) for row in rows}
