"""A partner of the tests: signs its calls as docs/recipes tell it to, with Django's own test client underneath."""

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from django.test import Client

from puhui.funding import partners
from puhui.funding.partners import PartnerShown
from puhui.kernel.masked import Secret


@dataclass(frozen=True, slots=True)
class PartnerClient:
    """`call` returns (status, body, headers); `changes` replace headers after signing."""

    shown: PartnerShown
    secret: Secret

    def headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        timestamp, nonce = str(int(time.time())), secrets.token_hex(12)
        return {
            "X-Key-Id": self.shown.key_id,
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": partners.sign(
                self.secret, method=method, path=path, timestamp=timestamp, nonce=nonce, body=body
            ),
        }

    def call(
        self, method: str, path: str, content: Any = None, *, key: str = "", changes: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        body = b"" if content is None else json.dumps(content).encode()
        headers = self.headers(method, path, body) | ({"Idempotency-Key": key} if key else {}) | (changes or {})
        return send(method, path, body, headers)


def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any], dict[str, str]]:
    client = Client(raise_request_exception=False)
    answer = client.generic(method, path, body, content_type="application/json", headers=headers)
    told = json.loads(answer.content) if answer["Content-Type"].startswith("application/json") else {}
    return answer.status_code, told, dict(answer.headers)
