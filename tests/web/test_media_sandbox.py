"""From a click pushed to a conversion told: through the web, against the sandbox's media, whatever fails in between."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from django.conf import settings
from django.test import Client

from puhui.acquisition import board, conversions, data_link, models
from puhui.acquisition.channels import clicks
from puhui.acquisition.channels.callbacks import Account, Call
from puhui.acquisition.core import signals
from puhui.web import clock
from puhui.web.models import SandboxConversion

BASE = "http://testserver/sandbox/media"
CALLBACKS = {
    "ocean_engine": {"clickid": "c", "callback": "cb"},
    "tencent": {"click_id": "c", "callback": "https://tracking.e.qq.com/conv?cb=1&conv_id=2"},
    "kuaishou": {"callback": "cb", "oaid": "o"},
    "baidu": {"bd_vid": "c", "landing": "https://l.example/"},
}


@pytest.fixture
def sandbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from django.urls import clear_url_caches, include, path

    from puhui.web import urls

    settings.SANDBOX = True
    settings.MEDIA_ACCOUNTS = {media: {"token": "t", "sign_key": ""} for media in CALLBACKS}
    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, path("sandbox/", include("puhui.web.sandbox.urls"))])
    assert sys.modules["puhui.web.urls"] is urls
    clear_url_caches()


def over_the_client(call: Call) -> httpx.Response:
    address = call.url.removeprefix("http://testserver")
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in call.headers.items()
        if name != "Content-Type"
    }
    client = Client()
    if call.method == "GET":
        answer = client.get(address, **headers)  # type: ignore[arg-type]
    else:
        answer = client.post(address, call.body, content_type="application/json", **headers)  # type: ignore[arg-type]
    return httpx.Response(answer.status_code, content=answer.content)


def clicked(media: str, **more: str) -> dict[str, Any]:
    told = {"token": clicks.token_of(media, settings.CLICK_KEY), **CALLBACKS[media], **more}
    return Client().get(f"/octopus/clicks/{media}/?{urlencode(told, quote_via=quote)}").json()


def credited(media: str) -> data_link.Taken:
    now = clock.now()
    click = models.Signal.objects.get(kind="click", media=media)
    models_rows = [
        {"kind": kind, "subject": f"app_{media}", "click_id": click.click_id, "device": click.device, "happened_at": now,
         "consent": True, "value_minor": 100_000 if kind == "credit" else None, "quality": 1 if kind == "credit" else None}
        for kind in ("register", "credit")
    ]  # fmt: skip
    return data_link.take_signals(signals.frame_of(models_rows), now=now)


def send(send: Callable[[Call], httpx.Response] = over_the_client, minutes: int = 0) -> dict[str, int]:
    way = conversions.Way({media: Account("t") for media in CALLBACKS}, BASE)
    return conversions.send_due(way, now=clock.now() + timedelta(minutes=minutes), send=send)


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox")
class TestFromAClickToAConversion:
    @pytest.mark.parametrize("media", CALLBACKS)
    def test_each_media_takes_what_it_is_told_once(self, media: str):
        assert clicked(media) == {"status": 0, "new": 1}
        if media != "kuaishou":  # without a click id or a time of its own a second push is a second click
            assert clicked(media)["new"] == 0
        assert credited(media).conversions == 2
        assert send() == {"sent": 2}
        assert send() == {}
        assert SandboxConversion.objects.filter(media=media).count() == 2
        models.Conversion.objects.update(state="queued")  # as after a crash between the media's yes and ours
        assert send() == {"sent": 2}
        assert SandboxConversion.objects.filter(media=media).count() == 2

    def test_a_media_that_is_down_is_told_later_and_given_up_in_the_end(self):
        def down(call: Call) -> httpx.Response:
            raise httpx.ConnectError("down")

        clicked("tencent")
        credited("tencent")
        assert send(down) == {"later": 2}
        assert send(down) == {}
        for round_ in range(1, conversions.MOST_ATTEMPTS):
            ended = send(down, minutes=2**round_ * 4)
        assert ended == {"given_up": 2}
        assert SandboxConversion.objects.count() == 0

    def test_what_the_media_refuses_is_settled_and_told_on_the_board(self):
        clicked("ocean_engine")
        credited("ocean_engine")
        models.Conversion.objects.filter(kind="credit").update(quality=9)
        assert send() == {"refused": 1, "sent": 1}
        row = models.Conversion.objects.get(state="refused")
        assert "people_quality is 1, 2 or 3" in row.answer

    def test_an_impression_pushed_twice_is_one_and_stands_on_the_board(self):
        told = urlencode(
            {"token": clicks.token_of("tencent", settings.CLICK_KEY), "impression_id": "i", "campaign": "春季"}
        )
        answers = [Client().get(f"/octopus/impressions/tencent/?{told}").json() for _ in range(2)]
        assert [answer["new"] for answer in answers] == [1, 0]
        (line,) = board.board(clock.now().date() - timedelta(days=1), clock.now().date() + timedelta(days=2)).lines
        assert (line.media, line.campaign, line.counts) == ("tencent", "春季", {"impression": 1})

    def test_a_forged_push_stores_nothing(self):
        forged = Client().get("/octopus/clicks/tencent/?token=wrong&click_id=c")
        assert (forged.status_code, forged.json()["code"]) == (403, "CLICK_FORGED")
        unknown = Client().get("/octopus/clicks/weibo/?token=x")
        assert (unknown.status_code, unknown.json()["code"]) == (422, "MEDIA_UNKNOWN")
        future = clicked("tencent", click_time="4000000000")
        assert future["code"] == "SIGNAL_IN_FUTURE"
        assert models.Signal.objects.count() == 0
