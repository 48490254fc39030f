"""The nightly look at every live model: recorded decisions, loans that have matured, and the model's own day kept.

Rules kept: rooms are strangers, so what decisions saw (policy), what became of the loans (servicing) and the register of
models (underwriting) meet here and nowhere else; nothing later than `day` is read; a model whose day is kept is left.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from puhui.journeys import release
from puhui.policy import queries as policy
from puhui.servicing import performance
from puhui.underwriting import live_scoring, model_queries, model_watch
from puhui.underwriting.core.modelling import daily_figures, segments, watching
from puhui.underwriting.model_queries import DayView

KINDS = ("underwriting.application",)
SHANGHAI = ZoneInfo("Asia/Shanghai")
_APPLICATION = "application:"
_FACT = "fact of the applicant: "  # no input of a decision is called so
_FACTS = ("owner_kind", "credit_history_months", "months_of_evidence")


def watch_models(day: date, *, now: datetime) -> dict[str, DayView]:
    """Every live model's day; model id → day."""
    live = model_queries.live_models()
    if not live:
        return {}
    seen = seen_until(day)
    return {model.id: model_watch.watch_day(model, seen, score=live_scoring.score, now=now) for model in live}


def seen_until(day: date) -> model_watch.Seen:
    """What the two windows' decisions saw and said, and the outcomes known by now."""
    daily = watching.in_force().daily
    decisions = decision_frame(since=day - timedelta(days=2 * daily["window_days"]), until=day)
    return model_watch.Seen(day, decisions, outcome_frame(day, daily))


def decision_frame(*, since: date, until: date) -> pl.DataFrame:
    """Recorded decisions about applications, after `since` and up to `until`, inputs as columns."""
    rows = policy.latest().filter(
        batch__kind__in=KINDS, batch__decided_at__gte=_start_of(since + timedelta(days=1)), batch__decided_at__lt=_start_of(until + timedelta(days=1))
    )  # fmt: skip
    listed = list(rows.iterator(chunk_size=2000))
    released = _released(row.subject for row in listed)
    return with_segments(_frame(_row(row, released) for row in listed))


def _released(subjects: Iterable[str]) -> frozenset[str]:
    """Of these, whom a person let go on where the machine had wanted a look: the machine's word was overridden."""
    rows = policy.latest().filter(batch__kind=release.KIND, subject__in=list(subjects))
    return frozenset(row.subject for row in rows)


def with_segments(decisions: pl.DataFrame) -> pl.DataFrame:
    """The decisions with a column `segment_…` a dimension, by the table of definitions."""
    earlier = model_queries.earlier_loans(decisions["application_id"].to_list())
    facts = decisions.select(
        *(pl.col(f"{_FACT}{name}").alias(name) for name in segments.FACTS if name != "earlier_loans"),
        pl.col("application_id").replace_strict(earlier, default=None, return_dtype=pl.Int64).alias("earlier_loans"),
    )  # fmt: skip
    found = segments.segments(facts, segments.table())
    return decisions.drop(f"{_FACT}{name}" for name in _FACTS).with_columns(
        found[name].alias(f"segment_{name}") for name in found.columns
    )


def outcome_frame(day: date, daily: dict[str, int]) -> pl.DataFrame:
    """Loans whose first instalment fell due long enough ago, with the inputs their decision saw, and bad (0/1)."""
    loans = performance.first_payments(as_of=day).filter(
        pl.col("first_due_on") + pl.duration(days=daily["matured_days"]) <= day
    )
    subjects = [f"{_APPLICATION}{application}" for application in loans["application_id"].to_list()]
    rows = policy.latest().filter(batch__kind__in=KINDS, subject__in=subjects) if subjects else []
    decided = _frame(_row(row, frozenset()) for row in rows)
    bad = loans.select("application_id", (pl.col("worst_dpd") > daily["bad_over_days"]).cast(pl.Int64).alias("bad"))
    return (
        with_segments(decided)
        .unique("application_id", keep="first", maintain_order=True)
        .join(bad, on="application_id", how="inner")
    )


def _row(decision: Any, released: frozenset[str]) -> dict[str, Any]:
    """A recorded decision as one flat row. What an old record does not hold (how long it took) stays null."""
    took = decision.batch.elapsed_microseconds
    output, first = decision.output, (decision.reasons or [{}])[0]
    own = {
        "decided_on": decision.batch.decided_at.astimezone(SHANGHAI).date(),
        "application_id": decision.subject.removeprefix(_APPLICATION),
        "approved": output.get("approved"), "reason": first.get("code"), "rate": output.get("rate"),
        "overridden": decision.subject in released, "latency_ms": None if took is None else took / 1000, "pd": output.get("pd"),
    }  # fmt: skip
    facts = {f"{_FACT}{name}": value for name, value in _facts(decision.inputs).items()}
    seen = {name: value for name, value in decision.inputs.items() if isinstance(value, bool | int | float | str)}
    return {name: value for name, value in seen.items() if name not in own} | own | facts


def _facts(inputs: dict[str, Any]) -> dict[str, Any]:
    """What the definitions of segments ask about, as far as the decision saw it; null where it did not."""
    items, evidence = inputs.get("items") or [], inputs.get("evidence") or {}
    credit = [item["values"] for item in items if item.get("kind") == "owner_credit"]
    active = evidence.get("months_active_year") if isinstance(evidence, dict) else None
    return {
        "owner_kind": inputs.get("segment") or ("company" if evidence or "rating" in inputs else None),
        "credit_history_months": credit[-1].get("history_months") if credit else None,
        "months_of_evidence": None if active is None else int(active),
    }  # fmt: skip


def _frame(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    listed = list(rows)
    own: dict[str, Any] = {"decided_on": pl.Date, "application_id": pl.String, **daily_figures.DECISIONS}
    own |= {f"{_FACT}{name}": segments.FACT_KINDS[name] for name in _FACTS}
    if not listed:
        return pl.DataFrame(schema=own)
    names = list(dict.fromkeys(name for row in listed for name in row if name not in own))
    columns = {name: pl.Series(name, [row.get(name) for row in listed], strict=False) for name in names}
    columns |= {
        name: pl.Series(name, [row[name] for row in listed], dtype=kind, strict=False) for name, kind in own.items()
    }
    return pl.DataFrame(columns)


def _start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
