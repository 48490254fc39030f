"""What was told to whom: channels, messages with their tries, for the console."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count

from puhui.journeys.alerts import terms
from puhui.journeys.alerts.channels import Channel
from puhui.journeys.models import AlertChannelMove, AlertMessage, AlertNotice, AlertTry


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel: where it leads if it is set up, since when, and how many messages are in which state."""

    channel: str
    name: tuple[str, str]
    where: str
    since: datetime | None
    states: dict[str, int]


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message with the alerts it tells and every try."""

    message: AlertMessage
    channel_name: tuple[str, str]
    severity_name: tuple[str, str]
    notices: list[AlertNotice]
    tries: list[AlertTry]

    @property
    def silent_tries(self) -> int:
        """Tries that were begun and never came back: under way, or their sender died."""
        return self.message.attempts - len(self.tries)

    @property
    def may_go_again(self) -> bool:
        """Whether a person may offer it once more."""
        return self.message.state in (AlertMessage.REFUSED, AlertMessage.GIVEN_UP)


def channel_lines(channels: Mapping[str, Channel], *, now: datetime) -> list[ChannelLine]:
    """Every channel there is, set up or not."""
    since = {row.channel: row.moved_at if row.is_on else None for row in AlertChannelMove.objects.order_by("id")}
    states: dict[str, dict[str, int]] = {}
    for row in AlertMessage.objects.values("channel", "state").annotate(number=Count("id")).order_by("state"):
        states.setdefault(row["channel"], {})[row["state"]] = row["number"]
    return [
        ChannelLine(name, (each.zh, each.en), channels[name].where if name in channels else "",
                    since.get(name) if name in channels else None, states.get(name, {}))
        for name, each in terms.channels(now.astimezone(terms.CHINA).date()).items()
    ]  # fmt: skip


def messages(*, state: str = "", limit: int = 100, now: datetime) -> list[MessageLine]:
    """The latest messages, newest first; of one state or of all."""
    today = now.astimezone(terms.CHINA).date()
    rows = AlertMessage.objects.prefetch_related("told__notice", "tries").order_by("-queued_at", "-id")
    names = terms.channels(today)
    return [
        MessageLine(
            row, (names[row.channel].zh, names[row.channel].en), _severity(row.severity, today),
            sorted((told.notice for told in row.told.all()), key=lambda each: (each.raised_at, each.pk)),
            sorted(row.tries.all(), key=lambda each: each.pk),
        )
        for row in (rows.filter(state=state) if state else rows)[:limit]
    ]  # fmt: skip


def _severity(code: str, today: date) -> tuple[str, str]:
    found = terms.severity(code, today)
    return found.zh, found.en
