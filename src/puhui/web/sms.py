"""The SMS gateway's client: a signed JSON post with a time limit. What it posts is what the sandbox checks.

    POST PUHUI_SMS_URL
    X-Puhui-Timestamp: Unix seconds    X-Puhui-Signature: hex HMAC-SHA256(key, timestamp + "." + body)
    {"message_id": "sms_…", "phone": "138…", "text": "…"}

2xx: taken. 4xx: refused for good. Anything else: try again later; the message id makes a repeat harmless.
>>> sign("key", timestamp="1700000000", body=b"{}")[:16]
'9d713ed406bb7076'
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

import httpx

from puhui.kernel.masked import Secret

_TIMEOUT = httpx.Timeout(10.0, connect=3.0)


class GatewayUnavailable(RuntimeError):
    """The SMS gateway did not take the message now; it will be offered again."""


class GatewayRefused(RuntimeError):
    """The SMS gateway refused the message; offering it again would change nothing."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where to post and the shared key."""

    url: str
    key: Secret

    def deliver(self, *, message_id: str, phone: Secret, text: Secret, now: datetime) -> None:
        """Post one message. Raises GatewayUnavailable or GatewayRefused."""
        body = json.dumps(
            {"message_id": message_id, "phone": phone.reveal(), "text": text.reveal()}, ensure_ascii=False
        ).encode()
        stamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Puhui-Timestamp": stamp,
            "X-Puhui-Signature": sign(self.key.reveal(), timestamp=stamp, body=body),
        }
        try:
            answer = httpx.post(self.url, content=body, headers=headers, timeout=_TIMEOUT)
        except httpx.HTTPError as fault:
            raise GatewayUnavailable(f"{type(fault).__name__}: the SMS gateway does not answer") from fault
        if answer.is_success:
            return
        told = f"the SMS gateway answered {answer.status_code}"
        raise (GatewayRefused if answer.is_client_error and answer.status_code != 429 else GatewayUnavailable)(told)


def sign(key: str, *, timestamp: str, body: bytes) -> str:
    """The signature both sides compute."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
