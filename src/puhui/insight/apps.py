"""Registers the insight floor or room with Django."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "puhui.insight"
    label = "insight"
    default_auto_field = "django.db.models.BigAutoField"
