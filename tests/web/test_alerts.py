"""Alerts leave by the robots and by mail: the sandbox checks every field and signature, the page says what was sent where."""

import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

import pytest
from django.test import Client

from puhui.journeys.alerts import outbox, terms
from puhui.journeys.alerts.channels import Channel, Mail, Outcome, Robot, verdict
from puhui.journeys.alerts.raised import Raised
from puhui.journeys.alerts.wording import Letter
from puhui.journeys.models import AlertMessage
from puhui.kernel.masked import Secret
from puhui.web import alert_ways, clock, tasks
from puhui.web.models import SandboxRobotMessage
from puhui.web.tests import visitors

HOME = "http://127.0.0.1:9/sandbox/robots"  # nothing listens there: a channel that is down
ROBOTS = {
    "wecom": {"url": f"{HOME}/wecom/cgi-bin/webhook/send?key=robot-key-1a2b", "secret": ""},
    "dingtalk": {"url": f"{HOME}/dingtalk/robot/send?access_token=robot-key-3c4d", "secret": "SEC-one"},
    "feishu": {"url": f"{HOME}/feishu/open-apis/bot/v2/hook/robot-key-5e6f", "secret": "SEC-two"},
}
NUMBER = "am_" + "0a" * 16
TEXT = f"【普惠 Puhui】测试\n编号 Ref: {NUMBER}"


@pytest.fixture
def sandbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.urls import clear_url_caches, include, path

    from puhui.web import urls

    settings.ALERT_ROBOTS = {kind: dict(told) for kind, told in ROBOTS.items()}
    settings.ALERT_MAIL_TO = []
    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, path("sandbox/", include("puhui.web.sandbox.urls"))])
    clear_url_caches()


def robot(kind: str, **other: str) -> Robot:
    told = ROBOTS[kind] | other
    return Robot(kind, Secret(told["url"]), Secret(told["secret"]))


