"""The sender of conversions is killed after the media took one and before that was written down: the media counts one all the same."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from puhui.acquisition import conversions, data_link, models
from puhui.acquisition.core import signals
from puhui.store.embedded import Addresses
from tests.local_server import served

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
SENDER = """
import sys, django
django.setup()
from datetime import datetime
from puhui.acquisition import conversions
from puhui.store import tenancy
with tenancy.scope(tenancy.PLATFORM):
    conversions.send_due(conversions.Way({}, sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
"""


class Media:
    """A local media: it takes a key once, remembers every call, and may hold its answer back for ever."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.holds, self.took = threading.Event(), threading.Event()
        self.base = ""

    def answer(self, call: BaseHTTPRequestHandler, body: bytes) -> None:
        self.calls.append(json.loads(body)["actions"][0]["outer_action_id"])
        self.took.set()
        if self.holds.is_set():
            threading.Event().wait(60)
        call.send_response(200)
        call.end_headers()
        call.wfile.write(b'{"code": 0}')


@pytest.fixture
def media() -> Iterator[Media]:
    found = Media()
    with served(found.answer) as found.base:
        yield found


def sender(media: Media) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SENDER, media.base, NOW.isoformat()], env=os.environ.copy())


def test_a_killed_sender_tells_the_media_once_by_key(fresh_database: Addresses, media: Media) -> None:
    click = {"kind": "click", "media": "tencent", "click_id": "c", "happened_at": NOW - timedelta(hours=2),
             "raw": '{"callback": "https://tracking.e.qq.com/conv?cb=1"}'}  # fmt: skip
    step = {"kind": "register", "subject": "a", "click_id": "c", "happened_at": NOW - timedelta(hours=1)}
    assert data_link.take_signals(signals.frame_of([click, step]), now=NOW).conversions == 1
    media.holds.set()
    first = sender(media)
    assert media.took.wait(60)  # the media has it, the sender waits for the answer
    # Another worker at the same time finds the row claimed and sends nothing.
    assert conversions.send_due(conversions.Way({}, media.base), now=NOW) == {}
    first.send_signal(signal.SIGKILL)
    assert first.wait(30) == -signal.SIGKILL
    row = models.Conversion.objects.get()
    assert (row.state, row.attempts) == ("queued", 0)
    media.holds.clear()
    for _each in range(50):  # the server lets go of the dead sender's lock within moments
        conversions.send_due(conversions.Way({}, media.base), now=NOW)
        row.refresh_from_db()
        if row.state == "sent":
            break
        time.sleep(0.1)
    assert (row.state, row.attempts) == ("sent", 1)
    assert media.calls == [str(row.key), str(row.key)]  # told twice under one key: the media's own rule counts one
    assert conversions.send_due(conversions.Way({}, media.base), now=NOW) == {}
    assert len(media.calls) == 2
