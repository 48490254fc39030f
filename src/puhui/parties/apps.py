"""Registers the parties floor or room with Django."""

from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "puhui.parties"
    label = "parties"
    default_auto_field = "django.db.models.BigAutoField"