def answered(sender: Robot, text: str = TEXT, *, hours: float = 0, body: bytes | None = None) -> Outcome:
    """What the sandbox says to this robot's message, in this robot's own understanding."""
    url, told = sender.request(text, now=clock.now() + timedelta(hours=hours))
    answer = Client().post(url.removeprefix("http://127.0.0.1:9"), body or told, content_type="application/json")
    return verdict(sender.kind, answer.status_code, answer.content)


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox")
class TestARobot:
    @pytest.mark.parametrize("kind", ROBOTS)
    def test_takes_a_message_and_knows_a_repeat_by_its_number(self, kind: str) -> None:
        assert answered(robot(kind)).verdict == "taken"
        assert answered(robot(kind)).verdict == "taken"
        row = SandboxRobotMessage.objects.get()
        assert (row.robot, row.number, row.times, row.text) == (kind, NUMBER, 2, TEXT)

    @pytest.mark.parametrize(
        ("kind", "other", "said"),
        [
            ("dingtalk", {"secret": "SEC-wrong"}, "200 310000 sign not match"),
            ("dingtalk", {"secret": ""}, "200 310000 invalid timestamp"),
            ("dingtalk", {"url": f"{HOME}/dingtalk/robot/send?access_token=x"}, "200 300001 token is not exist"),
            ("feishu", {"secret": "SEC-wrong"}, "200 19021 sign match fail or timestamp is not within one hour from current time"),
            ("feishu", {"secret": ""}, "200 9499 the fields must be exactly ['content', 'msg_type', 'sign', 'timestamp']"),
            ("feishu", {"url": f"{HOME}/feishu/open-apis/bot/v2/hook/x"}, "200 19001 param invalid: incoming webhook access token invalid"),
            ("wecom", {"url": f"{HOME}/wecom/cgi-bin/webhook/send?key=x"}, "200 93000 invalid webhook url"),
        ],
    )  # fmt: skip
    def test_refuses_a_wrong_key_or_signature(self, kind: str, other: dict[str, str], said: str) -> None:
        assert answered(robot(kind, **other)) == Outcome("refused", said)
        assert SandboxRobotMessage.objects.count() == 0

    @pytest.mark.parametrize(("kind", "code"), [("dingtalk", "310000"), ("feishu", "19021")])
    @pytest.mark.parametrize("hours", [-1.1, 1.1])
    def test_refuses_a_signature_from_another_hour(self, kind: str, code: str, hours: float) -> None:
        found = answered(robot(kind), hours=hours)
        assert (found.verdict, found.said.split()[1]) == ("refused", code)
        assert SandboxRobotMessage.objects.count() == 0

    @pytest.mark.parametrize("kind", ROBOTS)
    @pytest.mark.parametrize(
        "body",
        [b"", b"[]", b"{", b'{"msgtype": "text"}', b'{"msgtype": "text", "text": {"content": ""}}',
         b'{"msgtype": "text", "text": {"content": "x"}, "at": 1}', b'{"msgtype": "markdown", "text": {"content": "x"}}'],
    )  # fmt: skip
    def test_refuses_any_other_shape(self, kind: str, body: bytes) -> None:
        assert answered(robot(kind), body=body or b" ").verdict == "refused"
        assert SandboxRobotMessage.objects.count() == 0

    def test_of_wecom_bears_2048_bytes(self) -> None:
        longest = TEXT + "x" * (2048 - len(TEXT.encode()) - 1)
        assert answered(robot("wecom"), f"x{longest}").verdict == "refused"
        assert answered(robot("wecom"), f"{longest[:-40]}\n编号 Ref: {NUMBER}"[:10] + longest[10:]).verdict == "refused"
        assert SandboxRobotMessage.objects.count() == 0
        assert answered(robot("wecom"), "x" * (2047 - len(TEXT.encode())) + "\n" + TEXT).verdict == "taken"

    @pytest.mark.parametrize(("kind", "bears", "code"), [("wecom", 20, "45009"), ("dingtalk", 20, "130101"), ("feishu", 100, "11232")])  # fmt: skip
    def test_asks_a_sender_that_is_too_fast_to_wait(self, kind: str, bears: int, code: str) -> None:
        SandboxRobotMessage.objects.bulk_create(
            SandboxRobotMessage(robot=kind, number=f"am_{n}", text="x", received_at=clock.now()) for n in range(bears)
        )
        found = answered(robot(kind))
        assert (found.verdict, found.said.split()[1]) == ("later", code)
        assert SandboxRobotMessage.objects.count() == bears

    def test_shows_what_it_received_in_its_sandbox(self) -> None:
        answered(robot("wecom"))
        page = Client().get("/sandbox/robots/").content.decode()
        assert NUMBER in page
        assert "没有发给任何人" in page


class TestTheSettings:
    @pytest.mark.parametrize(
        ("url", "good"),
        [
            ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", True),
            ("http://127.0.0.1:8000/x", True),
            ("http://qyapi.weixin.qq.com/x", False),
            ("ftp://x/y", False),
            ("qyapi.weixin.qq.com", False),
        ],
    )
    def test_set_a_robot_up_only_over_https(self, settings: Any, url: str, good: bool) -> None:
        settings.ALERT_MAIL_TO = []
        settings.ALERT_ROBOTS = {kind: {"url": "", "secret": ""} for kind in ROBOTS} | {"wecom": {"url": url, "secret": ""}}  # fmt: skip
        assert list(alert_ways.channels()) == (["wecom"] if good else [])
        assert bool(alert_ways.fault("wecom")) is not good

    def test_hide_the_key_of_a_robot_and_the_boxes_of_people(self) -> None:
        assert robot("wecom").where == "127.0.0.1 …1a2b"
        assert "robot-key" not in repr(robot("wecom"))
        assert Mail(("lin@x.cn", "gao@x.cn"), "puhui@x.cn", "h").where == "2 × x.cn"

    @pytest.mark.parametrize(
        ("page", "subject", "place"),
        [
            ("policy", "application", "/experiments/application/"),
            ("model", "model_1", "/models/model_1/watch/"),
            ("octopus", "2026-12-01", "/octopus/quality/?since=2026-12-01&until=2026-12-01"),
            ("closing", "", "/closing/"),
            ("model", "", "/alerts/"),
            ("unknown", "x", "/alerts/"),
        ],
    )
    def test_lead_to_the_page_that_explains(self, settings: Any, page: str, subject: str, place: str) -> None:
        settings.ALERT_BASE = "https://puhui.example"
        assert alert_ways.link(page, subject) == f"https://puhui.example{place}"


