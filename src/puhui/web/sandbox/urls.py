"""Addresses of the SANDBOX 沙盒 gateway."""

from django.urls import path

from puhui.web.sandbox import keepers, media, robots, views

app_name = "sandbox"
urlpatterns = [
    path("sms", views.receive, name="sms"),
    path("outbox/", views.outbox, name="outbox"),
    path("media/", media.received, name="media"),
    path("robots/", robots.received, name="robots"),
    path("robots/wecom/cgi-bin/webhook/send", robots.wecom),
    path("robots/dingtalk/robot/send", robots.dingtalk),
    path("robots/feishu/open-apis/bot/v2/hook/<str:token>", robots.feishu),
    path("bureau", keepers.bureau),
    path("registry", keepers.registry),
    *(path(f"media/{place}", view) for place, view in media.OF_MEDIA.items()),
]
