"""`puhui up` sends alerts to the sandbox's robots, and never beside a channel of the installation's own."""

from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from puhui.cli import serving


def robots(monkeypatch: pytest.MonkeyPatch, **told: str) -> dict[str, str]:
    """What the environment says of alerts after `up` has looked at it."""
    monkeypatch.setattr(serving.os, "environ", told)
    serving._robots_of_the_sandbox("http://127.0.0.1:8000")
    return {name: value for name, value in told.items() if name.startswith("PUHUI_ALERT_")}


def test_without_a_channel_all_three_robots_are_the_sandboxs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = robots(monkeypatch, PUHUI_SANDBOX="1")
    assert found["PUHUI_ALERT_BASE"] == "http://127.0.0.1:8000"
    assert {name for name in found if name.endswith("_SECRET")} == {
        "PUHUI_ALERT_DINGTALK_SECRET",
        "PUHUI_ALERT_FEISHU_SECRET",
    }
    for robot in ("wecom", "dingtalk", "feishu"):
        place = urlsplit(found[f"PUHUI_ALERT_{robot.upper()}_URL"]).path
        assert resolve(place.removeprefix("/sandbox"), urlconf="puhui.web.sandbox.urls").func.__name__ == robot


@pytest.mark.parametrize(
    "told",
    [
        {"PUHUI_SANDBOX": "0"},
        {"PUHUI_SANDBOX": "1", "PUHUI_ALERT_MAIL_TO": "lin@lender.example"},
        {"PUHUI_SANDBOX": "1", "PUHUI_ALERT_FEISHU_URL": "https://open.feishu.cn/open-apis/bot/v2/hook/k"},
    ],
)
def test_with_a_channel_or_without_the_sandbox_nothing_is_added(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str]
) -> None:
    own = {name: value for name, value in told.items() if name.startswith("PUHUI_ALERT_")}
    assert robots(monkeypatch, **told) == own | {"PUHUI_ALERT_BASE": "http://127.0.0.1:8000"}