def raise_one() -> None:
    """An alert on its way to every channel of the settings, due now."""
    now, channels = clock.now() - timedelta(minutes=5), alert_ways.channels()
    found = Raised("test/1", "policy", "act", "policy/x/guardrail", "<b>护栏</b>", "a guard-rail", "policy", "application", now)  # fmt: skip
    outbox.note(channels, lambda moment, now: [], now=now)
    assert outbox.note(channels, lambda moment, now: [found], now=now) == len(channels)


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox")
class TestThePage:
    def test_sends_a_test_message_for_an_operator_only(self, settings: Any) -> None:
        visitors.staff("lin", "analyst")
        visitors.staff("wang", "operator")
        visitors.staff("sun", "institution", "inst_1")
        assert visitors.enter("lin").post("/alerts/test/", {"channel": "wecom"}).status_code == 403
        assert visitors.enter("sun").get("/alerts/").status_code == 403
        assert AlertMessage.objects.count() == 0
        operator = visitors.enter("wang")
        for channel in ("pigeon", "mail", "", "x" * 9000):
            assert operator.post("/alerts/test/", {"channel": channel}).status_code == 302
            assert AlertMessage.objects.count() == 0
        page = operator.post("/alerts/test/", {"channel": "wecom"}, follow=True).content.decode()
        message = AlertMessage.objects.get()
        assert (message.channel, message.test_by, message.state) == ("wecom", "wang", "queued")
        assert f"测试消息 {message.id} 已排队" in page
        kept: list[Letter] = []

        class Box:
            where = "a box"

            def send(self, letter: Letter, *, now: Any) -> Outcome:
                kept.append(letter)
                return Outcome("taken", "ok")

        boxes: dict[str, Channel] = {"wecom": Box()}
        assert outbox.send_due(outbox.Way(boxes, alert_ways.link), now=clock.now()) == {"sent": 1}
        assert "测试消息：告警通道可以送达" in kept[0].text
        assert outbox.note(boxes, lambda moment, now: [], now=clock.now()) == 0

    def test_offers_a_refused_message_again_and_no_other(self) -> None:
        raise_one()
        AlertMessage.objects.filter(channel="wecom").update(state="refused", settled_at=clock.now(), attempts=1)
        refused, waiting = (AlertMessage.objects.get(channel=each) for each in ("wecom", "feishu"))
        visitors.staff("wang", "operator")
        operator = visitors.enter("wang")
        page = operator.get("/alerts/?state=refused").content.decode()
        assert refused.id in page
        assert waiting.id not in page
        for message_id in (waiting.id, "am_nothing"):
            answer = operator.post(f"/alerts/{message_id}/again/", follow=True).content.decode()
            assert "已重新排队" not in answer
        assert operator.post(f"/alerts/{refused.id}/again/").status_code == 302
        refused.refresh_from_db()
        assert (refused.state, refused.settled_at, refused.tries_before) == ("queued", None, 1)

    def test_says_what_is_wrong_with_a_channels_settings(self, settings: Any) -> None:
        settings.ALERT_ROBOTS = settings.ALERT_ROBOTS | {"wecom": {"url": "http://qyapi.weixin.qq.com/?key=robot-key", "secret": ""}}  # fmt: skip
        visitors.staff("wang", "operator")
        page = visitors.enter("wang").get("/alerts/?state=nonsense").content.decode()
        assert "PUHUI_ALERT_WECOM_URL 须是 https 地址" in page
        assert "robot-key" not in page
        assert "还没有消息。" in page


