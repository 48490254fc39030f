"""Registers the web shell with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "puhui.web"
    label = "web"
