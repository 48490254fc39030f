"""Registers the funding floor or room with Django."""

from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "puhui.funding"
    label = "funding"
    default_auto_field = "django.db.models.BigAutoField"