@pytest.mark.usefixtures("fresh_database", "sandbox")
class TestTheJob:
    def test_says_what_is_sent_where_and_which_tries_failed(self) -> None:
        raise_one()
        assert tasks.send_alerts(timestamp=0) == {"later": 3}
        visitors.staff("lin", "analyst")
        page = visitors.enter("lin").get("/alerts/").content.decode()
        for said in ("企业微信机器人", "127.0.0.1 …1a2b", "127.0.0.1 …5e6f", "&lt;b&gt;护栏&lt;/b&gt;", "稍后再试", "ConnectError：没有答复",
                     "/experiments/application/", AlertMessage.objects.filter(channel="feishu").get().id):  # fmt: skip
            assert said in page, said
        assert "robot-key" not in page
        assert "SEC-" not in page
        assert "发送测试消息" not in page  # an analyst looks
        assert tasks.send_alerts(timestamp=0) == {}  # not before their time


class PostOffice(socketserver.ThreadingTCPServer):
    """A mail server of ours: it keeps what it takes, and answers RCPT as it is told."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.to_a_box = b"250 ok"
        super().__init__(("127.0.0.1", 0), _Clerk)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Clerk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        office: Any = self.server
        self.wfile.write(b"220 ours\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines: list[bytes] = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line)
                office.taken.append(b"".join(lines))
            said = {b"QUIT": b"221 bye", b"RCPT": office.to_a_box}.get(word, b"250 ok")
            self.wfile.write(said + b"\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def office(settings: Any) -> Iterator[PostOffice]:
    found = PostOffice()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.server_address[1]
    yield found
    found.shutdown()
    found.server_close()


class TestMail:
    MAIL = Mail(("lin@lender.example", "gao@lender.example"), "puhui@lender.example", "127.0.0.1")
    LETTER = Letter(NUMBER, "【普惠 Puhui】需要处理：1 条告警 · act: 1 alert(s)", TEXT)

    def test_carries_one_message_id_over_all_tries(self, office: PostOffice) -> None:
        now = clock.now()
        assert [self.MAIL.send(self.LETTER, now=now).verdict for _try in range(2)] == ["taken", "taken"]
        first, second = (message_from_bytes(each) for each in office.taken)
        assert first["Message-ID"] == second["Message-ID"] == f"<{NUMBER}@lender.example>"
        assert str(make_header(decode_header(first["Subject"]))) == self.LETTER.subject
        assert first["To"] == "lin@lender.example, gao@lender.example"
        body = first.get_payload(decode=True)
        assert isinstance(body, bytes)
        assert body.decode().replace("\r\n", "\n").strip() == TEXT

    def test_that_a_box_refuses_is_refused_and_that_is_put_off_comes_later(self, office: PostOffice) -> None:
        office.to_a_box = b"550 no such box"
        assert self.MAIL.send(self.LETTER, now=clock.now()) == Outcome("refused", "SMTP 550")
        office.to_a_box = b"451 greylisted"
        assert self.MAIL.send(self.LETTER, now=clock.now()) == Outcome("later", "SMTP 451")
        assert office.taken == []

    def test_to_a_server_that_is_down_comes_later(self, office: PostOffice, settings: Any) -> None:
        settings.EMAIL_PORT = 9
        assert self.MAIL.send(self.LETTER, now=clock.now()).verdict == "later"


class TestTheTables:
    def test_know_every_channel_that_the_settings_can_set_up(self) -> None:
        assert list(terms.channels(clock.now().date())) == ["mail", *alert_ways.ROBOTS]

    def test_stay_below_what_the_robots_bear(self) -> None:
        found = terms.channels(clock.now().date())
        assert {kind: found[kind].per_minute for kind in alert_ways.ROBOTS} == {
            "wecom": 10,
            "dingtalk": 10,
            "feishu": 30,
        }
        assert found["wecom"].most_bytes == 2048

    def test_what_a_robot_says_is_read_as_it_is_meant(self) -> None:
        told = [(200, {"errcode": -1}), (200, {"errcode": 0}), (500, {}), (200, {}), (429, {}), (404, {})]
        found = [verdict("wecom", status, json.dumps(body).encode()).verdict for status, body in told]
        assert found == ["later", "taken", "later", "later", "later", "refused"]
        assert verdict("feishu", 200, b"<html>").verdict == "later"
