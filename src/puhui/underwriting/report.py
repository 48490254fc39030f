"""An appraisal in print: JSON lines for machines, sentences for people.

The contract of `puhui appraise --json`: one object a firm {firm, rating, pd, approved, limit_cap_minor, limit_minor,
rate, expected_profit_minor, reasons[]}, reasons being objects {code, text_zh, text_en} with the decisive one first;
last one object {budget_minor, expected_profit_minor, dual_price, firms, approved, seconds{load, features, model,
optimise}} and more. `pd`, `rating` and `limit_cap_minor` are exactly the values the optimum was computed with: solving
the lender's problem from the printed lines gives the printed limits. Firms without invoices have no pd (null).
"""

from collections.abc import Iterator
from typing import Any

from puhui.kernel.money import format_yuan
from puhui.underwriting.views import AppraisalOutcome


def json_lines(outcome: AppraisalOutcome) -> Iterator[dict[str, Any]]:
    """The firms in the order of the load, then the summary."""
    for row in outcome.rows:
        yield {
            "firm": row.firm, "rating": row.rating, "pd": row.pd, "approved": row.approved,
            "limit_cap_minor": row.limit_cap_minor, "limit_minor": row.limit_minor, "rate": row.rate,
            "expected_profit_minor": row.expected_profit_minor, "reasons": row.reasons,
            "rating_source": "file" if row.rating_on_file else "model", "decision": row.decision_id,
        }  # fmt: skip
    yield summary(outcome)


def summary(outcome: AppraisalOutcome) -> dict[str, Any]:
    """The last line."""
    view, default = outcome.view, outcome.view.checks["default"]
    return {
        "budget_minor": view.budget_minor, "expected_profit_minor": view.expected_profit_minor,
        "dual_price": view.dual_price, "firms": view.firms, "approved": view.approved, "seconds": view.seconds,
        "lent_minor": view.lent_minor, "dual_price_set_held": view.dual_price_set_held, "as_of": view.as_of.isoformat(),
        "lgd": str(view.lgd.normalize()), "cost_of_funds": f"{view.cost_of_funds.normalize():f}",
        "auc": default["auc"], "auc_interval": default["auc_interval"],
        "brier": default["brier"], "labelled": default["firms"], "defaults": default["defaults"],
        "rating_accuracy": view.checks["rating"]["accuracy"], "caution": view.caution_en,
        "appraisal": view.appraisal_id, "load": view.load_id, "origin": view.origin, "policy": view.policy_version,
        "scorecard": view.scorecard_id,
    }  # fmt: skip


def text_lines(outcome: AppraisalOutcome) -> Iterator[str]:
    """A short report: totals, the ten best and the ten most telling refusals."""
    view = outcome.view
    if view.invented:
        yield "【虚构数据 invented data】这些企业是编造的 · these firms are made up"
    yield (f"{view.firms} 家企业 firms · 批准 approved {view.approved} · 预算 budget {format_yuan(view.budget_minor)} 元 · "
           f"放款 lent {format_yuan(view.lent_minor)} 元")  # fmt: skip
    yield (f"预期利润 expected profit {format_yuan(view.expected_profit_minor)} 元 · 资金影子价格 dual price "
           f"{view.dual_price:.6f} 元/元")  # fmt: skip
    yield f"{view.caution_zh} · {view.caution_en}"
    best = sorted((row for row in outcome.rows if row.approved), key=lambda row: -row.expected_profit_minor)
    for row in best[:10]:
        yield (f"  {row.firm:<8} {row.rating} pd {row.pd:.4f}  {format_yuan(row.limit_minor):>14} 元  {row.rate:.4f}  "
               f"+{format_yuan(row.expected_profit_minor)} 元  {row.reasons[0]['text_zh']}")  # fmt: skip
    if len(best) > 10:
        yield f"  … 另有 {len(best) - 10} 家 · and {len(best) - 10} more"
    refused: dict[str, int] = {}
    for row in outcome.rows:
        if not row.approved:
            refused[row.reasons[0]["code"]] = refused.get(row.reasons[0]["code"], 0) + 1
    for code, count in sorted(refused.items(), key=lambda item: -item[1]):
        yield f"  未批准 refused {count:>4}  {code}"
    took = ", ".join(f"{name} {value:.1f} s" for name, value in view.seconds.items())
    yield f"用时 seconds: {took} · --json 逐户明细 for every firm · {view.appraisal_id}"
