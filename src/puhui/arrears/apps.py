"""Registers the arrears floor or room with Django."""

from django.apps import AppConfig


class ArrearsConfig(AppConfig):
    name = "puhui.arrears"
    label = "arrears"
    default_auto_field = "django.db.models.BigAutoField"
