"""Background jobs of the web shell: delivering text messages, telling media and people.

A job carries a message id and nothing personal. It is queued in the transaction that stores the message, so a rolled
back log-in attempt sends nothing, and a killed worker's job is taken up again.
"""

import structlog
from django.conf import settings
from django.db import close_old_connections, transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from puhui.acquisition import campaigns, conversions
from puhui.acquisition.channels.callbacks import Account
from puhui.journeys.alerts import outbox, raised
from puhui.kernel.masked import Secret
from puhui.store import places, tenancy
from puhui.web import alert_ways, clock
from puhui.web.models import TextMessage
from puhui.web.sms import Gateway, GatewayRefused, GatewayUnavailable

log = structlog.get_logger("puhui.web.sms")
MOST_ATTEMPTS = 5


@app.task(name="puhui.web.deliver_text", queue="sms",
          retry=RetryStrategy(max_attempts=MOST_ATTEMPTS, exponential_wait=4, retry_exceptions=[GatewayUnavailable]))  # fmt: skip
def deliver_text(message_id: str) -> None:
    """Offer one message to the gateway; its text is wiped once taken or given up."""
    close_old_connections()  # a worker lives longer than a connection may
    with tenancy.scope(tenancy.PLATFORM):
        message = TextMessage.objects.get(id=message_id)
        if message.state != TextMessage.QUEUED:
            return
        message.attempts += 1
        gateway = Gateway(settings.SMS_URL, Secret(settings.SMS_KEY))
        try:
            gateway.deliver(
                message_id=message.id, phone=message.phone, text=message.text or Secret(""), now=clock.now()
            )
        except GatewayUnavailable as fault:
            _settle(
                message, TextMessage.FAILED if message.attempts >= MOST_ATTEMPTS else TextMessage.QUEUED, str(fault)
            )
            raise
        except GatewayRefused as fault:
            _settle(message, TextMessage.FAILED, str(fault))
            log.warning("text message refused", message_id=message.id, fault=str(fault))
            return
        _settle(message, TextMessage.SENT, "")


@transaction.atomic
def _settle(message: TextMessage, state: str, fault: str) -> None:
    message.state, message.last_fault = state, fault[:200]
    if state != TextMessage.QUEUED:
        message.text = None
    if state == TextMessage.SENT:
        message.sent_at = clock.now()
    message.save()


@app.periodic(cron="* * * * *")
@app.task(name="puhui.web.send_conversions", queue="media", queueing_lock="send_conversions")
def send_conversions(timestamp: int) -> dict[str, int]:
    """Tell the media what is due; answers how many ended how. Without an address or accounts of ours nothing is due."""
    close_old_connections()
    if not (settings.MEDIA_URL or any(account["token"] for account in settings.MEDIA_ACCOUNTS.values())):
        return {}
    accounts = {media: Account(**held) for media, held in settings.MEDIA_ACCOUNTS.items()}
    with tenancy.scope(tenancy.PLATFORM):
        return conversions.send_due(conversions.Way(accounts, settings.MEDIA_URL), now=clock.now())


@app.periodic(cron="* * * * *")
@app.task(name="puhui.web.obey_campaigns", queue="media", queueing_lock="obey_campaigns")
def obey_campaigns(timestamp: int) -> int:
    """Shut or open real-time delivery as campaigns and their days allow; answers how many strategies are shut."""
    close_old_connections()
    with tenancy.scope(tenancy.PLATFORM):
        return len(campaigns.obey(places.var_dir() / "rta", now=clock.now()))


@app.periodic(cron="* * * * *")
@app.task(name="puhui.web.send_alerts", queue="alerts", queueing_lock="send_alerts")
def send_alerts(timestamp: int) -> dict[str, int]:
    """Put what rooms raised on its way and send what is due; answers how many messages ended how. Without a channel nothing is queued."""
    close_old_connections()
    way = outbox.Way(alert_ways.channels(), alert_ways.link)
    with tenancy.scope(tenancy.PLATFORM):
        outbox.note(way.channels, raised.by_rooms, now=clock.now())
        return outbox.send_due(way, now=clock.now())


@app.periodic(cron="20,50 * * * *")
@app.task(name="puhui.web.note_media_alarms", queue="alerts", queueing_lock="note_media_alarms")
def note_media_alarms(timestamp: int) -> int:
    """Put what was wrong with yesterday's media data on its way, also where a media's count came late; answers how many tellings."""
    close_old_connections()
    with tenancy.scope(tenancy.PLATFORM):
        return outbox.note(alert_ways.channels(), raised.of_media, now=clock.now())
