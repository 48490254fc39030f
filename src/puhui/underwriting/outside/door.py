"""The client of a keeper of records: signed JSON over HTTPS, a deadline, a second try, and a named answer to every way it can fail.

    POST <url>
    X-Puhui-Timestamp: Unix seconds    X-Puhui-Signature: hex HMAC-SHA256(key, timestamp + "." + body)
    {"query_id": "ask_…", "purpose": "loan_approval", "consent_id": "cons_…", …}

200: an answer, signed in the same way (`core.keeper_answer` reads it). 403: no consent. Other 4xx: refused for good. 429, 5xx and
silence: asked again under the same query_id, which the keeper counts once. An answer is read a piece at a time, never past the
longest or the deadline, so that a keeper that trickles holds nobody. Asynchronous, so that several are asked side by side.
>>> sign("key", timestamp="1700000000", body=b"{}")[:16]
'9d713ed406bb7076'
"""

import asyncio
import hashlib
import hmac
import ipaddress
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from puhui.kernel.masked import Secret
from puhui.underwriting.outside.terms import Terms

_MOST_BYTES = 64 * 1024
_TOO_OFTEN = 429


class DoorNotSecure(ValueError):
    """A keeper is asked over https with a shared key; plain http only on this machine, for the sandbox."""


class KeeperFault(RuntimeError):
    """No answer. `outcome` says which way: down, no_consent, refused or malformed."""

    def __init__(self, outcome: str, said: str, attempts: int) -> None:
        super().__init__(said)
        self.outcome, self.said, self.attempts = outcome, said[:200], attempts


@dataclass(frozen=True, slots=True)
class Heard:
    """A signed answer: what it says, the SHA-256 of its bytes, how many tries it took."""

    told: Any
    content_hash: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Door:
    """Where a keeper is asked and the key both sides sign with. Raises DoorNotSecure."""

    url: str
    key: Secret

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname or "")):
            raise DoorNotSecure(f"{parts.scheme}://{parts.hostname}: a keeper is asked over https")
        if not self.key.reveal():
            raise DoorNotSecure(f"{parts.hostname}: the key that questions are signed with is not set")

    async def ask(self, question: Mapping[str, Any], *, terms: Terms, now: datetime) -> Heard:
        """Put a question; raises KeeperFault, after the deadline at the latest."""
        body = json.dumps(dict(question), ensure_ascii=False).encode()
        stamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "X-Puhui-Timestamp": stamp,
            "X-Puhui-Signature": sign(self.key.reveal(), timestamp=stamp, body=body),
        }
        attempt, fault = 0, "never asked"
        try:
            async with asyncio.timeout(terms.deadline_ms / 1000), _client(terms) as client:
                for attempt in range(1, terms.attempts + 1):
                    if attempt > 1:
                        await asyncio.sleep(terms.pause_ms / 1000)
                    try:
                        async with client.stream("POST", self.url, content=body, headers=headers) as answer:
                            if not answer.is_server_error and answer.status_code != _TOO_OFTEN:
                                return await self._heard(answer, attempt)
                            fault = f"status {answer.status_code}"
                    except (httpx.HTTPError, httpx.InvalidURL) as silence:
                        fault = type(silence).__name__
        except TimeoutError:
            raise KeeperFault("down", f"no answer within {terms.deadline_ms} ms", attempt) from None
        raise KeeperFault("down", fault, terms.attempts)

    async def _heard(self, answer: httpx.Response, attempt: int) -> Heard:
        if answer.status_code != httpx.codes.OK:
            outcome = "no_consent" if answer.status_code == httpx.codes.FORBIDDEN else "refused"
            raise KeeperFault(outcome, f"status {answer.status_code}", attempt)
        content = b""
        async for piece in answer.aiter_raw():
            content += piece
            if len(content) > _MOST_BYTES:
                raise KeeperFault("malformed", f"longer than {_MOST_BYTES} bytes", attempt)
        stamp, signature = answer.headers.get("X-Puhui-Timestamp", ""), answer.headers.get("X-Puhui-Signature", "")
        wanted = sign(self.key.reveal(), timestamp=stamp, body=content)
        if not hmac.compare_digest(wanted.encode(), signature.encode()):
            raise KeeperFault("malformed", "the signature of the answer does not fit", attempt)
        try:
            told = json.loads(content)
        except (ValueError, RecursionError):
            raise KeeperFault("malformed", "not JSON", attempt) from None
        return Heard(told, hashlib.sha256(content).hexdigest(), attempt)


def _client(terms: Terms) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=terms.timeout_ms / 1000, verify=_trust())


@cache
def _trust() -> ssl.SSLContext:
    """The authorities we believe; reading them takes longer than a question."""
    return httpx.create_ssl_context()


def sign(key: str, *, timestamp: str, body: bytes) -> str:
    """The signature both sides compute."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
