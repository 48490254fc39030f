"""What anti-fraud looks at in a firm's invoices, taken from underwriting's evidence of the standing appraisal.

Rule kept: what is not known is left out, never a harmless default; the evidence carries its own date.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from puhui.antifraud import queries as antifraud
from puhui.antifraud import trade_json
from puhui.antifraud.core.signals import ZONE
from puhui.antifraud.operations import Counterparty
from puhui.underwriting import queries as underwriting

# underwriting's name → anti-fraud's name and what one unit of the former is in the latter
_FEATURES = {"void_sales": ("void_share", 1), "buyer_top1": ("buyer_top1", 1), "active_months": ("months_active", 12)}
_SHOWN = {"loop_share": "self_dealing_share", "red_sales_amount_share": "red_share"}


def of_firm(load_id: str, code: str) -> tuple[dict[str, float | None], date | None]:
    """Signals of a firm of a load and the day they are as of; empty when the firm was never appraised."""
    page = underwriting.firm_page(load_id, code)
    if page.verdict is None:
        return {}, None
    seen: dict[str, float | None] = {}
    for feature in page.features:
        if feature["name"] in _FEATURES:
            name, factor = _FEATURES[feature["name"]]
            seen[name] = round(feature["value"] * factor, 6)
    seen |= {name: page.shown[theirs] for theirs, name in _SHOWN.items() if page.shown.get(theirs) is not None}
    return seen, page.as_of


def trading(names: Iterable[str], load_id: str | None, code: str | None, *, now: datetime) -> list[Counterparty]:
    """The applicant's own names, and the largest buyers and suppliers on a firm's invoices up to today."""
    found = trade_json.own(names)
    if not load_id or not code:
        return found
    most, on = antifraud.trades_a_side(), now.astimezone(ZONE).date()
    for direction, side in (("sale", "buyer"), ("purchase", "supplier")):
        rows = underwriting.top_counterparties(
            load_id, code, direction=direction, most=most, as_of=on + timedelta(days=1)
        )
        for row in rows:
            share = float(row["share"] or 0.0)
            found.append(trade_json.counterparty(side, row["counterparty"], share=share, last_on=row["last_on"]))
    return found
