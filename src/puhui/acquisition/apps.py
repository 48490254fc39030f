"""Registers the acquisition floor or room with Django."""

from django.apps import AppConfig


class AcquisitionConfig(AppConfig):
    name = "puhui.acquisition"
    label = "acquisition"
    default_auto_field = "django.db.models.BigAutoField"
