"""Addresses of the SANDBOX 沙盒 gateway."""

from django.urls import path

from puhui.web.sandbox import keepers, media, views

app_name = "sandbox"
urlpatterns = [
    path("sms", views.receive, name="sms"),
    path("outbox/", views.outbox, name="outbox"),
    path("media/", media.received, name="media"),
    path("bureau", keepers.bureau),
    path("registry", keepers.registry),
    *(path(f"media/{place}", view) for place, view in media.OF_MEDIA.items()),
]
