"""The SMS client against the sandbox, over real HTTP: what one signs the other checks."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import RequestFactory

from puhui.kernel.ids import new_id
from puhui.kernel.masked import Secret
from puhui.store import tenancy
from puhui.web import clock, sms, tasks
from puhui.web.models import SandboxMessage, TextMessage
from puhui.web.sandbox import views
from puhui.web.sms import Gateway, GatewayRefused, GatewayUnavailable

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
KEY = "a shared key"
GOOD = b'{"message_id": "sms_1", "phone": "13800138000", "text": "hello"}'


class _Gateway(HTTPServer):
    """Keeps what it was sent; answers with the statuses it was given, then 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses: list[int] = []
        self.received: list[tuple[dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def gateway(settings: Any) -> Iterator[_Gateway]:
    server = _Gateway()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.SMS_URL, settings.SMS_KEY = f"http://127.0.0.1:{server.server_port}/sms", KEY
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def queued() -> TextMessage:
    return TextMessage.objects.create(
        id=new_id("sms", now=NOW), phone=Secret("13800138000"), text=Secret("验证码 123456"), queued_at=NOW
    )


@pytest.mark.usefixtures("fresh_database")
class TestDelivering:
    def test_posts_a_signed_message_and_wipes_its_text(self, gateway: _Gateway) -> None:
        message = queued()
        tasks.deliver_text(message.id)
        headers, body = gateway.received[0]
        assert headers["X-Puhui-Signature"] == sms.sign(KEY, timestamp=headers["X-Puhui-Timestamp"], body=body)
        assert "验证码 123456" in body.decode()
        message.refresh_from_db()
        assert (message.state, message.text, message.attempts) == ("sent", None, 1)

    def test_offers_again_what_the_gateway_could_not_take(self, gateway: _Gateway) -> None:
        gateway.statuses = [503, 200]
        message = queued()
        with pytest.raises(GatewayUnavailable):
            tasks.deliver_text(message.id)
        message.refresh_from_db()
        assert (message.state, message.text is None) == ("queued", False)
        tasks.deliver_text(message.id)
        tasks.deliver_text(message.id)
        message.refresh_from_db()
        assert (message.state, message.attempts, len(gateway.received)) == ("sent", 2, 2)

    def test_gives_up_what_the_gateway_refuses(self, gateway: _Gateway) -> None:
        gateway.statuses = [422]
        message = queued()
        tasks.deliver_text(message.id)
        message.refresh_from_db()
        assert (message.state, message.text, message.last_fault) == ("failed", None, "the SMS gateway answered 422")

    def test_counts_silence_as_unavailable(self) -> None:
        dead = Gateway("http://127.0.0.1:9/sms", Secret(KEY))
        with pytest.raises(GatewayUnavailable):
            dead.deliver(message_id="sms_1", phone=Secret("13800138000"), text=Secret("x"), now=NOW)

    def test_tells_refusal_from_failure(self, gateway: _Gateway) -> None:
        gateway.statuses = [400, 429]
        client = Gateway(f"http://127.0.0.1:{gateway.server_port}/", Secret(KEY))
        for wanted in (GatewayRefused, GatewayUnavailable):
            with pytest.raises(wanted):
                client.deliver(message_id="sms_1", phone=Secret("13800138000"), text=Secret("x"), now=NOW)


@pytest.mark.django_db
class TestTheSandbox:
    @pytest.fixture(autouse=True)
    def _key(self, settings: Any) -> None:
        settings.SMS_KEY = KEY

    def post(self, body: bytes, *, key: str = KEY, age_seconds: int = 0) -> Any:
        stamp = str(int(clock.now().timestamp()) - age_seconds)
        return views.receive(
            RequestFactory().post(
                "/sandbox/sms", body, content_type="application/json", headers={
                    "X-Puhui-Timestamp": stamp, "X-Puhui-Signature": sms.sign(key, timestamp=stamp, body=body)}))  # fmt: skip

    def test_takes_a_good_message_once(self) -> None:
        assert [self.post(GOOD).status_code for _each in range(2)] == [200, 200]
        with tenancy.scope(tenancy.PLATFORM):
            assert SandboxMessage.objects.get().text.reveal() == "hello"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"not json", 422),
            (b'{"message_id": "sms_1", "phone": "13800138000"}', 422),
            (GOOD.replace(b'"hello"', b'"hello", "more": "x"'), 422),
            (GOOD.replace(b"13800138000", b"110"), 422),
            (GOOD.replace(b"sms_1", b"msg_1"), 422),
            (GOOD.replace(b"hello", b""), 422),
        ],
    )
    def test_refuses_what_a_real_gateway_would(self, body: bytes, status: int) -> None:
        assert self.post(body).status_code == status
        with tenancy.scope(tenancy.PLATFORM):
            assert SandboxMessage.objects.count() == 0

    def test_refuses_a_wrong_signature_and_an_old_one(self) -> None:
        assert self.post(GOOD, key="another").status_code == 401
        assert self.post(GOOD, age_seconds=301).status_code == 401
        with tenancy.scope(tenancy.PLATFORM):
            assert SandboxMessage.objects.count() == 0
