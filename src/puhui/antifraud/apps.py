"""Registers the antifraud floor or room with Django."""

from django.apps import AppConfig


class AntifraudConfig(AppConfig):
    name = "puhui.antifraud"
    label = "antifraud"
    default_auto_field = "django.db.models.BigAutoField"
