"""A backtest as words and pictures: who changes sides, what it brings with its bounds, by segment and by rule."""

import time
from typing import Any

from django.utils.translation import gettext as _

from puhui.policy import backtest as testing
from puhui.policy import snapshot
from puhui.policy.core.comparison import Comparison
from puhui.policy.core.policy_text import Policy
from puhui.web.charts import Chart, Series

LATEST = 200_000  # while editing; the command line takes all
_MOST_SEGMENTS, _MOST_RULES, _MOST_SWAPS = 8, 12, 12
_FILL_WHILE_EDITING = 20_000


def backtest(old: Policy, new: Policy, kind: str, *, segment: str) -> dict[str, Any]:
    """What the fragment shows. A copy that lies far behind the record is left to the nightly job, and said so."""
    if snapshot.behind(kind) > _FILL_WHILE_EDITING:
        return {"behind": snapshot.behind(kind)}
    started = time.perf_counter()
    found = testing.run(testing.Question(old, new, kind, segment=segment, latest=LATEST))
    comparison = found.comparison
    whole = comparison.lines[0]
    return {
        "whole": whole, "passed_shift": round(whole.passed.difference), "lines": comparison.lines[1 : _MOST_SEGMENTS + 1], "seconds": time.perf_counter() - started,
        "not_on_record": found.not_on_record, "rebuilt": found.rebuilt, "chart": _chart(comparison), "mix": _mix(comparison),
        "swaps": comparison.swaps.head(_MOST_SWAPS).to_dicts(), "more_swaps": max(0, comparison.swaps.height - _MOST_SWAPS),
        "since": comparison.since, "until": comparison.until, "same": not comparison.swaps.height and not whole.profit.difference,
        "has_model": bool(new.scorer or old.scorer) or "pd" in new.columns,
    }  # fmt: skip


def _chart(comparison: Comparison) -> Chart | None:
    whole = comparison.lines[0]
    if not (whole.swap_in or whole.swap_out):
        return None
    lines = comparison.lines[: _MOST_SEGMENTS + 1]
    return Chart(
        id="swaps", title=_("换入与换出"), labels=[line.segment or _("全部") for line in lines], unit=_("笔"),
        series=[
            Series(_("换入（新通过）"), [line.swap_in for line in lines]),
            Series(_("换出（不再通过）"), [-line.swap_out for line in lines]),
        ],
        stacked=True, places=0,
    )  # fmt: skip


def _mix(comparison: Comparison) -> list[dict[str, Any]]:
    """The rules whose hits change most."""
    rows = [{"code": code, "old": old, "new": new, "change": new - old} for code, (old, new) in comparison.mix.items()]
    return sorted((row for row in rows if row["change"]), key=lambda row: -abs(int(str(row["change"]))))[:_MOST_RULES]
