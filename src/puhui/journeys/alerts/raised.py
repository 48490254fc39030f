"""What the rooms have raised: each alert with a key that is its own for ever, what it is called, and where it is explained.

Rules kept: rooms are strangers, so their alerts meet here; a new source is one function here and its rows in
`tables/kinds.csv`. Only codes, figures and names of versions are taken over, never the text of a fault (see wording).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from puhui.acquisition import board
from puhui.acquisition.core.data_quality import Alarm
from puhui.antifraud import queries as mirror
from puhui.journeys import models
from puhui.journeys.alerts import terms
from puhui.kernel.refusal import tongues
from puhui.policy import experiments
from puhui.policy.core.experiment import SHADOW
from puhui.underwriting import model_queries


@dataclass(frozen=True, slots=True)
class Raised:
    """One alert. Alerts of one `cause` share a message; `page` and `subject` say where it is explained."""

    key: str
    source: str
    severity: str
    cause: str
    zh: str
    en: str
    page: str
    subject: str
    raised_at: datetime


def by_rooms(moment: datetime, *, now: datetime) -> list[Raised]:
    """What rooms wrote down at or after the moment, oldest first."""
    found = [*_policy(moment), *_models(moment), *_mirror(moment), *_closing(moment)]
    return sorted(found, key=lambda each: (each.raised_at, each.key))


def of_media(moment: datetime, *, now: datetime) -> list[Raised]:
    """What was wrong with yesterday's data of the media (China's day), raised as that day ended; nothing if that lies before the moment.

    These alarms are computed and not kept by their room: whoever asks again gets the same keys.
    """
    today = now.astimezone(terms.CHINA).date()
    ended = datetime.combine(today, time.min, tzinfo=terms.CHINA)
    if ended < moment:
        return []
    day, kind = today - timedelta(days=1), terms.kind("octopus", "data_quality", today)
    return [
        Raised(
            f"octopus/{day}/{each.media}/{each.alarm}", "octopus", kind.severity, f"octopus/{each.media}",
            f"{kind.zh}：{each.media} {day:%m-%d} {each.zh}（{_figure(each)}）", f"{kind.en}: {each.media} {day:%m-%d} {each.en} ({_figure(each)})",
            "octopus", day.isoformat(), ended,
        )
        for each in board.alarms(day, now=ended)
    ]  # fmt: skip


def _policy(moment: datetime) -> Iterator[Raised]:
    """Guard-rails that stopped a challenger, and challengers and shadows that failed."""
    for row in experiments.raised_since(moment):
        code = "shadow_fault" if row.kind == "fault" and row.mode == SHADOW else row.kind
        kind = terms.kind("policy", code, _day(row.raised_at))
        value = "" if row.value is None or row.bound is None else f" {row.value:.4g} / {row.bound:.4g}"
        figures = f"{row.metric}{value}, n={row.n}"
        yield Raised(
            f"policy/{row.alert_id}", "policy", kind.severity, f"policy/{row.experiment_id}/{code}",
            f"{kind.zh}：{row.version}（{figures}）", f"{kind.en}: {row.version} ({figures})",
            "policy", row.rulebook, row.raised_at,
        )  # fmt: skip


def _models(moment: datetime) -> Iterator[Raised]:
    """Figures of live models that passed a line. Their message is made of the table's words and the figure."""
    for row in model_queries.alerts_since(moment):
        kind = terms.kind("model", row.level, _day(row.raised_at))
        zh, en = tongues(row.message)
        yield Raised(
            f"model/{row.model_id}/{row.day}/{row.figure}", "model", kind.severity, f"model/{row.model_id}",
            f"{kind.zh}：{row.title}，{zh}", f"{kind.en}: {row.title}, {en}", "model", row.model_id, row.raised_at,
        )  # fmt: skip


def _mirror(moment: datetime) -> Iterator[Raised]:
    """Figures of fraud models that passed a line and that nobody has seen on the page yet."""
    for row in mirror.open_model_alerts():
        if row["raised_at"] >= moment:
            kind = terms.kind("mirror", row["level"], _day(row["raised_at"]))
            zh, en = tongues(row["message"])
            yield Raised(
                f"mirror/{row['alert_id']}", "mirror", kind.severity, f"mirror/{row['model_id']}", f"{kind.zh}：{zh}",
                f"{kind.en}: {en}", "mirror", "", row["raised_at"],
            )  # fmt: skip


def _closing(moment: datetime) -> Iterator[Raised]:
    """Ends of day that a fault ended."""
    for row in models.DayAttempt.objects.filter(started_at__gte=moment).exclude(fault="").order_by("id"):
        kind = terms.kind("closing", "fault", _day(row.started_at))
        yield Raised(
            f"closing/{row.pk}", "closing", kind.severity, f"closing/{row.business_date}",
            f"{kind.zh}：{row.business_date}", f"{kind.en}: {row.business_date}", "closing", "", row.started_at,
        )  # fmt: skip


def _figure(alarm: Alarm) -> str:
    return f"{alarm.value:.4g} > {alarm.limit:g} {alarm.unit}"


def _day(moment: datetime) -> date:
    return moment.astimezone(terms.CHINA).date()
