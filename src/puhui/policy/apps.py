"""Registers the policy floor or room with Django."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    name = "puhui.policy"
    label = "policy"
    default_auto_field = "django.db.models.BigAutoField"
