"""The channels that carry a message to a person: e-mail by SMTP, and the robots of WeCom 企业微信, DingTalk 钉钉, Feishu 飞书.

    WeCom     POST …/cgi-bin/webhook/send?key=…        {"msgtype": "text", "text": {"content": …}}
    DingTalk  POST …/robot/send?access_token=…         the same; signed: &timestamp=milliseconds&sign=…
              sign = base64(HMAC-SHA256(key: secret, text: timestamp + "\\n" + secret))
    Feishu    POST …/open-apis/bot/v2/hook/…           {"msg_type": "text", "content": {"text": …}}; signed: "timestamp" (seconds), "sign"
              sign = base64(HMAC-SHA256(key: timestamp + "\\n" + secret, text: nothing))

None of the three knows a repeat: the message's number stands in its text. E-mail carries it as Message-ID, by which mail
systems drop a second copy. An address holds the key of its robot, so it is a Secret and never stands in a log or on a page.

>>> dingtalk_sign("SECx", timestamp="1700000000000"), feishu_sign("x", timestamp="1700000000")
('rgcjbH+yFyES+S0llX+cAPCwVRpsr7sbiX5Lnyo/ocU=', 't2WKLO/e84QnCSsgE16ZiT4RlU8enB7yv0kH7MEVm98=')
"""

import base64
import hashlib
import hmac
import json
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
from django.core.mail import EmailMessage

from puhui.journeys.alerts.wording import Letter
from puhui.kernel.masked import Secret

TAKEN, REFUSED, LATER = "taken", "refused", "later"
_TIMEOUT = httpx.Timeout(10.0, connect=3.0)
# Codes after which the same message may be taken later: too fast, system busy. Anything else but nought is for good.
_LATER_CODES = {
    "wecom": {-1, 45009, 45033},
    "dingtalk": {-1, 130101, 410100},
    "feishu": {11232, 99991400},
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try, and what the receiver said (never an address, never a key)."""

    verdict: str
    said: str


class Channel(Protocol):
    """A way to reach people."""

    @property
    def where(self) -> str:
        """Where it leads, without its key."""

    def send(self, letter: Letter, *, now: datetime) -> Outcome:
        """Try once; a fault of the receiver is an outcome, not an exception."""


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot of an office messenger: which one, its address with its key, and the secret it signs with (empty: unsigned)."""

    kind: str
    url: Secret
    secret: Secret = field(default_factory=lambda: Secret(""))

    @property
    def where(self) -> str:
        """The host, and the last four characters of the key: enough to know which robot it is."""
        parts = urlsplit(self.url.reveal())
        return f"{parts.hostname} …{self.url.reveal()[-4:]}"

    def send(self, letter: Letter, *, now: datetime) -> Outcome:
        """Post one message."""
        url, body = self.request(letter.text, now=now)
        try:
            answer = httpx.post(
                url, content=body, headers={"Content-Type": "application/json; charset=utf-8"}, timeout=_TIMEOUT
            )
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            return Outcome(LATER, f"{type(fault).__name__}：没有答复 · no answer")
        return verdict(self.kind, answer.status_code, answer.content)

    def request(self, text: str, *, now: datetime) -> tuple[str, bytes]:
        """(address, body) as this robot wants them, signed where it has a secret."""
        message: dict[str, Any] = {"msgtype": "text", "text": {"content": text}}
        url, secret = self.url.reveal(), self.secret.reveal()
        if self.kind == "feishu":
            message = {"msg_type": "text", "content": {"text": text}}
            if secret:
                stamp = str(int(now.timestamp()))
                message |= {"timestamp": stamp, "sign": feishu_sign(secret, timestamp=stamp)}
        elif self.kind == "dingtalk" and secret:
            stamp = str(int(now.timestamp() * 1000))
            url = _with(url, {"timestamp": stamp, "sign": dingtalk_sign(secret, timestamp=stamp)})
        return url, json.dumps(message, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Mail:
    """E-mail by Django's back end; each try of a message carries the same Message-ID."""

    to: tuple[str, ...]
    sender: str
    host: str

    @property
    def where(self) -> str:
        """How many boxes, and at which houses: an address of e-mail is a person's."""
        houses = sorted({address.rpartition("@")[2] for address in self.to})
        return f"{len(self.to)} × {', '.join(houses)}"

    def send(self, letter: Letter, *, now: datetime) -> Outcome:
        """Hand one message to the mail server."""
        identity = f"<{letter.number}@{self.sender.rpartition('@')[2]}>"
        message = EmailMessage(
            letter.subject, letter.text, self.sender, list(self.to), headers={"Message-ID": identity}
        )
        try:
            message.send()
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as fault:
            codes = [code for code, _said in fault.recipients.values()] if isinstance(fault, smtplib.SMTPRecipientsRefused) else [fault.smtp_code]  # fmt: skip
            good = all(500 <= code < 600 for code in codes)
            return Outcome(REFUSED if good else LATER, f"SMTP {', '.join(map(str, sorted(set(codes))))}")
        except smtplib.SMTPAuthenticationError as fault:
            return Outcome(REFUSED, f"SMTP {fault.smtp_code}：用户名或密码不对 · user or password is wrong")
        except (smtplib.SMTPException, OSError) as fault:
            return Outcome(LATER, f"{type(fault).__name__}：邮件服务器没有接受 · the mail server did not take it")
        return Outcome(TAKEN, "250")


def verdict(kind: str, status: int, content: bytes) -> Outcome:
    """What a robot's answer means.

    >>> verdict("wecom", 200, b'{"errcode": 0, "errmsg": "ok"}').verdict, verdict("dingtalk", 200, b'{"errcode": 130101}').verdict
    ('taken', 'later')
    >>> verdict("feishu", 200, b'{"code": 19021, "msg": "sign match fail"}')
    Outcome(verdict='refused', said='200 19021 sign match fail')
    """
    told = _object(content)
    code = told.get("code", told.get("StatusCode")) if kind == "feishu" else told.get("errcode")
    said = f"{status} {'' if code is None else code} {told.get('msg') or told.get('errmsg') or ''}".strip()
    if status == 200 and code == 0:
        return Outcome(TAKEN, said)
    if code in _LATER_CODES[kind] or status == 429 or status >= 500:
        return Outcome(LATER, said)
    if code is None and status < 400:
        return Outcome(LATER, f"{status}：答复看不懂 · an answer that cannot be read")
    return Outcome(REFUSED, said)


def dingtalk_sign(secret: str, *, timestamp: str) -> str:
    """The signature DingTalk wants, before it is escaped for an address."""
    return _base64(secret.encode(), f"{timestamp}\n{secret}".encode())


def feishu_sign(secret: str, *, timestamp: str) -> str:
    """The signature Feishu wants: what is signed is empty, the key is what others sign."""
    return _base64(f"{timestamp}\n{secret}".encode(), b"")


def _base64(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _with(url: str, more: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *more.items()])))


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
