"""Registers the servicing floor or room with Django."""

from django.apps import AppConfig


class ServicingConfig(AppConfig):
    name = "puhui.servicing"
    label = "servicing"
    default_auto_field = "django.db.models.BigAutoField"
