"""Addresses of the SANDBOX 沙盒 gateway."""

from django.urls import path

from puhui.web.sandbox import views

app_name = "sandbox"
urlpatterns = [path("sms", views.receive, name="sms"), path("outbox/", views.outbox, name="outbox")]
