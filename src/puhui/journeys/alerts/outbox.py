"""The outbox: each alert is put on its way once a channel, and a message goes out at least once, whoever is killed when.

    note      new alerts join the waiting message of their cause, or open one; due after grouping and quiet hours
    send_due  a message is claimed (its number of tries is written down first), sent with no lock held, and settled

Rules kept: one alert is told once a channel (unique in the database); a message keeps its number over all tries, by which a
receiver knows a repeat; what was raised before a channel was set up is not sent to it; a channel that is no longer set up
leaves nothing queued. See decision 0175.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.db import connection, transaction

from puhui.journeys.alerts import terms
from puhui.journeys.alerts.channels import LATER, REFUSED, TAKEN, Channel, Outcome
from puhui.journeys.alerts.raised import Raised
from puhui.journeys.alerts.wording import Content, Letter, Line, letter
from puhui.journeys.models import AlertChannelMove, AlertMessage, AlertNotice, AlertTold, AlertTry
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused

log = structlog.get_logger("puhui.journeys.alerts")
Gather = Callable[..., list[Raised]]
Link = Callable[[str, str], str]
_STATES = {TAKEN: AlertMessage.SENT, REFUSED: AlertMessage.REFUSED}
_CUT_OFF = "每次发送都中断了 · every sender was cut off"
TEST = ("测试消息：告警通道可以送达", "a test message: alerts reach this channel")


@dataclass(frozen=True, slots=True)
class Way:
    """How people are reached: the channels that are set up, and the address of the page that explains an alert."""

    channels: Mapping[str, Channel]
    link: Link


@transaction.atomic
def note(channels: Mapping[str, Channel], gather: Gather, *, now: datetime) -> int:
    """Put new alerts on their way to every channel; answers how many tellings that added. Safe to run twice."""
    _one_at_a_time()
    set_up = _keep_channels(channels, now)
    if not set_up:
        return 0
    back = now - timedelta(hours=terms.number("look_back", _day(now)))
    found = gather(max(back, min(set_up.values())), now=now)
    if not found:
        return 0
    AlertNotice.objects.bulk_create([_row(each, now) for each in found], ignore_conflicts=True)
    notices = {row.key: row for row in AlertNotice.objects.filter(key__in=[each.key for each in found])}
    told = set(AlertTold.objects.filter(notice__in=notices.values()).values_list("notice_id", "channel"))
    added = 0
    for each in found:
        for channel, since in set_up.items():
            notice = notices[each.key]
            if notice.raised_at >= since and (notice.pk, channel) not in told:
                AlertTold.objects.create(notice=notice, channel=channel, message=_waiting(notice, channel, now))
                added += 1
    return added


@transaction.atomic
def ask_for_test(channel: str, channels: Mapping[str, Channel], *, by: str, now: datetime) -> str:
    """Queue a message that says that it is a test; answers its number. Refused: ALERT_CHANNEL_UNKNOWN, ALERT_CHANNEL_OFF."""
    _set_up(channel, channels, now)
    message = AlertMessage.objects.create(
        id=new_id("am", now=now), channel=channel, cause="test", severity="act", due_at=now, queued_at=now, test_by=by
    )
    return message.pk


@transaction.atomic
def again(message_id: str, channels: Mapping[str, Channel], *, now: datetime) -> None:
    """Offer a message once more that was refused or given up, under its old number. Refused: ALERT_MESSAGE_UNKNOWN, ALERT_MESSAGE_NOT_FAILED, …"""
    message = AlertMessage.objects.select_for_update().filter(id=message_id).first()
    if message is None:
        raise Refused(Refusal("ALERT_MESSAGE_UNKNOWN", "没有这条消息 · there is no such message", where=message_id))
    if message.state not in (AlertMessage.REFUSED, AlertMessage.GIVEN_UP):
        told = "只有被拒收或已放弃的消息可以重发 · only a message that was refused or given up is sent again"
        raise Refused(Refusal("ALERT_MESSAGE_NOT_FAILED", told, where=message_id))
    _set_up(message.channel, channels, now)
    message.state, message.due_at, message.settled_at = AlertMessage.QUEUED, now, None
    message.tries_before = message.attempts
    message.save(update_fields=["state", "due_at", "settled_at", "tries_before"])


def send_due(way: Way, *, now: datetime) -> dict[str, int]:
    """Send what is due, within what each channel bears a minute; answers how many messages ended in which state."""
    ended: dict[str, int] = {}
    for name, channel in way.channels.items():
        bears = terms.channels(_day(now))[name]
        lately = AlertTry.objects.filter(message__channel=name, ended_at__gt=now - timedelta(minutes=1)).count()
        for _each in range(bears.per_minute - lately):
            message = _claim(bears, now)
            if message is None:
                break
            began = time.perf_counter()
            outcome = _tried(channel, _letter(message, way.link, bears, now), now)
            state = _settle(message, outcome, bears, now, milliseconds=round((time.perf_counter() - began) * 1000))
            ended[state] = ended.get(state, 0) + 1
            if outcome.verdict == LATER:
                break  # it is down or has had enough: the other channels do not wait for it
    return ended


def _keep_channels(channels: Mapping[str, Channel], now: datetime) -> dict[str, datetime]:
    """channel → since when it is set up. What it is told begins there; what waited for a channel that is gone is withdrawn."""
    last = {row.channel: row for row in AlertChannelMove.objects.order_by("id")}
    for name in channels:
        if name not in last or not last[name].is_on:
            last[name] = AlertChannelMove.objects.create(channel=name, is_on=True, moved_at=now)
    for name, row in list(last.items()):
        if name not in channels:
            if row.is_on:
                AlertChannelMove.objects.create(channel=name, is_on=False, moved_at=now)
            del last[name]
    gone = AlertMessage.objects.filter(state=AlertMessage.QUEUED).exclude(channel__in=list(channels))
    gone.update(state=AlertMessage.WITHDRAWN, answer="通道已不再配置 · the channel is no longer set up", settled_at=now)
    return {name: row.moved_at for name, row in last.items()}


def _waiting(notice: AlertNotice, channel: str, now: datetime) -> AlertMessage:
    """The message of the alert's cause that has not left yet, or a new one; a graver alert makes it leave sooner."""
    grave = terms.severity(notice.severity, _day(now))
    due = terms.due_at(grave, now)
    # Under the row's lock: a sender claims it before us, and then it is no longer untried, or after us, and then it tells this alert too.
    message = AlertMessage.objects.select_for_update().filter(
        channel=channel, cause=notice.cause, state=AlertMessage.QUEUED, attempts=0, test_by=""
    ).order_by("id").first()  # fmt: skip
    if message is None:
        return AlertMessage.objects.create(
            id=new_id("am", now=now), channel=channel, cause=notice.cause, severity=notice.severity, due_at=due,
            queued_at=now,
        )  # fmt: skip
    if due < message.due_at or terms.severity(message.severity, _day(now)).rank < grave.rank:
        message.severity, message.due_at = notice.severity, min(due, message.due_at)
        message.save(update_fields=["severity", "due_at"])
    return message


