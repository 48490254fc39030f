"""Registers the merchant floor or room with Django."""

from django.apps import AppConfig


class MerchantConfig(AppConfig):
    name = "puhui.merchant"
    label = "merchant"
    default_auto_field = "django.db.models.BigAutoField"
