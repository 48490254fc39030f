"""Typed facts about an application, each with its source and its age; one column a signal, one row an application.

Rules kept: what is not known is null, never a harmless default; a fact newer than the application is not used.

>>> base = {"application_key": "app_1", "applied_at": datetime(2026, 3, 1, 1, tzinfo=UTC), "id_severity": "ok"}
>>> row = signal_columns([Seen(**base, birth_date=date(2010, 1, 1), device_known=False)], zone="Asia/Shanghai")
>>> row["age_years"].item(), row["local_hour"].item(), row["void_share"].item()
(16, 9, None)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime  # noqa: F401 - UTC is for the example
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl


@dataclass(frozen=True, slots=True)
class Signal:
    """What a signal is and where it comes from."""

    name: str
    kind: Any  # a Polars type
    source: str
    zh: str
    en: str


EVIDENCE = (
    "self_dealing_share",
    "void_share",
    "red_share",
    "buyer_top1",
    "months_active",
    "plot_overlap",
    "evidence_disagreement",
)
SIGNALS: tuple[Signal, ...] = (
    Signal("id_severity", pl.String, "identity", "身份证号校验", "check of the resident ID"),
    Signal("age_years", pl.Int64, "identity", "申请时年龄", "age when applying"),
    Signal("credit_code_severity", pl.String, "identity", "统一社会信用代码校验", "check of the credit code"),
    Signal("device_known", pl.Boolean, "device", "设备已知", "a device was seen"),
    Signal("entrance", pl.String, "application", "进件入口", "entrance"),
    Signal("local_hour", pl.Int64, "application", "申请时刻（北京时间）", "hour of day, Beijing"),
    Signal("clock_ahead_minutes", pl.Int64, "application", "申请时间超前分钟", "minutes the application lies ahead of us"),
    Signal("people_on_phone_30d", pl.Int64, "velocity", "30天内同一手机号的人数", "people on this phone in 30 days"),
    Signal("people_on_device_30d", pl.Int64, "velocity", "30天内同一设备的人数", "people on this device in 30 days"),
    Signal("devices_of_person_1d", pl.Int64, "velocity", "1天内同一人的设备数", "devices of this person in one day"),
    Signal("applications_of_person_30d", pl.Int64, "velocity", "30天内同一人的申请数", "applications of this person in 30 days"),
    Signal("evidence_age_days", pl.Int64, "invoices", "发票证据距申请的天数", "days between the evidence and the application"),
    Signal("self_dealing_share", pl.Float64, "invoices", "自买自卖占比", "share of sales that loop back"),
    Signal("void_share", pl.Float64, "invoices", "销项作废占比", "share of sales invoices voided"),
    Signal("red_share", pl.Float64, "invoices", "红冲金额占比", "reversed amount as a share of sales"),
    Signal("buyer_top1", pl.Float64, "invoices", "最大买方占比", "share of the largest buyer"),
    Signal("months_active", pl.Float64, "invoices", "近12个月有销售的月数", "months with sales in the last 12"),
    Signal("plot_overlap", pl.Float64, "fields", "地块与他人重叠比例", "share of a field that another owner has brought too"),
    Signal("evidence_disagreement", pl.Float64, "evidence", "各来源收入分歧倍数", "how far sources of revenue disagree (Birge ratio)"),
)  # fmt: skip
SCHEMA: dict[str, Any] = {signal.name: signal.kind for signal in SIGNALS}
NAMES: tuple[str, ...] = tuple(SCHEMA)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one application showed, before counting. `now` is when we look; `evidence_on` the age of the evidence."""

    application_key: str
    applied_at: datetime
    id_severity: str | None
    birth_date: date | None = None
    credit_code_severity: str | None = None
    device_known: bool | None = None
    entrance: str | None = None
    now: datetime | None = None
    evidence: Mapping[str, float | None] = field(default_factory=dict)
    evidence_on: date | None = None


def signal_columns(rows: Sequence[Seen], *, zone: str) -> pl.DataFrame:
    """All signals but velocity's, which stand as null until `velocity.counts` fills them."""
    return pl.DataFrame([_row(seen, ZoneInfo(zone)) for seen in rows], schema={"application_key": pl.String, **SCHEMA})


def _row(seen: Seen, zone: ZoneInfo) -> dict[str, Any]:
    local = seen.applied_at.astimezone(zone)
    newer = seen.evidence_on is not None and seen.evidence_on > local.date()
    evidence = {name: None if newer else _number(seen.evidence.get(name)) for name in EVIDENCE}
    ahead = None if seen.now is None else max(0, int((seen.applied_at - seen.now).total_seconds() // 60))
    return {
        "application_key": seen.application_key,
        "id_severity": seen.id_severity,
        "age_years": None if seen.birth_date is None else _years(seen.birth_date, local.date()),
        "credit_code_severity": seen.credit_code_severity,
        "device_known": seen.device_known,
        "entrance": seen.entrance,
        "local_hour": local.hour,
        "clock_ahead_minutes": ahead,
        "evidence_age_days": None if newer or seen.evidence_on is None else (local.date() - seen.evidence_on).days,
        **evidence,
    }


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
