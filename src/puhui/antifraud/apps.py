"""Registers the room with Django, and its refusals with the record, so that they can be replayed."""

from django.apps import AppConfig


class AntifraudConfig(AppConfig):
    name = "puhui.antifraud"
    label = "antifraud"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from puhui.antifraud.core import refusal
        from puhui.policy import replay

        replay.register(refusal.KIND, refusal.replay)
