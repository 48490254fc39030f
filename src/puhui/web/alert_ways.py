"""How this installation reaches people with alerts: the channels its environment sets up, and the page that explains an alert.

A channel that is set up wrongly (an address that is no https and not this machine's) counts as not set up, and the page says why.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from puhui.journeys.alerts.channels import Channel, Mail, Robot
from puhui.kernel.masked import Secret

ROBOTS = ("wecom", "dingtalk", "feishu")
_HERE = {"localhost", "127.0.0.1", "::1"}
_PAGES = {
    "policy": ("console:policy_trials", True), "model": ("console:model_watch", True), "closing": ("console:closing", False),
    "octopus": ("console:octopus_quality", False), "alerts": ("console:alerts", False),
    "mirror": ("console:mirror_models", False),
}  # fmt: skip


def channels() -> dict[str, Channel]:
    """channel → the way there, for every channel that is set up and well formed."""
    found: dict[str, Channel] = {}
    if settings.ALERT_MAIL_TO and not fault("mail"):
        found["mail"] = Mail(tuple(settings.ALERT_MAIL_TO), settings.ALERT_MAIL_FROM, settings.EMAIL_HOST)
    for kind in ROBOTS:
        told = settings.ALERT_ROBOTS[kind]
        if told["url"] and not fault(kind):
            found[kind] = Robot(kind, Secret(told["url"]), Secret(told["secret"]))
    return found


def fault(channel: str) -> str:
    """What is wrong with a channel's settings, and what to do; empty where nothing is, or nothing is set."""
    if channel == "mail":
        to, sender = settings.ALERT_MAIL_TO, settings.ALERT_MAIL_FROM
        if to and not all("@" in address for address in [*to, sender]):
            return "PUHUI_ALERT_MAIL_TO、PUHUI_ALERT_MAIL_FROM 须是邮箱地址 · both must be addresses of e-mail"
        return ""
    url = settings.ALERT_ROBOTS[channel]["url"]
    parts = urlsplit(url)
    if url and not (parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE))):  # fmt: skip
        return f"PUHUI_ALERT_{channel.upper()}_URL 须是 https 地址 · must be an https address"
    return ""


def link(page: str, subject: str) -> str:
    """The whole address of the page that explains an alert, as it stands in a message."""
    return f"{settings.ALERT_BASE}{place(page, subject)}"


def place(page: str, subject: str) -> str:
    """Where the page stands; the list of alerts where there is no such page."""
    name, takes_subject = _PAGES.get(page, _PAGES["alerts"])
    try:
        found = reverse(name, args=[subject] if takes_subject else [])
    except NoReverseMatch:
        return reverse("console:alerts")
    return found + (f"?since={subject}&until={subject}" if page == "octopus" else "")