@transaction.atomic
def _claim(bears: terms.ChannelTerms, now: datetime) -> AlertMessage | None:
    """The oldest message that is due, its try written down before it is made: a killed sender leaves a trace.

    A message whose senders all died is given up like any other that has had its tries: it may be what kills them.
    """
    due = AlertMessage.objects.select_for_update(skip_locked=True).filter(
        channel=bears.channel, state=AlertMessage.QUEUED, due_at__lte=now
    )  # fmt: skip
    while message := due.order_by("due_at", "id").first():
        if message.attempts - message.tries_before < bears.tries:
            break
        message.state, message.settled_at, message.answer = AlertMessage.GIVEN_UP, now, _CUT_OFF
        message.save(update_fields=["state", "settled_at", "answer"])
    if message is None:
        return None
    message.attempts += 1
    message.due_at = now + timedelta(minutes=terms.number("lease", _day(now)))
    message.answer = "已发出，等待答复 · sent, no answer yet"
    message.save(update_fields=["attempts", "due_at", "answer"])
    return message


def _tried(channel: Channel, told: Letter, now: datetime) -> Outcome:
    """One try. A bug in a channel costs this message a try and no other message anything."""
    try:
        return channel.send(told, now=now)
    except Exception as fault:
        log.exception("an alert's channel failed", number=told.number)
        return Outcome(LATER, f"{type(fault).__name__}：见日志 · see the log")


def _letter(message: AlertMessage, link: Link, bears: terms.ChannelTerms, now: datetime) -> Letter:
    """The text: the same for every try but for the line that says which try it is."""
    grave = terms.severity(message.severity, _day(now))
    notices = [told.notice for told in message.told.select_related("notice").order_by("notice__raised_at", "notice_id")]
    lines = [Line(row.zh, row.en, f"{row.raised_at.astimezone(terms.CHINA):%m-%d %H:%M}") for row in notices]
    heading = TEST if message.test_by else (f"{grave.zh}：{len(lines)} 条告警", f"{grave.en}: {len(lines)} alert(s)")
    page = (notices[-1].page, notices[-1].subject) if notices else ("alerts", "")
    told = Content(message.pk, heading, lines, link(*page), message.attempts)
    return letter(told, most_lines=terms.number("lines", _day(now)), most_bytes=bears.most_bytes)


@transaction.atomic
def _settle(message: AlertMessage, outcome: Outcome, bears: terms.ChannelTerms, now: datetime, *, milliseconds: int) -> str:  # fmt: skip
    """Write the try down; what may succeed later waits twice as long each time, up to the channel's number of tries."""
    AlertTry.objects.create(
        message=message, number=message.attempts, outcome=outcome.verdict, answer=outcome.said[:200], ended_at=now,
        milliseconds=milliseconds,
    )  # fmt: skip
    tries = message.attempts - message.tries_before
    if outcome.verdict == LATER and tries < bears.tries:
        state, settled, due = AlertMessage.QUEUED, None, now + bears.first_wait * 2 ** (tries - 1)
    else:
        state, settled, due = _STATES.get(outcome.verdict, AlertMessage.GIVEN_UP), now, message.due_at
    # Only the sender that holds the claim settles: one that was thought dead must not undo what its heir wrote.
    AlertMessage.objects.filter(id=message.pk, state=AlertMessage.QUEUED, attempts=message.attempts).update(
        state=state, settled_at=settled, due_at=due, answer=outcome.said[:200]
    )
    return "later" if state == AlertMessage.QUEUED else state


def _set_up(channel: str, channels: Mapping[str, Channel], now: datetime) -> None:
    if channel not in terms.channels(_day(now)):
        raise Refused(Refusal("ALERT_CHANNEL_UNKNOWN", "没有这种通道 · there is no such channel", where=channel))
    if channel not in channels:
        told = "这个通道还没有配置，见“告警送到人” · this channel is not set up; see the recipe on alerts"
        raise Refused(Refusal("ALERT_CHANNEL_OFF", told, where=channel))


def _row(each: Raised, now: datetime) -> AlertNotice:
    return AlertNotice(
        key=each.key, source=each.source, severity=each.severity, cause=each.cause, zh=each.zh, en=each.en, page=each.page,
        subject=each.subject, raised_at=each.raised_at, noted_at=now,
    )  # fmt: skip


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('puhui.alerts'))")


def _day(moment: datetime) -> date:
    return moment.astimezone(terms.CHINA).date()
