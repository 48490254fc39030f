"""The sender of alerts is killed after the robot took a message and before that was written down: by its number it came once."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from puhui.journeys.alerts import board, outbox
from puhui.journeys.alerts.channels import Channel, Robot
from puhui.journeys.alerts.raised import Raised
from puhui.journeys.models import AlertMessage, AlertTry
from puhui.kernel.masked import Secret
from puhui.store.embedded import Addresses
from puhui.web import clock
from puhui.web.models import SandboxRobotMessage
from tests.local_server import served

SECRET = "SEC-kill"
SENDER = """
import sys, django
django.setup()
from datetime import datetime
from puhui.journeys.alerts import outbox
from puhui.journeys.alerts.channels import Robot
from puhui.kernel.masked import Secret
from puhui.store import tenancy
with tenancy.scope(tenancy.PLATFORM):
    robot = Robot("dingtalk", Secret(sys.argv[1]), Secret(sys.argv[2]))
    outbox.send_due(outbox.Way({"dingtalk": robot}, lambda page, subject: "https://puhui.example/"), now=datetime.fromisoformat(sys.argv[3]))
"""


class Front:
    """The sandbox's DingTalk behind a real socket; it may hold its answer back for ever after it took a message."""

    def __init__(self) -> None:
        self.holds, self.took, self.over = threading.Event(), threading.Event(), threading.Event()
        self.url = ""

    def answer(self, call: BaseHTTPRequestHandler, body: bytes) -> None:
        answer = Client().post(call.path, body, content_type=call.headers["Content-Type"])
        connections.close_all()
        self.took.set()
        if self.holds.is_set():
            self.over.wait(60)
            return  # whoever asked is dead
        call.send_response(answer.status_code)
        call.end_headers()
        call.wfile.write(answer.content)


@pytest.fixture
def front(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    from django.urls import clear_url_caches, include, path

    from puhui.web import urls

    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, path("sandbox/", include("puhui.web.sandbox.urls"))])
    clear_url_caches()
    found = Front()
    with served(found.answer) as base:
        found.url = f"{base}/sandbox/robots/dingtalk/robot/send?access_token=kill"
        settings.ALERT_ROBOTS = settings.ALERT_ROBOTS | {"dingtalk": {"url": found.url, "secret": SECRET}}
        yield found
        found.over.set()


def test_a_killed_sender_tells_an_alert_once_by_number(fresh_database: Addresses, front: Front) -> None:
    base = clock.now()
    channels: dict[str, Channel] = {"dingtalk": Robot("dingtalk", Secret(front.url), Secret(SECRET))}
    way = outbox.Way(channels, lambda page, subject: "https://puhui.example/")
    found = Raised("k", "policy", "act", "policy/x", "护栏", "a guard-rail", "policy", "application", base)
    assert outbox.note(channels, lambda moment, now: [], now=base) == 0
    assert outbox.note(channels, lambda moment, now: [found], now=base) == 1
    due = base + timedelta(minutes=2)
    front.holds.set()
    first = subprocess.Popen([sys.executable, "-c", SENDER, front.url, SECRET, due.isoformat()], env=os.environ.copy())
    assert front.took.wait(120)  # the robot has it, the sender waits for the answer
    assert outbox.send_due(way, now=due) == {}  # another worker at the same time finds it claimed
    first.send_signal(signal.SIGKILL)
    assert first.wait(30) == -signal.SIGKILL
    front.holds.clear()
    message = AlertMessage.objects.get()
    assert (message.state, message.attempts, AlertTry.objects.count()) == ("queued", 1, 0)
    assert board.messages(now=due)[0].silent_tries == 1
    assert outbox.send_due(way, now=due + timedelta(minutes=4)) == {}  # the dead sender's claim still holds
    assert outbox.send_due(way, now=due + timedelta(minutes=5)) == {"sent": 1}
    assert outbox.send_due(way, now=due + timedelta(minutes=60)) == {}
    message.refresh_from_db()
    assert (message.state, message.attempts, AlertTry.objects.count()) == ("sent", 2, 1)
    received = SandboxRobotMessage.objects.get()  # one message by its number, though it came twice
    assert (received.number, received.times) == (message.id, 2)
